"""The way of a run's weights through training, as far as its folder keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from builder.inspect.inspector import Inspector
from builder.inspect.objective import Objective
from builder.train import checkpoint as checkpoints
from builder.train.run import Run


@dataclass(frozen=True)
class Stop:
    """Weights that were kept: after ``epoch`` epochs (a part of one where the run was stopped within it)."""

    epoch: float
    weights: Sequence[Tensor]


def beginning(objective: Objective, run: Run) -> Sequence[Tensor]:
    """The weights that a run began with: kept, or made again from its seed."""
    kept = run.snapshots()
    if 0 in kept:
        return objective.of(checkpoints.load(kept[0])[0])
    first = Inspector(run.graph(), seed=int(run.info().get("seed", 0)))
    return objective.of(checkpoints.weights_of(first.root))


def way(objective: Objective, run: Run) -> list[Stop]:
    """All weights of a run that are known, in the order of training: each epoch once."""
    found = {0.0: Stop(0.0, beginning(objective, run))}
    files = [path for epoch, path in run.snapshots().items() if epoch]
    files += [run.file(f"checkpoints/{name}.safetensors") for name in ("best", "last")]
    for path in files:
        if path.is_file():
            tensors, state = checkpoints.load(path)
            steps = state.get("steps_per_epoch") or 1
            epoch = float(state["epoch"]) + state.get("position", 0) / steps
            found.setdefault(epoch, Stop(epoch, objective.of(tensors)))
    return [found[epoch] for epoch in sorted(found)]


def has_way(run: Run | None) -> bool:
    """Whether more is known of a run than its beginning and its end: a plane needs three points."""
    if run is None:
        return False
    epochs = {0, *run.snapshots()}
    best, done = run.status().best, run.status().epoch
    if best is not None and run.file("checkpoints/best.safetensors").is_file():
        epochs.add(best.epoch)
    if run.file("checkpoints/last.safetensors").is_file():
        epochs.add(done)
    return len(epochs) > 2
