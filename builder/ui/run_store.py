"""The runs of the workspace: where they lie, what a list shows of them, renaming, deleting and bringing back.

Only files are read here, so a list of runs needs no torch.
"""

from __future__ import annotations

import functools
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.graph import Graph, GraphError
from builder.train import Run, Status, TrainError, runs, start
from builder.train.plan import fingerprint
from builder.train.run import History
from builder.ui import workspace
from builder.ui.text import text

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
KEPT_DELETED = 30
MAX_LABEL = 80


@dataclass(frozen=True)
class Summary:
    """What a list shows of a run."""

    run: Run
    info: dict[str, Any]
    status: Status

    @property
    def name(self) -> str:
        return self.run.name

    def title(self, language: str) -> str:
        """The name that a person gave it, else its graph's title."""
        titles = (
            self.info.get("label"),
            self.info.get("title_zh") if language == "zh" else None,
            self.info.get("title"),
        )
        return next((str(title) for title in titles if title), text("untitled", language))

    @property
    def created(self) -> float:
        return _number(self.info.get("created"))

    @property
    def seed(self) -> int:
        return int(_number(self.info.get("seed")))

    @property
    def ended_early(self) -> bool:
        """Whether a strategy of the graph ended the training."""
        return bool(self.status.ended_by)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def folder() -> Path:
    """Where the runs lie."""
    return workspace.root() / "runs"


def _bin() -> Path:
    return workspace.root() / "deleted-runs"


def find(name: str | None) -> Run | None:
    """The run of a name that came from an address; None where there is none, or it could not be one."""
    if not name or not NAME.fullmatch(name):
        return None
    run = Run(folder() / name)
    return run if run.exists else None


def summary(run: Run) -> Summary:
    """What is known of a run now."""
    return Summary(run, run.info(), run.status())


def every() -> list[Summary]:
    """All runs, the newest first. A folder that something else put there is left out."""
    return [summary(run) for run in runs(folder()) if NAME.fullmatch(run.name)]


def of_graph(graph: Graph) -> list[Summary]:
    """The runs that train exactly this graph, the newest first."""
    wanted = fingerprint(graph)
    return [found for found in every() if found.info.get("fingerprint") == wanted]


def begin(graph: Graph) -> Run:
    """Starts a training of the graph, with the epochs and the seed of its settings, in a process of its own."""
    return start(graph, _new_path(graph))


def _new_path(graph: Graph) -> Path:
    words = re.findall(r"[a-z0-9]+", str(graph.meta.get("title") or "").lower())
    stem = "-".join(words)[:40].strip("-") or "run"
    base = folder() / f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    path, number = base, 2
    while path.exists() or (_bin() / path.name).exists():
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path


def history(run: Run) -> History:
    """What the run has logged; the file is read again only when it has changed. Not to be changed."""
    try:
        state = run.file("metrics.jsonl").stat()
    except OSError:
        return History([], [])
    return _history(run.path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=64)
def _history(path: Path, _changed: int, _size: int) -> History:
    return Run(path).history()


def graph_of(run: Run) -> Graph | None:
    """The graph that is trained; None where its file cannot be read."""
    try:
        return _graph(run.path, run.file("graph.json").stat().st_mtime_ns)
    except (OSError, GraphError):
        return None


@functools.lru_cache(maxsize=64)
def _graph(path: Path, _changed: int) -> Graph:
    return Run(path).graph()


def rename(run: Run, label: str) -> None:
    """Gives a run a name of its own; an empty one gives the graph's title back."""
    info = run.info()
    info["label"] = " ".join(label.split())[:MAX_LABEL]
    run.write_info(info)


def delete(run: Run) -> None:
    """Puts a run where ``bring_back`` finds it; TrainError where it is still being trained."""
    if run.status().alive:
        raise TrainError(
            "This run is still being trained: stop it before it is deleted.", "该训练仍在进行：请先停止，再删除。"
        )
    _bin().mkdir(parents=True, exist_ok=True)
    run.path.rename(_bin() / run.name)
    kept = sorted(_bin().iterdir(), key=lambda path: path.stat().st_ctime, reverse=True)
    for old in kept[KEPT_DELETED:]:
        shutil.rmtree(old)


def bring_back(name: str) -> Run | None:
    """Takes a deleted run back; None where it is gone."""
    path = _bin() / name
    if not NAME.fullmatch(name) or not path.is_dir() or (folder() / name).exists():
        return None
    folder().mkdir(parents=True, exist_ok=True)
    path.rename(folder() / name)
    return Run(folder() / name)
