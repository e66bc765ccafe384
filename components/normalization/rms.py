"""Root mean square normalization: layer normalization without the mean."""

from torch import nn

from components.registry import component
from components.spec import InFeatures, PositiveFloat, example


@component(
    id="norm_rms",
    kind="layer",
    family="Feature normalization",
    name="RMS normalization",
    name_zh="均方根归一化 RMSNorm",
    help_zh="只按均方根缩放特征、不减均值，比层归一化更省计算，大语言模型常用。",
    source="Zhang & Sennrich, Root Mean Square Layer Normalization, arXiv 1910.07467",
    inputs={"x": "B * C"},
    outputs={"y": "B * C"},
    keywords="rmsnorm llama root mean square 均方根",
    tags=("batch_independent",),
    examples=(example(x=(3, 7)), example(x=(2, 5, 7), eps=1e-3, elementwise_affine=False)),
)
def rms_norm(normalized_shape: InFeatures, eps: PositiveFloat = 1e-6, elementwise_affine: bool = True) -> nn.Module:
    r"""Divides each vector by the root mean square of its features, then scales each feature.

    $$y = \gamma \odot \frac{x}{\sqrt{\mathrm{E}[x^2] + \epsilon}}$$

    Args:
        normalized_shape: size of the last axis, over which the mean runs.
        eps: added to the mean square, against division by zero.
        elementwise_affine: learns the scale of each feature.

    Shape:
        x: (B, *, C), normalised over the last axis.
        y: the same.

    Source: Zhang & Sennrich, arXiv 1910.07467; torch.nn.RMSNorm.
    """
    return nn.RMSNorm(normalized_shape, eps, elementwise_affine)
