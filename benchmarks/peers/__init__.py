"""What each component is timed against: a table a topic, merged here; and what is left out, with the reason."""

from __future__ import annotations

from benchmarks.peers import activation, attention, convolution, normalization, pooling, regularization, training
from benchmarks.peers.pair import Pair, Size

FAMILIES = (
    "Convolution",
    "Pooling",
    "Channel attention",
    "Spatial attention",
    "Channel+spatial attention",
    "Other CNN attention",
    "Non-local attention",
    "Activation",
    "Feature normalization",
    "Parameter normalization",
    "Initialization",
    "Dropout",
    "Regularization",
    "Optimizer",
    "Schedule",
)
"""The families whose components all stand in the table or in UNTIMED."""

UNTIMED = {
    "opt_data_echoing": "It orders the numbers of the samples once an epoch; no step of a training waits for it.",
    "init_mimetic": "It decomposes the matrices of an attention, once before a training; the others fill single matrices.",
    "reg_data_augmentation": "A chain of torchvision's own transforms in the workers of a loader, each timed there.",
}
"""Components of these families that are not timed, and why."""

FULL, TINY = Size(batch=8, channels=64, side=32), Size(batch=2, channels=64, side=8)


def table(size: Size) -> dict[str, Pair]:
    """The pairs of all topics at this size, by the component's id."""
    merged: dict[str, Pair] = {}
    for topic in (convolution, pooling, attention, activation, normalization, regularization, training):
        merged |= topic.pairs(size)
    return merged
