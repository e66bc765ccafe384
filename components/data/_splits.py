"""Seeded, disjoint splits: random, stratified by class, or by whole groups. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from components.data._errors import DataError

SplitName = Literal["train", "valid", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "valid", "test")
Indices = NDArray[np.int64]

# Below one half each, so that validation and test together always leave something for training.
Share = Annotated[float, Field(gt=0.0, lt=0.5)]
Seed = Annotated[int, Field(ge=0)]


def split_indices(
    count: int,
    held_out: Mapping[SplitName, float],
    seed: int,
    labels: NDArray[np.integer] | None = None,
    groups: NDArray[np.integer] | None = None,
) -> dict[SplitName, Indices]:
    """Divides ``count`` samples into disjoint splits, each in ascending order; ``train`` is what remains.

    Args:
        count: number of samples.
        held_out: share of the samples (or groups) by name of the other splits.
        seed: the same seed gives the same splits.
        labels: (count,) class indices; every split then holds each class in about the same proportion.
        groups: (count,) group indices; a group never falls apart. With labels, a group has that of its first sample.

    Raises:
        DataError: there are too few samples (or groups) to give each split one.
    """
    unit_of_sample = np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
    first = np.unique(unit_of_sample, return_index=True)[1]
    units = len(first)
    sizes = {name: max(1, round(units * share)) for name, share in held_out.items()}
    if sum(sizes.values()) >= units:
        raise DataError(
            f"The data must have at least {len(sizes) + 1} samples (or groups of samples), one for each of train, "
            f"{', '.join(sizes)}, and shares that leave some for train. Got {units} instead.",
            f"数据至少要有 {len(sizes) + 1} 个样本（或样本组），以划分为 train、{'、'.join(sizes)}，"
            f"且须为 train 留出样本。收到 {units} 个。",
        )
    rng = np.random.default_rng(seed)
    left = rng.permutation(units)
    if labels is not None:
        left = left[np.argsort(labels[first][left], kind="stable")]
    owner = np.full(units, "train", dtype="<U5")
    for name, size in sizes.items():
        # Evenly spaced picks along an order sorted by class take from each class its share, give or take one.
        picks = ((np.arange(size) + rng.random()) * (len(left) / size)).astype(np.int64)
        owner[left[picks]] = name
        left = np.delete(left, picks)
    return {name: np.flatnonzero(owner[unit_of_sample] == name) for name in SPLITS if name in ("train", *held_out)}
