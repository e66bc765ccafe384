"""Where a person's files lie: saved graphs, autosaves and caches, all below one folder."""

from __future__ import annotations

import re
from pathlib import Path

from builder.graph import GraphError
from components.data._workspace import workspace as root

__all__ = ["GALLERY", "autosave_folder", "cache_folder", "graph_file", "graphs_folder", "root", "saved_graphs"]

GALLERY = Path(__file__).resolve().parents[2] / "graphs"
NAME = re.compile(r"[\w][\w \-]{0,79}")


def graphs_folder() -> Path:
    """The folder of saved graphs."""
    return root() / "graphs"


def autosave_folder() -> Path:
    """The folder of unsaved work, a file a desk."""
    return root() / "autosave"


def cache_folder() -> Path:
    """The folder of what can be computed again."""
    return root() / "cache"


def graph_file(name: str) -> Path:
    """The file of a saved graph; GraphError where the name could not be one (a path, a dot file, too long)."""
    name = name.strip().removesuffix(".json")
    if not NAME.fullmatch(name):
        raise GraphError(
            f"A graph's name must be letters, digits, spaces, '-' and '_' (at most 80). Got {name!r:.100}.",
            f"图的名称只能包含文字、数字、空格、“-”和“_”（最多 80 个字符）。收到 {name!r:.100}。",
        )
    return graphs_folder() / f"{name}.json"


def saved_graphs() -> list[Path]:
    """The saved graphs, the newest first."""
    return sorted(graphs_folder().glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
