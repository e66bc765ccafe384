"""A part of a training split: the samples whose labels a training may know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from builder.train.errors import TrainError
from builder.train.loader import Loader, generator_of
from components.targets import IGNORE_INDEX


def choose_subset(loader: Loader, subset: Mapping[str, Any]) -> Tensor:
    """The samples of a subset, drawn at random, in ascending order.

    Args:
        loader: of the training split.
        subset: ``count`` samples in all, or of each class with ``per_class``; ``seed`` of the draw.

    Raises:
        TrainError: there are fewer samples than asked for, or no labels to tell the classes by.
    """
    count, seed = int(subset["count"]), int(subset.get("seed", 0))
    generator = generator_of(seed, loader.path, "subset")
    total = len(loader.split)
    if not subset.get("per_class", False):
        if count > total:
            raise _too_few(loader.path, count, total, "", "")
        return torch.randperm(total, generator=generator)[:count].sort().values
    labels = loader.read_labels()
    found = []
    for label in labels[labels != IGNORE_INDEX].unique().tolist():
        members = (labels == label).nonzero().flatten()
        if count > len(members):
            raise _too_few(loader.path, count, len(members), f" of class {label}", f"类别 {label} 的")
        found.append(members[torch.randperm(len(members), generator=generator)[:count]])
    return torch.cat(found).sort().values


def _too_few(path: str, count: int, there: int, of: str, of_zh: str) -> TrainError:
    return TrainError(
        f"The subset of '{path}' asks for {count} samples{of}; the training split has {there}.",
        f"“{path}”的子集要求{of_zh} {count} 个样本，训练划分中只有 {there} 个。",
        path,
    )
