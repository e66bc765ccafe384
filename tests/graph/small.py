"""A small graph to edit, and what tests of edits ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builder.graph import Graph, GraphError, to_document
from tests.compiler.build import graph, image


def wires(made: Graph) -> list[str]:
    return [f"{e.source}.{e.source_port} {e.target}.{e.target_port}" for e in made.wires()]


def net() -> Graph:
    return graph(
        {"data": image(4), "fc": ("linear", {"out_features": 4}), "relu": "act_relu", "add": "op_add", "out": "linear"},
        ["data.x fc.x", "fc.y relu.x", "data.x add.xs", "relu.y add.xs", "add.y out.x"],
    )


def refused(edit: Callable[[Graph], Any], message: str, made: Graph | None = None) -> GraphError:
    """Asserts that an edit raises this, in two languages, and leaves the graph as it was."""
    made = net() if made is None else made
    before = to_document(made)
    with pytest.raises(GraphError, match=message) as caught:
        edit(made)
    assert to_document(made) == before
    assert caught.value.message_zh
    assert caught.value.message_zh != caught.value.message
    return caught.value
