"""One step of a long short-term memory, for loops that are written as blocks."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.rules import require
from components.spec import Dims, InFeatures, Inferred, Ports, example


@component(
    id="rnn_lstm_cell",
    kind="layer",
    family="Recurrent",
    name="LSTM cell (one step)",
    name_zh="LSTM 单元（单步）",
    help_zh="LSTM 的一步；状态把输出 h 与记忆 c 首尾相接为一个向量，可直接用于扫描、解码器等循环节点。",
    source="Hochreiter & Schmidhuber, Long Short-Term Memory, Neural Computation 1997",
    keywords="recurrent cell step scan decoder 循环 单元",
    tags=("batch_independent",),
    examples=(example(x=(2, 7), state=(2, 6)),),
)
class LSTMCell(nn.LSTMCell):
    r"""Renews a state and its memory cell from one step of input.

    $$c' = f \odot c + i \odot g, \quad h' = o \odot \tanh(c')$$

    Args:
        input_size: features of the input.
        state_size: features of the state: those of h and of c together.

    Shape:
        x: (B, input_size); state: (B, state_size), h before c, as one vector.
        y: (B, state_size / 2), the new h; state: as the input, behind the step.

    Raises:
        ValueError: state_size is odd.

    Source: Hochreiter & Schmidhuber 1997; torch.nn.LSTMCell.
    """

    def __init__(
        self, input_size: InFeatures, state_size: Annotated[int, Field(ge=2), Inferred("state", axis=-1)]
    ) -> None:
        rule = ("even, for h and c have the same size", "偶数（h 与 c 大小相同）")
        require(state_size % 2 == 0, "rnn_lstm_cell", "state_size", rule, state_size)
        super().__init__(input_size, state_size // 2)

    def forward(  # type: ignore[override]
        self, x: Annotated[Tensor, Dims("B C")], state: Annotated[Tensor, Dims("B S")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B H", state="B S")]:
        h, c = state.chunk(2, -1)
        h, c = super().forward(x, (h, c))
        return h, torch.cat((h, c), -1)
