"""What palette and canvas need to know of every component, as plain data: reading it needs neither torch nor the registry.

It is derived from the registry and kept in the workspace's cache, under a fingerprint of the components' source files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import components
from builder.graph import write_atomic
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph
from builder.ui import workspace
from components.glossary import kind_label

SOURCE = Path(components.__file__).parent
IN_SETTINGS = ("init", "parametrization")  # kinds that are chosen in the settings of a node, not placed on the canvas
BATCHES = "batches"  # the tag of samplers that are a setting of a data set
FORMAT = 2


@dataclass(frozen=True)
class PortInfo:
    """A port as the canvas draws it."""

    name: str
    optional: bool = False
    variadic: bool = False
    kind: str = "tensor"


@dataclass(frozen=True)
class BlockInfo:
    """A parameter that is a part of the graph; the words say what it takes and gives: ``x: B *, t: B``."""

    name: str
    takes: str
    gives: str


@dataclass(frozen=True)
class Entry:
    """A component as palette and canvas show it. ``numbered`` is (prefix, counting parameter, default count).

    ``placed`` says that it is a card of the palette; others are chosen in the settings of nodes.
    """

    id: str
    kind: str
    family: str
    name: str
    name_zh: str
    help: str
    help_zh: str
    keywords: str
    inputs: tuple[PortInfo, ...] = ()
    outputs: tuple[PortInfo, ...] = ()
    numbered: tuple[str, str, int] | None = None
    blocks: tuple[BlockInfo, ...] = ()
    placed: bool = True

    def label(self, language: str) -> str:
        return self.name_zh if language == "zh" else self.name

    def outputs_for(self, params: Mapping[str, Any]) -> tuple[PortInfo, ...]:
        """The output ports under these values, where a parameter counts them."""
        if self.numbered is None:
            return self.outputs
        prefix, counter, count = self.numbered
        value = params.get(counter, count)
        if isinstance(value, list | tuple):
            value = len(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 256:
            return self.outputs
        return tuple(PortInfo(f"{prefix}{i}") for i in range(1, value + 1))


class Catalogue(Mapping[str, Entry]):
    """All components by id."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = {entry.id: entry for entry in entries}

    def __getitem__(self, id: str) -> Entry:
        return self._entries[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def ports(
        self, component: str, params: Mapping[str, Any], blocks: Mapping[str, Graph]
    ) -> tuple[tuple[PortInfo, ...], tuple[PortInfo, ...]] | None:
        """The input and output ports of a node; None where its component or block is unknown."""
        if component == PORT_IN:
            return (), (PortInfo("y"),)
        if component == PORT_OUT:
            return (PortInfo("x"),), ()
        if component.startswith(BLOCK_PREFIX):
            block = blocks.get(component.removeprefix(BLOCK_PREFIX))
            if block is None:
                return None
            found = {
                kind: [n for n, d in block.nodes(data=True) if d["component"] == kind] for kind in (PORT_IN, PORT_OUT)
            }
            return tuple(map(PortInfo, found[PORT_IN])), tuple(map(PortInfo, found[PORT_OUT]))
        entry = self.get(component)
        return None if entry is None else (entry.inputs, entry.outputs_for(params))


def from_registry() -> Catalogue:
    """The catalogue of the components in this process. Imports every component, and so torch."""
    from components import registry
    from components.spec import Component, Port

    def ports(given: Mapping[str, Port]) -> tuple[PortInfo, ...]:
        return tuple(PortInfo(p.name, p.optional, p.variadic, p.dims.kind) for p in given.values())

    def numbered(component: Component) -> tuple[str, str, int] | None:
        if component.numbered is None:
            return None
        return component.numbered.prefix, component.numbered.count, len(component.outputs)

    return Catalogue(
        [
            Entry(
                c.id, c.kind, c.family, c.name, c.name_zh, c.doc.summary, c.help_zh, _keywords(c.keywords, c.kind),
                ports(c.inputs), ports(c.outputs), numbered(c),
                tuple(BlockInfo(p.name, p.block.inputs, p.block.outputs) for p in c.parameters.values() if p.block),
                c.kind not in IN_SETTINGS and BATCHES not in c.tags,
            )
            for c in registry.all_components().values()
        ]
    )  # fmt: skip


def _keywords(keywords: str, kind: str) -> str:
    return " ".join(filter(None, (keywords, kind_label(kind, "en").lower(), kind_label(kind, "zh"))))


def fingerprint() -> str:
    """Changes whenever a file below ``components`` does."""
    digest = hashlib.sha256(f"{FORMAT}".encode())
    for path in sorted(SOURCE.rglob("*.py")):
        status = path.stat()
        digest.update(f"{path.relative_to(SOURCE)} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.hexdigest()


def _file() -> Path:
    return workspace.cache_folder() / "catalogue.json"


def read_cache() -> Catalogue | None:
    """The kept catalogue; None where there is none, or the components have changed since."""
    try:
        data = json.loads(_file().read_bytes())
        if data["fingerprint"] != fingerprint():
            return None
        return Catalogue([_entry(item) for item in data["entries"]])
    except (OSError, ValueError, KeyError, TypeError):  # missing, or written by another version: it is built again
        return None


def _entry(item: dict[str, Any]) -> Entry:
    ports = {side: tuple(PortInfo(**p) for p in item[side]) for side in ("inputs", "outputs")}
    numbered = item["numbered"] and tuple(item["numbered"])
    blocks = tuple(BlockInfo(**block) for block in item["blocks"])
    return Entry(**{**item, **ports, "numbered": numbered, "blocks": blocks})


def write_cache(catalogue: Catalogue) -> None:
    """Keeps the catalogue for the next start."""
    entries = [asdict(entry) for entry in catalogue.values()]
    write_atomic(_file(), json.dumps({"fingerprint": fingerprint(), "entries": entries}, ensure_ascii=False))
