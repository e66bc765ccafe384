"""One step of a gated recurrent unit, for loops that are written as blocks."""

from typing import Annotated

from pydantic import Field
from torch import nn

from components.registry import component
from components.spec import InFeatures, Inferred, example


@component(
    id="rnn_gru_cell",
    kind="layer",
    family="Recurrent",
    name="GRU cell (one step)",
    name_zh="GRU 单元（单步）",
    help_zh="GRU 的一步：由当前输入和上一步的状态得到新的状态；用作扫描、解码器等循环节点里的模块。",
    source="Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, arXiv 1406.1078",
    inputs={"x": "B C", "h": "B H"},
    outputs={"y": "B H"},
    keywords="recurrent cell step scan decoder 循环 单元",
    tags=("batch_independent",),
    examples=(example(x=(2, 7), h=(2, 3)),),
)
def gru_cell(input_size: InFeatures, hidden_size: Annotated[int, Field(ge=1), Inferred("h", axis=-1)]) -> nn.Module:
    r"""Renews a state from one step of input.

    $$h' = z \odot h + (1 - z) \odot n, \quad n = \tanh(W_n x + r \odot U_n h)$$

    Args:
        input_size: features of the input.
        hidden_size: features of the state.

    Shape:
        x: (B, input_size); h: (B, hidden_size), the state before the step.
        y: (B, hidden_size), the state behind it.

    Source: Cho et al., arXiv 1406.1078; torch.nn.GRUCell.
    """
    return nn.GRUCell(input_size, hidden_size)
