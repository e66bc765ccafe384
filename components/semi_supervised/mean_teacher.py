"""Mean teacher: a network follows the predictions of the average of its own weights over time."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from components.registry import component
from components.scheduled import Scheduled
from components.spec import Dims, NonNegativeFloat, example, ints
from components.targets import IGNORE_INDEX, align, check_classes, known_mean


@component(
    id="semi_mean_teacher",
    kind="loss",
    family="Semi-supervised learning",
    name="Mean teacher",
    name_zh="均值教师",
    help_zh="有标签样本用交叉熵；无标签样本要求学生与教师（学生权重的滑动平均）的概率一致。",
    source="Tarvainen & Valpola, Mean teachers are better role models, arXiv 1703.01780",
    schedules=("schedule",),
    keywords="consistency ema average weights unlabelled 一致性 滑动平均 无标签",
    examples=(
        example(student=(5, 3), teacher=(5, 3), logits_l=(2, 3), y=ints(2, high=3)),
        example(student=(7, 4), teacher=(7, 4), logits_l=(3, 4), y=ints(3, high=4), consistency=2.5),
    ),
    xfail={"gradient": "the teacher gets no gradient"},
)
class MeanTeacherLoss(Scheduled):
    r"""Cross entropy of labelled samples, and the distance of two predictions for unlabelled ones.

    $$\ell = \mathrm{CE}(z^l, y) + w\, f \, \frac{1}{U K} \sum_{u,k} \big(\mathrm{softmax}(s_u) -
    \mathrm{softmax}(t_u)\big)_k^2$$

    The teacher is a second use of the student's block whose weights are an average of the student's. Early on it knows
    nothing, so a schedule that ramps up belongs to the port ``schedule``.

    Args:
        consistency: the weight w of the unlabelled samples.

    Shape:
        student: (U, K), logits of unlabelled samples.
        teacher: (U, K), logits of the same samples under other noise; taken as constants.
        logits_l: (B, K), logits of labelled samples.
        y: (B,), integers in [0, K); -100 is unknown and counts nowhere.
        schedule: the factor f; 1 where none is wired.
        loss: a scalar.

    Raises:
        ValueError: the inputs do not fit together.

    Source: Tarvainen & Valpola, arXiv 1703.01780, section 2 and appendix B.
    """

    def __init__(self, consistency: NonNegativeFloat = 10.0) -> None:
        super().__init__()
        self.consistency = consistency

    def forward(
        self,
        student: Annotated[Tensor, Dims("U K")],
        teacher: Annotated[Tensor, Dims("U K")],
        logits_l: Annotated[Tensor, Dims("B K")],
        y: Annotated[Tensor, Dims("B", dtype="int")],
    ) -> Tensor:
        check_classes(logits_l, y, 1)
        student, teacher = align(student, teacher.detach())
        labelled = known_mean(F.cross_entropy(logits_l, y, ignore_index=IGNORE_INDEX, reduction="none"), y)
        return labelled + self.consistency * self.factor * F.mse_loss(student.softmax(1), teacher.softmax(1))

    def extra_repr(self) -> str:
        return f"consistency={self.consistency}"
