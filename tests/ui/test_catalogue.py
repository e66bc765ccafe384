"""The catalogue: components as plain data, kept under a fingerprint of their sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.graph import Graph
from builder.ui import catalogue as catalogues
from builder.ui.catalogue import Catalogue, PortInfo
from components import registry


def test_every_component_is_in_it(catalogue: Catalogue) -> None:
    assert list(catalogue) == list(registry.all_components())
    for id, component in registry.all_components().items():
        entry = catalogue[id]
        assert [p.name for p in entry.inputs] == list(component.inputs)
        assert [p.name for p in entry.outputs] == list(component.outputs)
        assert entry.label("en") == component.name
        assert entry.label("zh") == component.name_zh
        assert entry.help
        assert entry.help_zh


def test_the_cache_gives_the_same_back(catalogue: Catalogue, workspace: Path) -> None:
    assert catalogues.read_cache() is None
    catalogues.write_cache(catalogue)
    kept = catalogues.read_cache()
    assert kept is not None
    assert dict(kept) == dict(catalogue)


def test_a_changed_component_makes_the_cache_stale(
    catalogue: Catalogue, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = workspace / "source"
    source.mkdir()
    (source / "a.py").write_text("x = 1")
    monkeypatch.setattr(catalogues, "SOURCE", source)
    catalogues.write_cache(catalogue)
    assert catalogues.read_cache() is not None
    (source / "a.py").write_text("x = 12")
    assert catalogues.read_cache() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fingerprint": "x", "entries": 3}'])
def test_a_broken_cache_counts_as_none(text: str, workspace: Path) -> None:
    path = workspace / "cache" / "catalogue.json"
    path.parent.mkdir()
    path.write_text(text)
    assert catalogues.read_cache() is None


def test_ports_of_blocks_and_of_what_is_unknown(catalogue: Catalogue, nested: Graph) -> None:
    assert catalogue.ports("block:pair", {}, nested.blocks) == ((PortInfo("x"),), (PortInfo("y"),))
    assert catalogue.ports("port_in", {}, {}) == ((), (PortInfo("y"),))
    assert catalogue.ports("block:none", {}, {}) is None
    assert catalogue.ports("nonsense", {}, {}) is None
