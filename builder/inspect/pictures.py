"""Values that are images: which are, what stands for black and white in them, and what a loss holds against them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.features import spread
from builder.inspect.inspector import Inspector
from components.data._base import SplitName

_MEASURED = 256  # samples that tell the range of images


def is_image(inspector: Inspector, end: End) -> bool:
    """Whether a value has the shape of images of one or three channels."""
    shape = inspector.layout.sample_shape(end)
    whole = len(shape) == 3 and all(isinstance(size, int) for size in shape)
    floating = inspector.layout.spec(end).dtype.startswith("float")
    return whole and floating and shape[0] in (1, 3) and inspector.layout.batch_axis(end) == 0


def pictures(inspector: Inspector, end: End, images: Tensor) -> np.ndarray:
    """Images (N, C, H, W) of a value as (N, H, W) or (N, H, W, 3) in [0, 1], black and white the same for all."""
    low, high = image_range(inspector, end)
    if (low, high) == (-math.inf, math.inf):
        images, low, high = images.sigmoid(), 0.0, 1.0
    shown = ((images - low) / (high - low)).clamp(0, 1)
    return (shown[:, 0] if shown.shape[1] == 1 else shown.movedim(1, -1)).numpy()


def image_range(inspector: Inspector, end: End) -> tuple[float, float]:
    """What stands for black and white in a value: what a view of it says, the logits that a loss takes (both infinite),
    the range of the images that a loss holds against it, or else of the images that the layers are given."""
    compiled = inspector.compiled
    if compiled.flat.nodes[end[0]].component.kind == "visualizer":
        return 0.0, 1.0
    for judge in compiled.of_kind("visualizer", "loss"):
        port, module = _port(inspector, judge.path, end), compiled.module(judge.path)
        if port is None:
            continue
        if judge.component.kind == "visualizer" and getattr(module, "form", "") == "images":
            return tuple(module.range)  # type: ignore[union-attr, return-value]
        if port == "logits" or getattr(module, "distribution", "") == "bernoulli":
            return -math.inf, math.inf
        others = _others(inspector, judge.path, port)
        if others:
            return _range_of(inspector, others[0])
    layout = inspector.layout
    ports = [
        (n.path, port)
        for n in compiled.of_kind("dataset", "transform")
        for port in compiled.report.nodes[n.path].outputs
    ]
    given = [port for port in ports if layout.kind(port) == "image"]
    return _range_of(inspector, given[-1]) if given else (0.0, 1.0)


def held_against(inspector: Inspector, end: End) -> End | None:
    """The image that a loss holds against an image; None where none does."""
    for judge in inspector.compiled.of_kind("loss"):
        port = _port(inspector, judge.path, end)
        others = [] if port is None else _others(inspector, judge.path, port)
        if others:
            return others[0]
    return None


def _port(inspector: Inspector, judge: str, end: End) -> str | None:
    """The port at which a loss or a view is given a value."""
    return next((port for port, ends in inspector.compiled.sources(judge).items() if end in ends), None)


def _others(inspector: Inspector, judge: str, port: str) -> list[End]:
    """The images at its other ports."""
    sources = inspector.compiled.sources(judge)
    return [end for other, ends in sources.items() if other != port for end in ends if is_image(inspector, end)]


def _range_of(inspector: Inspector, end: End) -> tuple[float, float]:
    def measure() -> tuple[float, float]:
        (found,) = inspector.run(inspector.program([end]), some_batch(inspector))
        low, high = float(found.min()), float(found.max())
        return (0.0, 1.0) if low >= 0 and high <= 1 else (low, max(high, low + 1e-6))

    return inspector.kept(("range of images", end), measure)


def some_batch(inspector: Inspector) -> Mapping[End, Tensor]:
    split = usual_split(inspector)
    return inspector.batch(split, spread(inspector.size(split), _MEASURED).tolist())


def usual_split(inspector: Inspector) -> SplitName:
    """The validation split, or the first that has samples.

    Raises:
        InspectError: none has.
    """
    splits: tuple[SplitName, ...] = ("valid", "train", "test")
    for split in splits:
        if inspector.size(split):
            return split
    raise InspectError("The data have no samples.", "数据没有样本。")
