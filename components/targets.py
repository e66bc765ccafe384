"""Targets, as losses and metrics read them: which layout they have and which of them are unknown."""

from typing import Literal

import torch
from torch import Tensor

from components.errors import InputError

IGNORE_INDEX = -100  # a target of this value is unknown (torch's convention): losses and metrics leave it out
ClassAxis = Literal[1, -1]  # where the classes stand in logits: (B, K, *) or (B, *, K)


def known_mean(values: Tensor, target: Tensor) -> Tensor:
    """The mean of the values whose target is known; zero where none is."""
    known = target != IGNORE_INDEX
    return (values * known).sum() / known.sum().clamp(min=1)


def align(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both with the shape of the target, and its dtype that of the prediction; a last axis of size 1 may be missing.

    Raises:
        InputError: the shapes differ in another way. They are never broadcast: (B, 1) and (B,) would make (B, N).
    """
    if prediction.shape == (*target.shape, 1):
        prediction = prediction.squeeze(-1)
    elif target.shape == (*prediction.shape, 1):
        target = target.squeeze(-1)
    if prediction.shape != target.shape:
        got = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        got_zh = f"{tuple(prediction.shape)} 和 {tuple(target.shape)}"
        raise InputError(
            f"The prediction and the target must have the same shape. Got {got} instead.",
            f"预测与目标的形状必须相同，收到：{got_zh}。",
        )
    return prediction, target.to(prediction.dtype)


def check_classes(logits: Tensor, target: Tensor, class_axis: ClassAxis) -> None:
    """InputError unless the target has the shape of the logits without their class axis."""
    shape = tuple(logits.shape)
    expected = shape[:1] + shape[2:] if class_axis == 1 else shape[:-1]
    if tuple(target.shape) != expected:
        other = shape[:-1] if class_axis == 1 else shape[:1] + shape[2:]
        fits = tuple(target.shape) == other
        fix = f" Set class_axis to {-class_axis}: the classes stand at the other end." if fits else ""
        fix_zh = f"请把 class_axis 设为 {-class_axis}：类别在另一端。" if fits else ""
        raise InputError(
            f"With class_axis={class_axis}, logits of shape {shape} need a target of shape {expected}. "
            f"Got {tuple(target.shape)} instead.{fix}",
            f"class_axis={class_axis} 时，形状为 {shape} 的 logits 需要形状为 {expected} 的目标，"
            f"收到：{tuple(target.shape)}。{fix_zh}",
        )


def class_scores(logits: Tensor, target: Tensor, class_axis: ClassAxis) -> tuple[Tensor, Tensor, Tensor]:
    """The samples in one row: logits (M, K), target (M,), and whether it is known (M,); an unknown target becomes 0."""
    check_classes(logits, target, class_axis)
    rows = logits.movedim(class_axis, -1).flatten(0, -2)
    flat = target.flatten()
    known = flat != IGNORE_INDEX
    return rows, flat.where(known, torch.zeros_like(flat)), known
