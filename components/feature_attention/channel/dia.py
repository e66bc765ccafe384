"""Dense-and-implicit attention: one recurrent cell gates the channels of many layers in turn."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.errors import InputError
from components.feature_attention._maps import Maps, reduced, spread, squeeze, two_layers
from components.registry import component
from components.spec import Count, Dims, InChannels, Ports, example


@component(
    id="attn_dia",
    kind="layer",
    family="Channel attention",
    name="Dense-and-implicit attention (DIA)",
    name_zh="DIA 稠密隐式注意力",
    help_zh="用一个 LSTM 单元依次为各层计算通道权重；状态传给下一层，多层共享同一单元时参数量不变。",
    source="Huang et al., DIANet: Dense-and-Implicit Attention Network, arXiv 1905.10671",
    keywords="dia dianet lstm shared attention recurrent layers 共享 循环",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 8, 5, 7), state=(3, 16), reduction=1),
        example(x=(4, 6, 9), state=(4, 12), reduction=1),
    ),
)
class DenseImplicitAttention(nn.Module):
    r"""Scales each channel by the output of an LSTM cell that reads the means of one layer after the other.

    $$c' = \sigma(f) \odot c + \sigma(i) \odot \tanh(g), \quad h' = \sigma(o) \odot \sigma(c'), \quad y = x \odot h',
    \quad (i, f, g, o) = M_x(\bar{x}) + M_h(h)$$

    Args:
        in_channels: channels of the input.
        reduction: channels per unit of the hidden layer of each of the two perceptrons M.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        state: (B, 2 C), h before c, as one vector; zeros where nothing is wired.
        y: as x; the output state is as the input one, for the next layer.

    Raises:
        ValueError: a state of another number of features, such as that of a layer with other channels.

    Source: Huang et al., arXiv 1905.10671: h' with a sigmoid of the memory and perceptrons in place of matrices.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 4) -> None:
        super().__init__()
        hidden = reduced(in_channels, reduction)
        self.from_input = two_layers(in_channels, hidden, 4 * in_channels)
        self.from_state = two_layers(in_channels, hidden, 4 * in_channels)

    def forward(
        self, x: Maps, state: Annotated[Tensor, Dims("B S")] | None = None
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B C L | B C H W | B C D H W", state="B S")]:
        means = squeeze(x)
        if state is not None and state.shape[1] != 2 * x.shape[1]:
            raise InputError(
                f"state must have twice as many features as x has channels ({2 * x.shape[1]}). "
                f"Got {state.shape[1]} instead.",
                f"state 的特征数必须是 x 通道数的两倍（{2 * x.shape[1]}），收到：{state.shape[1]}。",
            )
        h, c = (torch.zeros_like(means),) * 2 if state is None else state.chunk(2, -1)
        i, f, g, o = (self.from_input(means) + self.from_state(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.sigmoid(c)
        return x * spread(h, x), torch.cat((h, c), -1)
