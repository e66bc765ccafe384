"""Generalised mean pooling: between the global mean and the global maximum, with a learned exponent."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="pool_gem",
    kind="layer",
    family="Pooling",
    name="Generalised mean pooling (GeM)",
    name_zh="广义均值池化",
    help_zh="对整张特征图求广义均值，指数可学习：1 为平均，越大越接近最大值；常用于图像检索。",
    source="Radenović et al., Fine-tuning CNN Image Retrieval with No Human Annotation, arXiv 1711.02512",
    keywords="gem retrieval power mean global 图像检索 幂平均 全局",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 11)), example(x=(2, 3, 5, 7), power=1.5), example(x=(2, 3, 4, 5, 7), power=4.0)),
)
class GeneralizedMeanPooling(nn.Module):
    r"""Replaces each channel's map by its generalised mean, whose exponent is learned.

    $$y_c = \Big( \frac{1}{|X_c|} \sum_{x \in X_c} \max(x, \epsilon)^p \Big)^{1/p}$$

    Args:
        power: first value of the exponent p, one for all channels: 1 is the mean, a large one the maximum.
        eps: smallest value that counts; the mean is defined for positive values.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: (B, C, 1), (B, C, 1, 1) or (B, C, 1, 1, 1).

    Source: Radenović et al., arXiv 1711.02512, with the shared exponent that they recommend, starting at 3.
    """

    def __init__(self, power: PositiveFloat = 3.0, eps: PositiveFloat = 1e-6) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(power))
        self.eps = eps

    def forward(self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]) -> Annotated[Tensor, Dims("B C *")]:
        mean = x.clamp(min=self.eps).pow(self.power).mean(tuple(range(2, x.dim())), keepdim=True)
        return mean.pow(1 / self.power)
