"""Judging a model by averages of its weights, where an optimizer keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from builder.compiler import Compiled
from builder.train.devices import Devices
from builder.train.loader import Batch
from builder.train.step import Step
from components.optimizer._averaged import AveragedWeights


class Averaging:
    """The optimizers of a training that keep averages, and the layers whose statistics depend on the weights.

    Args:
        compiled: the graph.
        steps: of all optimizers.
        devices: where to compute.
    """

    def __init__(self, compiled: Compiled, steps: Sequence[Step], devices: Devices) -> None:
        self.root, self.steps, self.devices = compiled.root, steps, devices
        self.seed = int(compiled.graph.training.get("seed", 0))
        self.optimizers = [step.optimizer for step in steps if isinstance(step.optimizer, AveragedWeights)]
        self.norms = batch_norms(compiled)

    def follow(self, moment: float, epochs: float) -> None:
        """Tells the optimizers where the training stands, in epochs."""
        for optimizer in self.optimizers:
            optimizer.follow(moment, epochs)

    @contextmanager
    def judged(self, epoch: float, epochs: float, data: Callable[[], Iterable[Batch]]) -> Iterator[None]:
        """Within, the weights are averages, and statistics of batch normalization are theirs; then all is as before.

        Args:
            epoch: that has ended, counted from 1.
            epochs: of the whole training.
            data: gives the training batches of an epoch.
        """
        self.follow(epoch, epochs)
        with ExitStack() as stack:
            averaged = [stack.enter_context(optimizer.averaged()) for optimizer in self.optimizers]
            if any(averaged) and self.norms:
                stack.enter_context(self._renewed(data))
            yield

    @contextmanager
    def _renewed(self, data: Callable[[], Iterable[Batch]]) -> Iterator[None]:
        """Within, running statistics are the means over one pass through the training data."""
        kept = [(buffer, buffer.clone()) for buffer in self.root.buffers()]
        momenta = [norm.momentum for norm in self.norms]
        mine = {id(buffer) for norm in self.norms for buffer in norm.buffers()}
        try:
            for norm in self.norms:
                norm.reset_running_stats()
                norm.momentum = None
            with torch.no_grad(), self.devices.fixed_random_numbers(self.seed):
                for batch in data():
                    moved = self.devices.move(batch)
                    for step in self.steps:
                        step.look(moved)
            for buffer, before in kept:
                if id(buffer) not in mine:
                    buffer.copy_(before)
            yield
        finally:
            for norm, momentum in zip(self.norms, momenta, strict=True):
                norm.momentum = momentum
            for buffer, before in kept:
                buffer.copy_(before)


def batch_norms(compiled: Compiled) -> list[_BatchNorm]:
    """The layers that keep running statistics of batches."""
    found = (module for module in compiled.root.modules() if isinstance(module, _BatchNorm))
    return [module for module in found if module.running_mean is not None]
