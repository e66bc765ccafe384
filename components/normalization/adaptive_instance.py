"""Adaptive instance normalization: content takes on the statistics of a style."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="norm_adain",
    kind="layer",
    family="Feature normalization",
    name="Adaptive instance normalization (AdaIN)",
    name_zh="自适应实例归一化 AdaIN",
    help_zh="把内容特征每个通道的均值和标准差换成风格特征的，实现任意风格迁移；没有可学习参数。",
    source="Huang & Belongie, Arbitrary Style Transfer in Real-time with AdaIN, arXiv 1703.06868",
    keywords="adain style transfer content 风格迁移 内容",
    tags=("batch_independent",),
    examples=(
        example(content=(2, 3, 11), style=(2, 3, 7)),
        example(content=(2, 3, 5, 7), style=(2, 3, 4, 6), eps=1e-3),
        example(content=(2, 3, 4, 5, 6), style=(2, 3, 5, 4)),
    ),
)
class AdaptiveInstanceNorm(nn.Module):
    r"""Gives each channel of the content the mean and standard deviation that it has in the style.

    $$y = \sigma(s)\, \frac{c - \mu(c)}{\sigma(c)} + \mu(s)$$

    Args:
        eps: added to the variances, against division by zero.

    Shape:
        content: (B, C, *), channels on axis 1 and at least one more axis.
        style: (B, C, *), positions of any number.
        y: like content.

    Source: Huang & Belongie, arXiv 1703.06868, equation 8.
    """

    def __init__(self, eps: PositiveFloat = 1e-5) -> None:
        super().__init__()
        self.eps = eps

    def forward(
        self, content: Annotated[Tensor, Dims("B C L *")], style: Annotated[Tensor, Dims("B C L *")]
    ) -> Annotated[Tensor, Dims("B C L *")]:
        maps = content.flatten(2)
        plain = F.layer_norm(maps, maps.shape[2:], eps=self.eps)  # as instance normalisation, also of one value
        var, mean = torch.var_mean(style.flatten(2), 2, correction=0, keepdim=True)
        return torch.addcmul(mean, plain, (var + self.eps).sqrt()).view_as(content)

    def extra_repr(self) -> str:
        return f"eps={self.eps}"
