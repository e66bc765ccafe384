"""The F1 score, averaged over the classes."""

from typing import Annotated

import torch
from torch import Tensor

from components.metric._base import Metric, exact, yes_or_no
from components.registry import component
from components.spec import Dims, example, ints
from components.targets import IGNORE_INDEX, ClassAxis, class_scores


@component(
    id="metric_f1",
    kind="metric",
    family="Metric",
    name="F1 score (macro)",
    name_zh="F1 分数（宏平均）",
    help_zh="各类别精确率与召回率的调和平均，再对类别取平均；类别不均衡时比准确率更可信。",
    source="van Rijsbergen, Information Retrieval, 1979",
    keywords="f1 f-score precision recall macro imbalanced 精确率 召回率",
    examples=(
        example(logits=(7, 3), target=ints(7, high=3)),
        example(logits=(2, 5, 3), target=ints(2, 5, high=3), class_axis=-1),
        example(logits=(7, 1), target=ints(7, high=2)),
    ),
)
class F1Score(Metric):
    r"""The mean over the classes of the harmonic mean of precision and recall.

    $$F = \frac{1}{K} \sum_k \frac{2 \, TP_k}{2 \, TP_k + FP_k + FN_k}$$

    A class that is neither right nor named anywhere is left out of the mean. For a single yes-or-no question it is the
    score of yes; for several, the mean over the questions.

    Args:
        class_axis: where the classes stand: 1 for (B, K, *) or -1 for (B, *, K).

    Shape:
        logits: (B, K, *), or (B, *, K) with class_axis -1; or (B, *, 1) for targets (B, *), or (B, *, Q) for targets
            (B, *, Q) of Q questions, where a positive logit means yes.
        target: classes in [0, K), or 0 and 1; -100 is unknown and left out.
        value: a scalar from 0 to 1.

    Raises:
        ValueError: logits and target do not fit together.

    Source: van Rijsbergen 1979; the macro average of scikit-learn.
    """

    def __init__(self, class_axis: ClassAxis = 1) -> None:
        super().__init__()
        self.class_axis: ClassAxis = class_axis

    def update(
        self, logits: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        if yes_or_no(logits, target):
            questions = target.shape[-1] if logits.shape == target.shape and target.dim() > 1 else 1
            known = (target != IGNORE_INDEX).reshape(-1, questions)
            said = (logits > 0).reshape(-1, questions) & known
            right = (target > 0.5).reshape(-1, questions) & known
            return torch.cat([exact(counted).sum(0) for counted in (said & right, said, right)])
        scores, classes, known = class_scores(logits, target, self.class_axis)
        said = scores.argmax(-1)
        known = exact(known)
        none = known.new_zeros(scores.shape[-1])
        true_positive = none.index_add(0, classes, known * (said == classes))
        return torch.cat((true_positive, none.index_add(0, said, known), none.index_add(0, classes, known)))

    def compute(self, stats: Tensor) -> Tensor:
        true_positive, said, right = stats.view(3, -1)
        either = said + right  # 2 TP + FP + FN
        return (2 * true_positive / either.clamp(min=1)).sum() / (either > 0).sum()
