"""Layer-wise standardisation: each feature of a layer's input is standardised over the batch."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, InFeatures, PositiveFloat, Probability, example


@component(
    id="dnorm_layerwise",
    kind="layer",
    family="Feature normalization",
    name="Layer-wise standardisation",
    name_zh="逐层标准化",
    help_zh="像标准化输入数据那样标准化每一层的输入：末维的每个特征在批次上均值为 0、标准差为 1，没有可学习参数。",
    source="Classical; the motivation of Ioffe & Szegedy, Batch Normalization, arXiv 1502.03167",
    keywords="standardize every layer whitening features z-score batch 标准化 特征",
    examples=(example(x=(5, 3)), example(x=(4, 5, 3), momentum=0.3)),
)
class LayerWiseStandardize(nn.Module):
    r"""Standardises each feature, on the last axis, over the batch and all positions; nothing is learned.

    $$y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}}$$

    Args:
        in_features: size of the last axis.
        eps: added to the variance, against division by zero.
        momentum: share of the new batch in the running mean and variance, which evaluation uses.

    Shape:
        x: (B, *, in_features).
        y: the same.

    Raises:
        ValueError: in training, a single vector.

    Source: classical, section 2 of Ioffe & Szegedy, arXiv 1502.03167; torch.nn.BatchNorm1d without scale and shift.
    """

    def __init__(self, in_features: InFeatures, eps: PositiveFloat = 1e-5, momentum: Probability = 0.1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(in_features, eps, momentum, affine=False)

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        return self.norm(x.flatten(0, -2)).view_as(x)
