"""The fast gradient sign method: one step that makes a classifier's loss rise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.adversarial._gradient import ascent
from components.registry import component
from components.rules import require
from components.spec import Block, Dims, NonNegativeFloat, Ports, example, ints, sub


@component(
    id="adv_fgsm",
    kind="transform",
    family="Adversarial attacks",
    name="FGSM attack",
    name_zh="快速梯度符号攻击（FGSM）",
    help_zh="沿损失上升的方向，把每个输入值移动 eps：一步得到对抗样本。",
    source="Goodfellow, Shlens & Szegedy, Explaining and Harnessing Adversarial Examples, arXiv 1412.6572",
    keywords="adversarial example robustness fast gradient sign perturbation 对抗样本 鲁棒性 扰动",
    tags=("batch_independent",),
    examples=(
        example(x=(5, 3), y=ints(5, high=2), model=sub("linear", in_features=3, out_features=2), range=None),
        example(x=(4, 3), y=ints(4, high=5), model=sub("linear", in_features=3, out_features=5), eps=0.3),
    ),
    xfail={"gradient": "an adversarial example is a constant for what follows"},
)
class FGSM(nn.Module):
    r"""Moves each value of the input by eps to where the cross entropy of the model rises.

    $$x' = \mathrm{clip}\big(x + \varepsilon\, \mathrm{sign}\, \nabla_x \mathrm{CE}(f(x), y)\big)$$

    The model is seen in the mode it is in: in training its dropout and batch statistics are at work.

    Args:
        model: the classifier f that is attacked, from x to logits (B, K).
        eps: how far each value moves, in units of x.
        range: the least and greatest value that x may have; none for no bounds.

    Shape:
        x: (B, *).
        y: (B,), the right classes; a sample whose class is unknown (-100) stays as it is.
        x_adv: like x; no gradient flows through it.

    Raises:
        ParameterError: the range does not rise.

    Source: Goodfellow et al., arXiv 1412.6572, section 4.
    """

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B *", "logits: B K")],
        eps: NonNegativeFloat = 0.1,
        range: tuple[float, float] | None = (0.0, 1.0),
    ) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first below the second", "两项的列表，且第一项小于第二项")
        require(range is None or range[0] < range[1], "adv_fgsm", "range", rule, range)
        self.model, self.eps, self.range = model, eps, range

    def forward(
        self, x: Annotated[Tensor, Dims("B *")], y: Annotated[Tensor, Dims("B", dtype="int")]
    ) -> Annotated[Tensor, Ports(x_adv="B *")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            self.model(x)
            return torch.empty_like(x)
        moved = x.detach() + self.eps * ascent(self.model, x, y)
        return moved if self.range is None else moved.clamp(*self.range)

    def extra_repr(self) -> str:
        return f"eps={self.eps}, range={self.range}"
