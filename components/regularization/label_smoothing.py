"""Label smoothing: a classifier is not asked to be certain."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, DropRate, example, ints
from components.targets import IGNORE_INDEX, ClassAxis, check_classes


@component(
    id="reg_label_smoothing",
    kind="loss",
    family="Regularization",
    name="Label smoothing",
    name_zh="标签平滑",
    help_zh="把正确类别的一部分目标概率平均分给所有类别再算交叉熵，防止网络过分自信。",
    source="Szegedy et al., Rethinking the Inception Architecture, arXiv 1512.00567",
    keywords="soft targets cross entropy overconfidence calibration 软标签 交叉熵 过度自信",
    examples=(
        example(logits=(5, 3), target=ints(5, high=3)),
        example(logits=(2, 5, 3), target=ints(2, 5, high=3), smoothing=0.3, class_axis=-1),
    ),
)
class LabelSmoothingLoss(nn.Module):
    r"""Cross entropy with a target of which a part is spread over all classes.

    $$\ell = \frac{1}{M} \sum_m \Big( -(1 - \varepsilon) \log p_{m,t_m} - \frac{\varepsilon}{K} \sum_k \log p_{m,k}
    \Big)$$

    Args:
        smoothing: the part epsilon that is spread evenly; 0 is cross entropy.
        class_axis: where the classes stand: 1 for (B, K, *), or -1 for (B, *, K).

    Shape:
        logits: (B, K, *), or (B, *, K) with class_axis -1; before any softmax.
        target: (B, *), integers in [0, K); -100 is unknown and counts nowhere. 0 if all are unknown.
        loss: a scalar.

    Raises:
        ValueError: logits and target do not fit together.

    Source: Szegedy et al., arXiv 1512.00567, section 7; the loss of torch.nn.CrossEntropyLoss with label_smoothing.
    """

    def __init__(self, smoothing: DropRate = 0.1, class_axis: ClassAxis = 1) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.class_axis: ClassAxis = class_axis

    def forward(
        self, logits: Annotated[Tensor, Dims("B K *")], target: Annotated[Tensor, Dims("B *", dtype="int")]
    ) -> Tensor:
        check_classes(logits, target, self.class_axis)
        scores = logits if self.class_axis == 1 else logits.movedim(-1, 1)
        total = F.cross_entropy(
            scores, target, ignore_index=IGNORE_INDEX, reduction="sum", label_smoothing=self.smoothing
        )
        return total / (target != IGNORE_INDEX).sum().clamp(min=1)

    def extra_repr(self) -> str:
        return f"smoothing={self.smoothing}, class_axis={self.class_axis}"
