"""The submanifold sparse convolution: only active sites are computed, and no others become active."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from components.convolution._kernel import KernelConv
from components.convolution._nd import require_odd
from components.convolution._sites import site_numbers, steps, taps
from components.registry import component
from components.rules import per_axis, require_per_axis
from components.spec import Count, Dims, Inferred, Ports, Size, example, ints


@component(
    id="conv_sparse_submanifold",
    kind="layer",
    family="Convolution",
    name="Submanifold sparse convolution",
    name_zh="子流形稀疏卷积",
    help_zh="只在输入的活跃点上计算输出，活跃点集合逐层不变，适合点云体素等稀疏数据。",
    source="Graham et al., 3D Semantic Segmentation with Submanifold Sparse Convolutional Networks, arXiv 1711.10275",
    keywords="sparse submanifold ssc subm point cloud voxel spconv 稀疏 点云 体素",
    examples=(
        example(feat=(7, 3), coords=ints(7, 2, high=9), size=ints(1, high=99), out_channels=5),
        example(feat=(11, 3), coords=ints(11, 3, high=4), size=ints(2, high=99), out_channels=5, dilation=2, bias=True),
        example(feat=(9, 2), coords=ints(9, 4, high=3), size=ints(3, high=99), out_channels=3, kernel_size=(3, 1, 3)),
    ),
)
class SubmanifoldSparseConv(KernelConv):
    r"""Convolves a sparse image at its active sites, with zeros everywhere else.

    $$y(p) = b + \sum_{t:\, p + t \in \mathcal{A}} W(t)\, x(p + t), \quad p \in \mathcal{A}$$

    Args:
        in_channels: features of a site.
        out_channels: number of filters, the features of a site in the output.
        kernel_size: taps of a filter along each spatial axis, an odd number.
        dilation: distance between two taps of the filter, in sites.
        bias: adds a learned offset b per output feature at the active sites.
        dims: number of spatial axes d.

    Shape:
        feat: (M, in_channels), a row for each active site; the set A of sites, each of them once.
        coords: (M, 1 + d), the sample of each site and its place along each axis, from 0.
        size: (d,), sites along each axis of the whole image. Sites outside of it are not active: their rows become 0.
        feat and coords of the output: (M, out_channels), and the same sites in the same order.

    Raises:
        ValueError: an even kernel_size.

    Source: Graham et al., arXiv 1711.10275, section 3. The weight has the layout of torch.nn.Conv3d.
    """

    def __init__(
        self,
        in_channels: Annotated[int, Field(ge=1), Inferred("feat", axis=1)],
        out_channels: Count = 32,
        kernel_size: Size = 3,
        dilation: Size = 1,
        bias: bool = False,
        dims: Annotated[Literal[1, 2, 3], Inferred("size", axis=0)] = 3,
    ) -> None:
        require_per_axis("conv_sparse_submanifold", dims, kernel_size=kernel_size, dilation=dilation)
        require_odd("conv_sparse_submanifold", dims, kernel_size)
        sizes = per_axis(kernel_size, dims)
        super().__init__((out_channels, in_channels, *sizes), bias)
        gaps = per_axis(dilation, dims)
        self.offsets = [
            tuple(gap * (place - size // 2) for place, size, gap in zip(tap, sizes, gaps, strict=True))
            for tap in taps(kernel_size, dims)
        ]

    def forward(
        self,
        feat: Annotated[Tensor, Dims("M C")],
        coords: Annotated[Tensor, Dims("M D", dtype="int")],
        size: Annotated[Tensor, Dims("D", dtype="int")],
    ) -> Annotated[tuple[Tensor, Tensor], Ports(feat="M C", coords=Dims("M D", dtype="int"))]:
        batch, places = coords[:, 0], coords[:, 1:]
        own = site_numbers(batch, places, size)
        known, order = own.sort()
        y = feat.new_zeros(feat.shape[0], self.weight.shape[0])
        for offset, weight in zip(self.offsets, self.weight.flatten(2).unbind(2), strict=True):
            wanted = site_numbers(batch, places + steps(offset, places), size)
            found = torch.searchsorted(known, wanted).clamp(max=feat.shape[0] - 1)
            active = (known[found] == wanted) & (wanted >= 0)
            y = y + active[:, None] * (feat[order[found]] @ weight.T)
        if self.bias is not None:
            y = y + self.bias
        return y * (own >= 0)[:, None], coords
