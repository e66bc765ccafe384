"""A training step: the optimizers that act in it, in their order, each with a program of its own."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, fx, nn

from builder.compiler import Compiled, End
from builder.compiler.ownership import in_turn
from builder.train.averaging import Averaging
from builder.train.devices import Devices
from builder.train.diagnose import failed_forward
from builder.train.errors import TrainError
from builder.train.follow import Followers
from builder.train.loader import Batch
from builder.train.step import Step
from builder.train.turns import Actor, Planner, Turn, idle_outputs, without_unread

Logged = list[tuple[int, list[Tensor]]]
"""By number of the optimizer, the values that it logs."""


class Steps:
    """All optimizers of a graph.

    Those that act in a step act one after the other, each on what those before it have made of the weights
    (``updates`` = alternating), or all at once on the weights as they were (simultaneous).

    Raises:
        TrainError: there is none, or a setting of one breaks its rule.
    """

    def __init__(self, compiled: Compiled, devices: Devices) -> None:
        nodes = in_turn(compiled.of_kind("optimizer"))
        if not nodes:
            raise TrainError(
                "There is nothing to train: the graph has no optimizer.", "没有可训练的内容：图中没有优化器。"
            )
        self.compiled, self.devices = compiled, devices
        self.steps = [Step(compiled, node, devices) for node in nodes]
        self.averaging = Averaging(compiled, self.steps, devices)
        self._followers = Followers(compiled)
        self.simultaneous = compiled.graph.training.get("updates") == "simultaneous"
        actors = [
            Actor(step.values, frozenset(map(id, step.parameters)), step.estimator is None) for step in self.steps
        ]
        self._planner = Planner(compiled, actors)
        self._turns: dict[tuple[int, ...], list[_Turn]] = {}
        self._alone = len(self.steps) == 1
        self._everyone = tuple(range(len(self.steps))) if all(step.always for step in self.steps) else None

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @property
    def datasets(self) -> list[str]:
        """The paths of the data sets that the losses need."""
        reached = self.compiled.ancestors([end for step in self.steps for end in step.values], "train")
        return [path for path in reached if self.compiled.flat.nodes[path].component.kind == "dataset"]

    def __call__(self, batch: Batch, number: int, moment: float, epochs: int) -> Logged:
        """Trains on one batch: follows the schedules, lets the optimizers act, then the twins follow.

        Args:
            batch: the data.
            number: of the step, counted from 1.
            moment: of the training before it, in epochs; 2.5 is the middle of the third.
            epochs: of the whole training.

        Returns:
            The logged values of the optimizers that acted.
        """
        epoch = int(moment) + 1
        for step in self.steps:
            step.set_rate(moment, epochs)
        self._followers(moment, epochs)
        self.averaging.follow(moment, epochs)
        acting = self._everyone
        if acting is None:
            acting = tuple(i for i, step in enumerate(self.steps) if step.acts(number, epoch))
        turns = self._turns.get(acting)
        if turns is None:
            turns = self._turns[acting] = self._compile(acting)
        values = batch.values if len(turns) < 2 else dict(batch.values)
        logged: Logged = []
        changed = False
        for turn in turns:
            found = turn.forward(values)
            for i, step, places in turn.parts:
                results = found if places is None else [found[place] for place in places]
                loss, figures = step.objective(results)
                # On the processor a look costs nothing, and the weights are still as the failing step found them.
                if self.devices.on_cpu and not math.isfinite(loss.item()):
                    raise step.not_finite(batch, number, epoch)
                logged.append((i, figures))
                try:
                    step.backward(loss, batch, self._alone, i != turn.last, turn.together)
                except Exception as error:
                    raise step.failed_backward(error, batch) from error
            for _, step, _ in turn.parts:
                changed = step.update() or changed
        if changed:
            self.compiled.update_averages(moment / epochs)
        return logged

    @contextlib.contextmanager
    def judged(self, epoch: int, epochs: int, data: Callable[[], Iterable[Batch]]) -> Iterator[None]:
        """Within, the model is the one to judge after an epoch, counted from 1: at its schedules, by its averages.

        Args:
            epoch: that has ended.
            epochs: of the whole training.
            data: gives the training batches of an epoch.
        """
        self._followers(epoch, epochs)
        with self.averaging.judged(epoch, epochs, data):
            yield

    def planned(self, acting: tuple[int, ...]) -> list[Turn]:
        """The turns of a step in which the optimizers of these numbers act."""
        return self._planner.plan(acting, self.simultaneous)

    def _compile(self, acting: tuple[int, ...]) -> list[_Turn]:
        planned = self.planned(acting)
        groups = [acting] if self.simultaneous and acting else [(i,) for i in acting]
        return [
            _Turn(self._planner, self.devices, turn, group, [self.steps[i] for i in group])
            for turn, group in zip(planned, groups, strict=True)
        ]


class _Turn:
    """A turn with its program."""

    def __init__(
        self, planner: Planner, devices: Devices, turn: Turn, acting: tuple[int, ...], steps: Sequence[Step]
    ) -> None:
        compiled = planner.compiled
        ends = list(dict.fromkeys([*turn.ends, *turn.keeps]))
        given = [*turn.given, *turn.absent]
        self.program = compiled.program(ends, phase="train", given=given, no_grad=turn.no_grad)
        without_unread(self.program, planner, turn.absent)
        _bind(self.program)
        self.inputs: list[End] = list(self.program.inputs)  # type: ignore[arg-type]
        self._forward = devices.forward(self.program)
        self._idle = idle_outputs(compiled, self.program)
        place = {end: index for index, end in enumerate(ends)}
        self._kept = [(end, place[end]) for end in turn.keeps]
        # The optimizers of the turn, and where the values that each looks at are among the results; None for all.
        self.parts: list[tuple[int, Step, list[int] | None]] = []
        for number, step in zip(acting, steps, strict=True):
            places = [place[compiled.passed(end, "train")] for end in step.values]
            self.parts.append((number, step, None if places == list(range(len(ends))) else places))
        self.last, self.together = acting[-1], len(acting) > 1

    def forward(self, values: dict[End, Tensor]) -> Sequence[Tensor]:
        """Runs the program on the values of the step so far, and puts among them what later turns take."""
        try:
            with _Off(self._idle) if self._idle else _NOTHING:
                found = self._forward(*[values[end] for end in self.inputs])
        except Exception as error:
            torch.set_grad_enabled(True)  # it may have failed in the part without gradients
            raise failed_forward(error, self.program) from error
        for end, index in self._kept:
            values[end] = found[index]
        return found


class _Off:
    """Switches of modules that are off within."""

    def __init__(self, switches: Sequence[tuple[nn.Module, str]]) -> None:
        self._on = [(module, name) for module, name in switches if getattr(module, name)]

    def __enter__(self) -> None:
        for module, name in self._on:
            setattr(module, name, False)

    def __exit__(self, *error: object) -> None:
        for module, name in self._on:
            setattr(module, name, True)


_NOTHING = contextlib.nullcontext()


def _bind(program: fx.GraphModule) -> None:
    """Lets a program find its modules at once: ``nn.Module`` looks through three tables for each, at every call."""
    for item in program.graph.nodes:
        if item.op == "call_module":
            owner: nn.Module = program
            for name in str(item.target).split("."):
                child = owner.get_submodule(name)
                owner.__dict__[name] = child
                owner = child
