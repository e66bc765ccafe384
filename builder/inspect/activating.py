"""The samples that a unit answers to most, and the part of each that it sees there.

A unit is a channel of maps or sequences, which has a place where it is greatest, or a feature of a vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.compiler.receptive import Sight, sights
from builder.inspect.errors import InspectError
from builder.inspect.features import affordable, feature_axis
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps, steps_of
from builder.inspect.samples import Sample
from components.data._base import SplitName

LIMIT = 2000  # samples that are searched
WORK = 8e10  # floating-point operations that this may take, which is one to two seconds of one processor core
BESIDE = {"tokens": 6, "characters": 18, "steps": 24}  # shown before and after the place of a unit in a sequence

Seen = Literal["field", "patch", "whole", "step"]


@dataclass(frozen=True)
class Peaks:
    """The greatest activation of every unit on every sample.

    Args:
        items: (M,), sample numbers.
        values: (M, C).
        places: (M, C), where in a map or sequence, counted through; 0 for vectors.
        shape: of the map or sequence; empty for vectors.
    """

    items: np.ndarray
    values: np.ndarray
    places: np.ndarray
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Activating:
    """The samples of a split on which a unit is greatest, that with the greatest activation first.

    Args:
        node: path of the node.
        port: its output.
        unit: number of the channel or feature, of ``units``.
        split: that is searched.
        items: (k,), sample numbers.
        values: (k,), the greatest activation on each.
        places: (k, a), where in the map or sequence.
        seen: what ``windows`` are: the receptive field of the place, its patch, the whole image, or the step itself.
        windows: (k, 2, 2), of images the first and last row and column, of sequences (k, 1, 2) steps; may lie beyond the edges.
        around: (k, W), of sequences the activation around the place, not a number beyond the ends.
        words: of these steps, where they are tokens; empty else.
        greatest: (M,), of all samples that were searched.
    """

    node: str
    port: str
    unit: int
    units: int
    split: SplitName
    items: np.ndarray
    values: np.ndarray
    places: np.ndarray
    seen: Seen
    windows: np.ndarray
    around: np.ndarray
    words: tuple[tuple[str, ...], ...]
    greatest: np.ndarray


def units_of(inspector: Inspector, end: End) -> int:
    """How many channels or features a value has."""
    size = inspector.layout.spec(end).shape[feature_axis(inspector, end)]
    return size if isinstance(size, int) else 0


def activating(
    inspector: Inspector, end: End, unit: int, split: SplitName, count: int, limit: int = LIMIT
) -> Activating:
    """The ``count`` samples of a split on which a unit is greatest, each with the part of the input that it sees there.

    Args:
        end: the output of a node that is maps, sequences or vectors of samples.
        limit: at most so many samples are searched, evenly spread; of large models fewer.

    Raises:
        InspectError: there is no such unit, or the split is empty.
    """
    units = units_of(inspector, end)
    if not 0 <= unit < units:
        raise InspectError(
            f"'{end[0]}' has the units 0 to {units - 1}. Got {unit} instead.",
            f"“{end[0]}”的单元编号为 0 至 {units - 1}，收到 {unit}。",
            end[0],
        )
    peaks = inspector.kept(("peaks", end, split, limit), lambda: find_peaks(inspector, end, split, limit))
    order = np.argsort(-peaks.values[:, unit], kind="stable")[:count]
    items, flat = peaks.items[order], peaks.places[order, unit]
    places = np.stack(np.unravel_index(flat, peaks.shape), -1) if peaks.shape else np.zeros((len(items), 0), int)
    around, words = np.zeros((len(items), 0)), ()
    if len(peaks.shape) == 1:
        around, words = _around(inspector, end, unit, split, items, places[:, 0])
    seen, windows = _windows(inspector, end, split, items, places)
    return Activating(
        *end, unit, units, split, items, peaks.values[order, unit], places, seen, windows, around, words,
        peaks.values[:, unit],
    )  # fmt: skip


def find_peaks(inspector: Inspector, end: End, split: SplitName, limit: int) -> Peaks:
    """The greatest activation of every unit on the samples of a split; padding is no place."""
    items = affordable(inspector, end, inspector.size(split), limit, WORK)
    if not len(items):
        raise InspectError(f"The '{split}' split is empty.", f"“{split}”划分为空。")
    program, step = inspector.program((end,)), inspector.batch_size([end])
    values, places, shape = [], [], ()
    for start in range(0, len(items), step):
        batch = inspector.batch(split, items[start : start + step].tolist())
        (result,) = inspector.run(program, batch)
        maps = _units_first(inspector, end, result)
        shape = tuple(maps.shape[2:])
        if len(shape) == 1:
            maps = maps.masked_fill(_padding(inspector, end, batch, maps)[:, None], -torch.inf)
        found = maps.flatten(2).max(-1) if shape else (maps, torch.zeros_like(maps, dtype=torch.int64))
        values.append(found[0])
        places.append(found[1])
    return Peaks(items, torch.cat(values).numpy(), torch.cat(places).numpy(), shape)


def _units_first(inspector: Inspector, end: End, value: Tensor) -> Tensor:
    """(B, C, *), the axes behind being places."""
    return value.movedim(feature_axis(inspector, end), 1)


def _padding(inspector: Inspector, end: End, batch: Mapping[End, Tensor], maps: Tensor) -> Tensor:
    """Which steps (B, T) of a value are padding of the text that it is made of; tokens that were set before it are none."""
    length = maps.shape[2]
    found = torch.zeros(len(maps), length, dtype=torch.bool)
    for path, port in inspector.sources([end]):
        pad = batch.get((path, "pad"))
        if port == "x" and pad is not None and 0 <= length - pad.shape[1] <= _extra(inspector, end, batch, length):
            found[:, length - pad.shape[1] :] = pad
    return found


def _extra(inspector: Inspector, end: End, batch: Mapping[End, Tensor], length: int) -> int:
    return _steps(inspector, end, batch, 0, length).extra


def _steps(inspector: Inspector, end: End, batch: Mapping[End, Tensor], row: int, length: int) -> Steps:
    """What the steps of a value stand for on a row of a batch."""
    inputs = {source: tensor[row : row + 1] for source, tensor in batch.items()}
    return steps_of(inspector, Sample(inputs, ("row", row), "", ""), end, length)


# ------------------------------------------------------------------ what is seen


def _windows(
    inspector: Inspector, end: End, split: SplitName, items: np.ndarray, places: np.ndarray
) -> tuple[Seen, np.ndarray]:
    """What a unit sees of the image (rows and columns) or of the sequence (steps) at each place."""
    image = next((s for s in inspector.sources([end]) if inspector.layout.kind(s) == "image"), None)
    if image is None:
        return _step_windows(inspector, end, places)
    height, width = (int(size) for size in inspector.layout.sample_shape(image)[1:])
    whole = np.array([[0, height - 1], [0, width - 1]])
    if places.shape[1] == 1:
        batch = inspector.batch(split, items[:1].tolist())
        steps = _steps(inspector, end, batch, 0, _length(inspector, end))
        if steps.grid is not None:
            return "patch", np.stack([_patch(steps, int(place), whole) for place in places[:, 0]])
    sight = _sight(inspector, end, image)
    if sight is None or places.shape[1] != 2:
        return "whole", np.broadcast_to(whole, (len(items), 2, 2)).copy()
    found = [sight.at({2: int(y), 3: int(x)}) for y, x in places]
    return "field", np.array([[at[axis] or whole[axis - 2] for axis in (2, 3)] for at in found])


def _step_windows(inspector: Inspector, end: End, places: np.ndarray) -> tuple[Seen, np.ndarray]:
    """The steps of a sequence that a unit sees from its place, or that place itself; nothing without places."""
    if places.shape[1] != 1:
        return "whole", np.zeros((len(places), 0, 2), int)
    time = 3 - feature_axis(inspector, end)  # the axes 0, 1 and 2 are samples, features and steps
    for source in inspector.sources([end]):
        sight = _sight(inspector, end, source)
        found = [] if sight is None else [list(sight.at({time: int(place)}).values()) for place in places[:, 0]]
        if found and all(len(at) == 1 and at[0] is not None for at in found):
            return "field", np.array(found)
    return "step", np.repeat(places[:, :, None], 2, 2)


def _sight(inspector: Inspector, end: End, source: End) -> Sight | None:
    """What the places of a value see of an input; None where each of them may see all."""
    found = inspector.kept(("sights", end), lambda: sights(inspector.compiled.analysis, end))
    return next((s for s in found if s.source == source and s.local), None)


def _length(inspector: Inspector, end: End) -> int:
    """How many steps a sequence has; 0 where that differs from sample to sample."""
    axes = [axis for axis in range(3) if axis not in (0, feature_axis(inspector, end))]
    size = inspector.layout.spec(end).shape[axes[0]]
    return size if isinstance(size, int) else 0


def _patch(steps: Steps, place: int, whole: np.ndarray) -> np.ndarray:
    """The rows and columns of a patch; all of them for a token that is none."""
    if steps.grid is None or place < steps.extra:
        return whole
    cell = divmod(place - steps.extra, steps.grid[1])
    sizes = [(whole[axis, 1] + 1) / steps.grid[axis] for axis in (0, 1)]
    return np.array([[round(cell[i] * sizes[i]), round((cell[i] + 1) * sizes[i]) - 1] for i in (0, 1)])


def _around(
    inspector: Inspector, end: End, unit: int, split: SplitName, items: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """The activation (k, W) of a unit on the steps around its greatest one, and the words there."""
    batch = inspector.batch(split, items.tolist())
    (result,) = inspector.run(inspector.program((end,)), batch)
    traces = _units_first(inspector, end, result)[:, unit].numpy()  # (k, T)
    named = [_steps(inspector, end, batch, row, traces.shape[1]) for row in range(len(items))]
    kind = "steps" if named[0].kind != "tokens" else "characters" if max(map(len, named[0].names)) == 1 else "tokens"
    beside = min(BESIDE[kind], traces.shape[1] - 1)
    around = np.full((len(items), 2 * beside + 1), np.nan)
    words = []
    for row, (place, steps) in enumerate(zip(places, named, strict=True)):
        real = steps.real if steps.kind == "tokens" else traces.shape[1]
        first, stop = max(0, place - beside), min(real, place + beside + 1)
        inside = slice(first - place + beside, stop - place + beside)
        around[row, inside] = traces[row, first:stop]
        line = [""] * around.shape[1]
        line[inside] = steps.names[first:stop]
        words.append(tuple(line))
    return around, tuple(words) if kind != "steps" else ()
