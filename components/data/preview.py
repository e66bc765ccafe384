"""What a person wants to see of a data set before training: sizes, class balance, value ranges and a few samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from components.data._base import SPLITS, Dataset, GraphSplit, Split, SplitName, TextDataset
from components.targets import IGNORE_INDEX

CHUNK = 4096  # samples read at once


def preview(dataset: Dataset, split: SplitName = "train", count: int = 16, seed: int = 0) -> dict[str, Any]:
    """A data set as plain data and numpy arrays.

    Args:
        dataset: what to look at; its data are loaded.
        split: where ranges, balance and samples come from.
        count: number of samples, or nodes of a graph, at most.
        seed: of the choice of samples.

    Returns:
        ``modality``; ``sizes`` by split (of a graph: nodes with a label); ``ports`` with shape and dtype as text;
        ``ranges`` with the least and greatest value by port; ``classes`` or None; ``balance``, the samples of each
        class by name, or None; ``samples``, each with its ``index``, its arrays by port (a number for a scalar), and
        where they exist the ``label`` of the class, the decoded ``text`` and the table ``row`` by column; for a graph
        also ``nodes`` and ``edge_index``.

    Raises:
        DataError: the data cannot be loaded.
    """
    splits = {name: dataset.load(name) for name in SPLITS}
    chosen = splits[split]
    graph = chosen.tensors if isinstance(chosen, GraphSplit) else None
    ranges, balance = _statistics(chosen, dataset.classes)
    found: dict[str, Any] = {
        "modality": dataset.modality,
        "sizes": {name: _size(each) for name, each in splits.items()},
        "ports": {port: str(spec) for port, spec in dataset.spec().items()},
        "ranges": ranges,
        "classes": dataset.classes,
        "balance": balance,
    }
    if graph is not None:
        known = torch.nonzero(graph["y"] != IGNORE_INDEX).flatten().numpy()
        index = _choose(known, count, seed)
        values = {port: graph[port][torch.from_numpy(index)] for port in ("x", "y")}
        found |= {"nodes": len(graph["x"]), "edge_index": graph["edge_index"].numpy()}
    else:
        index = _choose(np.arange(len(chosen)), count, seed)
        values = chosen.__getitems__(torch.from_numpy(index))
    features = dataset.info.get("features", ())
    samples = [{port: value[i] for port, value in values.items()} for i in range(len(index))]
    found["samples"] = [
        {"index": int(i), **_describe(dataset, sample, features)} for i, sample in zip(index, samples, strict=True)
    ]
    return found


def _size(split: Split) -> int:
    return int((split.tensors["y"] != IGNORE_INDEX).sum()) if isinstance(split, GraphSplit) else len(split)


def _choose(candidates: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(candidates, min(count, len(candidates)), replace=False))


def _statistics(split: Split, classes: tuple[str, ...] | None) -> tuple[dict[str, Any], dict[str, int] | None]:
    """The least and greatest value by port, and the number of samples of each class."""
    ranges: dict[str, tuple[float, float]] = {}
    counts = torch.zeros(len(classes or ()), dtype=torch.int64)
    for start in range(0, len(split), CHUNK):
        batch = split.__getitems__(range(start, min(start + CHUNK, len(split))))
        for port, values in batch.items():
            known = values[values != IGNORE_INDEX] if values.dtype == torch.int64 else values
            low, high = ranges.get(port, (np.inf, -np.inf))
            ranges[port] = (min(low, known.min().item()), max(high, known.max().item()))
        if classes is not None:
            y = batch["y"]
            counts += torch.bincount(y[y != IGNORE_INDEX], minlength=len(counts))
    return ranges, None if classes is None else dict(zip(classes, counts.tolist(), strict=True))


def _describe(dataset: Dataset, sample: Mapping[str, Tensor], features: list[str]) -> dict[str, Any]:
    """The arrays of a sample with what they mean."""
    found: dict[str, Any] = {
        port: value.item() if value.dim() == 0 else value.numpy() for port, value in sample.items()
    }
    if dataset.classes is not None:
        found["label"] = dataset.classes[found["y"]]
    if isinstance(dataset, TextDataset):
        found["text"] = dataset.decode(found["x"])
    if dataset.modality == "table" and len(features) == len(found["x"]):
        found["row"] = dict(zip(features, found["x"].tolist(), strict=True))
    return found
