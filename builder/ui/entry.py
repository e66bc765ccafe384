"""A graph file as plain data for a card: what it says of itself, its size, a drawing. Reading it needs no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.graph import Graph, GraphError, load
from builder.ui.catalogue import Catalogue
from builder.ui.thumbnail import thumbnail

MOST = 2000  # entries in memory


@dataclass(frozen=True)
class Entry:
    """``error`` says in (English, Chinese) why the file cannot be opened."""

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
    def task(self) -> str:
        """What the graph is for; empty where the file does not say."""
        return str(self.meta.get("task") or "")

    @property
    def year(self) -> int | None:
        """The year of the method, as far as the file has it."""
        year = self.meta.get("year")
        return year if isinstance(year, int) else None

    def says(self, query: str) -> bool:
        """Whether every word of the query is said of the graph or its components, in either language."""
        return all(word in self.words for word in query.lower().split())


def read(path: Path, catalogue: Catalogue, load: Callable[[Path], Graph] = load) -> Entry:
    """What a graph file says. It is read again only when it, or the components, have changed.

    Raises:
        FileNotFoundError: there is no such file.
    """
    state = path.stat()
    stamp = state.st_mtime_ns, state.st_size
    kept = _READ.get(path)
    if kept is None or kept[0] != stamp or kept[1] is not catalogue:
        while len(_READ) >= MOST:
            _READ.pop(next(iter(_READ)))
        kept = _READ[path] = (stamp, catalogue, _read(path, catalogue, load))
    return kept[2]


_READ: dict[Path, tuple[tuple[int, int], Catalogue, Entry]] = {}


def _read(path: Path, catalogue: Catalogue, load: Callable[[Path], Graph]) -> Entry:
    name = path.name.removesuffix(".json")
    try:
        graph = load(path)
    except GraphError as error:
        return Entry(name, path, {}, words=name.lower(), error=(error.message, error.message_zh))
    meta = dict(graph.meta)
    components = {data["component"] for part in (graph, *graph.blocks.values()) for _, data in part.nodes(data=True)}
    labels = [f"{c.name} {c.name_zh} {c.family}" for id in components if (c := catalogue.get(id)) is not None]
    words = " ".join([name, *map(str, meta.values()), *labels]).lower()
    epochs = graph.training.get("epochs")
    drawing = thumbnail(graph, catalogue)
    return Entry(name, path, meta, len(graph), epochs if isinstance(epochs, int) else None, drawing, words)
