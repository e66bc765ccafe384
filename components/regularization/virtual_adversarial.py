"""Virtual adversarial training: predictions that do not change in the direction where they would change most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Block, Count, Dims, NonNegativeFloat, PositiveFloat, example, sub


@component(
    id="reg_vat",
    kind="loss",
    family="Regularization",
    name="Virtual adversarial training (VAT)",
    name_zh="虚拟对抗训练 VAT",
    help_zh="在最能改变预测的方向上扰动输入，要求预测不变；不需要标签，可用于半监督学习。",
    source="Miyato et al., Virtual Adversarial Training, arXiv 1704.03976",
    keywords="vat local distributional smoothness power iteration semi-supervised 局部平滑 半监督 幂迭代",
    tags=("stochastic", "random_in_evaluation"),
    examples=(
        example(x=(5, 3), model=sub("linear", in_features=3, out_features=2)),
        example(x=(4, 7), model=sub("linear", in_features=7, out_features=5), eps=0.5, rounds=2),
    ),
)
class VirtualAdversarialLoss(nn.Module):
    r"""The divergence between the predictions at the samples and at the worst points near them.

    $$\ell = \frac{1}{B} \sum_b \mathrm{KL}\big(p(x_b) \,\Vert\, p(x_b + r_b)\big), \quad
    r = \varepsilon\, \frac{g}{\lVert g \rVert}, \quad
    g = \nabla_r \mathrm{KL}\big(p(x) \,\Vert\, p(x + r)\big)\big|_{r = \xi d}$$

    d is a random direction, replaced by g in each further round. The prediction at the sample is taken as constant. The
    model is seen in the mode it is in.

    Args:
        model: the classifier, with its weights, from x to logits (B, K).
        eps: length of the disturbance of a sample, in units of x.
        xi: length of the step by which the direction is measured, in units of x.
        rounds: of the search for the direction.

    Shape:
        x: (B, *), labelled or not.
        loss: a scalar.

    Source: Miyato et al., arXiv 1704.03976, algorithm 1; draws from torch's global generator.
    """

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B *", "logits: B K")],
        eps: NonNegativeFloat = 1.0,
        xi: PositiveFloat = 0.1,
        rounds: Count = 1,
    ) -> None:
        super().__init__()
        self.model, self.eps, self.xi, self.rounds = model, eps, xi, rounds

    def forward(self, x: Annotated[Tensor, Dims("B *")]) -> Tensor:
        log_clean = self.model(x).log_softmax(1).detach()
        if x.is_meta:  # shapes are being worked out
            return log_clean.new_zeros(())
        direction = unit(torch.randn_like(x))
        for _ in range(self.rounds):
            with torch.enable_grad():
                step = (self.xi * direction).requires_grad_()
                moved = self.model(x.detach() + step).log_softmax(1)
                (gradient,) = torch.autograd.grad(divergence(log_clean, moved).sum(), step)
            direction = unit(gradient)
        return divergence(log_clean, self.model(x + self.eps * direction).log_softmax(1)).mean()

    def extra_repr(self) -> str:
        return f"eps={self.eps}, xi={self.xi}, rounds={self.rounds}"


def unit(x: Tensor) -> Tensor:
    """Each sample of x (B, *) with length 1."""
    return F.normalize(x.flatten(1)).view_as(x)


def divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) of each sample (B,) from the logarithms of the probabilities (B, K)."""
    return (log_p.exp() * (log_p - log_q)).sum(1)
