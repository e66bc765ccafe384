"""Other ways back through a ReLU than its derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from components.attribution._score import Score, gradient

Rule = Literal["deconvnet", "guided"]


class ReluRule(torch.autograd.Function):
    """A ReLU that lets only positive gradients back: all of them, or (guided) those of positive inputs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, guided: bool) -> Tensor:
        ctx.guided = guided
        ctx.save_for_backward(x > 0)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (positive,) = ctx.saved_tensors
        back = gradients[0].clamp(min=0)
        return (back * positive if ctx.guided else back), None


class ReluRuleMode(TorchFunctionMode):
    """While it is active, every ReLU follows the rule, whoever calls it."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.guided = rule == "guided"

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in (F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_):
            x = args[0] if args else (kwargs or {})["input"]
            return ReluRule.apply(x, self.guided)
        return func(*args, **(kwargs or {}))


def rule_gradient(score: Score, x: Tensor, rule: Rule) -> Tensor:
    """The gradient of each sample's score at x (B, *), where it goes back through ReLUs by a rule."""
    with ReluRuleMode(rule):
        return gradient(score, x)
