"""Visualizer nodes: what they show of the validation samples, at chosen epochs and at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx

from builder.compiler import Compiled, End
from builder.graph import FlatNode
from builder.train import checkpoint
from builder.train.devices import Devices
from builder.train.diagnose import failed_forward
from builder.train.errors import TrainError
from builder.train.loader import LABELS, Loader
from builder.train.run import Run
from builder.train.shown import FORMS, file_of


class Generation:
    """The visualizers of a graph. Each takes the same samples and the same random numbers at every epoch.

    Args:
        compiled: the graph.
        loaders: of the validation split, by data set node.
        devices: where to compute.
        run: the folder to write to.
        seed: of the random numbers.
    """

    def __init__(
        self, compiled: Compiled, loaders: Mapping[str, Loader], devices: Devices, run: Run, seed: int
    ) -> None:
        self.compiled, self.devices, self.run, self.seed = compiled, devices, run, seed
        self.views = [_View(compiled, node, loaders) for node in compiled.of_kind("visualizer")]

    def __call__(self, epoch: int, last: bool) -> None:
        """Shows what is due after an epoch, counted from 1."""
        due = [view for view in self.views if last or epoch % view.every == 0]
        if not due or not self.devices.leads:
            return
        root = self.compiled.root
        root.eval()
        try:
            for view in due:
                with torch.no_grad(), self.devices.fixed_random_numbers(self.seed):
                    value = view.value(self.devices)
                state: dict[str, Any] = {"form": view.form, "epoch": epoch}
                if view.labels is not None and len(view.labels) == len(value):
                    state["labels"] = view.labels
                checkpoint.save(file_of(self.run, view.path, epoch), {"value": value}, state)
        finally:
            root.train()


class _View:
    """One visualizer, with its samples and its program."""

    def __init__(self, compiled: Compiled, node: FlatNode, loaders: Mapping[str, Loader]) -> None:
        self.path, module = node.path, compiled.module(node.path)
        values = compiled.analysis.values[node.path]
        self.every, count = int(values.get("every", 1)), int(values.get("count", 1))
        self.form = getattr(module, "form", None)
        if self.form not in FORMS:
            raise TypeError(f"The visualizer '{node.path}' must have a form of {', '.join(FORMS)}. Got {self.form!r}.")
        ends: list[End] = [(node.path, port) for port in compiled.report.nodes[node.path].outputs]
        self.program: fx.GraphModule = compiled.program(ends[:1], phase="generate")
        inputs: list[End] = list(self.program.inputs)  # type: ignore[arg-type]
        samples = {path: _first(path, loaders[path], count) for path in dict.fromkeys(path for path, _ in inputs)}
        self.inputs = [samples[path][port] for path, port in inputs]
        labels = [values[LABELS] for values in samples.values() if LABELS in values]
        known = len(labels) == 1 and labels[0].dim() == 1 and not labels[0].is_floating_point()
        self.labels: list[int] | None = labels[0].tolist() if known else None

    def value(self, devices: Devices) -> Tensor:
        try:
            (value,) = devices.forward(self.program)(*[tensor.to(devices.device) for tensor in self.inputs])
        except Exception as error:
            raise failed_forward(error, self.program) from error
        return value


def _first(path: str, loader: Loader, count: int) -> dict[str, Tensor]:
    """The first samples of a split."""
    indices = torch.arange(min(count, len(loader.split)))
    if not len(indices):
        raise TrainError(
            f"Nothing can be generated: '{path}' has no validation samples.", f"无法生成：“{path}”没有验证样本。", path
        )
    return loader.split.__getitems__(indices)
