"""A block unrolled over time."""

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Block, Dims, Ports, bools, example, sub
from components.unrolling import stack_steps, steps_of


@component(
    id="scan",
    kind="layer",
    family="Higher order",
    name="Scan (a cell over time)",
    name_zh="扫描（沿时间展开单元）",
    help_zh="把一个模块当作循环单元沿时间逐步展开：每一步读取当前输入和状态，给出输出和新的状态。",
    source="Martin & Cundy, Parallelizing Linear Recurrent Neural Nets Over Sequence Length, arXiv 1709.04057",
    keywords="recurrent unroll loop fold cell time 循环 展开 时间步",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5, 7), state=(2, 3), cell=sub("rnn_gru_cell", input_size=7, hidden_size=3)),
        example(
            x=(2, 5, 7), state=(2, 6), pad=bools(2, 5), cell=sub("rnn_lstm_cell", input_size=7, state_size=6),
            reverse=True,
        ),
    ),
)  # fmt: skip
class Scan(nn.Module):
    r"""Runs a block once for each step of a sequence and hands its state on: any recurrent network from its cell.

    $$(y_t, s_t) = \mathrm{cell}(x_t, s_{t-1})$$

    Args:
        cell: the block of one step: input (B, *) and state (B, *) to output (B, *) and new state; where it has one
            output, that is both.
        reverse: begins at the last step.

    Shape:
        x: (B, T, *); state: (B, *), before the first step.
        pad: (B, T), True where x is padding: the state passes it unchanged and y is zero.
        y: (B, T, *), an output for each step, in the order of x; state: as the input, behind the last step.

    Source: the scan of Martin & Cundy, arXiv 1709.04057, step by step; as jax.lax.scan.
    """

    def __init__(
        self,
        cell: Annotated[Callable[..., Any], Block("x: B *, state: B *", "y: B *, state: B *")],
        reverse: bool = False,
    ) -> None:
        super().__init__()
        self.cell, self.reverse = cell, reverse

    def forward(
        self,
        x: Annotated[Tensor, Dims("B T *")],
        state: Annotated[Tensor, Dims("B *")],
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B T *", state="B *")]:
        steps = steps_of(x.shape[1], x)
        outputs: list[Tensor] = []
        for t in reversed(steps) if self.reverse else steps:
            found = self.cell(x[:, t], state)
            y, new = found if isinstance(found, tuple) else (found, found)
            if pad is not None:
                over = pad[:, t]
                y = y.masked_fill(over.view(-1, *[1] * (y.dim() - 1)), 0.0)
                new = torch.where(over.view(-1, *[1] * (state.dim() - 1)), state, new)
            outputs.append(y)
            state = new
        return stack_steps(outputs[::-1] if self.reverse else outputs, x.shape[1]), state
