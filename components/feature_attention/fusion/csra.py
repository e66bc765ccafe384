"""Class-specific residual attention: each class also looks at the positions that speak for it."""

from typing import Annotated

from torch import Tensor, nn

from components.feature_attention._maps import Maps, to_tokens
from components.registry import component
from components.spec import Count, InChannels, NonNegativeFloat, Ports, PositiveFloat, example


@component(
    id="attn_csra",
    kind="layer",
    family="Other CNN attention",
    name="Class-specific residual attention (CSRA)",
    name_zh="CSRA 类别残差注意力",
    help_zh="多标签分类头：在平均得分之外，再加上每个类别按自身得分做空间注意力得到的得分。",
    source="Zhu & Wu, Residual Attention: A Simple but Effective Method for Multi-Label Recognition, arXiv 2108.02456",
    keywords="csra multi-label classifier head class-specific 多标签 分类头",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 5, 7), num_classes=4),
        example(x=(2, 6, 9), num_classes=3, temperature=None, weight=0.4),
        example(x=(2, 6, 3, 4, 5), num_classes=7, temperature=2.0),
    ),
)
class ClassResidualAttention(nn.Module):
    r"""Adds to the mean score of each class its mean over the positions that score high for it.

    $$\ell_k = \bar{s}_k + \lambda \sum_p \mathrm{softmax}_p (T s_{k,p}) \, s_{k,p}, \quad s_{k,p} = m_k \cdot x_p$$

    Args:
        in_channels: channels of the input.
        num_classes: number of classes K.
        temperature: T; none takes the greatest score, the limit of a large T.
        weight: lambda, the weight of the attended score.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        logits: (B, num_classes).

    Source: Zhu & Wu, arXiv 2108.02456, one head, whose rows m are not scaled to length 1 as in the authors' code; several
    heads are several nodes whose logits are added.
    """

    def __init__(
        self,
        in_channels: InChannels,
        num_classes: Count = 10,
        temperature: PositiveFloat | None = 1.0,
        weight: NonNegativeFloat = 0.1,
    ) -> None:
        super().__init__()
        self.score = nn.Linear(in_channels, num_classes, bias=False)
        self.temperature, self.weight = temperature, weight

    def forward(self, x: Maps) -> Annotated[Tensor, Ports(logits="B K")]:
        scores = self.score(to_tokens(x))  # (B, N, K)
        if self.temperature is None:
            attended = scores.amax(1)
        else:
            attended = ((self.temperature * scores).softmax(1) * scores).sum(1)
        return scores.mean(1) + self.weight * attended
