"""Projected gradient descent: many small steps that make a classifier's loss rise within a box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.adversarial._gradient import ascent
from components.registry import component
from components.rules import require
from components.spec import Block, Count, Dims, NonNegativeFloat, Ports, example, ints, sub


@component(
    id="adv_pgd",
    kind="transform",
    family="Adversarial attacks",
    name="PGD attack",
    name_zh="投影梯度攻击（PGD）",
    help_zh="在每个输入值 ±eps 的范围内，多步沿损失上升的方向移动，得到强对抗样本。",
    source="Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, arXiv 1706.06083",
    keywords="adversarial training example robustness iterative bim projection 对抗训练 对抗样本 鲁棒性 迭代",
    tags=("stochastic", "random_in_evaluation", "batch_independent"),
    examples=(
        example(
            x=(5, 3), y=ints(5, high=2), model=sub("linear", in_features=3, out_features=2), random_start=False, range=None
        ),
        example(
            x=(4, 3), y=ints(4, high=5), model=sub("linear", in_features=3, out_features=5), eps=0.5, alpha=0.2, steps=3,
            random_start=False,
        ),
    ),
    xfail={"gradient": "an adversarial example is a constant for what follows"},
)  # fmt: skip
class PGD(nn.Module):
    r"""Moves the input in small steps to where the cross entropy of the model rises, never farther than eps.

    $$x_{n+1} = \Pi\big(x_n + \alpha\, \mathrm{sign}\, \nabla_x \mathrm{CE}(f(x_n), y)\big)$$

    The projection cuts each value to the box of eps around x and to the range. One step without a random start is FGSM
    with the step alpha. The model is seen in the mode it is in: in training its dropout and batch statistics are at
    work.

    Args:
        model: the classifier f that is attacked, from x to logits (B, K).
        eps: the farthest that a value may move, in units of x.
        alpha: length of a step, in units of x.
        steps: number of steps.
        random_start: begin at a random point of the box, drawn from torch's global generator; else at x.
        range: the least and greatest value that x may have; none for no bounds.

    Shape:
        x: (B, *).
        y: (B,), the right classes; a sample whose class is unknown (-100) keeps its starting point.
        x_adv: like x; no gradient flows through it.

    Raises:
        ParameterError: the range does not rise.

    Source: Madry et al., arXiv 1706.06083, section 2.1; without the random start, Kurakin et al., arXiv 1607.02533.
    """

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B *", "logits: B K")],
        eps: NonNegativeFloat = 0.1,
        alpha: NonNegativeFloat = 0.025,
        steps: Count = 10,
        random_start: bool = True,
        range: tuple[float, float] | None = (0.0, 1.0),
    ) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first below the second", "两项的列表，且第一项小于第二项")
        require(range is None or range[0] < range[1], "adv_pgd", "range", rule, range)
        self.model, self.eps, self.alpha, self.steps = model, eps, alpha, steps
        self.random_start, self.range = random_start, range

    def forward(
        self, x: Annotated[Tensor, Dims("B *")], y: Annotated[Tensor, Dims("B", dtype="int")]
    ) -> Annotated[Tensor, Ports(x_adv="B *")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            self.model(x)
            return torch.empty_like(x)
        x = x.detach()
        low, high = x - self.eps, x + self.eps
        if self.range is not None:
            low, high = low.clamp(*self.range), high.clamp(*self.range)
        x_adv = x
        if self.random_start:
            x_adv = (x + self.eps * (2 * torch.rand_like(x) - 1)).clamp(low, high)
        for _ in range(self.steps):
            x_adv = (x_adv + self.alpha * ascent(self.model, x_adv, y)).clamp(low, high)
        return x_adv

    def extra_repr(self) -> str:
        return f"eps={self.eps}, alpha={self.alpha}, steps={self.steps}, random_start={self.random_start}"
