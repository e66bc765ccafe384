"""Group normalization: groups of channels are standardised sample by sample."""

from torch import nn

from components.registry import component
from components.rules import require_divisor
from components.spec import Count, InChannels, PositiveFloat, example


@component(
    id="norm_group",
    kind="layer",
    family="Feature normalization",
    name="Group normalization",
    name_zh="组归一化",
    help_zh="把通道分组，在每个样本的每组内标准化；批次很小时也稳定。",
    source="Wu & He, Group Normalization, arXiv 1803.08494",
    inputs={"x": "B C *"},
    outputs={"y": "B C *"},
    keywords="groupnorm gn small batch 小批量",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 8)),
        example(x=(2, 6, 5, 7), num_groups=3),
        example(x=(2, 4, 3, 5, 6), num_groups=1, affine=False),
    ),
)
def group_norm(
    num_channels: InChannels, num_groups: Count = 4, eps: PositiveFloat = 1e-5, affine: bool = True
) -> nn.Module:
    r"""Standardises groups of channels of each sample over their positions, then scales and shifts each channel.

    $$y = \gamma\, \frac{x - \mathrm{E}_g[x]}{\sqrt{\mathrm{Var}_g[x] + \epsilon}} + \beta$$

    Args:
        num_channels: channels of the input.
        num_groups: number of groups; divides the channels. 1 is a layer, as many as channels an instance norm.
        eps: added to the variance, against division by zero.
        affine: learns the scale and shift of each channel.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: the same.

    Raises:
        ValueError: channels not divisible by num_groups.

    Source: Wu & He, arXiv 1803.08494; torch.nn.GroupNorm.
    """
    require_divisor("norm_group", "num_groups", num_groups, num_channels=num_channels)
    return nn.GroupNorm(num_groups, num_channels, eps, affine)
