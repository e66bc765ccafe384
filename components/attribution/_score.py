"""The score that attributions explain, its gradient, and its value where parts of the input are gone.

A score takes M copies of a batch, one behind the other (M * B, *), and gives a number for each (M * B,).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from components.errors import InputError
from components.targets import IGNORE_INDEX

Score = Callable[[Tensor], Tensor]


def class_score(model: Callable[[Tensor], Tensor], x: Tensor, target: Tensor | None) -> Score:
    """The logit of each sample's class: of ``target`` (B,), or of the predicted one where that is missing or -100."""
    with torch.no_grad():
        predicted = check_logits(model(x)).argmax(1)
    chosen = predicted if target is None else target.where(target != IGNORE_INDEX, predicted)

    def score(points: Tensor) -> Tensor:
        copies = len(points) // len(chosen)
        return check_logits(model(points)).gather(1, chosen.repeat(copies).unsqueeze(1)).squeeze(1)

    return score


def check_logits(logits: Tensor) -> Tensor:
    """The logits; InputError unless they are one row a sample."""
    if logits.dim() != 2:
        raise InputError(
            f"The model that is explained must give logits (B, K). Got the shape {tuple(logits.shape)} instead.",
            f"被解释的模型应输出形状为 (B, K) 的 logits，收到的形状为 {tuple(logits.shape)}。",
        )
    return logits


def gradient(score: Score, x: Tensor) -> Tensor:
    """The gradient of each sample's score at x (B, *). Needs no surrounding gradients and leaves none."""
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(score(point).sum(), point)
    return found


def scores_without(score: Score, x: Tensor, gone: Tensor, baseline: Tensor, at_once: int) -> Tensor:
    """Scores (M, B) of a batch whose values are the baseline's wherever ``gone`` is true.

    Args:
        gone: (M, B, *) or what broadcasts to it.
        at_once: how many of the M versions run together.
    """
    found = []
    with torch.no_grad():
        for part in gone.split(at_once):
            points = torch.where(part, baseline, x)  # (m, B, *)
            found.append(score(points.flatten(0, 1)).unflatten(0, (len(part), len(x))))
    return torch.cat(found)
