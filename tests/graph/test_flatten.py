"""Unfolding blocks: paths, wires through ports, inherited settings, and everything that can be wrong."""

from __future__ import annotations

import time

import pytest

from builder.graph import Graph, flatten
from builder.graph.graph import MAX_DEPTH
from tests.compiler.build import graph, image

PASS = graph({"x": "port_in", "y": "port_out"}, ["x.y y.x"])


def errors(made: Graph) -> dict[tuple[str, str], str]:
    return {(e.node, e.port): e.message for e in flatten(made).errors}


def test_a_graph_without_blocks() -> None:
    flat = flatten(
        graph({"data": image(4), "cat": "op_concat", "r": "act_relu"}, ["data.x r.x", "r.y cat.xs", "data.x cat.xs"])
    )
    assert list(flat.nodes) == ["data", "cat", "r"]
    assert flat.nodes["cat"].inputs == {"xs": [("r", "y"), ("data", "x")]}
    assert flat.nodes["data"].params == {"shape": [4]}
    assert not flat.errors


def test_nested_and_repeated_paths() -> None:
    inner = graph({"x": "port_in", "fc": "linear", "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    outer = graph({"x": "port_in", "i": ("block:inner", {}, {"repeat": 2}), "y": "port_out"}, ["x.y i.x", "i.y y.x"])
    flat = flatten(
        graph(
            {"data": image(4), "o": ("block:outer", {}, {"repeat": 2})},
            ["data.x o.x"],
            {"inner": inner, "outer": outer},
        )
    )
    assert list(flat.nodes) == ["data", "o/n0/i/n0/fc", "o/n0/i/n1/fc", "o/n1/i/n0/fc", "o/n1/i/n1/fc"]
    assert flat.nodes["o/n1/i/n0/fc"].inputs == {"x": [("o/n0/i/n1/fc", "y")]}


def test_wires_straight_through_a_block() -> None:
    made = graph(
        {"data": image(4), "p": ("block:pass", {}, {"repeat": 1000}), "r": "act_relu"},
        ["data.x p.x", "p.y r.x"],
        {"pass": PASS},
    )
    assert flatten(made).nodes["r"].inputs == {"x": [("data", "x")]}


def test_the_order_of_the_nodes_does_not_matter() -> None:
    made = graph({"end": "act_relu", "p": "block:pass", "data": image(4)}, ["p.y end.x", "data.x p.x"], {"pass": PASS})
    assert flatten(made).nodes["end"].inputs == {"x": [("data", "x")]}


# ------------------------------------------------------------------ settings of a block


def test_a_frozen_block_freezes_what_is_in_it() -> None:
    inner = graph({"x": "port_in", "fc": "linear", "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    outer = graph({"x": "port_in", "i": "block:inner", "y": "port_out"}, ["x.y i.x", "i.y y.x"])
    made = graph(
        {"data": image(4), "o": ("block:outer", {}, {"frozen": True}), "p": "block:outer"},
        ["data.x o.x p.x"],
        {"inner": inner, "outer": outer},
    )
    flat = flatten(made)
    assert flat.nodes["o/i/fc"].settings == {"frozen": True}
    assert flat.nodes["p/i/fc"].settings == {}


def test_a_block_that_shares_the_weights_of_another_use() -> None:
    inner = graph({"x": "port_in", "fc": "linear", "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    outer = graph({"x": "port_in", "i": ("block:inner", {}, {"repeat": 2}), "y": "port_out"}, ["x.y i.x", "i.y y.x"])
    shared = {"weights": {"from": "shared", "node": "one"}}
    blocks = {"inner": inner, "outer": outer}
    flat = flatten(
        graph(
            {"two": ("block:outer", {}, shared), "one": "block:outer", "data": image(4)}, ["data.x one.x two.x"], blocks
        )
    )
    assert not flat.errors
    assert flat.nodes["two/i/n1/fc"].settings["weights"] == {"from": "shared", "node": "/one/i/n1/fc"}
    assert "weights" not in flat.nodes["one/i/n1/fc"].settings
    for other in ("two", "nope", "data", "strange"):
        shared = {"weights": {"from": "shared", "node": other}}
        nodes = {"two": ("block:outer", {}, shared), "strange": "block:inner", "data": image(4)}
        found = errors(graph(nodes, ["data.x two.x strange.x"], blocks))
        assert "shared only with another use of 'outer'. '" + other in found["two", ""]


# ------------------------------------------------------------------ errors


def test_unknown_components_stay_and_are_named() -> None:
    flat = flatten(graph({"data": image(4), "odd": "lineer", "r": "act_relu"}, ["data.x odd.x", "odd.y r.x"]))
    assert {e.node: e.message for e in flat.errors} == {
        "odd": "Node 'odd': There is no component 'lineer'. Did you mean linear?"
    }
    assert flat.nodes["r"].inputs == {"x": []}
    assert flat.nodes["r"].broken == {"x"}


def test_a_variadic_port_knows_that_one_of_its_wires_is_broken() -> None:
    flat = flatten(graph({"data": image(4), "odd": "nope", "add": "op_add"}, ["data.x add.xs", "odd.y add.xs"]))
    assert flat.nodes["add"].inputs == {"xs": [("data", "x")]}
    assert flat.nodes["add"].broken == {"xs"}


def test_unknown_ports_are_reported_once_where_they_are() -> None:
    made = graph({"data": image(4), "a": "linear", "b": "act_relu"}, ["data.x a.in", "a.out b.x"])
    found = errors(made)
    assert found["a", "in"] == "The wire data.x -> a.in names the input port 'in', which 'a' does not have (inputs: x)."
    assert (
        found["a", "out"] == "The wire a.out -> b.x names the output port 'out', which 'a' does not have (outputs: y)."
    )
    assert len(found) == 2


def test_unknown_block_and_unknown_port_of_a_block() -> None:
    made = graph(
        {"data": image(4), "u": "block:nope", "p": "block:pass"}, ["data.x p.z u.x", "p.w u.y"], {"pass": PASS}
    )
    found = errors(made)
    assert "the block 'nope', which this graph does not have (blocks: pass)" in found["u", ""]
    assert "input port 'z', which 'p' does not have (inputs: x)" in found["p", "z"]
    assert "output port 'w', which 'p' does not have (outputs: y)" in found["p", "w"]
    assert found["p", "x"].startswith("Port 'x' of the block is not connected")


def test_ports_of_blocks_stand_only_inside_blocks() -> None:
    assert errors(graph({"x": "port_in", "r": "act_relu", "y": "port_out"}, ["x.y r.x", "r.y y.x"])) == {
        ("x", ""): "'x' may stand only inside a block.",
        ("y", ""): "'y' may stand only inside a block.",
    }


def test_open_ports_of_a_block() -> None:
    block = graph(
        {
            "x": "port_in",
            "mask": "port_in",
            "spare": "port_in",
            "a": "attn_multi_head",
            "y": "port_out",
            "z": "port_out",
        },
        ["x.y a.q a.k a.v", "mask.y a.mask", "a.y y.x"],
    )
    made = graph({"b": "block:part", "r": "act_relu"}, ["b.y r.x"], {"part": block})
    assert errors(made) == {
        ("b", "x"): "Port 'x' of the block is not connected; it expects (B, T, C).",
        ("b/z", "x"): "The block's output 'z' is not connected.",
    }


def test_errors_in_a_repeated_block_are_told_once() -> None:
    block = graph({"x": "port_in", "odd": "nope", "y": "port_out"}, ["x.y odd.x", "odd.y y.x"])
    made = graph({"data": image(4), "b": ("block:part", {}, {"repeat": 9})}, ["data.x b.x"], {"part": block})
    assert list(errors(made)) == [("b/n0/odd", "")]


def test_a_block_that_contains_itself() -> None:
    a = graph({"x": "port_in", "i": "block:b", "y": "port_out"}, ["x.y i.x", "i.y y.x"])
    b = graph({"x": "port_in", "i": "block:a", "y": "port_out"}, ["x.y i.x", "i.y y.x"])
    made = graph({"data": image(4), "u": "block:a", "r": "act_relu"}, ["data.x u.x", "u.y r.x"], {"a": a, "b": b})
    assert errors(made) == {("u/i/i", ""): "The block 'a' contains itself: a -> b -> a."}
    assert flatten(made).nodes["r"].broken == {"x"}
    assert made.signature("u").inputs["x"].dims.axes == "*"


def test_a_loop_of_nothing_but_wires() -> None:
    made = graph({"p": "block:pass", "r": "act_relu"}, ["p.y p.x r.x"], {"pass": PASS})
    assert "hands its input on to itself" in errors(made)["p", ""]
    made = graph({"p": "block:pass", "q": "block:pass", "r": "act_relu"}, ["p.y q.x", "q.y p.x r.x"], {"pass": PASS})
    assert len(errors(made)) == 1


# ------------------------------------------------------------------ sizes


def test_deep_nesting_is_an_error() -> None:
    blocks = {
        f"b{i}": graph({"x": "port_in", "i": f"block:b{i + 1}", "y": "port_out"}, ["x.y i.x", "i.y y.x"])
        for i in range(500)
    }
    blocks["b500"] = PASS
    made = graph({"data": image(4), "u": "block:b0"}, ["data.x u.x"], blocks)
    (error,) = flatten(made).errors
    assert error.node == "u" + "/i" * MAX_DEPTH
    assert error.message == "Blocks are nested more than 20 deep."
    assert made.signature("u").inputs["x"].dims.axes == "*"


@pytest.mark.parametrize("leaf", ["act_relu", "port_in"])
def test_explosions_end_early(leaf: str) -> None:
    blocks = {f"b{i}": graph({"i": (f"block:b{i + 1}", {}, {"repeat": 1000})}) for i in range(6)}
    blocks["b6"] = graph({"leaf": leaf})
    start = time.perf_counter()
    flat = flatten(graph({"u": ("block:b0", {}, {"repeat": 1000})}, (), blocks))
    assert [e.message for e in flat.errors] == ["The graph unfolds to more than 50,000 nodes."]
    assert not flat.nodes
    assert time.perf_counter() - start < 10


def test_many_wires_through_many_ports_end_early() -> None:
    doubled = graph({"x": "port_in", "y": "port_out"}, ["x.y y.x y.x"])
    made = graph(
        {"data": image(4), "p": ("block:twice", {}, {"repeat": 1000}), "add": "op_add"},
        ["data.x p.x", "p.y add.xs"],
        {"twice": doubled},
    )
    assert [e.message for e in flatten(made).errors] == ["The graph unfolds to more than 50,000 nodes."]


def test_many_ports_of_nested_blocks_are_followed_once() -> None:
    ports = {f"p{i}": "port_in" for i in range(6)}
    blocks = {}
    for i in range(12):
        inner = f"block:b{i + 1}"
        wires = [f"p{k}.y {use}.p{j}" for k in range(6) for use in ("u", "v") for j in range(6)]
        blocks[f"b{i}"] = graph({**ports, "u": inner, "v": inner}, wires)
    blocks["b12"] = graph({**ports, "r": "act_relu"}, ["p0.y r.x"])
    made = graph({"u": "block:b0"}, (), blocks)
    start = time.perf_counter()
    assert len(made.signature("u").inputs) == 6
    assert time.perf_counter() - start < 5
