"""Files that people upload: kept in the workspace's data folder under a safe name."""

from __future__ import annotations

import re
from pathlib import Path

from builder.graph import write_atomic
from builder.ui import workspace
from components.data._workspace import resolve

SUFFIXES = {"data_csv": (".csv", ".tsv", ".txt"), "data_image_folder": (".zip",)}
MAX_STEM = 60


def folder() -> Path:
    """Where uploads lie."""
    return workspace.root() / "data"


def stored(component: str) -> list[str]:
    """The names of the files that a component can read, the latest first."""
    found = [p for p in folder().glob("*") if p.suffix.lower() in SUFFIXES[component] and p.is_file()]
    return [p.name for p in sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)]


def keep(name: str, content: bytes) -> str:
    """Stores an upload; the name that it has now. Other content of the same name is never written over."""
    given = Path(name.replace("\\", "/")).name
    stem = re.sub(r"[^\w.\- ]+", "_", Path(given).stem).strip(" ._")[:MAX_STEM] or "data"
    suffix = re.sub(r"[^a-z0-9.]", "", Path(given).suffix.lower())
    chosen, number = f"{stem}{suffix}", 2
    while (path := resolve(chosen)).exists():
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return chosen
        chosen, number = f"{stem}-{number}{suffix}", number + 1
    write_atomic(path, content)
    return chosen
