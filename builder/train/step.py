"""One optimizer node: which parameters it trains, when it acts, and what it does with a loss."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from builder.compiler import Compiled, End
from builder.compiler.penalties import penalties
from builder.graph import FlatNode
from builder.train.devices import Devices
from builder.train.diagnose import failed_backward, failed_forward, not_finite
from builder.train.errors import NotFiniteError, TrainError
from builder.train.follow import schedules_at
from builder.train.loader import Batch
from components.optimizer._estimator import GradientEstimator
from components.schedule._base import chained_factor


def name_of(compiled: Compiled, end: End) -> str:
    """How a value is called in logs: by its node, with the port where the node gives several numbers."""
    path, port = end
    return path if len(numbers_of(compiled, path)) <= 1 else f"{path}.{port}"


def numbers_of(compiled: Compiled, path: str) -> list[End]:
    """The outputs of a node that are single numbers: all of a loss but what it tells of each sample."""
    return [(path, port) for port, spec in compiled.report.nodes[path].outputs.items() if not spec.shape]


class Step:
    """The step of one optimizer node.

    It owns the trainable parameters that its losses reach, or those of them that belong to the nodes which its setting
    ``parameters`` lists (a block stands for all nodes within). ``names`` says what a step's logged values are: the
    losses that it reaches, the optimizer itself for their sum where that is something else than one loss, and what the
    weights pay; ``figure`` is the one among them that says how it gets on.

    It acts at every step that its period ``every`` divides, steps counted from 1, in the window ``epochs``; with
    ``accumulate`` it updates its parameters each time it has acted so often, by the mean gradient of all these samples.
    """

    def __init__(self, compiled: Compiled, node: FlatNode, devices: Devices) -> None:
        self.compiled, self.path, self.devices = compiled, node.path, devices
        settings = node.settings
        self.every, self.accumulate = int(settings.get("every", 1)), int(settings.get("accumulate", 1))
        window = settings.get("epochs")
        self.window: tuple[int, int] | None = window and (int(window[0]), int(window[1]))
        self.clip_norm: float | None = settings.get("clip_norm")
        self.clip_value: float | None = settings.get("clip_value")

        ends = node.inputs["loss"]
        self.losses = _losses(compiled, ends)
        self.values: list[End] = [*ends, *(end for end in self.losses if end not in ends)]
        self.terms = len(ends)
        self._logged = [self.values.index(end) for end in self.losses]
        self._log_sum = len(ends) > 1 or ends[0] not in self.losses
        self.names = [name_of(compiled, end) for end in self.losses] + [node.path] * self._log_sum
        self.figure = self.names[-1]

        reached = compiled.parameters_of(ends, "train")
        self.parameters = list(trained_by(compiled, node, reached).values())
        self.reaches_others = len(self.parameters) < len(reached)
        self.penalties = penalties(compiled, node, self.parameters)
        self.names += [f"{node.path}.penalty"] * bool(self.penalties)
        self.optimizer: torch.optim.Optimizer = compiled.build(node.path, params=_groups(node, self.parameters))
        if settings.get("decay") == "weights" and "weight_decay" not in self.optimizer.defaults:
            raise TrainError(
                f"The setting 'decay' of '{node.path}' needs an optimizer with weight decay. "
                f"{node.component.name} has none.",
                f"“{node.path}”的设置“decay”需要带权重衰减的优化器，{node.component.name_zh}没有。",
                node.path,
            )
        self.estimator = self.optimizer if isinstance(self.optimizer, GradientEstimator) else None
        for group in self.optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self.schedule = schedules_at(compiled, node)
        self._norm: Tensor | None = None
        self._gradients: list[Tensor | None] | None = None  # not yet applied
        self._samples = 0  # behind these gradients
        self._batches = 0
        self._update = devices.update(self.optimizer)

    # -------------------------------------------------------------- when

    @property
    def always(self) -> bool:
        """Whether it acts at every step."""
        return self.every == 1 and self.window is None

    def acts(self, number: int, epoch: int) -> bool:
        """Whether it acts at a step and in an epoch, both counted from 1."""
        return number % self.every == 0 and (self.window is None or self.window[0] <= epoch <= self.window[1])

    # -------------------------------------------------------------- what

    def objective(self, values: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """What it makes small, and the values that belong to ``names``; ``values`` are those of its ends ``values``."""
        loss = values[0] if self.terms == 1 else torch.stack(tuple(values[: self.terms])).sum()
        found = [values[i].detach() for i in self._logged]
        if self._log_sum:
            found.append(loss.detach())
        if not self.penalties:
            return loss, found
        first, *rest = (penalty() for penalty in self.penalties)
        total = sum(rest, first)
        return loss + total, [*found, total.detach()]

    def backward(self, loss: Tensor, batch: Batch, alone: bool, retain_graph: bool = False, hold: bool = False) -> None:
        """Finds the gradients of a loss.

        Args:
            alone: whether nobody else takes gradients from what led to the loss.
            retain_graph: whether someone will do so after this.
            hold: keeps the gradients aside until ``update``, because others are about to be found.
        """
        for parameter in self.parameters:  # what zero_grad does, for a tenth of its time
            parameter.grad = None
        if self.estimator is not None:
            self._estimate(self.estimator, batch)
        else:
            # Where the optimizer owns all that its losses reach, backward needs no selection.
            selected = None if alone and not self.reaches_others else self.parameters
            self.devices.backward(loss, selected, retain_graph)
        if self.devices.world > 1:
            self.devices.sum_gradients(self.parameters, batch.share)
        if self.accumulate > 1:
            self._add(batch.whole)
        elif hold:
            self._gradients = self._taken()

    def _estimate(self, estimator: GradientEstimator, batch: Batch) -> None:
        """Finds the gradients by looks at the loss, all with the same random numbers, which leave no other trace."""
        seed = int(torch.randint(2**31, ()))

        def look() -> Tensor:
            with self.devices.fixed_random_numbers(seed), torch.no_grad():
                return self.objective(self.look(batch))[0]

        buffers = [(buffer, buffer.clone()) for buffer in self.program.buffers()]
        estimator.estimate(look)
        for buffer, before in buffers:
            buffer.copy_(before)

    def update(self) -> bool:
        """Clips the gradients and changes the parameters; False where it waits for more batches."""
        if self.accumulate > 1:
            if self._batches < self.accumulate:
                return False
            torch._foreach_div_([g for g in self._gradients or () if g is not None], self._samples)
            self._samples = self._batches = 0
        if self._gradients is not None:
            for parameter, gradient in zip(self.parameters, self._gradients, strict=True):
                parameter.grad = gradient
            self._gradients = None
        if self.clip_norm is not None or self.clip_value is not None:
            self.devices.unscale(self.optimizer)
            self._norm = nn.utils.clip_grad_norm_(self.parameters, self.clip_norm or math.inf)
            if self.clip_value is not None:
                nn.utils.clip_grad_value_(self.parameters, self.clip_value)
        elif self.accumulate > 1:
            self._norm = _norm(self.parameters)
        self._update()
        return True

    def _taken(self) -> list[Tensor | None]:
        found = [parameter.grad for parameter in self.parameters]
        for parameter in self.parameters:
            parameter.grad = None
        return found

    def _add(self, samples: int) -> None:
        """Adds the gradients of a batch to those held, by its samples."""
        held: list[Tensor | None] = self._gradients or [None for _ in self.parameters]
        for i, gradient in enumerate(self._taken()):
            kept = held[i]
            if gradient is not None:
                held[i] = gradient * samples if kept is None else kept.add_(gradient, alpha=samples)
        self._gradients = held
        self._samples += samples
        self._batches += 1

    # -------------------------------------------------------------- failures

    @functools.cached_property
    def program(self) -> fx.GraphModule:
        """All that the losses are computed by, from the data on."""
        return self.compiled.program(self.values, phase="train")

    def look(self, batch: Batch) -> tuple[Tensor, ...]:
        """The values of its ends for a batch."""
        return self.devices.forward(self.program)(*self._arguments(batch))

    def _arguments(self, batch: Batch) -> list[Tensor]:
        return [batch.values[end] for end in self.program.inputs]  # type: ignore[union-attr, misc]

    def not_finite(self, batch: Batch, number: int, epoch: int) -> NotFiniteError:
        """Why the loss of a batch is not finite."""
        for penalty in self.penalties:
            if all(w.value.isfinite().all() for w in penalty.weights) and not penalty().isfinite():
                name, name_zh = penalty.component.name, penalty.component.name_zh
                return NotFiniteError(
                    f"The penalty of '{name}' on the weights of '{self.path}' is not finite at step {number} (epoch "
                    f"{epoch}): make it weaker.",
                    f"第 {number} 步（第 {epoch} 轮），“{self.path}”所训练权重的正则项“{name_zh}”不是有限值：请减小其强度。",
                    self.path,
                )
        return not_finite(self.program, self._arguments(batch), number, epoch)

    def failed_backward(self, error: Exception, batch: Batch) -> TrainError:
        """An exception of the backward pass, at the node that raised it."""
        if self.estimator is not None:
            return failed_forward(error, self.program)
        return failed_backward(error, self.program, self._arguments(batch), self.terms)

    def check(self, values: Iterable[float], batch: Batch, number: int, epoch: int) -> None:
        """TrainError where logged values are not finite; accelerators are not asked at every step, but by the clock."""
        if not all(map(math.isfinite, values)):
            raise self.not_finite(batch, number, epoch)

    # -------------------------------------------------------------- the rate

    def set_rate(self, epoch: float, epochs: int) -> None:
        """Follows the schedule; ``epoch`` is the moment of the run, 2.5 in the middle of the third."""
        if self.schedule:
            factor = chained_factor(self.schedule, epoch, epochs)
            for group in self.optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor

    @property
    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def gradient_norm(self) -> float:
        """The norm of all gradients of the last update together, before clipping."""
        return float(self._norm if self._norm is not None else _norm(self.parameters))

    # -------------------------------------------------------------- checkpoints

    def held(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The gradients that wait for more batches, by number of the parameter, and how much is behind them."""
        gradients = {str(i): g for i, g in enumerate(self._gradients or ()) if g is not None}
        return gradients, {"samples": self._samples, "batches": self._batches}

    def hold(self, gradients: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Continues from what ``held`` gave."""
        self._samples, self._batches = int(state["samples"]), int(state["batches"])
        if self._batches:
            found = [gradients.get(str(i)) for i in range(len(self.parameters))]
            pairs = zip(found, self.parameters, strict=True)
            self._gradients = [None if g is None else g.to(p.device, p.dtype) for g, p in pairs]


def _norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    gradients = [p.grad for p in parameters if p.grad is not None]
    return norm_of(gradients) if gradients else torch.zeros(())


def norm_of(tensors: list[Tensor]) -> Tensor:
    """The norm of all tensors of one device together: what get_total_norm gives, for less than half of its time."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))


def _losses(compiled: Compiled, ends: Sequence[End]) -> list[End]:
    """The outputs of loss nodes that these values rest on, themselves included."""
    reached = compiled.ancestors(ends, "train")
    read = {compiled.passed(end, "train") for end in ends}
    read |= {end for path in reached for sources in compiled.sources(path, "train").values() for end in sources}
    nodes = [node for node in compiled.of_kind("loss") if node.path in set(reached)]
    return [end for node in nodes for end in numbers_of(compiled, node.path) if end in read]


def _groups(node: FlatNode, parameters: list[nn.Parameter]) -> list[Any]:
    """The parameters as the optimizer takes them; where only weights decay, those with fewer axes are apart."""
    if node.settings.get("decay", "all") == "all":
        return parameters
    weights, others = [p for p in parameters if p.dim() > 1], [p for p in parameters if p.dim() < 2]
    groups: list[dict[str, Any]] = [{"params": weights}] if weights else []
    return [*groups, {"params": others, "weight_decay": 0.0}] if others else groups


def trained_by(compiled: Compiled, node: FlatNode, reached: Mapping[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    """Of the parameters that an optimizer's losses reach, those that it trains, by name.

    The setting ``parameters`` chooses by identity, since sharers have other names.

    Raises:
        TrainError: there are none.
    """
    wanted: list[str] | None = node.settings.get("parameters")
    if wanted is None:
        chosen = dict(reached)
    else:
        within: set[int] = set()
        for path in wanted:
            within |= {id(parameter) for parameter in _parameters_within(compiled, path)}
        chosen = {name: parameter for name, parameter in reached.items() if id(parameter) in within}
    if not chosen:
        raise TrainError(
            f"'{node.path}' has nothing to train: its losses reach no trainable parameter"
            + (f" of {', '.join(wanted)}." if wanted else "."),
            f"“{node.path}”没有可训练的参数：其损失未到达"
            + (f"{'、'.join(wanted)} 的" if wanted else "")
            + "任何可训练参数。",
            node.path,
        )
    return chosen


def _parameters_within(compiled: Compiled, path: str) -> Iterable[nn.Parameter]:
    """The parameters of a node, and of all nodes within it."""
    paths = [p for p in (*compiled.flat.nodes, *compiled.flat.inner) if p == path or p.startswith(f"{path}/")]
    modules = [module for p in paths if (module := compiled.module(p)) is not None]
    return (parameter for module in modules for parameter in module.parameters())
