"""The training loop. The graph is the program: optimizer nodes step, metric nodes judge, strategies stop."""

from __future__ import annotations

import dataclasses
import math
import os
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from builder.compiler import Compiled, CompileError
from builder.graph import Graph, GraphError
from builder.train import checkpoint, checkup
from builder.train import lock as locks
from builder.train.checkup import Checkup
from builder.train.devices import Devices
from builder.train.errors import TrainError, in_words
from builder.train.evaluation import Evaluation, higher_is_better, latest_is_best
from builder.train.generation import Generation
from builder.train.journal import Journal, Report
from builder.train.loader import Batch, batches
from builder.train.meter import Meter
from builder.train.monitor import Monitor, Stopped
from builder.train.plan import describe, plan, plan_again
from builder.train.prepare import fetch, fit_transforms, loaders_of
from builder.train.run import Best, Run, State
from builder.train.snapshots import Snapshots
from builder.train.step import Step, name_of
from builder.train.steps import Steps
from builder.train.strategies import Choosing, Relabelling, Rounds, Stopping

LOOK_SECONDS = 0.1  # between two looks at what is asked for
CHECKPOINT_SECONDS = 10.0  # between two checkpoints, or longer:
CHECKPOINT_SHARE = 0.02  # of the time that writing them may take
AGREE_STEPS = 8  # with several processes, steps between two agreements on what to do


def train(
    graph: Graph | str | Path,
    out: str | Path,
    epochs: int | None = None,
    seed: int | None = None,
    overrides: Iterable[str] = (),
    resume: bool = False,
    devices: int = 1,
    nodes: int = 1,
    precision: str = "32-true",
    report: Report | None = None,
) -> dict[str, Any]:
    """Trains a graph into a run folder, in this process.

    Args:
        graph: the graph, or the path of its file.
        out: the run folder; new, unless the run goes on.
        epochs: of the whole training; the graph's where None.
        seed: of weights, order and every random layer; the graph's where None.
        overrides: values to set first, each as ``node.param=value``.
        resume: goes on from the last checkpoint, with the run's own graph.
        devices: on each machine; they share every batch.
        nodes: machines.
        precision: as lightning-fabric names it: ``32-true``, ``bf16-mixed`` ...
        report: called with each event, a dictionary as in ``metrics.jsonl``.

    Returns:
        ``state`` (finished or stopped), ``run``, ``epochs``, ``steps``, ``seconds``, ``best`` (``epoch``, ``value``,
        ``name``), ``ended_by`` (a strategy's path) and the figures of the last epoch by node, ``train`` and ``valid``.
        Nothing, in the processes that do not lead.

    Raises:
        GraphError, CompileError: the graph is not one, or cannot be compiled.
        TrainError: the training failed, at a node where one is to blame; the run's status says the same.
    """
    run, overrides = Run(out), list(overrides)
    launched = locks.VARIABLE in os.environ  # the folder was made and locked for this process
    lock = run.lock() if launched else None
    monitor = Monitor(run, leads=True, resume=resume) if launched else None
    try:
        places = Devices(devices, nodes, precision)
        planned = plan_again(run, graph, epochs) if resume else plan(graph, epochs, seed, overrides)
        if places.leads and not launched:
            lock = run.lock()
            run.clear_request()
            if not resume:
                options = {"overrides": overrides, "devices": devices, "nodes": nodes, "precision": precision}
                Run.create(out, planned, describe(planned, graph, options))
        monitor = Monitor(run, places.leads, planned.training["epochs"], resume)
        if places.leads and resume:
            run.write_info(run.info() | planned.training)
        with places.own_random_numbers(), monitor.heeding_signals():
            try:
                monitor.tell("Compiling the graph", "正在编译图")
                compiled = Compiled(planned, seed=planned.training["seed"])
                trainer = Trainer(compiled, run, places, monitor, report)
            except Stopped:
                monitor.stop()
                done = monitor.status
                return {"state": "stopped", "run": str(run.path), "epochs": done.epoch, "steps": done.step}
            state = trainer.fit(resume)
        return {"state": state, "run": str(run.path), **trainer.results()} if places.leads else {}
    except Exception as error:
        failure = _failure(error)
        foreseen = isinstance(error, TrainError | CompileError | GraphError)
        if monitor is not None:
            if not foreseen or error.__cause__ is not None:  # whoever looks for a bug finds it in the log
                run.add_to_log(traceback.format_exc())
            monitor.fail(failure)
        if foreseen:
            raise
        raise failure from error
    finally:
        if lock is not None:
            os.close(lock)


