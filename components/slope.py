"""How steep a function of samples is, as a value that can be differentiated again."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def squared_slope(score: Callable[..., Any], x: Tensor) -> Tensor:
    """The squared norm (B,) of the gradient of each sample's score at x (B, *), itself differentiable.

    It is taken without regard to what x was made from, and also where gradients are switched off.
    """
    if x.is_meta:
        score(x)
        return x.new_zeros(x.shape[0])
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(score(point).sum(), point, create_graph=True)
        return gradient.flatten(1).square().sum(1)
