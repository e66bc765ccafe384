"""Layer normalization: each vector is standardised over its own features."""

from torch import nn

from components.registry import component
from components.spec import InFeatures, PositiveFloat, example


@component(
    id="norm_layer",
    kind="layer",
    family="Feature normalization",
    name="Layer normalization",
    name_zh="层归一化",
    help_zh="对最后一维的特征标准化，与批次大小无关，Transformer 常用。",
    source="Ba et al., Layer Normalization, arXiv 1607.06450",
    inputs={"x": "B * C"},
    outputs={"y": "B * C"},
    keywords="layernorm ln transformer 层标准化",
    tags=("batch_independent",),
    examples=(example(x=(3, 7)), example(x=(2, 5, 7), bias=False), example(x=(2, 3, 5, 7), elementwise_affine=False)),
)
def layer_norm(
    normalized_shape: InFeatures, eps: PositiveFloat = 1e-5, elementwise_affine: bool = True, bias: bool = True
) -> nn.Module:
    r"""Standardises each vector over its features, then scales and shifts each feature.

    $$y = \gamma \odot \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} + \beta$$

    Args:
        normalized_shape: size of the last axis, over which the statistics run.
        eps: added to the variance, against division by zero.
        elementwise_affine: learns the scale and shift of each feature.
        bias: learns the shift, where the scale is learned.

    Shape:
        x: (B, *, C), normalised over the last axis.
        y: the same.

    Source: Ba et al., arXiv 1607.06450; torch.nn.LayerNorm.
    """
    return nn.LayerNorm(normalized_shape, eps, elementwise_affine, bias)
