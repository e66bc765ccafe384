"""The folder of a comparison. Read by views, written by the process that trains. Imports no torch.

graph.json                the graph
plan.json                 what is compared, and when it was made
status.json               where it is; replaced in one step
<choice>/seed<k>/         the run folder of a training
comparison.json, .html    the result
control.json              there, while someone asks to stop
log.txt                   what the process printed
lock                      locked by the process for as long as it lives
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from builder.comparison.figures import Comparison
from builder.comparison.plan import Choice, Plan
from builder.graph import Graph, dumps, load, write_atomic
from builder.train import Run, TrainError
from builder.train.lock import hold, locked
from builder.train.plan import fingerprint
from builder.train.run import read_json
from components.data._workspace import workspace

RESULT, PICTURE = "comparison.json", "comparison.html"
State = Literal["starting", "running", "stopped", "finished", "failed", "crashed", "unknown"]
ALIVE: tuple[State, ...] = ("starting", "running")


@dataclass
class Progress:
    """Where a comparison is. ``crashed`` is never written: a reader sees it where the process died without a word."""

    state: State = "starting"
    choice: str = ""
    """The choice that is trained, and the seed."""
    seed: int = 0
    done: int = 0
    """Trainings that have ended."""
    total: int = 0
    error: dict[str, str] | None = None

    @property
    def alive(self) -> bool:
        """Whether a process is at work."""
        return self.state in ALIVE


_PROGRESS = TypeAdapter(Progress)
_RESULT = TypeAdapter(Comparison)


class ComparisonFolder:
    """A comparison on disk. Reading never fails on a file that is missing or half written, except the graph and the plan."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def file(self, name: str) -> Path:
        return self.path / name

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def exists(self) -> bool:
        return self.file("plan.json").is_file()

    def run(self, choice: Choice, seed: int) -> Run:
        """The run folder of a training, whether it exists or not."""
        return Run(self.path / choice.folder / f"seed{seed}")

    # -------------------------------------------------------------- reading

    def graph(self) -> Graph:
        """The graph; GraphError where it cannot be read."""
        return load(self.file("graph.json"))

    def plan(self) -> Plan:
        """What is compared; GraphError where it cannot be read."""
        return Plan.from_json(self.info())

    def info(self) -> dict[str, Any]:
        """The plan as it is written, with its ``place``, and titles and ``fingerprint`` of the graph."""
        return read_json(self.file("plan.json")) or {}

    def progress(self) -> Progress:
        """Where it is."""
        found = self._progress()
        if found.alive and not locked(self.file("lock")):
            found = self._progress()  # it may have ended between the two looks
            if found.alive:
                found.state, found.error = "crashed", _DIED.to_json()
        return found

    def _progress(self) -> Progress:
        try:
            return _PROGRESS.validate_python(read_json(self.file("status.json")))
        except ValidationError:
            return Progress("unknown")

    def result(self) -> Comparison | None:
        """What was found; None as long as it is not finished."""
        try:
            return _RESULT.validate_python(read_json(self.file(RESULT)))
        except ValidationError:
            return None

    # -------------------------------------------------------------- writing

    def prepare(self, graph: Graph, plan: Plan) -> None:
        """Writes the graph and the plan; what was trained before for the same graph stays.

        Raises:
            GraphError: the choices are none, or take different places.
            TrainError: the folder is that of another graph.
        """
        before = self.info()
        if before.get("fingerprint", fingerprint(graph)) != fingerprint(graph):
            raise TrainError(
                f"The folder '{self.path}' holds a comparison of another graph. Choose another folder.",
                f"文件夹“{self.path}”中是另一张图的比较。请另选文件夹。",
            )
        titles = {f"graph_{key}": graph.meta[key] for key in ("title", "title_zh") if graph.meta.get(key)}
        info = {"created": time.time(), **before, **titles, **plan.to_json()}
        info |= {"place": plan.place, "fingerprint": fingerprint(graph)}
        for name in {"name", "title", "title_zh", "epochs"} - set(plan.to_json()):
            info.pop(name, None)
        write_atomic(self.file("graph.json"), dumps(graph))
        write_atomic(self.file("plan.json"), _dumps(info))
        self.file(RESULT).unlink(missing_ok=True)

    def write(self, progress: Progress) -> None:
        """Says where it is."""
        write_atomic(self.file("status.json"), _dumps(asdict(progress)))

    # -------------------------------------------------------------- who is at work

    def lock(self) -> int:
        """Holds the folder until the file is closed or the process ends; TrainError where another process has it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainError(
                f"Cannot make the folder '{self.path}': {error.strerror}.",
                f"无法创建文件夹“{self.path}”：{error.strerror}。",
            ) from None
        handle = hold(self.file("lock"))
        if handle is None:
            raise TrainError(
                f"The comparison '{self.path}' is being trained by another process.",
                f"比较“{self.path}”正由另一个进程进行。",
            )
        return handle

    def ask_to_stop(self) -> None:
        """Asks the process to stop; the training that goes on writes a checkpoint, from which it goes on later."""
        write_atomic(self.file("control.json"), _dumps({"request": "stop", "time": time.time()}))

    def asked_to_stop(self) -> bool:
        return self.file("control.json").exists()

    def clear_request(self) -> None:
        self.file("control.json").unlink(missing_ok=True)


def home() -> Path:
    """The folder of a workspace's comparisons."""
    return workspace() / "comparisons"


def default_folder(file: str | Path, plan: Plan) -> Path:
    """Where a comparison of a graph file lies if nothing else is said: always the same place, so that it can go on."""
    words = [Path(file).stem, plan.name or "_".join(plan.nodes)]
    return home() / re.sub(r"[^A-Za-z0-9_.-]+", "_", "-".join(dict.fromkeys(words)))[:100].strip("_.")


_DIED = TrainError(
    "The process ended without a word: it was killed, or the machine ran out of memory. Nothing that was trained is lost: go on.",
    "进程意外终止：可能被强行结束，或机器内存耗尽。已训练的部分不会丢失，可以继续。",
)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
