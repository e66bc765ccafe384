"""How early each layer becomes what it is at the end: its alignment with its trained self, by epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.progress import telling
from builder.inspect.similarity import aligned_layers, compared, grams
from components.data._base import SplitName


@dataclass(frozen=True)
class Epochs:
    """``values[i, j]``: the alignment of layer i after ``epochs[j]`` with the same layer of the model that is looked at.

    Args:
        values: (L, E), 1 where they are alike.
        nodes: (L,) paths and ports, in the order of the data.
        epochs: (E,) finished epochs; 0 is the beginning.
        samples: how many were compared.
        split: of the data.
    """

    values: np.ndarray
    nodes: tuple[str, ...]
    epochs: np.ndarray
    samples: int
    split: SplitName


def kept_epochs(inspector: Inspector) -> list[int]:
    """The epochs whose weights the run keeps."""
    run = inspector.source_run
    return list(run.snapshots()) if run is not None else []


def epochs(inspector: Inspector, split: SplitName) -> Epochs:
    """Aligns the layers of every kept epoch with those of the model.

    Raises:
        InspectError: the run keeps no epochs, or there are fewer than four samples.
    """
    return inspector.kept(("epochs", split), lambda: _epochs(inspector, split))


def _epochs(inspector: Inspector, split: SplitName) -> Epochs:
    numbers, run = kept_epochs(inspector), inspector.source_run
    if run is None or not numbers:
        raise InspectError("This run keeps no weights of its epochs.", "此训练没有保存各轮次的权重。")
    items = compared(inspector, split)
    nodes, own = grams(inspector, split, items, True)
    columns = []
    for number in telling(numbers):
        _, then = grams(Inspector(run, checkpoint=number), split, items, True)
        columns.append(aligned_layers(then, own))
    return Epochs(np.stack(columns, 1), nodes, np.array(numbers), own[0].shape[0], split)
