"""Edits of the graph's data: another data set at the place of a node. Each is one step that can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.graph import Graph
from builder.ui.desk import Desk


def use_data(desk: Desk, node: str, component: str, params: Mapping[str, Any]) -> None:
    """Makes a node the data set ``component`` with these parameters; its wires, place and settings stay."""
    data = desk.graph.nodes[node]
    data["component"], data["params"] = component, {k: v for k, v in params.items() if v is not None}
    desk.record("data")


def data_nodes(graph: Graph, datasets: set[str]) -> list[str]:
    """The nodes of the graph (not of its blocks) that give data, in their order."""
    return [node for node, data in graph.nodes(data=True) if data["component"] in datasets]
