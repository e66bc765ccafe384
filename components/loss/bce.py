"""Binary cross entropy: the loss of yes-or-no questions, one or many at once."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, Tensors, example, ints
from components.targets import align, known_mean


@component(
    id="loss_bce",
    kind="loss",
    family="Loss",
    name="Binary cross-entropy (with logits)",
    name_zh="二元交叉熵损失",
    help_zh="二分类或多标签分类的损失，直接接收未经 sigmoid 的 logits；目标在 0 到 1 之间。",
    source="Good, Rational Decisions, Journal of the Royal Statistical Society B 1952",
    keywords="bce sigmoid logistic multi-label binary 二分类 多标签",
    examples=(
        example(logits=(5, 3), target=Tensors((5, 3), "probability"), pos_weight=(1.0, 0.5, 2.0)),
        example(logits=(5, 1), target=ints(5, high=2), pos_weight=2.0),
    ),
)
class BCELoss(nn.Module):
    r"""The mean cross entropy between 0/1 targets and the sigmoid of the logits.

    $$\ell = -\frac{1}{M} \sum_m \left( w \, t_m \log \sigma(z_m) + (1 - t_m) \log(1 - \sigma(z_m)) \right)$$

    Args:
        pos_weight: the factor w of the positive part, to balance rare positives: one number, or one for each entry of
            the last axis.

    Shape:
        logits: (B, *), before any sigmoid.
        target: as logits, or without their last axis if that has size 1; integers or numbers from 0 to 1. An entry of
            -100 is unknown and left out.
        loss: a scalar.

    Raises:
        ValueError: logits and target differ in shape.

    Source: Good 1952; torch.nn.BCEWithLogitsLoss.
    """

    pos_weight: Tensor | None

    def __init__(self, pos_weight: PositiveFloat | tuple[PositiveFloat, ...] | None = None) -> None:
        super().__init__()
        self.register_buffer("pos_weight", None if pos_weight is None else torch.tensor(pos_weight))

    def forward(
        self, logits: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        logits, target = align(logits, target)
        each = F.binary_cross_entropy_with_logits(logits, target, reduction="none", pos_weight=self.pos_weight)
        return known_mean(each, target)
