"""Instance normalization: each channel of each sample is standardised alone."""

from torch import nn

from components.registry import component
from components.spec import InChannels, PositiveFloat, SpatialDims, example

INSTANCE_NORMS = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}


@component(
    id="norm_instance",
    kind="layer",
    family="Feature normalization",
    name="Instance normalization",
    name_zh="实例归一化",
    help_zh="对每个样本的每个通道单独标准化，常用于风格迁移。",
    source="Ulyanov et al., Instance Normalization, arXiv 1607.08022",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="instancenorm in style transfer 风格迁移",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 5, 7), affine=True),
        example(x=(2, 3, 4, 5, 6), eps=1e-3),
    ),
)
def instance_norm(
    num_features: InChannels, eps: PositiveFloat = 1e-5, affine: bool = False, dims: SpatialDims = 2
) -> nn.Module:
    r"""Standardises each channel of each sample over its positions.

    $$y_{n,c} = \gamma_c\, \frac{x_{n,c} - \mathrm{E}[x_{n,c}]}{\sqrt{\mathrm{Var}[x_{n,c}] + \epsilon}} + \beta_c$$

    Args:
        num_features: channels of the input.
        eps: added to the variance, against division by zero.
        affine: learns the scale and shift of each channel.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W); more than one position.
        y: the same.

    Raises:
        ValueError: in training, a map of a single position.

    Source: Ulyanov et al., arXiv 1607.08022; torch.nn.InstanceNorm2d without running statistics.
    """
    return INSTANCE_NORMS[dims](num_features, eps, affine=affine)