def _failure(error: Exception) -> TrainError:
    if isinstance(error, TrainError):
        return error
    if isinstance(error, CompileError):
        problem = error.report.problems[0]
        return TrainError(problem.message, problem.message_zh, problem.node)
    message, message_zh = in_words(error)
    return TrainError(message, message_zh, getattr(error, "node", ""))


class Speed:
    """Training samples a second since it was made, without pauses."""

    def __init__(self, monitor: Monitor) -> None:
        self.clock, self.began, self.samples = monitor.seconds, monitor.seconds(), 0

    def read(self) -> float:
        return round(self.samples / max(self.clock() - self.began, 1e-9), 1)


class Trainer:
    """One training of one compiled graph.

    Args:
        compiled: the graph; its ``training`` says epochs and seed.
        run: the folder that the leading process writes.
        devices: where to compute.
        monitor: of the run.
        report: called with each event.
    """

    def __init__(
        self, compiled: Compiled, run: Run, devices: Devices, monitor: Monitor, report: Report | None = None
    ) -> None:
        self.compiled, self.run, self.devices, self.monitor, self.report = compiled, run, devices, monitor, report
        training = compiled.graph.training
        self.epochs, self.seed = int(training["epochs"]), int(training["seed"])
        devices.place(compiled.root)
        self.steps = Steps(compiled, devices)
        self.meters = [Meter(step.names) for step in self.steps]

        monitor.status.parameters = sum(parameter.numel() for parameter in compiled.root.parameters())
        monitor.tell("Reading the data", "正在读取数据")
        fetch(compiled, devices, monitor.tell)
        self.loaders = loaders_of(compiled, "train", self.seed, training=True)
        self.training = [loader for path, loader in self.loaders.items() if path in set(self.steps.datasets)]
        if not self.training:
            raise TrainError("The losses depend on no data set.", "损失不依赖任何数据集。", self.steps.steps[0].path)
        self.strategies: dict[str, Stopping] = {}
        self.rounds: dict[str, Rounds] = {}
        for node in compiled.of_kind("strategy"):
            strategy = compiled.build(node.path)
            if isinstance(strategy, Choosing | Relabelling):
                self.rounds[node.path] = Rounds(compiled, node, strategy, self.loaders, devices, self.seed)
            else:
                self.strategies[node.path] = strategy
        self.steps_per_epoch = self._steps_per_epoch()
        valid = loaders_of(compiled, "valid", self.seed)
        self.evaluation = Evaluation(compiled, valid, devices)
        self.generation = Generation(compiled, valid, devices, run, self.seed)
        self.checkup: Checkup | None = None
        if devices.leads and checkup.wanted(compiled):
            steps = list(self.steps)
            self.checkup = Checkup(compiled, steps, self.training, devices, run, self.seed, monitor.seconds)

        self.watching = {path: compiled.flat.nodes[path].inputs["metric"][0] for path in self.strategies}
        for path, strategy in self.strategies.items():
            strategy.watch(higher_is_better(compiled.flat, self.watching[path][0]))
        self.watched, self.higher_is_better = self._watched()
        self.latest_is_best = latest_is_best(compiled)
        self.snapshots = Snapshots(run, compiled.root) if devices.leads else None

        self.epoch = 0  # finished epochs
        self.position = 0  # finished steps of the current epoch
        self.step = 0  # finished steps in all
        self.best: Best | None = None
        self.best_weights: checkpoint.Tensors | None = None  # not yet written
        self.ended_by = ""  # the strategy that ended the training
        self.figures: dict[str, dict[str, float]] = {"train": {}, "valid": {}}

    def _watched(self) -> tuple[str, bool]:
        """Whose value says which epoch is best: what the first strategy watches, the first metric, the first loss."""
        for path, strategy in self.strategies.items():
            return name_of(self.compiled, self.watching[path]), strategy.higher_is_better
        for path in self.evaluation.metrics:
            return path, higher_is_better(self.compiled.flat, path)
        return self.steps.steps[0].figure, False

    def _steps_per_epoch(self) -> int:
        return max(len(loader) for loader in self.training)

    def results(self) -> dict[str, Any]:
        """What ``train`` returns of the training."""
        return {
            "epochs": self.epoch,
            "steps": self.step,
            "seconds": round(self.monitor.seconds(), 3),
            "best": dataclasses.asdict(self.best) if self.best else None,
            "ended_by": self.ended_by,
            **self.figures,
        }

    # -------------------------------------------------------------- the loop

    def fit(self, resume: bool = False) -> State:
        """Trains to the end, or until someone asks to stop; which of the two."""
        self.devices.seed(self.seed)  # here, so that nothing depends on what compiling and reading have drawn
        seconds = self._restore() if resume else None
        if seconds is None:
            fit_transforms(self.compiled, self.loaders, self.devices)
            self._snapshot()
        self.compiled.root.train()
        self.journal = Journal(self.run, self.report, self.step) if self.devices.leads else None
        if self.checkup is not None:
            self.checkup.begin(self.step)
        self.monitor.begin(self.steps_per_epoch, self.step, seconds or 0.0)
        self._show("running")
        self._next_look = 0.0
        self._next_save = time.perf_counter() + CHECKPOINT_SECONDS
        self._window, self._whole = Speed(self.monitor), Speed(self.monitor)
        self._batch: Batch | None = None
        try:
            while self.epoch < self.epochs and not self.ended_by:
                if not self._epoch():
                    return self._end("stopped")
                self._judge()
            return self._end("finished")
        finally:
            if self.journal is not None:
                self.journal.close()

    def _epoch(self) -> bool:
        """Trains through (the rest of) an epoch; False where someone asks to stop."""
        looking = self.checkup
        if looking is not None and not looking.plan(self.epoch, self.epochs, self.steps_per_epoch):
            looking = None
        for batch in self._batches(self.position):
            batch = self._batch = self.devices.move(batch)
            moment = self.epoch + self.position / self.steps_per_epoch
            if looking is not None:
                looking.before(self.position)
            for number, values in self.steps(batch, self.step + 1, moment, self.epochs):
                self.meters[number].add(values, batch.samples if batch.share else 0)
            self.position += 1
            self.step += 1
            self._window.samples += batch.samples
            self._whole.samples += batch.samples
            if looking is not None:
                looking.after(self.position, self.step)
            if not self._look():
                return False
        return True

    def _batches(self, start: int = 0) -> Iterator[Batch]:
        """The training batches of the current epoch, this process's share of each."""
        return batches(self.training, self.epoch, start, self.devices.rank, self.devices.world)

    def _judge(self) -> None:
        """Ends an epoch: its figures, the best epoch, the strategies, a checkpoint."""
        train: dict[str, float] = {}
        for step, meter in zip(self.steps, self.meters, strict=True):
            train |= meter.epoch(self.devices)
            self._check(step, train)
        speed = self._whole.read()
        with self.steps.judged(self.epoch + 1, self.epochs, self._batches):
            valid = self.evaluation()
            self.epoch, self.position = self.epoch + 1, 0
            self.figures = {"train": train, "valid": valid}
            figures = valid or train
            is_best = self._is_best(figures.get(self.watched, math.nan))
            for path, strategy in self.strategies.items():
                if strategy.update(figures.get(name_of(self.compiled, self.watching[path]), math.nan)):
                    self.ended_by = self.ended_by or path
            is_last = bool(self.ended_by) or self.epoch == self.epochs
            if self.journal is not None:
                event = {
                    "epoch": self.epoch,
                    "step": self.step,
                    **self.figures,
                    "best": is_best,
                    **self._instruments(speed),
                }
                if self.rounds:
                    event["samples"] = {rounds.loader.path: rounds.loader.samples for rounds in self.rounds.values()}
                self.journal.epoch(event, last=is_last)
            self.generation(self.epoch, is_last)
            self._snapshot()
        changes = [rounds(self.epoch) for rounds in self.rounds.values()]
        if any(changes):
            self.steps_per_epoch = self.monitor.status.steps_per_epoch = self._steps_per_epoch()
        if self.epoch == 1 or self._agree(time.perf_counter() > self._next_save):
            self._save()  # early for the first time, so that a run can be looked into
        self._window, self._whole = Speed(self.monitor), Speed(self.monitor)

    def _is_best(self, value: float) -> bool:
        """Whether an epoch is the best so far; then its weights are kept."""
        if math.isnan(value):
            return False
        if self.best is not None and not self.latest_is_best and not self._is_better(value, self.best.value):
            return False
        self.best = Best(self.epoch, value, self.watched)
        if self.devices.leads:
            weights = checkpoint.weights_of(self.compiled.root)
            self.best_weights = {name: tensor.to("cpu", copy=True) for name, tensor in weights.items()}
        return True

    def _is_better(self, value: float, than: float) -> bool:
        return value > than if self.higher_is_better else value < than

    def _end(self, state: State) -> State:
        self._save()
        self._show(state)
        return state

    # -------------------------------------------------------------- between two steps

    def _look(self) -> bool:
        """The clock's duties between two steps: log, requests, checkpoint, status. False where someone asks to stop."""
        now = time.perf_counter()
        if self.step % AGREE_STEPS if self.devices.world > 1 else now < self._next_look:
            return True
        self._next_look = now + LOOK_SECONDS
        if self.journal is not None and self.journal.due(now):
            self._log()
        request, save = self._agree((self.monitor.request(), now > self._next_save))
        if request == "pause":
            request = self._pause()
        if request == "stop":
            return False
        if save:
            self._save()
        self._show("running", at_once=False)
        return True

    def _pause(self) -> str:
        """Waits until someone asks to go on or to stop."""
        with self.monitor.standing():
            self._show("paused")
            request = "pause"
            while request == "pause":
                time.sleep(LOOK_SECONDS)
                request = self._agree(self.monitor.request())
        self._show("running")
        return request

    def _agree(self, value: Any) -> Any:
        """The leading process's view."""
        return self.devices.from_leader(value)

    def _log(self) -> None:
        """One event about the steps since the last one."""
        means: dict[str, float] = {}
        for step, meter in zip(self.steps, self.meters, strict=True):
            means |= meter.window()
            self._check(step, means)
        moment = round(self.epoch + self.position / self.steps_per_epoch, 4)
        if self.journal is not None:
            event = {"epoch": moment, "step": self.step, "train": means}
            self.journal.step(event | self._instruments(self._window.read()))
        self._window = Speed(self.monitor)

    def _check(self, step: Step, means: dict[str, float]) -> None:
        if self._batch is not None:
            step.check(list(means.values()), self._batch, self.step, self.epoch + 1)

    def _instruments(self, speed: float) -> dict[str, Any]:
        return {
            "rate": {step.path: step.rate for step in self.steps},
            "gradient_norm": {step.path: step.gradient_norm() for step in self.steps},
            "samples_per_second": speed,
            "seconds": round(self.monitor.seconds(), 3),
        }

    def _show(self, state: State, at_once: bool = True) -> None:
        self.monitor.show(state, self.epoch, self.position, self.step, self.best, self.ended_by, at_once)

    # -------------------------------------------------------------- checkpoints

    def _save(self) -> None:
        """Writes the checkpoint to go on from, and the weights of the best epoch where they are new."""
        began = time.perf_counter()
        self.devices.level_buffers(self.compiled.root)
        randomness = {name: self.devices.gather(t) for name, t in checkpoint.random_state(self.devices.device).items()}
        if self.devices.leads:
            if self.best is not None and self.best_weights is not None:
                path = self.run.file("checkpoints/best.safetensors")
                checkpoint.save(path, self.best_weights, dataclasses.asdict(self.best))
                self.best_weights = None
            tensors = checkpoint.weights_of(self.compiled.root)
            optimizers = {}
            for step in self.steps:
                own, optimizers[step.path] = checkpoint.optimizer_state(step.path, step.optimizer)
                gradients, optimizers[step.path]["held"] = step.held()
                tensors |= own | {f"gradient/{step.path}/{i}": gradient for i, gradient in gradients.items()}
            for path, rounds in self.rounds.items():
                tensors |= {f"rounds/{path}/{name}": tensor for name, tensor in rounds.state().items()}
            for name, states in randomness.items():
                tensors |= {f"random/{rank}/{name}": state for rank, state in enumerate(states)}
            state = {
                "epoch": self.epoch,
                "position": self.position,
                "step": self.step,
                "steps_per_epoch": self.steps_per_epoch,
                "seconds": self.monitor.seconds(),
                "best": dataclasses.asdict(self.best) if self.best else None,
                "ended_by": self.ended_by,
                "figures": self.figures,
                "meters": [meter.state_dict() for meter in self.meters],
                "strategies": {path: strategy.state_dict() for path, strategy in self.strategies.items()},
                "optimizers": optimizers,
                "health": self.checkup.held() if self.checkup is not None else {},
            }
            checkpoint.save(self.run.file("checkpoints/last.safetensors"), tensors, state)
            if self.journal is not None:
                self.journal.flush()
        now = time.perf_counter()
        self._next_save = now + max(CHECKPOINT_SECONDS, (now - began) / CHECKPOINT_SHARE)

    def _snapshot(self) -> None:
        """Keeps the weights of this epoch where it is one of those that are kept."""
        if self.snapshots is not None:
            self.snapshots.take(self.epoch)

    def _restore(self) -> float | None:
        """Goes back to the last checkpoint; the seconds of training behind it, None where there is none yet."""
        path = self.run.file("checkpoints/last.safetensors")
        if not path.is_file():
            return None
        tensors, state = checkpoint.load(path)
        checkpoint.load_weights(self.compiled.root, tensors)
        for step in self.steps:
            saved = state["optimizers"][step.path]
            checkpoint.load_optimizer_state(step.path, step.optimizer, tensors, saved)
            if "held" in saved:  # runs of earlier versions have none
                step.hold(checkpoint.below(tensors, f"gradient/{step.path}/"), saved["held"])
        for path, rounds in self.rounds.items():
            rounds.load_state(checkpoint.below(tensors, f"rounds/{path}/"))
        self.steps_per_epoch = self._steps_per_epoch()
        for meter, saved in zip(self.meters, state["meters"], strict=True):
            meter.load_state_dict(saved)
        for name, strategy in self.strategies.items():
            strategy.load_state_dict(state["strategies"][name])
        self.epoch, self.position, self.step = state["epoch"], state["position"], state["step"]
        self.ended_by, self.figures = state["ended_by"], state["figures"]
        if self.checkup is not None:
            self.checkup.hold(state.get("health", {}))
        self.best = Best(**state["best"]) if state["best"] else None
        randomness = checkpoint.below(tensors, f"random/{self.devices.rank}/")
        if randomness:  # none where the run goes on with more processes than before
            checkpoint.set_random_state(randomness, self.devices.device)
        return float(state["seconds"])
