"""The gallery's graphs: which there are, what they can be filtered by, and their numbers of parameters, counted later."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from builder.gallery import graph_files
from builder.graph import Graph, load, write_atomic
from builder.ui import catalogue as catalogues
from builder.ui import entry, workspace
from builder.ui.catalogue import Catalogue
from builder.ui.entry import Entry

FORMAT = 1

# Of methods, by the first and the last year: before deep networks could be trained, until attention replaced recurrence,
# until models of one form were scaled up, and since.
ERAS: dict[str, tuple[int, int]] = {
    "until-2011": (0, 2011),
    "2012-2016": (2012, 2016),
    "2017-2019": (2017, 2019),
    "since-2020": (2020, 9999),
}
SORTS = ("year", "newest", "title")


def entries(catalogue: Catalogue) -> list[Entry]:
    """All graphs of the gallery, by year and title."""
    found = [entry.read(path, catalogue) for path in graph_files(workspace.GALLERY)]
    return sorted(found, key=_by_year)


def _by_year(entry: Entry) -> tuple[int, str]:
    return entry.year or 9999, entry.title("en")


def tasks(found: Collection[Entry]) -> list[str]:
    """The tasks of these graphs, each once, the one with most graphs first."""
    all_tasks = [entry.task for entry in found if entry.task]
    return sorted(set(all_tasks), key=lambda task: (-all_tasks.count(task), task))


def era(entry: Entry) -> str:
    """The era of a graph's method; empty where the file has no year."""
    year = entry.year
    return next((name for name, (first, last) in ERAS.items() if year and first <= year <= last), "")


@dataclass(frozen=True)
class Filter:
    """What of the gallery is shown: any of these tasks and any of these eras (none: all) and every word of the query."""

    query: str = ""
    tasks: Collection[str] = field(default=())
    eras: Collection[str] = field(default=())

    def matches(self, entry: Entry) -> bool:
        in_tasks = not self.tasks or entry.task in self.tasks
        return in_tasks and (not self.eras or era(entry) in self.eras) and entry.says(self.query)

    def chosen(self, found: Collection[Entry], sort: str, language: str) -> list[Entry]:
        """The entries that match: ``year`` the oldest first, ``newest`` the latest first, or by ``title``."""
        shown = [entry for entry in found if self.matches(entry)]
        if sort == "title":
            return sorted(shown, key=lambda entry: entry.title(language).lower())
        return sorted(shown, key=_by_year, reverse=sort == "newest")


def find(name: str) -> Path | None:
    """The file of the graph that a link names; None where the gallery has none of this name."""
    return next((path for path in graph_files(workspace.GALLERY) if path.stem == name), None)


# ------------------------------------------------------------------ parameters: counting takes torch, so they are kept


def _counts_file() -> Path:
    return workspace.cache_folder() / "gallery.json"


def _stamp(path: Path) -> str:
    state = path.stat()
    return f"{FORMAT} {state.st_mtime_ns} {state.st_size} {catalogues.fingerprint()}"


def known_parameters(found: list[Entry]) -> dict[str, int | None]:
    """The parameters of the graphs by name, as far as they were counted: None for one that does not check."""
    try:
        kept = json.loads(_counts_file().read_bytes())
        return {e.name: kept[e.name][1] for e in found if kept.get(e.name, [""])[0] == _stamp(e.path)}
    except (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
    ):  # none yet, or from another version: counted again
        return {}


def count_parameters(found: list[Entry], seconds: float) -> None:
    """Counts the parameters of these graphs for as long as ``seconds``, and keeps them."""
    from builder.compiler import check

    def count(graph: Graph) -> int | None:
        report = check(graph)
        return report.parameters if report.ok else None

    deadline = time.monotonic() + seconds
    known = known_parameters(found)
    for each in found:
        if each.name not in known and time.monotonic() < deadline:
            known[each.name] = None if each.error else count(load(each.path))
    counted = {e.name: [_stamp(e.path), known[e.name]] for e in found if e.name in known}
    write_atomic(_counts_file(), json.dumps(counted))
