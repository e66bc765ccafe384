"""What an optimizer makes small, as a function of the weights: on copies, so that the model itself never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from builder.compiler import Compiled, End
from builder.graph import FlatNode, clone
from builder.inspect.choices import Choice, Option, choose, plain
from builder.inspect.features import spread
from builder.inspect.inspector import Inspector
from builder.train import checkpoint as checkpoints
from builder.train.step import trained_by
from components.data._base import SplitName

MOST_SAMPLES = 1024
OPERATIONS = 1e11  # floating-point operations that a view may take without being asked for more
_SAMPLES = (32, 64, 128, 256, 512, MOST_SAMPLES)


class Objective:
    """The loss of an optimizer on samples of a split, with weights that may be moved.

    Evaluated as a model is judged: no dropout, normalisation by running statistics, noise the same each time; without
    penalties on weights.

    Args:
        inspector: the model to begin from.
        optimizer: path of the optimizer.
        splits: of the data.
        limit: samples of each, evenly spread over it.

    Raises:
        TrainError: the optimizer trains nothing.
    """

    def __init__(self, inspector: Inspector, optimizer: str, splits: Sequence[SplitName], limit: int) -> None:
        self.inspector = inspector
        compiled = self.compiled = Compiled(clone(inspector.compiled.graph), inspector.seed)
        node: FlatNode = compiled.flat.nodes[optimizer]
        ends: list[End] = node.inputs["loss"]
        trained = trained_by(compiled, node, compiled.parameters_of(ends, "train"))
        self.program = compiled.program(ends)
        with inspector.steady():  # measures where it has not
            checkpoints.load_weights(compiled.root, checkpoints.weights_of(inspector.root))
        compiled.root.eval().requires_grad_(False)
        self.parameters: list[nn.Parameter] = list(trained.values())
        step = inspector.batch_size(ends)
        self.batches = {split: self._batches(split, limit, step) for split in splits}
        self.samples = {split: sum(count for count, _ in found) for split, found in self.batches.items()}

    def _batches(self, split: SplitName, limit: int, step: int) -> list[tuple[int, dict[End, Tensor]]]:
        items = spread(self.inspector.size(split), limit).tolist()
        chunks = [items[start : start + step] for start in range(0, len(items), step)]
        return [(len(chunk), self.inspector.batch(split, chunk)) for chunk in chunks]

    def __call__(self, split: SplitName) -> float:
        """The mean loss of a split with the weights as they are now."""
        total = 0.0
        for count, batch in self.batches[split]:
            values: Sequence[Tensor] = self.inspector.run(self.program, batch)
            total += count * sum(float(value) for value in values)
        return total / self.samples[split] if self.samples[split] else float("nan")

    @property
    def weights(self) -> list[Tensor]:
        """A copy of the trained weights."""
        return [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def move(self, weights: Sequence[Tensor]) -> None:
        """Gives the copy other weights."""
        for parameter, weight in zip(self.parameters, weights, strict=True):
            parameter.copy_(weight)

    def of(self, tensors: Mapping[str, Tensor]) -> list[Tensor]:
        """The trained weights in a checkpoint of the same graph."""
        names: dict[int, str] = {}
        for name, tensor in self.compiled.root.state_dict(keep_vars=True).items():
            names.setdefault(id(tensor), name)  # what several nodes share stands under its first name
        return [tensors[names[id(parameter)]] for parameter in self.parameters]


def optimizers(inspector: Inspector) -> list[str]:
    """The optimizers whose loss depends on data and on weights."""
    compiled = inspector.compiled
    nodes = compiled.of_kind("optimizer")
    return [node.path for node in nodes if inspector.sources(node.inputs["loss"])]


def optimizer_option(inspector: Inspector) -> list[Option]:
    """Whose loss, where there are several optimizers."""
    return choose("optimizer", "Loss of", "损失所属优化器", plain(optimizers(inspector)))


def samples_option(inspector: Inspector, evaluations: int) -> list[Option]:
    """How many samples; by default as many as so many evaluations can afford."""
    affordable = OPERATIONS / max(evaluations * inspector.compiled.report.flops, 1)
    fitting = [n for n in _SAMPLES[:-1] if n <= affordable and n <= 256]
    choices = [Choice(n, f"{n:,}", f"{n:,}") for n in _SAMPLES]
    return choose("samples", "Samples", "样本数", choices, max(fitting, default=_SAMPLES[0]))
