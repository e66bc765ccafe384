"""Where a person's files lie: saved graphs, autosaves and caches, all below one folder."""

from __future__ import annotations

import re
from pathlib import Path

from builder.graph import GraphError
from components.data._workspace import workspace as root

__all__ = [
    "GALLERY", "autosave_folder", "bin_folder", "cache_folder", "graph_file", "graph_name", "graphs_folder", "inside",
    "keep_latest", "root",
]  # fmt: skip

GALLERY = Path(__file__).resolve().parents[2] / "graphs"
NAME = re.compile(r"[\w][\w \-.()+]{0,79}")


def graphs_folder() -> Path:
    """The folder of saved graphs."""
    return root() / "graphs"


def bin_folder() -> Path:
    """The folder of deleted graphs, a folder each."""
    return root() / "bin"


def autosave_folder() -> Path:
    """The folder of unsaved work, a file a desk."""
    return root() / "autosave"


def cache_folder() -> Path:
    """The folder of what can be computed again."""
    return root() / "cache"


def graph_file(name: str) -> Path:
    """The file of a saved graph, whether it exists or not.

    Raises:
        GraphError: the name could not be one (a path, a dot file, too long), or it is a link that leads out of the folder.
    """
    name = name.strip().removesuffix(".json")
    if not NAME.fullmatch(name) or name != name.rstrip(" ."):
        raise GraphError(
            f"A graph's name must be letters, digits, spaces and any of '-_.()+' (at most 80, a letter or digit first). "
            f"Got {name!r:.100}.",
            f"图的名称只能包含文字、数字、空格和“-_.()+”（最多 80 个字符，以文字或数字开头）。收到 {name!r:.100}。",
        )
    return inside(graphs_folder() / f"{name}.json", graphs_folder())


def graph_name(path: Path) -> str | None:
    """The name of a saved graph by its file; None where the file is not one that could have been saved here."""
    name = path.name.removesuffix(".json")
    try:
        return name if path.is_file() and graph_file(name) == path else None
    except GraphError:
        return None


def inside(path: Path, folder: Path) -> Path:
    """The path as it is; GraphError where a link on the way leads out of the folder."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise GraphError(
            f"'{path.name}' is a link that leads out of the workspace; it is left alone.",
            f"“{path.name}”是指向工作区之外的链接，不会被使用。",
        )
    return path


def keep_latest(folder: Path, count: int) -> None:
    """Deletes the files of a folder but those of the ``count`` names that were written last; a name ends at its first dot."""
    last: dict[str, float] = {}
    files = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]  # those are being written
    for path in files:
        name = path.name.partition(".")[0]
        last[name] = max(last.get(name, 0.0), path.stat().st_mtime)
    kept = sorted(last, key=last.__getitem__, reverse=True)[:count]
    for path in files:
        if path.name.partition(".")[0] not in kept:
            path.unlink(missing_ok=True)
