"""One optimizer node as a training step: program of its losses, backward to its parameters, clip, step, schedule."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from builder.compiler import Compiled, End
from builder.graph import FlatNode
from builder.train.devices import Devices
from builder.train.diagnose import failed_backward, failed_forward, not_finite
from builder.train.errors import TrainError
from builder.train.loader import Batch
from components.schedule._base import Schedule, chained_factor


class Step:
    """The step of one optimizer node.

    It owns the trainable parameters that its losses reach, or those of them that belong to the nodes which its setting
    ``parameters`` lists (a block stands for all nodes within). ``names`` says what a step's logged values are: the loss
    nodes that it reaches, and the optimizer itself for the sum where that is something else than one loss node.
    """

    def __init__(self, compiled: Compiled, node: FlatNode, devices: Devices) -> None:
        self.path, self.devices = node.path, devices
        ends = node.inputs["loss"]
        losses = [(n.path, "loss") for n in compiled.of_kind("loss") if n.path in set(compiled.ancestors(ends))]
        values = [*ends, *(end for end in losses if end not in ends)]
        self.program = compiled.program(values)
        self.inputs: list[End] = list(self.program.inputs)  # type: ignore[arg-type]
        self.terms = len(ends)
        self._logged = [values.index(end) for end in losses]
        self._log_sum = len(ends) > 1 or ends[0] not in losses
        self.names = [path for path, _ in losses] + [node.path] * self._log_sum

        reached = compiled.parameters_of(ends)
        self.parameters = list(_selected(compiled, node, reached).values())
        # Where the optimizer owns all that its losses reach, backward needs no selection.
        self._owned = None if len(self.parameters) == len(reached) else self.parameters
        self.optimizer: torch.optim.Optimizer = compiled.build(node.path, params=self.parameters)
        for group in self.optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self.schedule = _schedules(compiled, node)
        self.clip_norm: float | None = node.settings.get("clip_norm")
        self._norm: Tensor | None = None

        self.forward = devices.forward(self.program)
        self.backward = devices.backward
        self.update = devices.update(self.optimizer)

    def __call__(self, batch: Batch, number: int, epoch: int) -> list[Tensor]:
        """Trains on one batch; the logged values. ``number`` and ``epoch`` are for messages."""
        inputs = [batch.values[end] for end in self.inputs]
        try:
            values = self.forward(*inputs)
        except Exception as error:
            raise failed_forward(error, self.program) from error
        loss = values[0] if self.terms == 1 else torch.stack(values[: self.terms]).sum()
        # On the processor a look at the loss costs nothing, and the weights are still as the failing step found them.
        if self.devices.on_cpu and not math.isfinite(loss.item()):
            raise not_finite(self.program, inputs, number, epoch)
        for parameter in self.parameters:  # what zero_grad does, for a tenth of its time
            parameter.grad = None
        try:
            self.backward(loss, inputs=self._owned)
        except Exception as error:
            raise failed_backward(error, self.program, inputs, self.terms) from error
        if self.devices.world > 1:
            self.devices.sum_gradients(self.parameters, batch.share)
        if self.clip_norm is not None:
            self.devices.unscale(self.optimizer)
            self._norm = nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)
        self.update()
        logged = [values[i].detach() for i in self._logged]
        return [*logged, loss.detach()] if self._log_sum else logged

    def check(self, values: list[float], batch: Batch, number: int, epoch: int) -> None:
        """TrainError where logged values are not finite; accelerators are not asked at every step, but by the clock."""
        if not all(map(math.isfinite, values)):
            raise not_finite(self.program, [batch.values[end] for end in self.inputs], number, epoch)

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
        """The norm of all gradients of the last step together, before clipping."""
        if self._norm is not None:
            return float(self._norm)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        return float(nn.utils.get_total_norm(gradients)) if gradients else 0.0


def _selected(compiled: Compiled, node: FlatNode, reached: dict[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    wanted = node.settings.get("parameters")
    if wanted is None:
        chosen = reached
    else:
        within = [p for p in compiled.flat.nodes if any(p == path or p.startswith(f"{path}/") for path in wanted)]
        prefixes = tuple(f"{target}." for p in within if (target := compiled.target(p)))
        chosen = {name: parameter for name, parameter in reached.items() if name.startswith(prefixes)}
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


def _schedules(compiled: Compiled, node: FlatNode) -> list[Schedule]:
    """The schedule at the optimizer's input, the one at that one's input ``then``, and so on."""
    chain: list[Schedule] = []
    ends = node.inputs.get("schedule")
    while ends:
        path = ends[0][0]
        chain.append(compiled.build(path))
        ends = compiled.flat.nodes[path].inputs.get("then")
    return chain
