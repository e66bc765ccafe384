"""The share of samples whose right class is among the k best."""

from typing import Annotated

from torch import Tensor

from components.metric._base import Metric, exact_sums
from components.registry import component
from components.rules import require
from components.spec import Count, Dims, example, ints
from components.targets import ClassAxis, class_scores


@component(
    id="metric_topk_accuracy",
    kind="metric",
    family="Metric",
    name="Top-k accuracy",
    name_zh="Top-k准确率",
    help_zh="正确类别位于得分最高的 k 个类别之中的比例。",
    source="Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, arXiv 1409.0575",
    keywords="top5 topk accuracy classification 前k 准确率 分类",
    examples=(
        example(logits=(7, 5), target=ints(7, high=5), top_k=2),
        example(logits=(2, 7, 5), target=ints(2, 7, high=5), top_k=3, class_axis=-1),
    ),
)
class TopKAccuracy(Metric):
    r"""The share of samples whose right class is among the k classes of the greatest logits.

    $$a = \frac{1}{M} \sum_m [t_m \in \mathrm{top}_k(z_m)]$$

    Args:
        top_k: how many classes may be named; at most the number of classes.
        class_axis: where the classes stand: 1 for (B, K, *) or -1 for (B, *, K).

    Shape:
        logits: (B, K, *), or (B, *, K) with class_axis -1.
        target: (B, *), classes in [0, K); -100 is unknown and left out.
        value: a scalar from 0 to 1.

    Raises:
        ValueError: top_k exceeds the number of classes, or logits and target do not fit together.

    Source: Russakovsky et al., arXiv 1409.0575.
    """

    def __init__(self, top_k: Count = 5, class_axis: ClassAxis = 1) -> None:
        super().__init__()
        self.top_k = top_k
        self.class_axis: ClassAxis = class_axis

    def update(
        self, logits: Annotated[Tensor, Dims("B K *")], target: Annotated[Tensor, Dims("B *", dtype="int")]
    ) -> Tensor:
        scores, classes, known = class_scores(logits, target, self.class_axis)
        count = scores.shape[-1]
        rule = (f"at most the number of classes ({count})", f"不大于类别数（{count}）的整数")
        require(self.top_k <= count, "metric_topk_accuracy", "top_k", rule, self.top_k)
        right = (scores.topk(self.top_k, dim=-1).indices == classes[:, None]).any(-1)
        return exact_sums(right & known, known)

    def compute(self, stats: Tensor) -> Tensor:
        right, known = stats
        return right / known
