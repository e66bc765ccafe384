"""The example graphs below ``graphs/`` as entries of the palette's list. Reads only metadata; imports no torch."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.graph import GraphError
from builder.graph.file import MAX_BYTES, migrate, parse

FOLDER = Path(__file__).resolve().parents[1] / "graphs"


@dataclass(frozen=True)
class GalleryEntry:
    """A graph of the gallery: its file and what the file says about itself."""

    path: Path
    meta: dict[str, Any]
    components: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """The catalogue's id where the file names it in ``meta``, else ``model_`` and the file's name."""
        return self._text("id") or f"model_{self.path.stem}"

    @property
    def kind(self) -> str:
        return "block" if self._text("kind") == "block" else "model"

    @property
    def title(self) -> str:
        return self._text("title") or self.path.stem

    @property
    def title_zh(self) -> str:
        return self._text("title_zh") or self.title

    def _text(self, key: str) -> str:
        value = self.meta.get(key)
        return value if isinstance(value, str) else ""

    def describe(self) -> dict[str, Any]:
        """The entry as plain data, with the keys of ``Component.describe``. A graph has no parameters of its own."""
        return {
            "id": self.id,
            "kind": self.kind,
            "family": self._text("task") or "Model",
            "name": self.title,
            "name_zh": self.title_zh,
            "params": {"type": "object", "title": self.id, "properties": {}, "additionalProperties": False},
            "inputs": [],
            "outputs": [],
            "numbered_outputs": None,
            "source": self._text("source"),
            "summary": self._text("description"),
            "summary_zh": self._text("description_zh") or self._text("description"),
            "graph": self.path.name if FOLDER not in self.path.parents else str(self.path.relative_to(FOLDER.parent)),
        }


def graph_files(folder: Path = FOLDER) -> list[Path]:
    """The graph files below a folder, in the order of their paths; the runs that some of them start from are none."""
    return sorted(path for path in folder.rglob("*.json") if "runs" not in path.relative_to(folder).parts[:-1])


def entries(folder: Path = FOLDER) -> list[GalleryEntry]:
    """Every graph file below a folder, in the order of their ids.

    Raises:
        GraphError: a file that is no graph file; the message names it.
    """
    return sorted((_read(path) for path in graph_files(folder)), key=lambda entry: entry.id)


def users(component: str, folder: Path = FOLDER) -> list[GalleryEntry]:
    """The graphs with a node of a component, the smallest first. A file that is no graph file is left out."""
    kept = (_kept(path, path.stat().st_mtime_ns) for path in graph_files(folder))
    found = [entry for entry in kept if entry is not None and component in entry.components]
    return sorted(found, key=lambda entry: (len(entry.components), entry.id))


@functools.lru_cache(maxsize=1000)
def _kept(path: Path, changed: int) -> GalleryEntry | None:
    """What is known of a file in the state that it had at a time (in ns)."""
    try:
        return _read(path)
    except GraphError:
        return None


def _read(path: Path) -> GalleryEntry:
    try:
        with path.open("rb") as stream:
            document = migrate(parse(stream.read(MAX_BYTES + 1)))
    except GraphError as error:
        raise GraphError(f"{path}: {error.message}", f"{path}：{error.message_zh}") from None
    meta = document.get("meta")
    return GalleryEntry(path, meta if isinstance(meta, dict) else {}, _components(document))


def _components(document: Mapping[str, Any]) -> frozenset[str]:
    """The components of a graph's nodes and of those in its blocks; whatever is not as it should be has none."""
    blocks = document.get("blocks")
    parts = [document, *(blocks.values() if isinstance(blocks, Mapping) else ())]
    nodes = [part.get("nodes") for part in parts if isinstance(part, Mapping)]
    every = [node for some in nodes if isinstance(some, list) for node in some if isinstance(node, Mapping)]
    return frozenset(node["component"] for node in every if isinstance(node.get("component"), str))
