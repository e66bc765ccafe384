"""The optimizers that those can work with which stand around another one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch

from components.optimizer.lion import Lion

Inner = Literal["sgd", "adam", "adamw", "radam", "lion"]


def inner_optimizer(
    name: Inner,
    params: Iterable,
    lr: float,
    momentum: float,
    betas: tuple[float, float],
    weight_decay: float,
) -> torch.optim.Optimizer:
    """An optimizer by its name; ``momentum`` is SGD's, ``betas`` are those of the others."""
    if name == "sgd":
        return torch.optim.SGD(params, lr, momentum=momentum, weight_decay=weight_decay)
    if name == "adam":
        return torch.optim.Adam(params, lr, betas, weight_decay=weight_decay)
    if name == "adamw":
        return torch.optim.AdamW(params, lr, betas, weight_decay=weight_decay)
    if name == "radam":
        return torch.optim.RAdam(params, lr, betas, weight_decay=weight_decay)
    return Lion(params, lr, betas, weight_decay)
