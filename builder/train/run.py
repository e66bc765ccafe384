"""The run folder: what a training needs and leaves behind. Read by views, written by the worker. Imports no torch.

graph.json                the graph, with the values that were set for this run
run.json                  seed, epochs, devices, versions, when it was made
status.json               where the training is; replaced in one step
metrics.jsonl             one line per event: losses and metrics of some steps and of the epochs
health.jsonl              one line per look at the nodes: dead units, outputs, gradients, updates
histograms.jsonl          the same with histograms of weights and gradients
control.json              what a person asks for: stop, pause, resume
checkpoints/              last.safetensors (to go on from), best.safetensors (the weights of the best epoch),
                          epoch-<n>.safetensors (the weights on the way, 0 the first ones)
evaluation.json           the results on held-out splits
generated/                what visualizer nodes have shown after some epochs
tensorboard/, log.txt     event files; what the worker printed
lock                      locked by the worker for as long as it lives
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from builder.graph import Graph, dumps, load, write_atomic
from builder.train.errors import TrainError
from builder.train.lock import hold, locked

State = Literal["starting", "running", "paused", "stopped", "finished", "failed", "crashed", "unknown"]
Request = Literal["stop", "pause", "resume"]
ALIVE: tuple[State, ...] = ("starting", "running", "paused")


@dataclass
class Best:
    """The best epoch so far, by the value that the run watches."""

    epoch: int
    value: float
    name: str
    """Path of the metric, loss or optimizer node that gave the value."""


@dataclass
class Status:
    """Where a training is. ``crashed`` is never written: a reader sees it where the worker died without a word."""

    state: State = "starting"
    epoch: int = 0
    """Finished epochs."""
    epochs: int = 0
    step: int = 0
    """Optimizer steps since the beginning."""
    position: int = 0
    """Finished steps of the current epoch."""
    steps_per_epoch: int = 0
    """Of the current epoch; it grows where a strategy adds data."""
    seconds: float = 0.0
    """Time spent in training, without pauses."""
    eta: float | None = None
    """Expected seconds to the end."""
    best: Best | None = None
    ended_by: str = ""
    """Path of the strategy that ended the training."""
    parameters: int | None = None
    """Weights to learn; known as soon as the model is built."""
    activity: str = ""
    """What the worker does where it does not train: loading data, for example."""
    activity_zh: str = ""
    error: dict[str, str] | None = None
    """``node``, ``message`` and ``message_zh`` of what went wrong."""
    pid: int = 0
    heartbeat: float = 0.0
    """When the worker wrote this, in seconds since 1970."""

    @property
    def alive(self) -> bool:
        """Whether a worker is there that hears requests."""
        return self.state in ALIVE

    @property
    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        within = self.position / self.steps_per_epoch if self.steps_per_epoch else 0.0
        return min(1.0, (self.epoch + within) / self.epochs) if self.epochs else 0.0

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


_STATUS = TypeAdapter(Status)


@dataclass
class History:
    """The events of a run in their order."""

    steps: list[dict[str, Any]]
    epochs: list[dict[str, Any]]


class Run:
    """A run folder. Reading never fails on a file that is missing or half written."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def file(self, name: str) -> Path:
        return self.path / name

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run."""
        return self.file("run.json").is_file()

    # -------------------------------------------------------------- making

    @classmethod
    def create(cls, path: str | Path, graph: Graph, info: Mapping[str, Any]) -> Run:
        """Fills a new run folder; TrainError where the path holds a run already or cannot be written."""
        run = cls(path)
        if run.exists:
            raise TrainError(
                f"The folder '{path}' already holds a run. Choose another, or resume it.",
                f"文件夹“{path}”中已有一次训练。请另选文件夹，或继续该训练。",
            )
        run.make_folder()
        write_atomic(run.file("graph.json"), dumps(graph))
        run.write_status(Status(epochs=int(graph.training.get("epochs", 0))))
        write_atomic(run.file("run.json"), _dumps({**info, "created": time.time()}))
        return run

    def make_folder(self) -> None:
        """Makes the folder where it is missing; TrainError where that cannot be."""
        try:
            self.file("checkpoints").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainError(
                f"Cannot make the run folder '{self.path}': {error.strerror}.",
                f"无法创建训练文件夹“{self.path}”：{error.strerror}。",
            ) from None

    # -------------------------------------------------------------- reading

    def graph(self) -> Graph:
        """The graph that is trained; GraphError where it cannot be read."""
        return load(self.file("graph.json"))

    def info(self) -> dict[str, Any]:
        """Seed, epochs, devices, versions and when the run was made; empty where there is none."""
        return read_json(self.file("run.json")) or {}

    def status(self) -> Status:
        """Where the training is."""
        found = read_json(self.file("status.json"))
        try:
            status = _STATUS.validate_python(found)
        except ValidationError:
            return Status("unknown")
        if status.state in ALIVE and not locked(self.file("lock")):
            again = read_json(self.file("status.json"))
            if again is not None and again.get("state") not in ALIVE:  # it ended between the two looks
                return self.status()
            status.state, status.eta, status.error = "crashed", None, _DIED.to_json()
        return status

    def history(self) -> History:
        """What was logged so far; a line that is still being written is left out."""
        history = History([], [])
        for event in self.events():
            (history.epochs if event.get("event") == "epoch" else history.steps).append(event)
        return history

    def events(self) -> list[dict[str, Any]]:
        """The lines of ``metrics.jsonl`` that are whole."""
        return self.lines("metrics.jsonl")

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of a file that are whole, each an object."""
        try:
            lines = self.file(name).read_bytes().splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                found.append(event)
        return found

    def evaluation(self) -> dict[str, Any]:
        """Results of ``evaluate`` by split."""
        return read_json(self.file("evaluation.json")) or {}

    def checkpoint(self, which: Literal["best", "last"] = "best") -> Path | None:
        """The checkpoint file; the other one where this one is missing, None where there is none yet."""
        for name in (which, "last", "best"):
            path = self.file(f"checkpoints/{name}.safetensors")
            if path.is_file():
                return path
        return None

    def snapshots(self) -> dict[int, Path]:
        """The weights that were kept on the way, by finished epochs; 0 are the first ones."""
        found = {
            path.stem.removeprefix("epoch-"): path for path in self.file("checkpoints").glob("epoch-*.safetensors")
        }
        return {int(number): found[number] for number in sorted(filter(str.isdecimal, found), key=int)}

    def log(self, lines: int = 50) -> str:
        """The end of what the worker printed."""
        try:
            text = self.file("log.txt").read_bytes()[-200_000:].decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    # -------------------------------------------------------------- requests

    def request(self, word: Request) -> None:
        """Asks the worker to stop (with a checkpoint), to pause or to go on."""
        write_atomic(self.file("control.json"), _dumps({"request": word, "time": time.time()}))

    def requested(self) -> str | None:
        """What was last asked for."""
        return (read_json(self.file("control.json")) or {}).get("request")

    def clear_request(self) -> None:
        self.file("control.json").unlink(missing_ok=True)

    # -------------------------------------------------------------- writing

    def write_status(self, status: Status) -> None:
        """Replaces the status in one step; twice a second, and therefore without waiting for the disk."""
        temporary = self.file(".status.json")
        temporary.write_text(json.dumps(status.to_json(), ensure_ascii=False), encoding="utf-8")
        temporary.replace(self.file("status.json"))

    def write_info(self, info: Mapping[str, Any]) -> None:
        write_atomic(self.file("run.json"), _dumps(dict(info)))

    def write_evaluation(self, results: Mapping[str, Any]) -> None:
        write_atomic(self.file("evaluation.json"), _dumps(dict(results)))

    def add_to_log(self, text: str) -> None:
        with self.file("log.txt").open("a", encoding="utf-8") as file:
            file.write(text)

    def lock(self) -> int:
        """Holds the run until the file is closed or the process ends, however it ends; the open file.

        TrainError where a worker has it. A worker that was started for this run takes over the lock of who started it.
        """
        self.make_folder()
        handle = hold(self.file("lock"))
        if handle is None:
            raise TrainError(
                f"The run '{self.path}' is being trained by another process.", f"训练“{self.path}”正由另一个进程进行。"
            )
        return handle


_DIED = TrainError(
    "The training process ended without a word: it was killed, or the machine ran out of memory. "
    "Resume goes on from the last checkpoint; the log may say more.",
    "训练进程意外终止：可能被强行结束，或机器内存耗尽。可从最近的检查点继续；日志中或有更多信息。",
)


def runs(folder: str | Path) -> list[Run]:
    """The runs in a folder, newest first."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    found = [run for run in map(Run, folder.iterdir()) if run.exists]
    return sorted(found, key=lambda run: (run.info().get("created", 0), run.name), reverse=True)


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON file that holds an object; None where there is none, or it is half written."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _dumps(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
