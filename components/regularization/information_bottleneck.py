"""Variational information bottleneck: classify from a code that says little else about the input."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from components.divergence import standard_normal_divergence
from components.registry import component
from components.scheduled import Scheduled
from components.spec import Dims, NonNegativeFloat, example, ints
from components.targets import IGNORE_INDEX, check_classes, known_mean


@component(
    id="reg_vib",
    kind="loss",
    family="Regularization",
    name="Variational information bottleneck (VIB)",
    name_zh="变分信息瓶颈 VIB",
    help_zh="分类交叉熵加上 β 倍的隐变量到标准正态的 KL 散度：只保留与标签有关的信息，抗过拟合与对抗扰动。",
    source="Alemi et al., Deep Variational Information Bottleneck, arXiv 1612.00410",
    schedules=("schedule",),
    keywords="vib mutual information compression stochastic code 互信息 压缩 随机编码",
    examples=(
        example(mu=(5, 4), logvar=(5, 4), logits=(5, 3), target=ints(5, high=3)),
        example(mu=(2, 4, 7), logvar=(2, 4, 7), logits=(2, 3), target=ints(2, high=3), beta=0.5),
    ),
)
class InformationBottleneckLoss(Scheduled):
    r"""Cross entropy of what was read from a random code, and the divergence of the code from the standard normal.

    $$\ell = \frac{1}{B} \sum_b -\log q(t_b \mid z_b) + \frac{\beta f}{B} \sum_b
    \mathrm{KL}\big(\mathcal{N}(\mu_b, \sigma_b^2) \,\Vert\, \mathcal{N}(0, 1)\big)$$

    The code z is drawn from mu and logvar by a reparameterisation node, and the logits are read from it.

    Args:
        beta: the weight of the divergence; 0 is cross entropy.

    Shape:
        mu, logvar: (B, *), mean and log-variance of the code; summed over all but the batch.
        logits: (B, K).
        target: (B,), integers in [0, K); -100 is unknown and leaves its sample out of the cross entropy.
        schedule: the factor f of beta, 1 where nothing is wired.
        loss: a scalar, in nats for each sample.

    Raises:
        ValueError: logits and target do not fit together.

    Source: Alemi et al., arXiv 1612.00410, equation 17, with one draw of the code.
    """

    def __init__(self, beta: NonNegativeFloat = 1e-3) -> None:
        super().__init__()
        self.beta = beta

    def forward(
        self,
        mu: Annotated[Tensor, Dims("B *")],
        logvar: Annotated[Tensor, Dims("B *")],
        logits: Annotated[Tensor, Dims("B K")],
        target: Annotated[Tensor, Dims("B", dtype="int")],
    ) -> Tensor:
        check_classes(logits, target, 1)
        picked = F.cross_entropy(logits, target, ignore_index=IGNORE_INDEX, reduction="none")
        divergence = standard_normal_divergence(mu, logvar).mean()
        return known_mean(picked, target) + self.beta * self.factor * divergence

    def extra_repr(self) -> str:
        return f"beta={self.beta}"
