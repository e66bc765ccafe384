"""The share of right answers."""

from typing import Annotated

from torch import Tensor

from components.metric._base import Metric, exact_sums, yes_or_no
from components.registry import component
from components.spec import Dims, example, ints
from components.targets import IGNORE_INDEX, ClassAxis, align, class_scores


@component(
    id="metric_accuracy",
    kind="metric",
    family="Metric",
    name="Accuracy",
    name_zh="准确率",
    help_zh="答对的比例；一列 logits 时按正负判断是与否。",
    source="Metz, Basic Principles of ROC Analysis, Seminars in Nuclear Medicine 1978",
    keywords="accuracy acc classification correct 正确率 分类",
    examples=(
        example(logits=(7, 3), target=ints(7, high=3)),
        example(logits=(2, 5, 3), target=ints(2, 5, high=3), class_axis=-1),
        example(logits=(7, 1), target=ints(7, high=2)),
    ),
)
class Accuracy(Metric):
    r"""The share of samples whose greatest logit is that of the right class.

    $$a = \frac{1}{M} \sum_m [\arg\max_k z_{m,k} = t_m]$$

    Args:
        class_axis: where the classes stand: 1 for (B, K, *) or -1 for (B, *, K).

    Shape:
        logits: (B, K, *), or (B, *, K) with class_axis -1; or (B, *) or (B, *, 1), where a positive logit means yes.
        target: (B, *), classes in [0, K), or 0 and 1; -100 is unknown and left out.
        value: a scalar from 0 to 1.

    Raises:
        ValueError: logits and target do not fit together.

    Source: Metz 1978.
    """

    def __init__(self, class_axis: ClassAxis = 1) -> None:
        super().__init__()
        self.class_axis: ClassAxis = class_axis

    def update(
        self, logits: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        if yes_or_no(logits, target):
            logits, target = align(logits, target)
            known = target != IGNORE_INDEX
            right = (logits > 0) == (target > 0.5)
        else:
            scores, classes, known = class_scores(logits, target, self.class_axis)
            right = scores.argmax(-1) == classes
        return exact_sums(right & known, known)

    def compute(self, stats: Tensor) -> Tensor:
        right, known = stats
        return right / known
