"""How alike layers represent the same samples: centred kernel alignment, within a model or between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.features import by_depth, flat_size, gather, spread
from builder.inspect.inspector import Inspector
from builder.train.run import Run, runs
from components.data._base import SplitName

ITSELF, INITIAL = "itself", "initial"
EPOCH = "epoch "
MOST = 40  # layers
LIMIT, FEWEST = 500, 32  # samples
NUMBERS = 2**25  # that the representations of all samples have together, at most
_RUNS = 20  # to choose from


@dataclass(frozen=True)
class Similarity:
    """``values[i, j]``: the alignment of layer i of this model and layer j of the other, 1 where they are alike.

    Args:
        values: (L, L').
        nodes: (L,) paths and ports of this model, in the order of the data.
        others: (L',) of the other.
        other: the other model's name; empty where it is this one.
        samples: how many were compared (of a graph, nodes).
        debiased: which estimator.
        split: of the data.
    """

    values: np.ndarray
    nodes: tuple[str, ...]
    others: tuple[str, ...]
    other: str
    samples: int
    debiased: bool
    split: SplitName


def rivals(inspector: Inspector) -> list[str]:
    """What a model can be compared with: itself; of a run also its first weights, its other checkpoint, epochs, other runs."""
    run = inspector.source_run
    if run is None:
        return [ITSELF]
    found = [ITSELF, INITIAL]
    found += [n for n in ("best", "last") if n != inspector.origin["checkpoint"] and _has(run, n)]
    found += [f"{EPOCH}{number}" for number in run.snapshots() if number]
    others = [r for r in runs(run.path.parent) if r.name != run.name and r.checkpoint() is not None]
    return [*found, *(r.name for r in others[:_RUNS])]


def _has(run: Run, name: str) -> bool:
    return run.file(f"checkpoints/{name}.safetensors").is_file()


def layers(inspector: Inspector) -> list[End]:
    """The values that are compared, in the order of the data: those of samples, else those of a graph's nodes."""
    goals = [h.end for h in inspector.heads] or list(inspector.compiled.predictions)
    if not goals:
        return []
    return by_depth(inspector, goals, False, MOST) or by_depth(inspector, goals, True, MOST)


def similarity(inspector: Inspector, split: SplitName, against: str = ITSELF, debiased: bool = True) -> Similarity:
    """Linear alignment of every layer with every layer.

    Args:
        against: one of ``rivals``.
        debiased: the unbiased estimator, that few samples do not raise.

    Raises:
        InspectError: there is no such model, it sees other data, or there are fewer than four samples.
    """
    key = ("similarity", split, against, debiased)
    return inspector.kept(key, lambda: _similarity(inspector, split, against, debiased))


def _similarity(inspector: Inspector, split: SplitName, against: str, debiased: bool) -> Similarity:
    other = inspector if against == ITSELF else _rival(inspector, against)
    items = min(compared(inspector, split), compared(other, split), key=len)
    if other is not inspector:
        _refuse_other_data(inspector, other, split, items)
    nodes, own = grams(inspector, split, items, debiased)
    others, its = (nodes, own) if other is inspector else grams(other, split, items, debiased)
    name = "" if other is inspector else against
    return Similarity(alignment(own, its), nodes, others, name, own[0].shape[0], debiased, split)


def _rival(inspector: Inspector, against: str) -> Inspector:
    run = inspector.source_run
    if run is None or against not in rivals(inspector):
        raise InspectError(f"There is no model '{against}' to compare with.", f"没有可比较的模型“{against}”。")
    if against == INITIAL:
        return Inspector(run.graph(), seed=run.info().get("seed"))
    if against in ("best", "last"):
        return Inspector(run, checkpoint=against)
    if against.startswith(EPOCH):
        return Inspector(run, checkpoint=int(against.removeprefix(EPOCH)))
    return Inspector(Run(run.path.parent / against))


def compared(inspector: Inspector, split: SplitName) -> np.ndarray:
    """The samples by which a model is compared: as many as its layers leave room for."""
    size = sum(flat_size(inspector, end) for end in layers(inspector))
    return spread(inspector.size(split), max(FEWEST, min(LIMIT, NUMBERS // max(size, 1))))


def _refuse_other_data(one: Inspector, other: Inspector, split: SplitName, items: np.ndarray) -> None:
    same = one.size(split) == other.size(split) and len(one.needed) == len(other.needed)
    if same and len(items):
        a, b = (model.batch(split, items.tolist()) for model in (one, other))
        pairs = zip((a[end] for end in one.needed), (b[end] for end in other.needed), strict=True)
        same = all(torch.equal(x, y) for x, y in pairs)
    if not same:
        raise InspectError(
            "The two models are given different data, so their layers cannot be compared sample by sample.",
            "两个模型的数据不同，无法逐样本比较各层。",
        )


def grams(
    inspector: Inspector, split: SplitName, items: np.ndarray, debiased: bool
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """The layers of a model by name, and the inner products (M, M) of samples in each; see ``centred``.

    Raises:
        InspectError: there are fewer than four samples.
    """
    ends = layers(inspector)
    found = gather(inspector, ends, split, items, flat=True)
    if len(found.items) < 4:
        raise InspectError(
            f"The alignment of layers needs at least 4 samples. Got {len(found.items)} instead.",
            f"层间对齐至少需要 4 个样本，收到 {len(found.items)} 个。",
        )
    return tuple(".".join(end) for end in ends), [centred(vectors, debiased) for vectors in found.vectors]


def centred(vectors: Tensor, debiased: bool) -> np.ndarray:
    """The inner products of samples (M, C) as (M, M), with rows and columns of mean 0.

    Args:
        debiased: leaves the diagonal out, so that the product of two such matrices estimates without bias
            (Song et al., JMLR 2012, as Nguyen et al., arXiv 2010.15327, use it).
    """
    x = vectors.double()
    x = (x - x.mean(0)).numpy()
    gram = x @ x.T
    if not debiased:
        return gram
    count = len(gram)
    np.fill_diagonal(gram, 0)
    rows = gram.sum(0) / (count - 2)
    gram = gram - rows - rows[:, None] + rows.sum() / (count - 1)
    np.fill_diagonal(gram, 0)
    return gram


def aligned_layers(ones: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
    """The alignment of each layer with the layer at the same place."""
    return np.array([alignment([one], [other])[0, 0] for one, other in zip(ones, others, strict=True)])


def alignment(ones: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
    """The cosines of centred matrices; 0 where one is constant."""

    def unit(grams: Sequence[np.ndarray]) -> np.ndarray:
        flat = np.stack([gram.ravel() for gram in grams])
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        return np.divide(flat, length, out=np.zeros_like(flat), where=length > 0)

    return unit(ones) @ unit(others).T
