"""Channels and filters in an order that is worth reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from builder.inspect.errors import InspectError

By = Literal["mean", "variance", "zeros", "attribution", "norm"]

PER_PAGE = 64  # maps that are shown at once


@dataclass(frozen=True)
class Ranking:
    """Channels by a number.

    Args:
        by: which number.
        key: (C,), of each channel, in their own order.
        order: (C,) channels, that of the greatest number first; equal ones keep their order.
        answer: the class or output that the number is about, of an attribution.
    """

    by: By
    key: np.ndarray
    order: np.ndarray
    answer: str = ""


def rank(by: By, key: np.ndarray, answer: str = "") -> Ranking:
    """The greatest first."""
    return Ranking(by, key, np.argsort(-key, kind="stable"), answer)


def of_maps(maps: np.ndarray, by: By) -> Ranking:
    """Channels of maps (C, *) by their mean, their variance over places or their share of zeros."""
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    keys = {"mean": flat.mean(1), "variance": flat.var(1), "zeros": (flat == 0).mean(1)}
    if by not in keys:
        raise InspectError(
            f"Maps are sorted by {', '.join(keys)}. Got {by!r} instead.",
            f"特征图可按 {'、'.join(keys)} 排序，收到 {by!r}。",
        )
    return rank(by, keys[by])


def of_filters(weights: np.ndarray) -> Ranking:
    """The outputs of a weight (out, *) by the Euclidean norm of what they multiply with."""
    return rank("norm", np.linalg.norm(weights.reshape(len(weights), -1).astype(np.float64), axis=1))
