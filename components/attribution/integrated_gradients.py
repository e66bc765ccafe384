"""Integrated gradients: what each pixel adds to the score on the way from a baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._score import Score, check_logits, class_score, gradient
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub


def integrated_gradients(score: Score, x: Tensor, baseline: Tensor, steps: int, at_once: int = 1) -> Tensor:
    """Contributions (B, *) of x that add up to the score's change from the baseline, but for the error of the rule.

    Args:
        steps: points of the Gauss-Legendre rule on the way.
        at_once: how many of them run together.
    """
    total = torch.zeros_like(x)
    places, weights = (found.to(x) for found in gauss_legendre(steps))
    for place, weight in zip(places.split(at_once), weights.split(at_once), strict=True):
        points = baseline + place.view(-1, *[1] * x.dim()) * (x - baseline)  # (m, B, *)
        slopes = gradient(score, points.flatten(0, 1)).view_as(points)
        total += (weight.view(-1, *[1] * x.dim()) * slopes).sum(0)
    return total * (x - baseline)


def gauss_legendre(steps: int) -> tuple[Tensor, Tensor]:
    """Places in [0, 1] and weights that sum to 1: eigenvalues and vectors of the Jacobi matrix (Golub & Welsch 1969)."""
    k = torch.arange(1, steps, dtype=torch.float64)
    side = k / (4 * k**2 - 1).sqrt()
    places, vectors = torch.linalg.eigh(torch.diag(side, 1) + torch.diag(side, -1))
    return (places + 1) / 2, vectors[0] ** 2


@component(
    id="vis_integrated_gradients",
    kind="visualizer",
    family="CNN visualization",
    name="Integrated gradients",
    name_zh="积分梯度",
    help_zh="从基线到输入沿直线平均梯度，再乘以两者之差；各像素的贡献之和等于得分的变化（完备性）。",
    source="Sundararajan et al., Axiomatic Attribution for Deep Networks, arXiv 1703.01365",
    keywords="attribution explain completeness path baseline 归因 解释 完备性 基线",
    tags=("batch_independent",),
    examples=(
        example(
            x=(3, 2, 6, 5), target=ints(3, high=4), baseline=(3, 2, 6, 5), steps=3,
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3,
                      then=sub("act_relu", then=sub("pool_global_avg", keepdim=False))),
        ),
        example(
            x=(2, 3, 4, 7), steps=5,
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=6,
                      then=sub("act_relu", then=sub("linear", in_features=6, out_features=5)))),
        ),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class IntegratedGradients(nn.Module):
    r"""Averages the gradient of a class's score on the straight way from a baseline to the image.

    $$M = (x - x') \odot \int_0^1 \nabla f_y\big(x' + u\,(x - x')\big)\, du, \quad \sum_i M_i = f_y(x) - f_y(x')$$

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        steps: points of the Gauss-Legendre rule that stands for the integral.
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        baseline: like x, the image that says nothing; zeros without it.
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Sundararajan et al., arXiv 1703.01365, section 3; the paper's Riemann sum is a Gauss-Legendre rule here.
    """

    form = "maps"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "logits: B K")],
        steps: Count = 24,
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.model, self.steps, self.every, self.count = model, steps, every, count

    def forward(
        self,
        x: Annotated[Tensor, Dims("B C H W")],
        baseline: Annotated[Tensor, Dims("B C H W")] | None = None,
        target: Annotated[Tensor, Dims("B", dtype="int")] | None = None,
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return torch.empty_like(x)
        start = torch.zeros_like(x) if baseline is None else baseline
        return integrated_gradients(class_score(self.model, x, target), x, start, self.steps)

    def extra_repr(self) -> str:
        return f"steps={self.steps}, every={self.every}, count={self.count}"
