"""The decoder of a sequence-to-sequence model in training: a step block unrolled along the true tokens."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from components.registry import component
from components.scheduled import Scheduled
from components.sequence._step import EXAMPLE, STEP, without_padding
from components.spec import Dims, NonNegative, Ports, bools, example, ints
from components.targets import IGNORE_INDEX
from components.unrolling import stack_steps, steps_of


@component(
    id="seq2seq_decoder",
    kind="layer",
    family="Seq2Seq",
    name="Seq2Seq decoder (teacher forcing)",
    name_zh="序列到序列解码器（教师强制）",
    help_zh="训练用解码器：逐步展开解码步模块，每一步读取上一个真实词；接入计划采样调度后，部分真实词换成模型自己的输出。",
    source="Sutskever et al., arXiv 1409.3215; Bengio et al., Scheduled Sampling, arXiv 1506.03099",
    schedules=("schedule",),
    keywords="decoder unroll teacher forcing scheduled sampling translation 解码 教师强制 计划采样 翻译",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(memory=(2, 4, 7), state=(2, 5), target=ints(2, 3, high=11), step=EXAMPLE),
        example(
            memory=(2, 4, 7), state=(2, 5), target=ints(2, 3, high=11), pad=bools(2, 4), step=EXAMPLE, bos=0,
            own="argmax",
        ),
    ),
)  # fmt: skip
class Decoder(Scheduled):
    r"""Runs a step block along a target: each step reads the true token before it and scores the next one.

    $$(z_u, s_u) = \mathrm{step}(\tilde y_{u-1}, s_{u-1}, h), \quad
    \tilde y = \begin{cases} y & \text{with probability } \epsilon \\ \hat y & \text{else} \end{cases}$$

    The schedule at the port gives the probability of the true token in training; else the model's own token is read.
    Without a schedule, and in evaluation, all tokens are true. Searches refer to the same step: ``{"node":
    "decoder/step"}`` where ``decoder`` is this node.

    Args:
        step: the block of one step: token (B,), state (B, *), memory (B, S, C) and its padding (B, S) to logits (B, V)
            and the new state.
        bos: the token that stands before the first one.
        own: the model's own token: drawn from its distribution, or the likeliest.

    Shape:
        memory: (B, S, C), what the step may look at; state: (B, *), before the first step.
        target: (B, U), the true tokens; -100 where the target has ended.
        pad: (B, S), True where the memory is padding.
        schedule: the probability of the true token in training; 1 where absent.
        logits: (B, U, V): the scores of target u stand at u, from the tokens before it.

    Source: Sutskever et al., arXiv 1409.3215; scheduled sampling for each token, Bengio et al., arXiv 1506.03099.
    """

    def __init__(
        self,
        step: Annotated[Callable[..., Any], STEP],
        bos: NonNegative = 1,
        own: Literal["sample", "argmax"] = "sample",
    ) -> None:
        super().__init__()
        self.step, self.bos = step, bos
        self.own: str = own

    def forward(
        self,
        memory: Annotated[Tensor, Dims("B S C")],
        state: Annotated[Tensor, Dims("B *")],
        target: Annotated[Tensor, Dims("B U", dtype="int")],
        pad: Annotated[Tensor, Dims("B S", dtype="bool")] | None = None,
    ) -> Annotated[Tensor, Ports(logits="B U V")]:
        pad = without_padding(memory) if pad is None else pad
        true = target.masked_fill(target == IGNORE_INDEX, self.bos)  # any token will do: nothing behind it counts
        token = torch.full_like(target[:, 0], self.bos)
        scores: list[Tensor] = []
        for u in steps_of(target.shape[1], target):
            logits, state = self.step(token, state, memory, pad)
            scores.append(logits)
            token = true[:, u]
            if self.training and self.factor < 1:
                shown = torch.rand(len(token), device=token.device) < self.factor
                token = torch.where(shown, token, self.own_token(logits.detach()))
        return stack_steps(scores, target.shape[1])

    def own_token(self, logits: Tensor) -> Tensor:
        """The model's token (B,) from its scores (B, V)."""
        if self.own == "argmax":
            return logits.argmax(-1)
        return torch.multinomial(logits.softmax(-1), 1).squeeze(-1)
