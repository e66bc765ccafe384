"""The gallery's graphs as plain data for cards and links. Reading them needs no torch; parameters are counted later."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.gallery import graph_files
from builder.graph import Graph, GraphError, load, write_atomic
from builder.ui import catalogue as catalogues
from builder.ui import workspace
from builder.ui.catalogue import Catalogue
from builder.ui.thumbnail import thumbnail

FORMAT = 1

# What graphs are for, in the order of the page, each with words of the tasks that belong to it; the last has all others.
AREAS: dict[str, tuple[str, ...]] = {
    "classify": ("classification",),
    "generate": ("generation", "reconstruction", "language modelling", "density"),
    "sequences": ("sequence", "combinatorial"),
    "represent": ("self-supervised", "metric learning", "representation", "contrastive"),
    "beyond": (),
}
OTHERS = "beyond"


@dataclass(frozen=True)
class Entry:
    """One graph of the gallery; ``error`` says in (English, Chinese) why its file cannot be opened."""

    name: str
    path: Path
    meta: dict[str, Any]
    nodes: int = 0
    epochs: int | None = None
    drawing: str = ""
    words: str = ""
    error: tuple[str, str] | None = None

    def meta_text(self, key: str, language: str) -> str:
        """A text of the graph's metadata in a language, as far as the file has it."""
        chosen = self.meta.get(f"{key}_zh") if language == "zh" else None
        return str(chosen or self.meta.get(key) or "")

    def title(self, language: str) -> str:
        return self.meta_text("title", language) or self.name

    @property
    def order(self) -> tuple[str, str]:
        """By the year, then by the title."""
        return str(self.meta.get("era") or "9999"), self.title("en")

    @property
    def area(self) -> str:
        """What the graph is for, by its task."""
        task = str(self.meta.get("task") or "").lower()
        return next((area for area, words in AREAS.items() if any(word in task for word in words)), OTHERS)

    def matches(self, query: str, area: str | None) -> bool:
        """Whether the area is the one asked for, and every word of the query is said of the graph or its components."""
        return (area is None or self.area == area) and all(word in self.words for word in query.lower().split())


def entries(catalogue: Catalogue) -> list[Entry]:
    """All graphs of the gallery in their order; a file is read again only when it, or the components, have changed."""
    found = []
    for path in graph_files(workspace.GALLERY):
        changed = path.stat().st_mtime_ns
        kept = _READ.get(path)
        if kept is None or kept[0] != changed or kept[1] is not catalogue:
            kept = _READ[path] = (changed, catalogue, _read(path, catalogue))
        found.append(kept[2])
    return sorted(found, key=lambda entry: entry.order)


_READ: dict[Path, tuple[int, Catalogue, Entry]] = {}


def _read(path: Path, catalogue: Catalogue) -> Entry:
    try:
        graph = load(path)
    except GraphError as error:
        return Entry(path.stem, path, {}, words=path.stem.lower(), error=(error.message, error.message_zh))
    meta = dict(graph.meta)
    components = {data["component"] for part in (graph, *graph.blocks.values()) for _, data in part.nodes(data=True)}
    labels = [f"{c.name} {c.name_zh} {c.family}" for id in components if (c := catalogue.get(id)) is not None]
    words = " ".join([path.stem, *map(str, meta.values()), *labels]).lower()
    epochs = graph.training.get("epochs")
    drawing = thumbnail(graph, catalogue)
    return Entry(path.stem, path, meta, len(graph), epochs if isinstance(epochs, int) else None, drawing, words)


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
    for entry in found:
        if entry.name not in known and time.monotonic() < deadline:
            known[entry.name] = None if entry.error else count(load(entry.path))
    counted = {e.name: [_stamp(e.path), known[e.name]] for e in found if e.name in known}
    write_atomic(_counts_file(), json.dumps(counted))
