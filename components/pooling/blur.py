"""Blur pooling: maps are smoothed before they are thinned out, so that a shift changes little."""

from functools import reduce
from math import comb
from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, SpatialDims, example

CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


@component(
    id="pool_blur",
    kind="layer",
    family="Pooling",
    name="Blur pooling (anti-aliased downsampling)",
    name_zh="抗混叠池化",
    help_zh="先用二项式核平滑再降采样，输出对输入平移更稳定；常替换带步幅的池化或卷积。",
    source="Zhang, Making Convolutional Networks Shift-Invariant Again, arXiv 1904.11486",
    keywords="blurpool antialias shift invariant low pass binomial 抗锯齿 平移不变 低通",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=4, stride=3),
        example(x=(1, 2, 6, 7, 9), kernel_size=2, stride=1),
    ),
)
class BlurPooling(nn.Module):
    r"""Smooths each channel with a binomial kernel and keeps every s-th sample.

    $$y(p) = \sum_t k(t)\, x(s\,p + t), \quad k(t) = 2^{1 - n} \binom{n - 1}{t} \text{ along each axis}$$

    Args:
        kernel_size: samples n of the kernel along each spatial axis.
        stride: step between two outputs, in samples.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W), at least kernel_size / 2 + 1 samples along each axis.
        y: the same layout; each axis becomes ceil(size / stride).

    Source: Zhang, arXiv 1904.11486; the border is mirrored, an even kernel reaches one sample further to the end.
    """

    kernel: Tensor

    def __init__(
        self, kernel_size: Annotated[int, Field(ge=2, le=15)] = 3, stride: Count = 2, dims: SpatialDims = 2
    ) -> None:
        super().__init__()
        row = torch.tensor([float(comb(kernel_size - 1, t)) for t in range(kernel_size)]) / 2 ** (kernel_size - 1)
        kernel = reduce(lambda outer, _: outer.unsqueeze(-1) * row, range(dims - 1), row)
        self.register_buffer("kernel", kernel[None, None], persistent=False)
        self.stride, self.dims = stride, dims
        self.border = [(kernel_size - 1) // 2, kernel_size // 2] * dims

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        channels = x.shape[1]
        kernel = self.kernel.expand(channels, *[-1] * (self.dims + 1))
        return CONVOLUTIONS[self.dims](
            F.pad(x, self.border, mode="reflect"), kernel, None, self.stride, groups=channels
        )
