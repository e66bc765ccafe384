"""What the tests of the desk share: the catalogue of all components, and a workspace of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.graph import Edge, Graph
from builder.ui import catalogue as catalogues
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return catalogues.from_registry()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path))
    return tmp_path


def chain() -> Graph:
    """data -> linear -> relu, placed."""
    graph = Graph()
    graph.place("data", "data_iris", position=(0, 0))
    graph.place("fc", "linear", {"out_features": 5}, position=(300, 0))
    graph.place("act", "act_relu", position=(600, 0))
    graph.wire(Edge("data", "x", "fc", "x"))
    graph.wire(Edge("fc", "y", "act", "x"))
    return graph


@pytest.fixture
def desk() -> Desk:
    return Desk(chain())


@pytest.fixture
def nested() -> Graph:
    """A block ``pair`` (linear -> relu, with ports x and y) used twice, the second one repeated three times."""
    block = Graph()
    block.block_params["width"] = 5
    block.place("x", "port_in", position=(0, 0))
    block.place("fc", "linear", {"out_features": {"param": "width"}}, position=(200, 0))
    block.place("act", "act_relu", position=(400, 0))
    block.place("y", "port_out", position=(600, 0))
    for edge in (Edge("x", "y", "fc", "x"), Edge("fc", "y", "act", "x"), Edge("act", "y", "y", "x")):
        block.wire(edge)
    graph = Graph()
    graph.place("data", "data_iris", position=(0, 0))
    graph.place("one", "block:pair", {"width": 7}, position=(300, 0))
    graph.place("many", "block:pair", settings={"repeat": 3}, position=(600, 0))
    graph.wire(Edge("data", "x", "one", "x"))
    graph.wire(Edge("one", "y", "many", "x"))
    graph.blocks["pair"] = block
    return graph
