"""CoordConv: a convolution that also sees where it is."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.convolution._nd import CONVOLUTIONS, check_convolution
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, SpatialDims, example


@component(
    id="conv_coordconv",
    kind="layer",
    family="Convolution",
    name="CoordConv",
    name_zh="CoordConv",
    help_zh="先给输入添上坐标通道（−1 到 1，可再加到中心的距离），再做卷积，使网络能感知绝对位置。",
    source="Liu et al., An Intriguing Failing of CNNs and the CoordConv Solution, arXiv 1807.03247",
    keywords="coordinate position channels radius 坐标 位置 通道",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5),
        example(x=(2, 3, 9, 11), out_channels=4, radius=True, stride=2, padding=1),
        example(x=(2, 3, 5, 6, 7), out_channels=4, kernel_size=(3, 1, 2), radius=True, bias=False),
    ),
)
class CoordConv(nn.Module):
    r"""Convolves the input together with its coordinates as further channels.

    $$y = b + w \star [x, i, j, r], \quad i, j \in [-1, 1], \quad r = \sqrt{i^2 + j^2}$$

    Args:
        in_channels: channels of the input, without the coordinates.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, around the coordinates too, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        radius: adds the distance r from the middle as one more channel.
        bias: adds a learned offset b per output channel.
        dims: number of spatial axes, each of which adds a coordinate.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: ``same`` padding with a stride.

    Source: Liu et al., arXiv 1807.03247, section 3. The weights of the coordinates stand behind those of x; the radius
    is measured in the coordinates themselves.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        radius: bool = False,
        bias: bool = True,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_convolution(
            "conv_coordconv", dims, kernel_size=kernel_size, stride=stride, padding=padding,
            dilation=dilation, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        self.radius = radius
        channels = in_channels + dims + radius
        self.conv = CONVOLUTIONS[dims](channels, out_channels, kernel_size, stride, padding, dilation, bias=bias)

    def coordinates(self, x: Tensor) -> Tensor:
        """The added channels (n, *), from -1 at the first sample of an axis to 1 at the last."""
        axes = [torch.linspace(-1, 1, size, dtype=x.dtype, device=x.device) for size in x.shape[2:]]
        grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))
        return torch.cat((grid, grid.square().sum(0, keepdim=True).sqrt())) if self.radius else grid

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        places = self.coordinates(x)
        return self.conv(torch.cat((x, places.expand(x.shape[0], *places.shape)), 1))
