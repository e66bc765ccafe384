"""S3Pool: a dense max pooling whose rows and columns are thinned out at random."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.rules import require_divisor
from components.spec import Count, Dims, example


def sampled(size: int, grid: int, kept: int, device: torch.device) -> Tensor:
    """``kept`` random places of each stretch of ``grid`` places along an axis, in their order."""
    stretches = size // grid
    chosen = torch.rand(stretches, grid, device=device).argsort(1)[:, :kept].sort(1).values
    return (chosen + grid * torch.arange(stretches, device=device)[:, None]).flatten()


@component(
    id="pool_s3",
    kind="layer",
    family="Pooling",
    name="S3Pool (stochastic spatial sampling)",
    name_zh="随机空间采样池化 S3Pool",
    help_zh="先做步幅为 1 的最大池化，训练时在网格内随机保留若干行列，相当于隐式的数据增强。",
    source="Zhai et al., S3Pool: Pooling with Stochastic Spatial Sampling, arXiv 1611.05138",
    keywords="s3pool random downsample distortion augmentation 随机 下采样 数据增强",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(2, 3, 6, 10)), example(x=(2, 4, 9, 13), kernel_size=3, stride=2, grid_size=4)),
)
class StochasticSpatialSampling(nn.Module):
    r"""In training, keeps random rows and columns of a max-pooled map; in evaluation, averages it.

    $$z = \max_{t \in [0, k)} x(p + t), \quad y = z(\text{rows}, \text{columns}), \quad
    g / s \text{ of each } g \text{ neighbouring rows and columns}$$

    Args:
        kernel_size: extent k of the max pooling along each axis, in samples; its stride is 1.
        stride: factor s by which each axis shrinks; divides grid_size.
        grid_size: rows and columns g among which the kept ones are drawn; a larger grid distorts more.

    Shape:
        x: (B, C, H, W).
        y: (B, C, floor(H / grid_size) grid_size / stride, floor(W / grid_size) grid_size / stride).

    Raises:
        ValueError: a grid_size that stride does not divide.

    Source: Zhai et al., arXiv 1611.05138; all samples of a batch keep the same rows and columns.
    """

    def __init__(self, kernel_size: Count = 2, stride: Count = 2, grid_size: Count = 2) -> None:
        super().__init__()
        require_divisor("pool_s3", "stride", stride, grid_size=grid_size)
        self.stride, self.grid_size = stride, grid_size
        self.border = ((kernel_size - 1) // 2, kernel_size // 2) * 2
        self.max_pool = nn.MaxPool2d(kernel_size, stride=1)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        dense = self.max_pool(F.pad(x, self.border, value=float("-inf")))
        height, width = (size // self.grid_size * self.grid_size for size in x.shape[2:])
        if not self.training:
            return F.avg_pool2d(dense[:, :, :height, :width], self.stride)
        kept = self.grid_size // self.stride
        rows = sampled(height, self.grid_size, kept, x.device)
        columns = sampled(width, self.grid_size, kept, x.device)
        return dense.index_select(2, rows).index_select(3, columns)
