"""Looks at the nodes while a run trains: what they give on one batch, and what the last step has made of their weights.

It disturbs nothing: a run trains the same with and without it. What is written is for ``builder.train.health`` to read.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from builder.compiler import Compiled, End
from builder.compiler.axes import AxisNames
from builder.graph import FlatNode, write_atomic
from builder.train.devices import Devices
from builder.train.diagnose import failed_forward
from builder.train.health import BINS, FILE, HISTOGRAMS
from builder.train.loader import Loader
from builder.train.run import Run
from builder.train.step import Step, norm_of

FIRST = (0.25, 0.5, 0.75)  # of the first epoch, moments that are looked at, besides its first step
ALWAYS = 20  # so many epochs are all looked at, later ones as far as
SHARE = 0.01  # of the training's time allows
MOST = 200  # after so many epochs every second one is enough, after twice as many every fourth ...
DEAD = 1e-3  # a unit is dead where it never gives more, for the root mean square of its node
SAMPLED = 2**20  # entries of a parameter that are looked at, evenly spaced, where it has more
_KINDS = ("layer", "op", "sampler")


def wanted(compiled: Compiled) -> bool:
    """Whether the training settings of a graph ask for it; they do where they say nothing."""
    return bool(compiled.graph.training.get("health", True))


class Checkup:
    """Looks at the nodes of one run, in the process that leads.

    The batch that it shows them is always the first of the first epoch, in evaluation mode and with the same random
    numbers. Gradients and updates are those of the last step of each optimizer before the moment.

    Args:
        compiled: the graph.
        steps: its optimizers.
        loaders: of the training data.
        devices: where to compute.
        run: the folder to write to.
        seed: of the random numbers.
        clock: gives the seconds of training so far.
    """

    def __init__(
        self,
        compiled: Compiled,
        steps: Sequence[Step],
        loaders: Sequence[Loader],
        devices: Devices,
        run: Run,
        seed: int,
        clock: Callable[[], float],
    ) -> None:
        self.compiled, self.run, self.seed, self.steps, self.clock = compiled, run, seed, steps, clock
        self._owned = _owned(compiled, steps)
        self._outputs = _Outputs(compiled, steps, loaders, devices)
        self._window = max(step.every * step.accumulate for step in steps)
        self._moments: list[int] = []  # of the epoch: the finished steps at which to look
        self._updates: list[_Update] = []  # that are watched now
        self._found: dict[str, dict[str, Any]] = {}  # by node, what the last update has told
        self._spent = self._last = 0.0  # seconds

    def begin(self, step: int) -> None:
        """Forgets what was written about later steps: a resumed run writes it again."""
        for name in (FILE, HISTOGRAMS):
            kept = [line for line in self.run.lines(name) if line.get("step", 0) <= step]
            write_atomic(self.run.file(name), "".join(map(_line, kept)))

    def held(self) -> dict[str, Any]:
        """What a checkpoint must keep: what updates have told since the last look."""
        return self._found

    def hold(self, found: Mapping[str, Any]) -> None:
        """Goes on from what ``held`` gave."""
        self._found = dict(found)

    # -------------------------------------------------------------- when

    def plan(self, epoch: int, epochs: int, steps: int) -> bool:
        """Called before (the rest of) an epoch: chooses when to look; whether ``before`` and ``after`` are needed in it.

        Args:
            epoch: finished epochs.
            epochs: of the whole training.
            steps: of the epoch.
        """
        self._epoch, self._steps = epoch, steps
        self._moments = _moments(epoch, steps) if self._timely(epoch + 1, epochs) else []
        return bool(self._moments)

    def before(self, position: int) -> None:
        """Called before each step: watches the updates where one of the next is to be looked at.

        Args:
            position: finished steps of the epoch.
        """
        if not self._updates and any(0 <= moment - position - 1 < self._window for moment in self._moments):
            self._updates = [_Update(step, self._owned[step.path], self._found) for step in self.steps]

    def after(self, position: int, step: int) -> None:
        """Called after each step, with what is finished now, of the epoch and in all: looks where it is the moment."""
        if not self._updates or position not in self._moments:
            return
        began = time.perf_counter()
        for update in self._updates:
            update.close()
        self._look(round(self._epoch + position / self._steps, 4), step)
        self._last = time.perf_counter() - began + sum(update.seconds for update in self._updates)
        self._spent += self._last
        self._updates = []

    def _timely(self, number: int, epochs: int) -> bool:
        """Whether there is time for the epoch of a number, counted from 1."""
        if number <= ALWAYS or number == epochs:
            return True
        rare = 2 ** max(0, math.ceil(math.log2(number / MOST)))
        return number % rare == 0 and self._spent + self._last <= SHARE * self.clock()

    # -------------------------------------------------------------- looking

    @torch.no_grad()
    def _look(self, epoch: float, step: int) -> None:
        figures: dict[str, dict[str, float]] = self._outputs.figures(self.seed)
        histograms: dict[str, dict[str, Any]] = {}
        for path, told in self._found.items():
            figures.setdefault(path, {}).update({k: v for k, v in told.items() if k != "gradients"})
            weights = {id(p): p for owned in self._owned.values() for p in owned.get(path, ())}
            histograms[path] = {"weights": _histogram([*weights.values()]), "gradients": told["gradients"]}
        self._found.clear()
        for name, nodes in ((FILE, figures), (HISTOGRAMS, histograms)):
            in_order = {path: _short(nodes[path]) for path in _paths(self.compiled) if path in nodes}
            with self.run.file(name).open("a", encoding="utf-8") as file:
                file.write(_line({"epoch": epoch, "step": step, "nodes": in_order}))


def _moments(epoch: int, steps: int) -> list[int]:
    if epoch:
        return [steps]
    return sorted({1, *(max(1, round(share * steps)) for share in FIRST), steps})


class _Update:
    """Notes of each update of one optimizer what it does to the weights of nodes, into ``found``, until it is closed."""

    def __init__(
        self, step: Step, owned: Mapping[str, Sequence[nn.Parameter]], found: dict[str, dict[str, Any]]
    ) -> None:
        self.owned, self.found = owned, found
        self.seconds = 0.0
        optimizer = step.optimizer
        self._hooks = [
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        ]

    def close(self) -> None:
        for hook in self._hooks:
            hook.remove()

    @torch.no_grad()
    def _before(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        began = time.perf_counter()
        self.weights = [_some(p).float().clone() for parameters in self.owned.values() for p in parameters]
        self.told: dict[str, dict[str, Any]] = {}
        for path, parameters in self.owned.items():
            gradients = [p.grad.detach() for p in parameters if p.grad is not None]
            self.told[path] = {"gradients": _histogram(gradients)}
            if gradients:
                self.told[path]["gradient"] = float(norm_of(gradients))
        self.seconds += time.perf_counter() - began

    @torch.no_grad()
    def _after(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        began = time.perf_counter()
        group = optimizer.param_groups[0]
        rate = group["lr"] / group["initial_lr"] if group.get("initial_lr") else 1.0
        before = iter(self.weights)
        for path, parameters in self.owned.items():
            told = self.told[path]
            size, change = _sizes([(next(before), _some(p).float(), p.numel()) for p in parameters])
            if size:
                told["update"] = change / size
            if not math.isclose(rate, 1.0):
                told["rate"] = float(rate)
            self.found[path] = told
        self.seconds += time.perf_counter() - began


def _sizes(pairs: Sequence[tuple[Tensor, Tensor, int]]) -> list[float]:
    """The norm of weights before an update and of their change; of each all entries, or some of so many."""
    rows = [
        torch.stack([before.square().sum(), (now - before).square().sum()]) * (count / max(now.numel(), 1))
        for before, now, count in pairs
    ]
    return torch.stack(rows).sum(0).sqrt().tolist()


def _paths(compiled: Compiled) -> list[str]:
    """All nodes in the order of the data, what is inside of one before it."""
    return list(dict.fromkeys(p for path in compiled.analysis.order for p in (*compiled.inside(path), path)))


def _owned(compiled: Compiled, steps: Sequence[Step]) -> dict[str, dict[str, list[nn.Parameter]]]:
    """By optimizer and node, the parameters that it trains there; those that nodes share stand at the first of them."""
    found: dict[str, dict[str, list[nn.Parameter]]] = {}
    for step in steps:
        left = {id(parameter): parameter for parameter in step.parameters}
        own = found[step.path] = {}
        for path in _paths(compiled):
            module = compiled.module(path)
            here = [left.pop(id(p)) for p in module.parameters() if id(p) in left] if module is not None else []
            if here:
                own[path] = here
    return found


class _Outputs:
    """The figures of what nodes give on one batch."""

    def __init__(self, compiled: Compiled, steps: Sequence[Step], loaders: Sequence[Loader], devices: Devices) -> None:
        self.compiled, self.devices = compiled, devices
        names = AxisNames(compiled)
        reached = compiled.ancestors([end for step in steps for end in step.values], "train")
        self.ends: list[tuple[End, int]] = []
        for node in _learned(compiled, reached):
            outputs = compiled.report.nodes[node.path].outputs.items() if node.component.kind in _KINDS else ()
            acts = node.settings.get("phase", "train") == "train"
            ports = [port for port, spec in outputs if acts and spec.dtype.startswith("float") and len(spec.shape) > 1]
            self.ends += [((node.path, port), names.units((node.path, port))) for port in ports[:1]]
        self.program = compiled.program([end for end, _ in self.ends], phase="train")
        self._forward = devices.forward(self.program)
        inputs: list[End] = list(self.program.inputs)  # type: ignore[arg-type]
        samples = {loader.path: _first(loader, devices) for loader in loaders}
        self.inputs = [samples[path][port] for path, port in inputs]

    def figures(self, seed: int) -> dict[str, dict[str, float]]:
        """Dead units, mean, standard deviation and root mean square by node."""
        root = self.compiled.root
        root.eval()
        try:
            with self.devices.fixed_random_numbers(seed):
                values = self._forward(*self.inputs)
        except Exception as error:
            raise failed_forward(error, self.program) from error
        finally:
            root.train()
        if not self.ends:
            return {}
        rows = [_moments_of(value, axis) for value, (_, axis) in zip(values, self.ends, strict=True)]
        names = ("dead", "mean", "std", "rms")
        return {
            path: dict(zip(names, row, strict=True))
            for ((path, _), _), row in zip(self.ends, torch.stack(rows).tolist(), strict=True)
        }


def _learned(compiled: Compiled, paths: Sequence[str]) -> Iterator[FlatNode]:
    """The nodes that have weights or stand behind some, of paths in the order of the data."""
    found: set[str] = set()
    for path in paths:
        module = compiled.module(path)
        has_weights = module is not None and any(True for _ in module.parameters())
        if has_weights or any(s in found for ends in compiled.sources(path, "train").values() for s, _ in ends):
            found.add(path)
            yield compiled.flat.nodes[path]


def _first(loader: Loader, devices: Devices) -> dict[str, Tensor]:
    """The first batch of the first epoch, this process's share of it."""
    indices = loader.indices(0, 1)[0][devices.rank :: devices.world]
    return {port: tensor.to(devices.device) for port, tensor in loader.split.__getitems__(indices).items()}


