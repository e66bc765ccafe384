"""Spatial dropout: whole channels are set to zero in training."""

from torch import nn

from components.registry import component
from components.spec import DropRate, SpatialDims, example

CHANNEL_DROPOUTS = {1: nn.Dropout1d, 2: nn.Dropout2d, 3: nn.Dropout3d}


@component(
    id="drop_spatial",
    kind="layer",
    family="Dropout",
    name="Spatial dropout",
    name_zh="Spatial Dropout 空间失活",
    help_zh="训练时随机丢弃整个通道；相邻像素高度相关时比普通 Dropout 更有效。",
    source="Tompson et al., Efficient Object Localization Using Convolutional Networks, arXiv 1411.4280",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="dropout1d dropout2d dropout3d channel 通道丢弃",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(2, 9, 5)),
        example(x=(2, 9, 3, 5), p=0.2),
        example(x=(2, 8, 3, 4, 5), p=0.3),
    ),
)
def spatial_dropout(p: DropRate = 0.5, dims: SpatialDims = 2) -> nn.Module:
    r"""In training, sets random channels to zero as a whole and enlarges the rest.

    $$y_{n,c} = \frac{m_{n,c}\, x_{n,c}}{1 - p}, \quad m_{n,c} \sim \mathrm{Bernoulli}(1 - p)$$

    Args:
        p: probability that a channel of a sample is set to zero.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same; in evaluation x itself.

    Source: Tompson et al., arXiv 1411.4280; torch.nn.Dropout2d.
    """
    return CHANNEL_DROPOUTS[dims](p)
