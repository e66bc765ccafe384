"""Knowledge distillation: a student learns from labels and from how a teacher spreads its probability."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, Probability, example, ints
from components.targets import IGNORE_INDEX, align, check_classes, known_mean


@component(
    id="kd_logits",
    kind="loss",
    family="Knowledge distillation",
    name="Knowledge distillation",
    name_zh="知识蒸馏",
    help_zh="学生网络同时学习标签和教师网络在高温下的软概率；梯度不会传到教师。",
    source="Hinton, Vinyals & Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531",
    keywords="distillation teacher student soft target temperature 蒸馏 教师 学生 软标签 温度",
    examples=(
        example(student=(5, 3), teacher=(5, 3), y=ints(5, high=3)),
        example(student=(5, 3), teacher=(5, 3), y=ints(5, high=3), temperature=2.0, alpha=0.5),
    ),
    xfail={"gradient": "the teacher gets no gradient"},
)
class KnowledgeDistillation(nn.Module):
    r"""Cross entropy with the labels and divergence from the teacher's softened probabilities, in shares.

    $$\ell = (1 - \alpha)\, \mathrm{CE}(s, y) + \alpha\, \tau^2\,
    \mathrm{KL}\big(\mathrm{softmax}(t / \tau) \,\|\, \mathrm{softmax}(s / \tau)\big)$$

    Args:
        temperature: the tau that flattens the probabilities of both; its square keeps the gradients comparable.
        alpha: share of the teacher; the labels have the rest.

    Shape:
        student: (B, K), logits.
        teacher: (B, K), logits; taken as constants.
        y: (B,), integers in [0, K); -100 is unknown, the teacher teaches there too.
        loss: a scalar.

    Raises:
        ValueError: the inputs do not fit together.

    Source: Hinton et al., arXiv 1503.02531, section 2.
    """

    def __init__(self, temperature: PositiveFloat = 4.0, alpha: Probability = 0.9) -> None:
        super().__init__()
        self.temperature, self.alpha = temperature, alpha

    def forward(
        self,
        student: Annotated[Tensor, Dims("B K")],
        teacher: Annotated[Tensor, Dims("B K")],
        y: Annotated[Tensor, Dims("B", dtype="int")],
    ) -> Tensor:
        student, teacher = align(student, teacher.detach())
        check_classes(student, y, 1)
        hard = known_mean(F.cross_entropy(student, y, ignore_index=IGNORE_INDEX, reduction="none"), y)
        log_q = F.log_softmax(student / self.temperature, 1)
        log_p = F.log_softmax(teacher / self.temperature, 1)
        soft = F.kl_div(log_q, log_p, reduction="batchmean", log_target=True) * self.temperature**2
        return (1 - self.alpha) * hard + self.alpha * soft

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}, alpha={self.alpha}"
