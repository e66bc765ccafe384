"""DeepLIFT's way back: activations hand on differences from a reference, not derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

SMALL = 1e-6  # a difference of an activation's input below which its derivative stands for the ratio


class Rescale(torch.autograd.Function):
    """An activation on two batches, the inputs and the references; the first one's gradient takes the ratio back."""

    @staticmethod
    def forward(ctx: Any, both: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.function = function
        result = function(both.clone())  # in place or not
        ctx.save_for_backward(both, result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        both, result = ctx.saved_tensors
        (x, reference), (y, other) = both.chunk(2), result.chunk(2)
        with torch.enable_grad():
            point = x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(ctx.function(point.clone()).sum(), point)
        step = x - reference
        near = step.abs() < SMALL
        ratio = torch.where(near, slope, (y - other) / torch.where(near, torch.ones_like(step), step))
        above = gradients[0].chunk(2)[0]
        return torch.cat((above * ratio, torch.zeros_like(x))), None


class RescaleMax(torch.autograd.Function):
    """Max pooling on two batches; the difference of a maximum goes to where the two maxima stand."""

    @staticmethod
    def forward(ctx: Any, both: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.function = function
        ctx.save_for_backward(both)
        return function(both)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (both,) = ctx.saved_tensors
        with torch.enable_grad():
            point = both.detach().requires_grad_()
            y, other = (result := ctx.function(point)).chunk(2)
            larger = torch.maximum(y, other).detach()
            above = gradients[0].chunk(2)[0]
            handed = torch.cat((above * (larger - other), above * (y - larger)))
            (given,) = torch.autograd.grad(result, point, handed, retain_graph=True)
            (plain,) = torch.autograd.grad(result, point, gradients[0])
        (x, reference), (one, two) = both.chunk(2), given.chunk(2)
        step = x - reference
        near = step.abs() < SMALL
        back = torch.where(near, plain.chunk(2)[0], (one + two) / torch.where(near, torch.ones_like(step), step))
        return torch.cat((back, torch.zeros_like(back))), None


class RescaleMode(TorchFunctionMode):
    """While it is active, the first half of a batch is compared with the second at every activation."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        rule = Rescale if func in ACTIVATIONS else RescaleMax if func in MAXIMA else None
        if rule is None or not args:
            return func(*args, **(kwargs or {}))
        return rule.apply(args[0], lambda both: func(both, *args[1:], **(kwargs or {})))


ACTIVATIONS = frozenset(
    {
        F.relu, F.relu6, F.leaky_relu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish, F.softplus, F.softsign,
        F.hardtanh, F.hardswish, F.hardsigmoid, F.logsigmoid, F.tanhshrink, F.softshrink, F.hardshrink,
        F.sigmoid, F.tanh, torch.relu, torch.relu_, torch.selu, torch.celu, torch.sigmoid, torch.tanh, torch.exp,
        torch.erf, torch.atan, torch.sin, torch.cos, Tensor.relu, Tensor.relu_, Tensor.sigmoid, Tensor.tanh,
        Tensor.exp, Tensor.erf, Tensor.atan, Tensor.sin, Tensor.cos,
    }
)  # fmt: skip
"""Functions that act on each number alone."""

MAXIMA = frozenset({F.max_pool1d, F.max_pool2d, F.max_pool3d, torch.max_pool1d, torch.max_pool2d, torch.max_pool3d})
