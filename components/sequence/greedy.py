"""Greedy search: the likeliest token at each step."""

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from components.registry import component
from components.sequence._step import EXAMPLE, STEP, without_padding
from components.spec import Count, Dims, NonNegative, Ports, bools, example


@component(
    id="seq2seq_greedy",
    kind="sampler",
    family="Seq2Seq",
    name="Greedy search",
    name_zh="贪婪搜索",
    help_zh="逐步解码，每一步取概率最大的词；解码步模块通常引用训练用解码器的那一个。",
    source="Sutskever et al., Sequence to Sequence Learning with Neural Networks, arXiv 1409.3215",
    keywords="decode argmax generate translation 解码 生成 翻译",
    tags=("batch_independent",),
    examples=(
        example(memory=(2, 4, 7), state=(2, 5), step=EXAMPLE, max_length=3),
        example(memory=(2, 4, 7), state=(2, 5), pad=bools(2, 4), step=EXAMPLE, bos=0, eos=None, max_length=6),
    ),
)
class GreedySearch(nn.Module):
    r"""Decodes step by step and takes the likeliest token each time.

    $$y_u = \arg\max_v \; \mathrm{step}(y_{u-1}, s_{u-1}, h)_v$$

    Args:
        step: the block of one step: token (B,), state (B, *), memory (B, S, C) and its padding (B, S) to logits (B, V)
            and the new state; ``{"node": "decoder/step"}`` is that of the node ``decoder``.
        bos: the token that stands before the first one.
        eos: the token that ends a sequence; none where every sequence has max_length tokens.
        max_length: tokens of a sequence at most, the end among them.

    Shape:
        memory: (B, S, C), what the step may look at; state: (B, *), before the first step.
        pad: (B, S), True where the memory is padding.
        tokens: (B, max_length); behind the end, eos repeats.

    Source: as in Sutskever et al., arXiv 1409.3215, a beam of one.
    """

    def __init__(
        self,
        step: Annotated[Callable[..., Any], STEP],
        bos: NonNegative = 1,
        eos: NonNegative | None = 2,
        max_length: Count = 20,
    ) -> None:
        super().__init__()
        self.step, self.bos, self.eos, self.max_length = step, bos, eos, max_length

    def forward(
        self,
        memory: Annotated[Tensor, Dims("B S C")],
        state: Annotated[Tensor, Dims("B *")],
        pad: Annotated[Tensor, Dims("B S", dtype="bool")] | None = None,
    ) -> Annotated[Tensor, Ports(tokens=Dims("B U", dtype="int"))]:
        pad = without_padding(memory) if pad is None else pad
        token = torch.full((memory.shape[0],), self.bos, dtype=torch.int64, device=memory.device)
        over = torch.zeros_like(token, dtype=torch.bool)
        found: list[Tensor] = []
        for _ in range(self.max_length):
            logits, state = self.step(token, state, memory, pad)
            token = logits.argmax(-1)
            if self.eos is not None:
                token = token.masked_fill(over, self.eos)
                over = over | (token == self.eos)
            found.append(token)
        return torch.stack(found, 1)
