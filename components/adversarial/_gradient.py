"""What attacks share: where the loss of a model rises, seen from its input."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from components.targets import IGNORE_INDEX


def ascent(model: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """The sign of the gradient of the cross entropy at x (B, *); 0 where the target y (B,) is unknown.

    Needs no surrounding gradients, and leaves none in the model's weights. Each sample's own loss counts, so that a
    batch changes nothing.
    """
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        loss = F.cross_entropy(model(point), y, ignore_index=IGNORE_INDEX, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, point)
    return gradient.sign()