def _moments_of(value: Tensor, axis: int) -> Tensor:
    """Share of dead units along an axis, mean, standard deviation, root mean square, of the values that are finite.

    Of nothing they are no numbers, nor is the share where the root mean square is too large for one. A mask makes
    values infinite by right.
    """
    finite = value.isfinite()
    value, count = torch.where(finite, value.float(), 0.0), finite.sum()
    if not value.numel():
        return value.new_full((4,), math.nan)
    mean, square = value.sum() / count, value.square().sum() / count
    spread = torch.where(finite, value - mean, 0.0).square().sum() / count
    others = [i for i in range(value.dim()) if i != axis]
    dead = (value.abs().amax(others) <= DEAD * square.sqrt()).float().mean()
    dead = torch.where(square.isfinite(), dead, math.nan)
    return torch.stack([dead, mean, spread.sqrt(), square.sqrt()])


def _some(tensor: Tensor) -> Tensor:
    """The entries of a tensor, of a very large one some of them, evenly spaced."""
    flat = tensor.detach().reshape(-1)
    return flat[:: math.ceil(flat.numel() / SAMPLED)] if flat.numel() > SAMPLED else flat


def _histogram(tensors: Sequence[Tensor]) -> list[Any] | None:
    """Least and greatest value and the counts of the bins between; None where no value is finite."""
    if not tensors:
        return None
    values = torch.cat([_some(tensor).float() for tensor in tensors])
    low, high = _range(values)
    if not (math.isfinite(low) and math.isfinite(high)):
        values = values[values.isfinite()]
        low, high = _range(values)
    if math.isnan(low):
        return None
    top = high if high > low else low + max(abs(low), 1.0) * 1e-6  # all the same: all in the first bin
    return [low, top, torch.histc(values, BINS, low, top).int().tolist()]


def _range(values: Tensor) -> list[float]:
    """The least and the greatest value; not a number where there is none, or one is none."""
    return torch.stack(torch.aminmax(values)).tolist() if values.numel() else [math.nan, math.nan]


def _short(value: Any) -> Any:
    """Five digits of each number; JSON has no NaN and no infinity: they become null."""
    if isinstance(value, Mapping):
        return {name: _short(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value


def _line(event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"
