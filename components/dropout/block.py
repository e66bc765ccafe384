"""DropBlock: square regions of a map are set to zero in training."""

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from components.registry import component
from components.spec import Count, Dims, DropRate, SpatialDims, example

MAX_POOLS = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


@component(
    id="drop_block",
    kind="layer",
    family="Dropout",
    name="DropBlock",
    name_zh="DropBlock 区块失活",
    help_zh="训练时把特征图中连续的方形区域置零，迫使网络利用其余部分；适合卷积层，评估时不起作用。",
    source="Ghiasi et al., DropBlock, arXiv 1810.12890",
    keywords="dropblock2d structured dropout region convolution 结构化 区域 卷积",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(2, 3, 11), p=0.3),
        example(x=(2, 3, 7, 9), p=0.2, block_size=2),
        example(x=(2, 3, 4, 5, 6), p=0.2, block_size=2),
    ),
)
class DropBlock(nn.Module):
    r"""In training, sets blocks of neighbouring values to zero and enlarges the rest, so that the mean stays.

    $$y = x \odot m\, \frac{\#m}{\sum m}, \quad \gamma = \frac{p}{k^d} \prod_a \frac{n_a}{n_a - k + 1}$$

    A block of the size k begins with probability gamma wherever it fits into the map of the sizes n.

    Args:
        p: share of the values that is to be dropped; blocks that overlap drop somewhat less.
        block_size: the size k of a block along each axis, in samples; at most that of the map. 1 is dropout.
        dims: number of spatial axes d.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same; in evaluation x itself.

    Source: Ghiasi et al., arXiv 1810.12890, algorithm 1; torchvision.ops.DropBlock2d. Channels are dropped
    independently, and the rest is enlarged by the share that was kept in the whole batch.
    """

    def __init__(self, p: DropRate = 0.1, block_size: Count = 7, dims: SpatialDims = 2) -> None:
        super().__init__()
        self.p, self.block_size, self.dims = p, block_size, dims

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        if not self.training or self.p == 0:
            return x
        sizes = x.shape[2:]
        k = min(self.block_size, *sizes)
        gamma = self.p / k**self.dims
        for size in sizes:
            gamma *= size / (size - k + 1)
        starts = torch.rand((*x.shape[:2], *(size - k + 1 for size in sizes)), device=x.device) < gamma
        wide = F.pad(starts.to(x.dtype), (k - 1, k - 1) * self.dims)
        kept = 1 - MAX_POOLS[self.dims](wide, k, 1)
        return x * kept * (kept.numel() / kept.sum().clamp(min=1))

    def extra_repr(self) -> str:
        return f"p={self.p}, block_size={self.block_size}"
