"""Writes how a project judges averages of the weights, where an optimizer keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from builder.export.layout import demand
from builder.export.library import Symbol
from builder.export.text import indented
from builder.train.averaging import batch_norms
from components.optimizer._averaged import AveragedWeights

if TYPE_CHECKING:
    from builder.export.train_script import TrainWriter


class AveragingWriter:
    """Writes the lines around the judging of a model.

    Args:
        training: the writer of the script around it.
    """

    LOCALS = ("averaged", "kept", "mine", "momenta", "norm", "norms")

    def __init__(self, training: TrainWriter) -> None:
        self.training, self.plan = training, training.plan

    @property
    def optimizers(self) -> list[str]:
        """The variables of the optimizers that keep averages."""
        return [
            self.training.names_of(number).optimizer
            for number, plan in enumerate(self.plan.optimizers)
            if isinstance(plan.step.optimizer, AveragedWeights)
        ]

    def follow(self, moment: str) -> list[str]:
        """Tells the optimizers where the training stands."""
        return [f"{optimizer}.follow({moment}, args.epochs)" for optimizer in self.optimizers]

    def judged(self, body: Sequence[str]) -> list[str]:
        """The lines that judge, with averages in place of the weights."""
        if not self.optimizers:
            return list(body)
        heads = [f"{optimizer}.averaged()" for optimizer in self.optimizers]
        if not batch_norms(self.plan.compiled):
            return [*self.follow("epoch + 1"), f"with {', '.join(heads)}:", *indented(body, 4)]
        names = ["averaged"] if len(heads) == 1 else [f"averaged{number}" for number in range(1, len(heads) + 1)]
        return [
            *self.follow("epoch + 1"),
            f"with {', '.join(f'{head} as {name}' for head, name in zip(heads, names, strict=True))}:",
            "    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}",
            f"    if {' or '.join(names)}:  # the statistics of batch normalization that belong to these weights",
            *indented(self._renewed(), 8),
            *indented(body, 4),
            "    for name, buffer in model.named_buffers():",
            "        buffer.copy_(kept[name])",
        ]

    def _renewed(self) -> list[str]:
        """One pass through the training data, which changes these statistics alone."""
        scribe, loading, own = self.training.scribe, self.training.loading, self.training.library.own
        demands = [demand(self.plan.compiled, plan.step.values, "train") for plan in self.plan.optimizers]
        raw = scribe.data_of(*demands)
        names = scribe.read(raw)
        forward = [line for d in demands for piece in scribe.pieces(d) for line in piece.lines]
        norm = own.use(Symbol("torch.nn.modules.batchnorm", "_BatchNorm"))
        return [
            f"norms = [m for m in model.modules() if isinstance(m, {norm}) and m.track_running_stats]",
            "mine = {id(buffer) for norm in norms for buffer in norm.buffers()}",
            "momenta = [norm.momentum for norm in norms]",
            "for norm in norms:",
            "    norm.reset_running_stats()",
            "    norm.momentum = None  # the mean of all batches",
            f"with {own.torch}.no_grad(), {own.torch}.random.fork_rng():",
            f"    {own.torch}.manual_seed(SEED)",
            *indented(loading.loop(), 4),
            *indented(loading.batch(raw, "train", names), 8),
            *indented(forward, 8),
            "for norm, momentum in zip(norms, momenta, strict=True):",
            "    norm.momentum = momentum",
            "for name, buffer in model.named_buffers():",
            "    if id(buffer) not in mine:",
            "        buffer.copy_(kept[name])",
        ]
