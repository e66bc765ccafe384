"""Dynamic Shift-Max: the largest of mixtures of channels, whose weights depend on the sample."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.activation._hyper import hyper_network
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, Dims, InChannels, example


@component(
    id="act_dynamic_shift_max",
    kind="layer",
    family="Activation",
    name="Dynamic Shift-Max",
    name_zh="Dynamic Shift-Max 动态移位最大",
    help_zh="把通道与循环移位后的通道按输入决定的权重混合，再取最大值；以很小代价连接各组通道。",
    source="Li et al., MicroNet, arXiv 2011.12289",
    keywords="micronet channel shift fusion hyper function 通道移位 动态",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 4, 5), reduction=1),
        example(x=(2, 6, 4, 5), groups=3, shifts=3, pieces=1, reduction=2),
    ),
)
class DynamicShiftMax(nn.Module):
    r"""The largest of K mixtures of each channel with its counterparts in other groups of channels.

    $$y_i = \max_{k} \sum_{j=0}^{J-1} a_{i,j}^k(x)\, x_{(i + j C / G) \bmod C}, \quad
    a_{i,j}^k = [j = 0][k = 1] + \Delta a_{i,j}^k$$

    Args:
        in_channels: channels C of the input.
        groups: groups G of channels; divides the channels.
        shifts: number J of channels in a mixture, that at shift zero among them.
        pieces: number K of mixtures.
        reduction: channels of the input over those inside the small network that gives the weights.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: channels not divisible by groups.

    Source: Li et al., arXiv 2011.12289; the weights are made as those of Dynamic ReLU, arXiv 2003.10027.
    """

    alpha: Tensor

    def __init__(
        self, in_channels: InChannels, groups: Count = 2, shifts: Count = 2, pieces: Count = 2, reduction: Count = 4
    ) -> None:
        super().__init__()
        require_divisor("act_dynamic_shift_max", "groups", groups, in_channels=in_channels)
        self.step, self.shifts, self.pieces = in_channels // groups, shifts, pieces
        self.hyper = hyper_network(in_channels, reduction, in_channels * shifts * pieces)
        alpha = torch.zeros(shifts, pieces)
        alpha[0, 0] = 1.0
        self.register_buffer("alpha", alpha, persistent=False)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        weights = self.hyper(x.mean((2, 3))).unflatten(1, (-1, self.shifts, self.pieces)) + self.alpha  # (B, C, J, K)
        shifted = torch.stack([x.roll(-j * self.step, dims=1) for j in range(self.shifts)], dim=2)  # (B, C, J, H, W)
        return torch.einsum("bcjk,bcjhw->bchwk", weights, shifted).amax(-1)
