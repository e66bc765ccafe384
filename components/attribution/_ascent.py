"""Images that are found by gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def best_image(
    loss: Callable[[Tensor], Tensor],
    start: Tensor,
    steps: int,
    lr: float,
    bounds: tuple[float, float] | None = None,
    roll: int = 0,
) -> Tensor:
    """The image (B, C, H, W) that Adam reaches from ``start`` where the sum of the losses (B,) is small.

    The learning rate falls to zero along half a cosine.

    Args:
        bounds: the least and greatest value that a pixel may take.
        roll: before each step the image is rolled by up to so many pixels each way, drawn from torch's generator.
    """
    image = start.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        with torch.enable_grad():
            shown = image
            if roll:
                shift = torch.randint(-roll, roll + 1, (2,)).tolist()
                shown = image.roll(shift, (2, 3))
            (image.grad,) = torch.autograd.grad(loss(shown).sum(), image)
        optimizer.step()
        schedule.step()
        if bounds is not None:
            with torch.no_grad():
                image.clamp_(*bounds)
    return image.detach()


def total_variation(image: Tensor) -> Tensor:
    """The mean squared difference (B,) of neighbouring pixels."""
    return image.diff(dim=2).pow(2).mean((1, 2, 3)) + image.diff(dim=3).pow(2).mean((1, 2, 3))
