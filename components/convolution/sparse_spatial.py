"""The spatially sparse convolution: computed wherever the window holds at least one active site."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from components.convolution._kernel import KernelConv
from components.convolution._sites import site_numbers, sites, steps, taps
from components.registry import component
from components.rules import per_axis, require_per_axis
from components.spec import Count, Dims, Inferred, NonNegativeSize, Ports, Size, example, ints


@component(
    id="conv_sparse_spatial",
    kind="layer",
    family="Convolution",
    name="Spatially sparse convolution",
    name_zh="空间稀疏卷积",
    help_zh="卷积窗口只要覆盖至少一个活跃点就计算输出，其余位置跳过；活跃点会逐层扩散。",
    source="Graham, Spatially-sparse convolutional neural networks, arXiv 1409.6070",
    keywords="sparse convolution sparseconv point cloud voxel spconv 稀疏 点云 体素",
    tags=("real_shapes",),
    xfail={"shape": "the number of active sites follows from their places, which shape inference does not see"},
    examples=(
        example(feat=(7, 3), coords=ints(7, 2, high=9), size=ints(1, high=99), out_channels=5),
        example(feat=(11, 3), coords=ints(11, 3, high=4), size=ints(2, high=99), out_channels=5, stride=2, bias=True),
        example(
            feat=(9, 2), coords=ints(9, 4, high=3), size=ints(3, high=99), out_channels=3, kernel_size=(3, 1, 2),
            padding=1, dilation=(2, 1, 1),
        ),
    ),
)  # fmt: skip
class SpatiallySparseConv(KernelConv):
    r"""Convolves a sparse image at every position whose window touches an active site.

    $$y(p) = b + \sum_{t:\, s p + t \in \mathcal{A}} W(t)\, x(s p + t), \quad
    \mathcal{A}' = \{ p : s p + t \in \mathcal{A} \text{ for some } t \}$$

    Args:
        in_channels: features of a site.
        out_channels: number of filters, the features of a site in the output.
        kernel_size: taps of a filter along each spatial axis.
        stride: step s between two positions of the filter, in sites.
        padding: empty sites added at each border.
        dilation: distance between two taps of the filter, in sites.
        bias: adds a learned offset b per output feature at the active sites.
        dims: number of spatial axes d.

    Shape:
        feat: (M, in_channels), a row for each active site; the set A of sites, each of them once.
        coords: (M, 1 + d), the sample of each site and its place along each axis, from 0.
        size: (d,), sites along each axis of the whole image. Sites outside of it are not active.
        feat and coords of the output: (M', out_channels) and (M', 1 + d), ordered by sample and place.
        size of the output: (d,), floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Source: Graham, arXiv 1409.6070, section 3, without the ground state that the paper keeps for inactive sites: it is 0.
    The weight has the layout of torch.nn.Conv3d.
    """

    def __init__(
        self,
        in_channels: Annotated[int, Field(ge=1), Inferred("feat", axis=1)],
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: NonNegativeSize = 0,
        dilation: Size = 1,
        bias: bool = False,
        dims: Annotated[Literal[1, 2, 3], Inferred("size", axis=0)] = 3,
    ) -> None:
        settings = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        require_per_axis("conv_sparse_spatial", dims, **settings)
        shape = (out_channels, in_channels, *per_axis(kernel_size, dims))
        super().__init__(shape, bias, per_axis(stride, dims), per_axis(padding, dims), per_axis(dilation, dims))
        self.taps = taps(kernel_size, dims)

    def forward(
        self,
        feat: Annotated[Tensor, Dims("M C")],
        coords: Annotated[Tensor, Dims("M D", dtype="int")],
        size: Annotated[Tensor, Dims("D", dtype="int")],
    ) -> Annotated[
        tuple[Tensor, Tensor, Tensor],
        Ports(feat="M C", coords=Dims("M D", dtype="int"), size=Dims("D", dtype="int")),
    ]:
        batch, places = coords[:, 0], coords[:, 1:]
        stride, padding, dilation = (steps(s, size) for s in (self.stride, self.padding, self.dilation))  # type: ignore[arg-type]
        window = dilation * (steps(self.weight.shape[2:], size) - 1) + 1
        grid = ((size + 2 * padding - window) // stride + 1).clamp(min=0)
        inside = (site_numbers(batch, places, size) >= 0)[:, None]
        reached = []  # for each tap, the number of the output site that reads each input site with it; -1 for none
        for tap in self.taps:
            start = places + padding - dilation * steps(tap, size)
            hit = torch.where(inside & (start % stride == 0), start // stride, -1)
            reached.append(site_numbers(batch, hit, grid))
        numbers = torch.stack(reached)
        active = numbers[numbers >= 0].unique()
        y = feat.new_zeros(active.shape[0], self.weight.shape[0])
        for number, weight in zip(numbers, self.weight.flatten(2).unbind(2), strict=True):
            used = number >= 0
            y = y.index_add(0, torch.searchsorted(active, number[used]), (feat[used] @ weight.T).to(y.dtype))
        return y if self.bias is None else y + self.bias, sites(active, grid), grid
