"""The simple recurrent network of Elman."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.recurrent._sequence import Layers, pack, read_padded, require_layers_for_dropout, unpack
from components.registry import component
from components.spec import Count, Dims, DropRate, InFeatures, Ports, bools, example


@component(
    id="rnn_vanilla",
    kind="layer",
    family="Recurrent",
    name="Vanilla (Elman) RNN",
    name_zh="循环神经网络 RNN",
    help_zh="每一步用当前输入和上一步的状态更新状态；可堆叠、可双向，可给出初始状态。",
    source="Elman, Finding Structure in Time, Cognitive Science 1990",
    keywords="recurrent rnn elman simple 循环",
    tags=("batch_independent", "real_shapes"),
    examples=(
        example(x=(2, 5, 7), hidden_size=3),
        example(x=(2, 5, 7), h0=(4, 2, 3), hidden_size=3, num_layers=2, bidirectional=True, nonlinearity="relu"),
        example(x=(2, 5, 7), pad=bools(2, 5), hidden_size=3),
    ),
)
class RNN(nn.RNN):
    r"""Reads a sequence step by step, keeping a state.

    $$h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})$$

    Args:
        input_size: features of one step of the input.
        hidden_size: features of the state.
        num_layers: stacked layers.
        nonlinearity: the function that bounds the state.
        bidirectional: reads the sequence from both ends; the features double.
        dropout: share of features dropped between stacked layers.

    Shape:
        x: (B, T, input_size); h0: (num_layers * directions, B, hidden_size), zero where absent.
        pad: (B, T), True where x is padding, which stands behind the real steps and is not read.
        y: (B, T, directions * hidden_size), zero at padding; h: as h0, the last state of each layer and direction.

    Raises:
        ValueError: dropout with a single layer.

    Source: Elman 1990, stacked and bidirectional as torch.nn.RNN.
    """

    def __init__(
        self,
        input_size: InFeatures,
        hidden_size: Count = 64,
        num_layers: Layers = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bidirectional: bool = False,
        dropout: DropRate = 0.0,
    ) -> None:
        require_layers_for_dropout("rnn_vanilla", dropout, num_layers)
        super().__init__(
            input_size, hidden_size, num_layers, nonlinearity, batch_first=True, dropout=dropout,
            bidirectional=bidirectional,
        )  # fmt: skip

    def forward(  # type: ignore[override]
        self,
        x: Annotated[Tensor, Dims("B T C")],
        h0: Annotated[Tensor, Dims("L B C")] | None = None,
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B T C", h="L B C")]:
        if pad is not None and torch.compiler.is_exporting():
            y, h = read_padded(self, x, () if h0 is None else (h0,), pad)
            return y, h
        y, h = super().forward(pack(x, pad), h0)
        return unpack(y, pad), h
