"""Strategies that change the loop around the step: those that end it, and those that choose data from round to round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, fx

from builder.compiler import Compiled, End
from builder.graph import FlatNode
from builder.train.devices import Devices
from builder.train.diagnose import failed_forward
from builder.train.errors import TrainError, in_words
from builder.train.loader import Loader, generator_of
from builder.train.prepare import evaluation_batch

Values = Mapping[str, Tensor]
"""By input port of the strategy, the values over the samples that it may choose from, (N, ...) each."""


@runtime_checkable
class Stopping(Protocol):
    """Ends a training by what it watches at its port ``metric``."""

    higher_is_better: bool

    def watch(self, higher_is_better: bool) -> None: ...
    def update(self, value: float) -> bool: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@runtime_checkable
class Choosing(Protocol):
    """Adds samples to the labelled part of a data set, every so many epochs."""

    every: int
    initial: int

    def choose(self, values: Values, generator: torch.Generator) -> Tensor:
        """Which samples get their labels: indices into the values, at most once each."""
        ...


@runtime_checkable
class Relabelling(Protocol):
    """Gives samples outside the labelled part labels of its own, every so many epochs anew."""

    every: int
    initial: int

    def relabel(self, values: Values, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Which samples take part until the next round, as indices into the values, and the labels that they have."""
        ...


class Rounds:
    """The rounds of one strategy that chooses data.

    The labelled part is what the data set's setting ``subset`` says, or ``initial`` samples at random.

    Args:
        compiled: the graph.
        node: of the strategy.
        strategy: that stands there.
        loaders: of the training split, by data set node.
        devices: where to compute.
        seed: of the draws.
    """

    def __init__(
        self,
        compiled: Compiled,
        node: FlatNode,
        strategy: Choosing | Relabelling,
        loaders: Mapping[str, Loader],
        devices: Devices,
        seed: int,
    ) -> None:
        self.compiled, self.path, self.strategy, self.devices, self.seed = compiled, node.path, strategy, devices, seed
        self.ends: dict[str, End] = {port: ends[0] for port, ends in compiled.sources(node.path).items()}
        self.program: fx.GraphModule = compiled.program(list(self.ends.values()), phase="evaluate")
        self.inputs: list[End] = list(self.program.inputs)  # type: ignore[arg-type]
        sources = list(dict.fromkeys(path for path, _ in self.inputs))
        if len(sources) != 1:
            raise TrainError(
                f"'{node.path}' chooses samples of one data set, but its inputs come from {len(sources)}: "
                f"{', '.join(sources) or 'none'}.",
                f"“{node.path}”只能从一个数据集中选择样本，但其输入来自 {len(sources)} 个：{'、'.join(sources) or '无'}。",
                node.path,
            )
        self.loader = loaders[sources[0]]
        if self.loader.members is None:
            self.loader.members = self._start()
        self.labelled = self.loader.members  # with labels of their own
        self.batch_size = evaluation_batch(compiled, self.loader.settings)

    def _start(self) -> Tensor:
        total, count = len(self.loader.split), self.strategy.initial
        if count > total:
            raise TrainError(
                f"The 'initial' parameter of '{self.path}' asks for {count} samples; the training split of "
                f"'{self.loader.path}' has {total}.",
                f"“{self.path}”的参数“initial”要求 {count} 个样本，而“{self.loader.path}”的训练划分只有 {total} 个。",
                self.path,
            )
        drawn = torch.randperm(total, generator=generator_of(self.seed, self.path, "initial"))
        return drawn[:count].sort().values

    def __call__(self, epoch: int) -> bool:
        """Ends an epoch, counted from 1; whether a round has changed the data."""
        if epoch % self.strategy.every:
            return False
        outside = torch.ones(len(self.loader.split), dtype=torch.bool)
        outside[self.labelled] = False
        pool = outside.nonzero().flatten()
        if not len(pool):
            return False
        values = self._values(pool)
        generator = generator_of(self.seed, self.path, epoch)
        try:
            if isinstance(self.strategy, Relabelling):
                chosen, labels = self.devices.from_leader(self.strategy.relabel(values, generator))
                every = self.loader.own_labels.clone()
                every[pool[chosen]] = labels.to(torch.int64)
                self.loader.labels = every
                self.loader.members = torch.cat([self.labelled, pool[chosen]]).sort().values
            else:
                chosen = self.devices.from_leader(self.strategy.choose(values, generator))
                self.labelled = torch.cat([self.labelled, pool[chosen]]).sort().values
                self.loader.members = self.labelled
        except (ValueError, RuntimeError, IndexError) as error:
            raise TrainError(*in_words(error), self.path) from error
        return True

    @torch.no_grad()
    def _values(self, pool: Tensor) -> dict[str, Tensor]:
        """The strategy's inputs over these samples, on the processor."""
        self.devices.level_buffers(self.compiled.root)
        self.compiled.root.eval()
        forward = self.devices.forward(self.program)
        seen: list[list[Tensor]] = []
        try:
            with self.devices.fixed_random_numbers(self.seed):
                for indices in pool.split(self.batch_size):
                    read = self.loader.split.__getitems__(indices)
                    found = forward(*[read[port].to(self.devices.device) for _, port in self.inputs])
                    seen.append([value.cpu() for value in found])
        except Exception as error:
            raise failed_forward(error, self.program) from error
        finally:
            self.compiled.root.train()
        for port, parts in zip(self.ends, zip(*seen, strict=True), strict=True):
            if any(part.dim() == 0 for part in parts) or sum(map(len, parts)) != len(pool):
                raise TrainError(
                    f"The input '{port}' of '{self.path}' must hold one row for each sample: expected "
                    f"({len(pool)}, ...), received {[tuple(part.shape) for part in parts[:3]]}.",
                    f"“{self.path}”的输入“{port}”须为每个样本一行：应为 ({len(pool)}, ...)，"
                    f"收到 {[tuple(part.shape) for part in parts[:3]]}。",
                    self.path,
                )
        return {port: torch.cat(parts) for port, parts in zip(self.ends, zip(*seen, strict=True), strict=True)}

    # -------------------------------------------------------------- checkpoints

    def state(self) -> dict[str, Tensor]:
        """Which samples are labelled and used, and the labels that stand in for the data set's own."""
        members = self.labelled if self.loader.members is None else self.loader.members
        found = {"labelled": self.labelled, "members": members.clone()}  # files take no tensor twice
        if self.loader.labels is not None:
            found["labels"] = self.loader.labels
        return found

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Continues from what ``state`` gave."""
        self.labelled, self.loader.members = state["labelled"], state["members"]
        self.loader.labels = state.get("labels")
