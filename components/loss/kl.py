"""The Kullback-Leibler divergence between two distributions over classes."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example
from components.targets import ClassAxis, align


@component(
    id="loss_kl",
    kind="loss",
    family="Loss",
    name="KL divergence",
    name_zh="KL散度损失",
    help_zh="衡量预测分布与目标分布的差异，两者都以 logits 给出；蒸馏时可升高温度。",
    source="Kullback & Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 1951",
    keywords="kullback leibler relative entropy distillation 相对熵 蒸馏",
    examples=(
        example(logits=(5, 3), target=(5, 3)),
        example(logits=(2, 5, 3), target=(2, 5, 3), temperature=2.0, class_axis=-1),
    ),
)
class KLLoss(nn.Module):
    r"""How far the predicted distribution is from the target distribution, both given by their logits.

    $$\ell = \frac{\tau^2}{M} \sum_m \sum_k p_{m,k} \log \frac{p_{m,k}}{q_{m,k}}, \quad
    p = \mathrm{softmax}(t / \tau), \; q = \mathrm{softmax}(z / \tau)$$

    Args:
        temperature: the tau that flattens both distributions; its square keeps the gradients comparable.
        class_axis: where the classes stand: 1 for (B, K, *) or -1 for (B, *, K).

    Shape:
        logits, target: (B, K, *), or (B, *, K) with class_axis -1; before any softmax.
        loss: a scalar, not negative, 0 where the distributions are equal.

    Raises:
        ValueError: logits and target differ in shape.

    Source: Kullback & Leibler 1951; the temperature, Hinton et al., arXiv 1503.02531.
    """

    def __init__(self, temperature: PositiveFloat = 1.0, class_axis: ClassAxis = 1) -> None:
        super().__init__()
        self.temperature, self.class_axis = temperature, class_axis

    def forward(self, logits: Annotated[Tensor, Dims("B K *")], target: Annotated[Tensor, Dims("B K *")]) -> Tensor:
        logits, target = align(logits, target)
        q = F.log_softmax(logits / self.temperature, self.class_axis)
        p = F.log_softmax(target / self.temperature, self.class_axis)
        each = F.kl_div(q, p, reduction="none", log_target=True).sum(self.class_axis)
        return each.mean() * self.temperature**2

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}, class_axis={self.class_axis}"
