"""Earlier states of saved graphs, a file each: ``graphs/.versions/<name>/<time>-<hash>.json``. Plain files, no views."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from builder.graph import Graph, load, write_atomic
from builder.ui import workspace

KEPT = 100
_FILE = re.compile(r"(\d{8}T\d{12})-([0-9a-f]{16})\.json")
_TIME = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True)
class Version:
    """A state that a graph once had. ``time`` is when it was saved, in seconds; ``digest`` names its content."""

    path: Path
    time: float
    digest: str

    def graph(self) -> Graph:
        """The graph of that time; GraphError where the file cannot be read."""
        return load(self.path)


def folder(name: str) -> Path:
    """Where the versions of a graph lie; GraphError where the name is none, or a link leads out of the workspace."""
    file = workspace.graph_file(name)
    return workspace.inside(file.parent / ".versions" / file.name.removesuffix(".json"), file.parent)


def of(name: str) -> list[Version]:
    """The versions of a graph, the latest first."""
    found = []
    for path in folder(name).glob("*.json"):
        match = _FILE.fullmatch(path.name)
        if match and path.is_file() and not path.is_symlink():
            time = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC).timestamp()
            found.append(Version(path, time, match[2]))
    return sorted(found, key=lambda version: version.path.name, reverse=True)


def keep(name: str, content: bytes, time: float) -> None:
    """Keeps a state of a graph that was saved at a time. One that is there already is kept once, with the later time.

    Raises:
        GraphError: the name is none.
        OSError: the folder cannot be written.
    """
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = folder(name) / f"{datetime.fromtimestamp(time, UTC).strftime(_TIME)}-{digest}.json"
    before = of(name)
    write_atomic(path, content)
    for same in before:
        if same.digest == digest and same.path != path:
            older = min(same.path, path, key=lambda p: p.name)
            older.unlink(missing_ok=True)
    while len(found := of(name)) > KEPT:
        _superfluous(found).path.unlink(missing_ok=True)


def _superfluous(found: list[Version]) -> Version:
    """Of the older half, the one between the two that are closest in time: the first state and the last ones all stay."""
    old = found[KEPT // 2 :]
    gap = [old[i - 1].time - old[i + 1].time for i in range(1, len(old) - 1)]
    return old[1 + gap.index(min(gap))]
