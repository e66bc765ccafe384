"""The comparisons of the workspace: where they lie, starting, deleting and bringing back. Only files are read here."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from typing import Any

from builder.comparison import ComparisonFolder, Plan, Progress, home, start
from builder.comparison.plan import PLACES, Place
from builder.graph import Graph, GraphError
from builder.train import TrainError
from builder.ui import run_store, workspace
from builder.ui.text import text

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
KEPT_DELETED = 20


@dataclass(frozen=True)
class Entry:
    """What a list shows of a comparison; ``plan`` is None where it cannot be read, and ``error`` says why."""

    folder: ComparisonFolder
    info: dict[str, Any]
    progress: Progress
    plan: Plan | None
    error: GraphError | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def created(self) -> float:
        value = self.info.get("created")
        return float(value) if isinstance(value, int | float) else 0.0

    @property
    def place(self) -> Place:
        """What the choices take."""
        found = self.info.get("place")
        return found if found in PLACES else "component"

    def title(self, language: str) -> str:
        """The title of the plan, else what is compared where."""
        if self.plan is None:
            return self.about(language) or self.name
        own = (self.plan.title_zh if language == "zh" else "") or self.plan.title
        what = text(f"comparison_place_{self.place}", language)
        return own or text("comparison_at", language, what=what, node=", ".join(self.plan.nodes))

    def about(self, language: str) -> str:
        """The title of the graph."""
        chosen = self.info.get("graph_title_zh") if language == "zh" else ""
        return str(chosen or self.info.get("graph_title") or "")


def entry(folder: ComparisonFolder) -> Entry:
    """What is known of a comparison now."""
    try:
        plan, error = folder.plan(), None
    except GraphError as found:
        plan, error = None, found
    return Entry(folder, folder.info(), folder.progress(), plan, error)


def every() -> list[Entry]:
    """All comparisons, the newest first. A folder that something else put there is left out."""
    if not home().is_dir():
        return []
    folders = [ComparisonFolder(path) for path in home().iterdir() if NAME.fullmatch(path.name)]
    return sorted((entry(f) for f in folders if f.exists), key=lambda e: (e.created, e.name), reverse=True)


def find(name: str | None) -> Entry | None:
    """The comparison of a name that came from an address; None where there is none, or it could not be one."""
    if not name or not NAME.fullmatch(name):
        return None
    folder = ComparisonFolder(home() / name)
    return entry(folder) if folder.exists else None


def begin(graph: Graph, plan: Plan) -> ComparisonFolder:
    """Starts a comparison in a process of its own."""
    words = re.findall(r"[a-z0-9]+", f"{graph.meta.get('title') or ''} {plan.name or plan.nodes[0]}".lower())
    stem = f"{'-'.join(words)[-50:].strip('-') or 'comparison'}-{time.strftime('%Y%m%d-%H%M%S')}"
    path, number = home() / stem, 2
    while path.exists() or (_bin() / path.name).exists():
        path, number = home() / f"{stem}-{number}", number + 1
    return start(graph, plan, path)


def seconds_of_an_epoch(graph: Graph) -> float | None:
    """The time of an epoch in the last run of exactly this graph; None where there is none."""
    statuses = (summary.status for summary in run_store.of_graph(graph))
    return next((status.seconds / status.epoch for status in statuses if status.epoch and status.seconds), None)


def _bin() -> Any:
    return workspace.root() / "deleted-comparisons"


def delete(found: Entry) -> None:
    """Puts a comparison where ``bring_back`` finds it; TrainError where it is still being trained."""
    if found.folder.progress().alive:
        raise TrainError(
            "This comparison is still going on: stop it before it is deleted.", "该对比仍在进行：请先停止，再删除。"
        )
    _bin().mkdir(parents=True, exist_ok=True)
    found.folder.path.rename(_bin() / found.name)
    for old in sorted(_bin().iterdir(), key=lambda path: path.stat().st_ctime, reverse=True)[KEPT_DELETED:]:
        shutil.rmtree(old)


def bring_back(name: str) -> None:
    """Takes a deleted comparison back; GraphError where that is not possible."""
    path = _bin() / name
    if not NAME.fullmatch(name) or not path.is_dir() or (home() / name).exists():
        raise GraphError("It cannot be brought back any more.", "已无法恢复。")
    home().mkdir(parents=True, exist_ok=True)
    path.rename(home() / name)
