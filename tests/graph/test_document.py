"""Documents and graphs turn into each other without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from builder.graph import GraphError, clone, dumps, from_document, loads, schema, to_document
from builder.graph.document import plain
from tests.graph.documents import documents


@settings(max_examples=60, deadline=None)
@given(documents())
def test_round_trip_is_lossless(document: dict[str, Any]) -> None:
    graph = from_document(document)
    assert to_document(graph) == document
    text = dumps(graph)
    assert json.loads(text) == document
    assert dumps(loads(text)) == text
    assert to_document(clone(graph)) == document


@settings(max_examples=20, deadline=None)
@given(documents())
def test_documents_fit_the_published_schema(document: dict[str, Any]) -> None:
    import jsonschema

    jsonschema.Draft202012Validator(schema()).validate(document)


def test_document_shares_nothing_with_the_graph() -> None:
    graph = from_document(_document([{"id": "a", "component": "linear", "params": {"shape": [1, 2]}}]))
    document = to_document(graph)
    document["nodes"][0]["params"]["shape"].append(3)
    copy = clone(graph)
    copy.nodes["a"]["params"]["shape"].append(4)
    assert graph.nodes["a"]["params"] == {"shape": [1, 2]}


def test_tuples_become_lists() -> None:
    assert plain({"a": (1, (2, 3))}) == {"a": [1, [2, 3]]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1: 2}, {"a": {"b": b"bytes"}}])
def test_values_that_no_file_can_hold_are_refused(value: Any) -> None:
    with pytest.raises(GraphError, match="A graph holds texts, finite numbers"):
        plain(value)


@pytest.mark.parametrize(
    ("changes", "message", "node"),
    [
        ({"nodes": {}}, "at nodes: expected a list, received {}", ""),
        ({"nodes": [3]}, "at nodes/0: expected a table of values, received 3", ""),
        ({"nodes": [{"id": "a"}]}, "at nodes/0: 'component' is missing", "a"),
        ({"nodes": [{"id": "a b", "component": "linear"}]}, "at nodes/0/id: expected letters, digits and '_'", "a b"),
        ({"nodes": [{"id": "a\n", "component": "linear"}]}, r"at nodes/0/id: .* received 'a\\n'", "a\n"),
        ({"nodes": [{"id": "a" * 81, "component": "linear"}]}, "expected a text of at most 80 characters", "a" * 80),
        ({"nodes": [{"id": "a", "component": "../etc"}]}, "the id of a component, or 'block:name'", "a"),
        ({"edges": [{"from": "a", "to": "b.x"}]}, "at edges/0/from: expected 'node.port', received 'a'", ""),
        ({"training": {"epochs": 0}}, "at training/epochs: expected at least 1, received 0", ""),
        ({"training": {"seed": 2**63}}, "at training/seed: expected at most", ""),
        ({"blocks": {"a/b": {"nodes": [], "edges": []}}}, "at blocks: expected letters, digits", ""),
        ({"blocks": {"b": {"nodes": []}}}, "at blocks/b: 'edges' is missing", ""),
    ],
)
def test_errors_name_the_place_and_what_was_expected(changes: dict[str, Any], message: str, node: str) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        from_document(_document([]) | changes)
    assert caught.value.node == node
    assert caught.value.message_zh.startswith("图文件无效：位于")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"frozen": 1}, "settings/frozen: expected true or false, received 1"),
        ({"repeat": 0}, "settings/repeat: expected at least 1, received 0"),
        ({"repeat": 1001}, "settings/repeat: expected at most 1000, received 1001"),
        ({"batch_size": "many"}, "settings/batch_size: expected an integer, received 'many'"),
        ({"clip_norm": 0}, "settings/clip_norm: expected greater than 0, received 0"),
        ({"init": {"component": "x" * 200}}, "settings/init/component: expected a text of at most 120 characters"),
        (
            {"weights": {"from": "thin air"}},
            "settings/weights/from: expected 'own' or 'shared' or 'average' or 'run', received 'thin air'",
        ),
        ({"weights": {"from": "shared", "node": "../a"}}, "settings/weights/node: expected a node's id or path"),
    ],
)
def test_settings_are_held_against_the_schema(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(GraphError, match=expected):
        from_document(_document([{"id": "a", "component": "linear", "settings": settings}]))


def test_two_nodes_of_one_id_and_wires_to_nothing() -> None:
    node = {"id": "a", "component": "linear"}
    with pytest.raises(GraphError, match="Two nodes have the id 'a'"):
        from_document(_document([node, node]))
    with pytest.raises(GraphError, match=r"a\.y -> b\.x names a node 'b' that the file does not have"):
        from_document(_document([node], [{"from": "a.y", "to": "b.x"}]))
    with pytest.raises(GraphError, match="Two nodes have the id 'a'"):
        from_document(_document([]) | {"blocks": {"res": {"nodes": [node, node], "edges": []}}})


def test_error_inside_a_block_names_its_node() -> None:
    block = {"nodes": [{"id": "conv", "component": "linear", "position": [0]}], "edges": []}
    with pytest.raises(
        GraphError, match="at blocks/res/nodes/0/position: expected a list of at least 2 items"
    ) as caught:
        from_document(_document([]) | {"blocks": {"res": block}})
    assert caught.value.node == "conv"


def _document(nodes: list[Any], edges: list[Any] | None = None) -> dict[str, Any]:
    return {"format": "layerloom-graph", "version": 1, "nodes": nodes, "edges": edges or []}
