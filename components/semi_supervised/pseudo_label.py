"""Pseudo-labels: what a network is sure of becomes its own target."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, Ports, example


def confident_cross_entropy(logits: Tensor, judge: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Cross entropy (U,) of logits against the judge's likeliest classes, 0 where it is unsure; and where it is sure.

    The mask (U,) is where the judge's greatest probability reaches the threshold. The judge gets no gradient.
    """
    probability, label = judge.detach().softmax(1).max(1)
    mask = probability >= threshold
    return F.cross_entropy(logits, label, reduction="none") * mask, mask


@component(
    id="semi_pseudo_label",
    kind="loss",
    family="Semi-supervised learning",
    name="Pseudo-label",
    name_zh="伪标签",
    help_zh="把网络自己有把握的预测当作无标签样本的目标；低于阈值的样本不计。",
    source="Lee, Pseudo-Label, ICML Workshop on Challenges in Representation Learning 2013",
    keywords="self-training unlabelled confidence threshold entropy minimization 自训练 无标签 置信度 阈值",
    examples=(example(logits_u=(5, 3), threshold=0.0), example(logits_u=(7, 4), threshold=0.4)),
)
class PseudoLabelLoss(nn.Module):
    r"""Cross entropy of unlabelled samples with the classes that the network itself holds for most likely.

    $$\ell = \frac{1}{U} \sum_u [\max_k p_{u,k} \ge \theta]\; \big(-\log p_{u, \arg\max_k p_{u,k}}\big),
    \quad p = \mathrm{softmax}(z)$$

    Args:
        threshold: a sample counts where its greatest probability reaches this; above 1 none does.

    Shape:
        logits_u: (U, K), of unlabelled samples.
        loss: a scalar: the sum over the samples that count, divided by all.
        mask: (U,), true for a sample that counts.

    Source: Lee, ICML workshop 2013; the threshold against confirmation bias, Arazo et al., arXiv 1908.02983.
    """

    def __init__(self, threshold: NonNegativeFloat = 0.95) -> None:
        super().__init__()
        self.threshold = threshold

    def forward(
        self, logits_u: Annotated[Tensor, Dims("U K")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(loss="()", mask=Dims("U", dtype="bool"))]:
        each, mask = confident_cross_entropy(logits_u, logits_u, self.threshold)
        return each.mean(), mask

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}"
