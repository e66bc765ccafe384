"""The weights of some epochs, kept for looking back: few, evenly spread over the training, in limited room."""

from __future__ import annotations

import math

from torch import nn

from builder.train import checkpoint
from builder.train.run import Run

MOST, FEWEST = 16, 4  # kept at once
ROOM = 128 * 2**20  # bytes of all of them together


class Snapshots:
    """Keeps the weights at the beginning and after every so many epochs.

    When there are more than there is room for, every second one goes and the distance doubles: however long a training
    is, the kept epochs are evenly spread, and few are written. A model of which not even a few fit keeps none.

    Args:
        run: in whose folder they lie.
        root: the modules.
    """

    def __init__(self, run: Run, root: nn.Module) -> None:
        self.run, self.root = run, root
        size = sum(tensor.nbytes for tensor in checkpoint.weights_of(root).values())
        fitting = min(MOST, ROOM // max(size, 1))
        self.most = fitting if fitting >= FEWEST else 0
        self.every = math.gcd(*run.snapshots()) or 1  # a run that goes on keeps its distance

    def take(self, epoch: int) -> None:
        """Keeps the weights after so many epochs, if it is their turn."""
        if not self.most or epoch % self.every:
            return
        path = self.run.file(f"checkpoints/epoch-{epoch}.safetensors")
        checkpoint.save(path, checkpoint.weights_of(self.root), {"epoch": epoch}, safely=False)
        while len(kept := self.run.snapshots()) > self.most:
            self.every *= 2
            for old in [path for epoch, path in kept.items() if epoch % self.every]:
                old.unlink(missing_ok=True)
