"""Other ways back through a ReLU than its derivative, and what explanations by them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from components.attribution._score import Score, check_logits, class_score, gradient
from components.spec import Block, Count, Dims, Ports, example, ints, sub

Rule = Literal["deconvnet", "guided"]

EXAMPLES = (
    example(
        x=(3, 2, 6, 5), target=ints(3, high=4),
        model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3,
                  then=sub("act_relu", then=sub("pool_global_avg", keepdim=False))),
    ),
    example(
        x=(2, 3, 4, 7),
        model=sub("op_flatten", then=sub("linear", in_features=84, out_features=6,
                  then=sub("act_relu", then=sub("linear", in_features=6, out_features=5)))),
    ),
)  # fmt: skip


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


class ReluRuleMap(nn.Module):
    """What comes back from a class to the pixels, by the rule of the subclass."""

    form = "maps"
    rule: ClassVar[Rule]

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "logits: B K")],
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.model, self.every, self.count = model, every, count

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return torch.empty_like(x)
        return rule_gradient(class_score(self.model, x, target), x, self.rule)

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"
