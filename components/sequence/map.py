"""A block applied to each item of a sequence or set."""

from collections.abc import Callable
from typing import Annotated, Any

from torch import Tensor, nn

from components.registry import component
from components.spec import Block, Dims, example, sub


@component(
    id="map",
    kind="layer",
    family="Higher order",
    name="Map (a block over items)",
    name_zh="映射（逐项应用模块）",
    help_zh="对序列或集合的每一项应用同一个模块，例如逐帧处理视频；各项并入批次一起计算。",
    source="Zaheer et al., Deep Sets, arXiv 1703.06114; torch.vmap",
    keywords="time distributed each item vmap frames 逐项 逐帧",
    tags=("batch_independent", "permutation_equivariant"),
    examples=(
        example(x=(2, 5, 7), block=sub("linear", in_features=7, out_features=3)),
        example(x=(2, 3, 1, 6, 5), block=sub("conv_standard", in_channels=1, out_channels=4, kernel_size=3)),
    ),
)
class Map(nn.Module):
    r"""Applies a block to each item by itself, all items of all samples at once.

    $$y_{n,t} = \mathrm{block}(x_{n,t})$$

    Args:
        block: what is applied: (B, *) to (B, *). It sees the items as samples of a batch of B T.

    Shape:
        x: (B, T, *), such as the frames of a video (B, T, C, H, W).
        y: (B, T, *), one result for each item.

    Source: the map of Zaheer et al., arXiv 1703.06114; as torch.vmap over two axes.
    """

    def __init__(self, block: Annotated[Callable[..., Any], Block("x: B *", "y: B *")]) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Annotated[Tensor, Dims("B T *")]) -> Annotated[Tensor, Dims("B T *")]:
        return self.block(x.flatten(0, 1)).unflatten(0, x.shape[:2])
