"""Beam search: the likeliest sequences among those that a few hypotheses lead to."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import torch
from torch import Tensor, nn

from components.registry import component
from components.sequence._step import EXAMPLE, STEP, without_padding
from components.spec import Count, Dims, NonNegative, NonNegativeFloat, Ports, bools, example


class Growth(NamedTuple):
    """One step of a search: the hypotheses that are kept, and what was to choose from.

    ``source``, ``token`` and ``score`` (B, width) say of each kept hypothesis which one it grew from, by which token,
    and how good it is. ``totals`` and ``ranks`` (B, width V) are the log-probabilities and the scores of all successors.
    """

    source: Tensor
    token: Tensor
    score: Tensor
    totals: Tensor
    ranks: Tensor


@component(
    id="seq2seq_beam",
    kind="sampler",
    family="Seq2Seq",
    name="Beam search",
    name_zh="束搜索",
    help_zh="逐步解码，每一步保留分数最高的若干候选序列；可设长度惩罚。解码步模块通常引用训练用解码器的那一个。",
    source="Graves, Sequence Transduction with Recurrent Neural Networks, arXiv 1211.3711",
    keywords="decode generate translation length penalty 解码 生成 翻译 长度惩罚",
    tags=("batch_independent",),
    examples=(
        example(memory=(2, 4, 7), state=(2, 5), step=EXAMPLE, width=3, max_length=6),
        example(
            memory=(2, 4, 7), state=(2, 5), pad=bools(2, 4), step=EXAMPLE, width=5, length_penalty=0.6, bos=0,
            eos=None, max_length=3,
        ),
    ),
)  # fmt: skip
class BeamSearch(nn.Module):
    r"""Decodes step by step and keeps the best hypotheses of each sample, ended ones among them.

    $$\mathrm{score}(y) = \frac{1}{|y|^\alpha} \sum_{u \le |y|} \log p(y_u \mid y_{<u})$$

    All hypotheses of all samples go through the step as one batch. A hypothesis that has ended keeps its place as long
    as its score is among the best.

    Args:
        step: the block of one step: token (B,), state (B, *), memory (B, S, C) and its padding (B, S) to logits (B, V)
            and the new state; ``{"node": "decoder/step"}`` is that of the node ``decoder``.
        width: hypotheses kept of each sample; 1 is greedy search.
        length_penalty: the exponent alpha of the length: 0 for the sum of log-probabilities, 1 for their mean.
        bos: the token that stands before the first one.
        eos: the token that ends a sequence; none where every sequence has max_length tokens.
        max_length: tokens of a sequence at most, the end among them.

    Shape:
        memory: (B, S, C), what the step may look at; state: (B, *), before the first step.
        pad: (B, S), True where the memory is padding.
        tokens: (B, width, max_length), the best hypothesis first; behind the end, eos repeats.
        score: (B, width), in descending order; minus infinity where fewer than width sequences exist.

    Source: Graves, arXiv 1211.3711; the length penalty as in Wu et al., arXiv 1609.08144, without its offset of 5.
    """

    def __init__(
        self,
        step: Annotated[Callable[..., Any], STEP],
        width: Count = 5,
        length_penalty: NonNegativeFloat = 0.0,
        bos: NonNegative = 1,
        eos: NonNegative | None = 2,
        max_length: Count = 20,
    ) -> None:
        super().__init__()
        self.step, self.width, self.length_penalty = step, width, length_penalty
        self.bos, self.eos, self.max_length = bos, eos, max_length

    def forward(
        self,
        memory: Annotated[Tensor, Dims("B S C")],
        state: Annotated[Tensor, Dims("B *")],
        pad: Annotated[Tensor, Dims("B S", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(tokens=Dims("B W U", dtype="int"), score="B W")]:
        return self.search(memory, state, pad)

    def search(
        self, memory: Tensor, state: Tensor, pad: Tensor | None, watch: Callable[[Growth], None] | None = None
    ) -> tuple[Tensor, Tensor]:
        """As ``forward``; ``watch`` is told of every step."""
        batch, width, device = memory.shape[0], self.width, memory.device
        pad = without_padding(memory) if pad is None else pad
        memory, state, pad = (t.repeat_interleave(width, 0) for t in (memory, state, pad))  # (B W, ...)
        first_row = torch.arange(batch, device=device)[:, None] * width

        tokens = torch.full((batch, width, 1), self.bos, dtype=torch.int64, device=device)
        total = torch.full((batch, width), -torch.inf, dtype=memory.dtype, device=device)
        total[:, 0] = 0.0  # all hypotheses are equal at first: only one may have successors
        length = torch.zeros_like(total)
        over = torch.zeros_like(total, dtype=torch.bool)
        score = total
        for _ in range(self.max_length):
            logits, state = self.step(tokens[:, :, -1].flatten(), state, memory, pad)
            gain = logits.log_softmax(-1).unflatten(0, (batch, width))  # (B, W, V)
            if self.eos is not None:  # an ended hypothesis has one successor, itself
                stay = torch.arange(gain.shape[-1], device=device) == self.eos
                gain = torch.where(over[..., None], torch.where(stay, 0.0, -torch.inf), gain)
            grown = length + ~over
            totals = (total[..., None] + gain).flatten(1)  # (B, W V)
            ranks = ((total[..., None] + gain) / grown[..., None] ** self.length_penalty).flatten(1)
            score, best = ranks.topk(width)  # (B, W)
            source, token = best // gain.shape[-1], best % gain.shape[-1]
            if watch is not None:
                watch(Growth(source, token, score, totals, ranks))
            total, length, over = totals.gather(1, best), grown.gather(1, source), over.gather(1, source)
            if self.eos is not None:
                over = over | (token == self.eos)
            state = state[(first_row + source).flatten()]
            before = tokens.gather(1, source[..., None].expand(-1, -1, tokens.shape[-1]))
            tokens = torch.cat((before, token[..., None]), -1)
        return tokens[:, :, 1:], score
