"""Long short-term memory: a recurrent network with a gated cell."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.recurrent._sequence import Layers, pack, read_padded, require_layers_for_dropout, unpack
from components.registry import component
from components.spec import Count, Dims, DropRate, InFeatures, Ports, bools, example


@component(
    id="rnn_lstm",
    kind="layer",
    family="Recurrent",
    name="LSTM",
    name_zh="长短期记忆网络 LSTM",
    help_zh="带门控记忆单元的循环网络；可堆叠、可双向，可给出初始状态。",
    source="Hochreiter & Schmidhuber, Long Short-Term Memory, Neural Computation 1997",
    keywords="recurrent rnn gated 循环",
    tags=("batch_independent", "real_shapes"),
    examples=(
        example(x=(2, 5, 7), hidden_size=3),
        example(x=(2, 5, 7), h0=(4, 2, 3), c0=(4, 2, 3), hidden_size=3, num_layers=2, bidirectional=True),
        example(x=(2, 5, 7), pad=bools(2, 5), hidden_size=3),
    ),
)
class LSTM(nn.LSTM):
    r"""Reads a sequence step by step, keeping a gated memory cell.

    $$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)$$

    Args:
        input_size: features of one step of the input.
        hidden_size: features of the state.
        num_layers: stacked layers.
        bidirectional: reads the sequence from both ends; the features double.
        dropout: share of features dropped between stacked layers.

    Shape:
        x: (B, T, input_size); h0, c0: (num_layers * directions, B, hidden_size), zero where absent.
        pad: (B, T), True where x is padding, which stands behind the real steps and is not read.
        y: (B, T, directions * hidden_size), zero at padding; h, c: as h0, the last state of each layer and direction.

    Raises:
        ValueError: dropout with a single layer.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000, as torch.nn.LSTM.
    """

    def __init__(
        self,
        input_size: InFeatures,
        hidden_size: Count = 64,
        num_layers: Layers = 1,
        bidirectional: bool = False,
        dropout: DropRate = 0.0,
    ) -> None:
        require_layers_for_dropout("rnn_lstm", dropout, num_layers)
        super().__init__(
            input_size, hidden_size, num_layers, batch_first=True, dropout=dropout, bidirectional=bidirectional
        )

    def forward(  # type: ignore[override]
        self,
        x: Annotated[Tensor, Dims("B T C")],
        h0: Annotated[Tensor, Dims("L B C")] | None = None,
        c0: Annotated[Tensor, Dims("L B C")] | None = None,
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor, Tensor], Ports(y="B T C", h="L B C", c="L B C")]:
        state = None
        given = h0 if h0 is not None else c0
        if given is not None:
            zero = torch.zeros_like(given)
            state = (zero if h0 is None else h0, zero if c0 is None else c0)
        if pad is not None and torch.compiler.is_exporting():
            y, h, c = read_padded(self, x, state or (), pad)
            return y, h, c
        y, (h, c) = super().forward(pack(x, pad), state)
        return unpack(y, pad), h, c
