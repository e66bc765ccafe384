"""The loss around the weights of a model, over a plane; and along the line from the first weights to the trained ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.objective import Objective
from builder.inspect.progress import telling
from builder.inspect.way import beginning, way
from components.data._base import SplitName

Plane = Literal["random", "path"]
MARGIN = 0.25  # of a path's extent, around it
NARROW = 0.1  # a path's second extent is shown as at least so much of its first
LINE = np.linspace(-0.25, 1.25, 31)


@dataclass(frozen=True)
class Landscape:
    """The loss over a plane through the weights, which lie at (0, 0).

    Args:
        x, y: (N,), steps along the two directions. Of random ones a step of 1 is as long as the weights themselves; of
            a path it is one of Euclidean length.
        loss: (N, N), a row for each y.
        centre: the loss at (0, 0).
        plane: what the directions are.
        path: (K, 2), the weights of the epochs, in the plane; none where the directions are random.
        epochs: (K,) of the path.
        share: (2,), of the path's squared distances that each direction holds.
        optimizer: whose loss.
        split: of the data.
        samples: how many were evaluated.
    """

    x: np.ndarray
    y: np.ndarray
    loss: np.ndarray
    centre: float
    plane: Plane
    path: np.ndarray
    epochs: np.ndarray
    share: np.ndarray
    optimizer: str
    split: SplitName
    samples: int


@dataclass(frozen=True)
class Interpolation:
    """The loss along the straight line from the first weights to the trained ones.

    Args:
        place: (N,), 0 at the first weights and 1 at the trained ones.
        train, valid: (N,), the mean losses.
        optimizer: whose loss.
        samples: how many of the training split were evaluated.
        held_out: how many of the validation split.
    """

    place: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    optimizer: str
    samples: int
    held_out: int


def landscape(
    inspector: Inspector, optimizer: str, split: SplitName, plane: Plane, resolution: int, limit: int, seed: int
) -> Landscape:
    """Evaluates the loss over a plane.

    Args:
        optimizer: path of the optimizer whose loss it is.
        split: of the data.
        plane: random directions with filter-wise normalisation, or the two principal ones of the run's path.
        resolution: points along each direction.
        limit: samples.
        seed: of the random directions.

    Raises:
        InspectError: the run keeps too few weights for a plane of its path, or the split is empty.
    """
    key = ("landscape", optimizer, split, plane, resolution, limit, seed if plane == "random" else 0)
    return inspector.kept(key, lambda: _landscape(inspector, optimizer, split, plane, resolution, limit, seed))


def _landscape(
    inspector: Inspector, optimizer: str, split: SplitName, plane: Plane, resolution: int, limit: int, seed: int
) -> Landscape:
    objective = Objective(inspector, optimizer, [split], limit)
    _refuse_empty(objective, split)
    centre = objective.weights
    path, epochs, share = np.zeros((0, 2)), np.zeros(0), np.zeros(2)
    if plane == "random":
        generator = torch.Generator().manual_seed(seed)
        directions = [random_direction(centre, generator) for _ in range(2)]
        x = y = np.linspace(-1, 1, resolution)
    else:
        run = inspector.source_run
        stops = way(objective, run) if run is not None else []
        if len(stops) < 3:
            raise InspectError(
                "The plane of a path needs the weights of three epochs or more, and this run keeps fewer.",
                "路径平面至少需要三个轮次的权重，而此训练保存的不足。",
            )
        directions, path, share = principal(centre, [stop.weights for stop in stops])
        epochs = np.array([stop.epoch for stop in stops])
        x, y = _extents(path, resolution)
    here = objective(split)
    loss = np.empty((len(y), len(x)))
    places = [(row, column) for row in range(len(y)) for column in range(len(x))]
    for row, column in telling(places):  # one after the other: on a processor vmap over weights is slower
        objective.move(along(centre, directions, (x[column], y[row])))
        loss[row, column] = objective(split)
    return Landscape(x, y, loss, here, plane, path, epochs, share, optimizer, split, objective.samples[split])


def interpolation(inspector: Inspector, optimizer: str, limit: int) -> Interpolation:
    """Evaluates the loss on the way from a run's first weights to those that are looked at, and a little beyond.

    Raises:
        InspectError: the model is no run.
    """
    return inspector.kept(("interpolation", optimizer, limit), lambda: _interpolation(inspector, optimizer, limit))


def _interpolation(inspector: Inspector, optimizer: str, limit: int) -> Interpolation:
    run = inspector.source_run
    if run is None:
        raise InspectError("A graph that was never trained has no way to look at.", "未训练的图没有可观察的路径。")
    splits: list[SplitName] = ["train", "valid"]
    objective = Objective(inspector, optimizer, splits, limit)
    _refuse_empty(objective, "train")
    end, start = objective.weights, beginning(objective, run)
    losses = np.full((2, len(LINE)), np.nan)
    for column, place in telling(list(enumerate(LINE.tolist()))):
        objective.move([torch.lerp(a, b, place) for a, b in zip(start, end, strict=True)])
        losses[:, column] = [objective(split) for split in splits]
    counts = [objective.samples[split] for split in splits]
    return Interpolation(LINE, losses[0], losses[1], optimizer, counts[0], counts[1])


def _refuse_empty(objective: Objective, split: SplitName) -> None:
    if not objective.samples[split]:
        raise InspectError(f"The '{split}' split is empty.", f"“{split}”划分为空。")


# ------------------------------------------------------------------ directions


def random_direction(weights: Sequence[Tensor], generator: torch.Generator) -> list[Tensor]:
    """A Gaussian direction in which every filter is as long as the filter of the weights that it changes.

    A filter is what one output is made of: a slice along the first axis. Biases and the weights of normalisation layers,
    which have one axis, stay (Li et al., arXiv 1712.09913).
    """
    found = []
    for weight in weights:
        if weight.dim() < 2 or not weight.is_floating_point():
            found.append(torch.zeros_like(weight))
            continue
        direction = torch.randn(weight.shape, generator=generator).to(weight)
        rest = tuple(range(1, weight.dim()))
        norm, wanted = (torch.linalg.vector_norm(t, dim=rest, keepdim=True) for t in (direction, weight))
        found.append(direction * (wanted / norm.clamp_min(1e-10)))
    return found


def along(centre: Sequence[Tensor], directions: Sequence[Sequence[Tensor]], steps: Sequence[float]) -> list[Tensor]:
    """The weights at some steps along directions."""
    found = list(centre)
    for direction, step in zip(directions, steps, strict=True):
        found = [weight + float(step) * part for weight, part in zip(found, direction, strict=True)]
    return found


def principal(
    centre: Sequence[Tensor], stops: Sequence[Sequence[Tensor]]
) -> tuple[list[list[Tensor]], np.ndarray, np.ndarray]:
    """The two orthogonal directions of length 1 along which weights lie farthest from the centre.

    Returns:
        The directions, the coordinates (K, 2) of the stops, and the share (2,) of their squared distances in each.
    """
    flat = torch.cat([w.flatten().double() for w in centre])
    away = torch.stack([torch.cat([w.flatten().double() for w in stop]) - flat for stop in stops])
    _, lengths, rows = torch.linalg.svd(away, full_matrices=False)
    rows = rows[:2] * torch.sign((away @ rows[:2].T)[0] + 1e-300)[:, None]  # the beginning lies on the positive side
    pieces = [row.split([w.numel() for w in centre]) for row in rows]
    directions = [[piece.view_as(w).to(w.dtype) for piece, w in zip(parts, centre, strict=True)] for parts in pieces]
    share = lengths.square() / lengths.square().sum().clamp_min(1e-300)
    return directions, (away @ rows.T).numpy(), share[:2].numpy()


def _extents(path: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = path.min(0).clip(max=0), path.max(0).clip(min=0)
    reach = high - low
    wide = np.maximum(reach, NARROW * max(reach.max(), 1e-6))
    middle = (low + high) / 2
    first, last = middle - wide * (0.5 + MARGIN), middle + wide * (0.5 + MARGIN)
    x, y = (np.linspace(a, b, resolution) for a, b in zip(first.tolist(), last.tolist(), strict=True))
    return x, y
