"""A rectifier whose lines depend on the whole sample."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.activation._hyper import hyper_network
from components.registry import component
from components.spec import Count, Dims, InChannels, PositiveFloat, example

SPREAD_A, SPREAD_B = 1.0, 0.5  # how far slopes and offsets may move from their first values


@component(
    id="act_dynamic_relu",
    kind="layer",
    family="Activation",
    name="Dynamic ReLU (A / B / C)",
    name_zh="Dynamic ReLU 动态整流",
    help_zh="由小网络根据整个样本生成分段线性函数的斜率与截距；A 全部共享，B 逐通道，C 另加空间注意力。",
    source="Chen et al., Dynamic ReLU, arXiv 2003.10027",
    keywords="dyrelu hyper function input dependent 动态 超网络",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 4, 5), mode="A", reduction=1),
        example(x=(2, 6, 4, 5), reduction=2, pieces=3),
        example(x=(2, 6, 4, 5), mode="C", reduction=1, temperature=2.0),
    ),
)
class DynamicReLU(nn.Module):
    r"""The largest of K lines, whose slopes and offsets a small network reads off the whole sample.

    $$y_c = \pi \max_{k} \big( a_c^k(x)\, x_c + b_c^k(x) \big), \quad
    a_c^k = \alpha^k + \lambda_a \Delta a_c^k, \quad b_c^k = \lambda_b \Delta b_c^k$$

    where alpha is 1 for the first line and 0 for the others, and pi is 1 but for C:

    $$\pi_{h,w} = \min\Big( 1, \tfrac{H W}{3}\, \mathrm{softmax}_{h,w} \frac{z}{\tau} \Big)$$

    Args:
        in_channels: channels of the input.
        mode: ``A`` shares the lines among all channels, ``B`` has lines for each, ``C`` also weighs the positions.
        pieces: number K of lines.
        reduction: channels of the input over those inside the small network.
        temperature: tau of the softmax over positions, for C alone.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Chen et al., arXiv 2003.10027. The weight pi multiplies slopes and offsets alike.
    """

    alpha: Tensor

    def __init__(
        self,
        in_channels: InChannels,
        mode: Literal["A", "B", "C"] = "B",
        pieces: Count = 2,
        reduction: Count = 8,
        temperature: PositiveFloat = 10.0,
    ) -> None:
        super().__init__()
        self.pieces, self.temperature = pieces, temperature
        self.hyper = hyper_network(in_channels, reduction, 2 * pieces * (1 if mode == "A" else in_channels))
        self.spatial = nn.Conv2d(in_channels, 1, kernel_size=1, bias=False) if mode == "C" else None
        self.register_buffer("alpha", torch.tensor([1.0] + [0.0] * (pieces - 1)), persistent=False)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        moved = self.hyper(x.mean((2, 3))).reshape(x.shape[0], -1, 1, 1, 2 * self.pieces).movedim(-1, 0)
        slopes, offsets = moved.split(self.pieces)  # (K, B, C or 1, 1, 1)
        slopes = self.alpha.view(-1, 1, 1, 1, 1) + SPREAD_A * slopes
        y = torch.addcmul(SPREAD_B * offsets, slopes, x).amax(0)
        if self.spatial is None:
            return y
        scores = self.spatial(x)
        share = torch.softmax(scores.flatten(2) / self.temperature, dim=-1).reshape(scores.shape)
        return y * (share * (scores[0].numel() / 3)).clamp(max=1)
