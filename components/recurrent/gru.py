"""The gated recurrent unit."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.recurrent._sequence import Layers, pack, read_padded, require_layers_for_dropout, unpack
from components.registry import component
from components.spec import Count, Dims, DropRate, InFeatures, Ports, bools, example


@component(
    id="rnn_gru",
    kind="layer",
    family="Recurrent",
    name="GRU",
    name_zh="门控循环单元 GRU",
    help_zh="用更新门和重置门控制状态的循环网络，参数比 LSTM 少；可堆叠、可双向，可给出初始状态。",
    source="Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, arXiv 1406.1078",
    keywords="recurrent rnn gated 循环",
    tags=("batch_independent", "real_shapes"),
    examples=(
        example(x=(2, 5, 7), hidden_size=3),
        example(x=(2, 5, 7), h0=(4, 2, 3), hidden_size=3, num_layers=2, bidirectional=True),
        example(x=(2, 5, 7), pad=bools(2, 5), hidden_size=3),
    ),
)
class GRU(nn.GRU):
    r"""Reads a sequence step by step, with gates that keep or renew its state.

    $$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot n_t, \quad n_t = \tanh(W_n x_t + r_t \odot U_n h_{t-1})$$

    Args:
        input_size: features of one step of the input.
        hidden_size: features of the state.
        num_layers: stacked layers.
        bidirectional: reads the sequence from both ends; the features double.
        dropout: share of features dropped between stacked layers.

    Shape:
        x: (B, T, input_size); h0: (num_layers * directions, B, hidden_size), zero where absent.
        pad: (B, T), True where x is padding, which stands behind the real steps and is not read.
        y: (B, T, directions * hidden_size), zero at padding; h: as h0, the last state of each layer and direction.

    Raises:
        ValueError: dropout with a single layer.

    Source: Cho et al., arXiv 1406.1078; the reset gate acts after the product with the state, as in torch.nn.GRU.
    """

    def __init__(
        self,
        input_size: InFeatures,
        hidden_size: Count = 64,
        num_layers: Layers = 1,
        bidirectional: bool = False,
        dropout: DropRate = 0.0,
    ) -> None:
        require_layers_for_dropout("rnn_gru", dropout, num_layers)
        super().__init__(
            input_size, hidden_size, num_layers, batch_first=True, dropout=dropout, bidirectional=bidirectional
        )

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
