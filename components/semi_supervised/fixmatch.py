"""FixMatch: the label of a weakly changed image is the target of the same image, strongly changed."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.semi_supervised.pseudo_label import confident_cross_entropy
from components.spec import Dims, NonNegativeFloat, Ports, example, ints
from components.targets import IGNORE_INDEX, align, check_classes, known_mean


@component(
    id="semi_fixmatch",
    kind="loss",
    family="Semi-supervised learning",
    name="FixMatch",
    name_zh="FixMatch 损失",
    help_zh="有标签样本用交叉熵；无标签样本用弱增强下的高置信预测，监督强增强下的预测。",
    source="Sohn et al., FixMatch: Simplifying Semi-Supervised Learning, arXiv 2001.07685",
    keywords="consistency weak strong augmentation pseudo-label unlabelled 一致性 弱增强 强增强 无标签",
    examples=(
        example(logits_weak=(5, 3), logits_strong=(5, 3), logits_l=(2, 3), y=ints(2, high=3), threshold=0.4),
        example(logits_weak=(7, 4), logits_strong=(7, 4), logits_l=(3, 4), y=ints(3, high=4), lambda_u=0.5, threshold=0.0),
    ),
    xfail={"gradient": "the weak branch gets no gradient"},
)  # fmt: skip
class FixMatchLoss(nn.Module):
    r"""Cross entropy of labelled samples, and of strongly changed ones with the sure classes of their weak twins.

    $$\ell = \mathrm{CE}(z^l, y) + \lambda_u \frac{1}{U} \sum_u [\max_k p_{u,k} \ge \tau]\;
    \mathrm{CE}\big(z^s_u, \arg\max_k p_{u,k}\big), \quad p = \mathrm{softmax}(z^w)$$

    Args:
        threshold: the tau that the greatest probability of the weak twin has to reach.
        lambda_u: weight of the unlabelled samples.

    Shape:
        logits_weak: (U, K), of unlabelled samples after a weak augmentation; taken as constants.
        logits_strong: (U, K), of the same samples after a strong augmentation.
        logits_l: (B, K), of labelled samples.
        y: (B,), integers in [0, K); -100 is unknown and counts nowhere.
        loss: a scalar.
        mask: (U,), true for an unlabelled sample that counts.

    Raises:
        ValueError: the inputs do not fit together.

    Source: Sohn et al., arXiv 2001.07685, equations 3 and 4.
    """

    def __init__(self, threshold: NonNegativeFloat = 0.95, lambda_u: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.threshold, self.lambda_u = threshold, lambda_u

    def forward(
        self,
        logits_weak: Annotated[Tensor, Dims("U K")],
        logits_strong: Annotated[Tensor, Dims("U K")],
        logits_l: Annotated[Tensor, Dims("B K")],
        y: Annotated[Tensor, Dims("B", dtype="int")],
    ) -> Annotated[tuple[Tensor, Tensor], Ports(loss="()", mask=Dims("U", dtype="bool"))]:
        check_classes(logits_l, y, 1)
        logits_strong, logits_weak = align(logits_strong, logits_weak)
        labelled = known_mean(F.cross_entropy(logits_l, y, ignore_index=IGNORE_INDEX, reduction="none"), y)
        each, mask = confident_cross_entropy(logits_strong, logits_weak, self.threshold)
        return labelled + self.lambda_u * each.mean(), mask

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, lambda_u={self.lambda_u}"
