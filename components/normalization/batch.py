"""Batch normalization: each channel is standardised over the batch."""

from typing import Annotated, Literal

from torch import nn

from components.registry import component
from components.spec import InChannels, Inferred, PositiveFloat, Probability, example

BATCH_NORMS = {0: nn.BatchNorm1d, 1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
# Unlike a convolution this also takes vectors, which have no spatial axis.
SpatialOrNone = Annotated[Literal[0, 1, 2, 3], Inferred("x", rank_minus=2)]


@component(
    id="norm_batch",
    kind="layer",
    family="Feature normalization",
    name="Batch normalization",
    name_zh="批归一化",
    help_zh="用整个批次的均值和方差标准化每个通道，训练更快更稳；评估时使用滑动统计量。",
    source="Ioffe & Szegedy, Batch Normalization, arXiv 1502.03167",
    inputs={"x": "B C | B C L | B C H W | B C D H W"},
    outputs={"y": "B C | B C L | B C H W | B C D H W"},
    keywords="batchnorm bn batchnorm1d batchnorm2d batchnorm3d 批量标准化",
    examples=(
        example(x=(5, 3)),
        example(x=(4, 3, 7), momentum=0.3),
        example(x=(2, 3, 5, 7), affine=False),
        example(x=(2, 3, 4, 5, 6), track_running_stats=False, eps=1e-3),
    ),
)
def batch_norm(
    num_features: InChannels,
    eps: PositiveFloat = 1e-5,
    momentum: Probability = 0.1,
    affine: bool = True,
    track_running_stats: bool = True,
    dims: SpatialOrNone = 2,
) -> nn.Module:
    r"""Standardises each channel over the batch and all positions, then scales and shifts it.

    $$y = \gamma\, \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} + \beta$$

    Args:
        num_features: channels of the input.
        eps: added to the variance, against division by zero.
        momentum: share of the new batch in the running mean and variance.
        affine: learns the scale and shift of each channel.
        track_running_stats: keeps running statistics and uses them in evaluation; otherwise the batch's own, always.
        dims: number of spatial axes.

    Shape:
        x: (B, C), (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Raises:
        ValueError: in training, a batch with a single value per channel.

    Source: Ioffe & Szegedy, arXiv 1502.03167; torch.nn.BatchNorm2d.
    """
    return BATCH_NORMS[dims](num_features, eps, momentum, affine, track_running_stats)
