"""Blocks: made of nodes, taken apart again, repeated, nested, with parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph import Graph, GraphError, dumps, flatten, loads, to_document
from builder.graph import edit as edits
from tests.compiler.build import graph, image


def structure(made: Graph) -> tuple[dict[str, Any], dict[tuple[str, str], list[tuple[str, str]]]]:
    """What a graph computes: components and parameters by path, and what feeds each port, in order."""
    flat = flatten(made)
    assert not flat.errors, [e.message for e in flat.errors]
    nodes = {p: (n.component.id, n.params, n.settings) for p, n in flat.nodes.items()}
    return nodes, {(p, port): ends for p, n in flat.nodes.items() for port, ends in n.inputs.items()}


def ordered() -> Graph:
    """Concatenation of four, two of which go through the nodes that become a block."""
    nodes = {
        "data": image(4), "a": "linear", "b": "act_relu", "c": "act_tanh", "d": "act_gelu", "cat": "op_concat", "end": "act_relu"
    }  # fmt: skip
    wires = ["data.x a.x b.x c.x d.x", "c.y cat.xs", "a.y cat.xs", "d.y cat.xs", "b.y cat.xs", "cat.y end.x"]
    return graph(nodes, wires)


SELECTIONS = [
    ["a"],
    ["cat"],
    ["a", "b"],
    ["a", "cat"],
    ["a", "b", "c", "d"],
    ["b", "cat", "end"],
    ["a", "b", "c", "d", "cat", "end"],
]


@pytest.mark.parametrize("chosen", SELECTIONS, ids="-".join)
def test_taking_a_block_apart_undoes_making_it(chosen: list[str]) -> None:
    made = ordered()
    made.nodes["a"]["settings"]["frozen"] = True
    before = structure(made)
    use = edits.make_block(made, chosen, "part")
    assert made.nodes[use]["component"] == "block:part"
    assert not set(chosen) & set(made)
    inside = structure(loads(dumps(made)))
    assert {p.removeprefix(f"{use}/") for p in inside[0]} == set(before[0])
    assert _without(inside[1], f"{use}/") == before[1], "each port reads the same, in the same order"
    assert sorted(edits.detach_block(made, use)) == sorted(chosen)
    assert structure(made) == before
    assert "part" in made.blocks, "other uses may need it"


def _without(inputs: dict[tuple[str, str], list[tuple[str, str]]], prefix: str) -> dict[Any, Any]:
    cut = {(p.removeprefix(prefix), port): ends for (p, port), ends in inputs.items()}
    return {key: [(p.removeprefix(prefix), port) for p, port in ends] for key, ends in cut.items()}


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_selection_of_any_graph(data: st.DataObject) -> None:
    made = graph({"data": image(4)} | {f"n{i}": "op_add" for i in range(7)})
    for i in range(7):
        sources = ["data.x", *(f"n{j}.y" for j in range(i))]
        for source in data.draw(st.lists(st.sampled_from(sources), min_size=1, max_size=3, unique=True)):
            made.wire(edits.edge_between(source, f"n{i}.xs"))
    chosen = data.draw(st.lists(st.sampled_from([f"n{i}" for i in range(7)]), min_size=1, unique=True))
    before, document = structure(made), to_document(made)
    try:
        use = edits.make_block(made, chosen, "part")
    except GraphError as error:
        assert "comes back to" in error.message
        assert to_document(made) == document
        return
    assert _without(structure(made)[1], f"{use}/") == before[1]
    edits.detach_block(made, use)
    assert structure(made) == before


def test_ports_are_named_after_what_they_reach() -> None:
    made = graph(
        {
            "data": image(4),
            "x": "act_relu",
            "m": "op_matmul",
            "s": ("op_split", {"sections": 2}),
            "r1": "act_relu",
            "r2": "act_relu",
        },
        ["data.x x.x m.b", "x.y m.a", "m.y s.x", "s.y1 r1.x", "s.y2 r2.x"],
    )
    use = edits.make_block(made, ["m", "s"], "part")
    signature = made.signature(use)
    assert list(signature.inputs) == ["b", "a"]
    assert list(signature.outputs) == ["y1", "y2"]
    made = graph({"data": image(4), "x": "act_relu", "r": "act_relu"}, ["data.x x.x", "x.y r.x"])
    assert list(made.signature(edits.make_block(made, ["x"], "part")).inputs) == ["x2"], "x is a node inside"


def test_selections_that_cannot_become_a_block() -> None:
    made = ordered()
    document = to_document(made)
    for chosen, name, message in [
        (
            ["a", "end"],
            "part",
            "The?s?e? nodes cannot become a block: the path from 'a' through 'cat' comes back to 'end'",
        ),
        ([], "part", "Select the nodes"),
        (["nope"], "part", "no node 'nope'"),
        (["a"], "a b", "A block's name must be unused letters"),
        (["a"], "../part", "A block's name must be unused letters"),
        (["a"], "x" * 81, "at most 80"),
    ]:
        with pytest.raises(GraphError, match=message):
            edits.make_block(made, chosen, name)
        assert to_document(made) == document
    edits.make_block(made, ["a"], "part")
    with pytest.raises(GraphError, match="unused"):
        edits.make_block(made, ["b"], "part")
    with pytest.raises(GraphError, match="is a port of the block around it"):
        edits.make_block(made.blocks["part"], ["x"], "inner", made.blocks)
    with pytest.raises(GraphError, match="'b' is not a block"):
        edits.detach_block(made, "b")


# ------------------------------------------------------------------ parameters and settings


def residual() -> Graph:
    """A block with a parameter, used twice."""
    block = graph(
        {
            "x": "port_in",
            "a": ("linear", {"out_features": {"param": "width"}}),
            "b": ("linear", {"out_features": {"param": "width"}, "bias": False}),
            "y": "port_out",
        },
        ["x.y a.x", "a.y b.x", "b.y y.x"],
    )
    block.block_params["width"] = 8
    return graph(
        {"data": image(4), "one": "block:part", "two": ("block:part", {"width": 16}), "end": "linear"},
        ["data.x one.x", "one.y two.x", "two.y end.x"],
        {"part": block},
    )


def test_parameters_of_a_block() -> None:
    nodes, inputs = structure(residual())
    assert nodes["one/a"][1] == {"out_features": 8}
    assert nodes["two/b"][1] == {"out_features": 16, "bias": False}
    assert inputs["two/a", "x"] == [("one/b", "y")]


def test_detaching_writes_the_values_in() -> None:
    made = residual()
    made.nodes["two"]["settings"]["frozen"] = True
    assert edits.detach_block(made, "two") == ["a", "b"]
    assert made.nodes["b"]["params"] == {"out_features": 16, "bias": False}
    assert made.nodes["a"]["settings"] == {"frozen": True}
    assert edits.detach_block(made, "one") == ["linear1", "linear2"], "ids that are taken are made new"


def test_a_block_of_its_own_for_one_use() -> None:
    made = residual()
    before = structure(made)
    assert edits.uses(made, "part") == 2
    assert edits.own_block(made, "two") == "part2"
    assert (edits.uses(made, "part"), edits.uses(made, "part2")) == (1, 1)
    assert structure(made) == before
    made.blocks["part2"].nodes["a"]["params"]["bias"] = False
    assert structure(made)[0]["one/a"] == before[0]["one/a"]
    assert structure(made)[0]["two/a"] != before[0]["two/a"]
    with pytest.raises(GraphError, match="not a block"):
        edits.own_block(made, "end")


def test_a_reference_to_a_parameter_that_is_not_there() -> None:
    made = residual()
    made.blocks["part"].nodes["a"]["params"]["bias"] = {"param": "nope"}
    errors = flatten(made).errors
    assert [e.node for e in errors] == ["one/a", "two/a"]
    assert "The block has no parameter 'nope' (parameters: width)" in errors[0].message
    document = to_document(made)
    with pytest.raises(GraphError, match="no parameter 'nope'"):
        edits.detach_block(made, "two")
    assert to_document(made) == document
    made.nodes["two"]["params"] = {"depth": 3}
    assert "The block 'part' has no parameter 'depth' (parameters: width)" in flatten(made).errors[-1].message


@pytest.mark.parametrize("reference", [{"param": ["x"]}, {"param": {"a": 1}}, {"param": None}, {"param": 3}])
def test_odd_references_are_problems_not_crashes(reference: Any) -> None:
    made = residual()
    made.blocks["part"].nodes["a"]["params"]["bias"] = [reference]
    assert [e.node for e in flatten(made).errors] == ["one/a", "two/a"]


def test_a_block_within_a_block_hands_its_parameters_on() -> None:
    made = residual()
    before = structure(made)
    use = edits.make_block(made.blocks["part"], ["a"], "inner", made.blocks)
    assert made.blocks["inner"].block_params == {"width": 8}
    assert made.blocks["part"].nodes[use]["params"] == {"width": {"param": "width"}}
    nodes, _ = structure(made)
    assert nodes[f"two/{use}/a"] == before[0]["two/a"]
    edits.detach_block(made.blocks["part"], use, made.blocks)
    assert structure(made) == before
    assert made.blocks["part"].nodes["a"]["params"] == {"out_features": {"param": "width"}}


def test_shared_weights_follow_into_and_out_of_a_block() -> None:
    made = ordered()
    shared = {"weights": {"from": "shared", "node": "a"}}
    for component, node in (("linear", "c"), ("linear", "d")):
        made.place(node, component, {}, shared)
    use = edits.make_block(made, ["a", "c"], "part")
    assert made.nodes["d"]["settings"]["weights"]["node"] == f"{use}/a"
    assert made.blocks["part"].nodes["c"]["settings"]["weights"]["node"] == "a"
    made.place("a", "act_relu")  # the name is taken in the meantime
    new = edits.detach_block(made, use)
    assert new == ["linear1", "c"]
    assert made.nodes["d"]["settings"]["weights"]["node"] == "linear1"
    assert made.nodes["c"]["settings"]["weights"]["node"] == "linear1"


# ------------------------------------------------------------------ repeated blocks


def repeated(times: int = 3) -> Graph:
    """A block with a carried value and a mask that goes to every copy."""
    block = graph(
        {
            "x": "port_in",
            "mask": "port_in",
            "fc": ("linear", {"out_features": 4}),
            "mul": "op_multiply",
            "y": "port_out",
        },
        ["x.y fc.x", "fc.y mul.xs", "mask.y mul.xs", "mul.y y.x"],
    )
    return graph(
        {"data": image(4), "m": "act_sigmoid", "rep": ("block:layer", {}, {"repeat": times}), "end": "linear"},
        ["data.x rep.x m.x", "m.y rep.mask", "rep.y end.x"],
        {"layer": block},
    )


def test_repeated_blocks_are_stacked() -> None:
    _, inputs = structure(repeated())
    assert inputs["rep/n0/fc", "x"] == [("data", "x")]
    assert inputs["rep/n1/fc", "x"] == [("rep/n0/mul", "y")]
    assert inputs["rep/n2/fc", "x"] == [("rep/n1/mul", "y")]
    assert inputs["end", "x"] == [("rep/n2/mul", "y")]
    for copy in range(3):
        assert inputs[f"rep/n{copy}/mul", "xs"] == [(f"rep/n{copy}/fc", "y"), ("m", "y")]


def test_detaching_a_repeated_block_gives_its_copies() -> None:
    made = repeated()
    made.place("twin", "linear", {}, {"weights": {"from": "shared", "node": "rep/n1/fc"}})
    before = structure(made)[1]
    copies = edits.detach_block(made, "rep")
    assert copies == ["layer1", "layer2", "layer3"]
    assert made.nodes["twin"]["settings"]["weights"]["node"] == "layer2/fc"
    names = {f"layer{i + 1}/": f"rep/n{i}/" for i in range(3)}

    def old(path: str) -> str:
        return next((b + path.removeprefix(a) for a, b in names.items() if path.startswith(a)), path)

    after = {(old(p), port): [(old(s), q) for s, q in ends] for (p, port), ends in structure(made)[1].items()}
    assert after == before
    assert edits.detach_block(made, "layer2") == ["fc", "mul"]


def test_more_outputs_than_inputs_cannot_be_repeated() -> None:
    made = repeated()
    made.blocks["layer"].place("z", "port_out")
    made.blocks["layer"].place("w", "port_out")
    (error, *_) = flatten(made).errors
    assert error.node == "rep"
    assert "cannot be repeated: it has 3 outputs for 2 inputs" in error.message


# ------------------------------------------------------------------ ports of blocks


def test_ports_of_a_block_carry_what_stands_behind_them() -> None:
    inner = graph(
        {"q": "port_in", "mask": "port_in", "a": "attn_multi_head", "w": "port_out"},
        ["q.y a.q a.k a.v", "mask.y a.mask", "a.weights w.x"],
    )
    outer = graph(
        {"x": "port_in", "m": "port_in", "i": "block:inner", "y": "port_out"}, ["x.y i.q", "m.y i.mask", "i.w y.x"]
    )
    made = graph({"o": "block:outer"}, (), {"inner": inner, "outer": outer})
    signature = made.signature("o")
    assert signature.inputs["x"].dims.alternatives() == [["B", "T", "C"]]
    assert not signature.inputs["x"].optional
    assert signature.inputs["m"].dims.dtype == "bool"
    assert signature.inputs["m"].optional
    assert signature.outputs["y"].dims.alternatives() == [["B", "h", "T", "S"]]


def test_schedules_pass_through_blocks() -> None:
    made = graph({"s": "sched_cosine", "o": "opt_adam"}, ["s.schedule o.schedule"])
    use = edits.make_block(made, ["s"], "part")
    wire = edits.edge_between(f"{use}.schedule", "o.schedule")
    edits.disconnect(made, wire)
    edits.connect(made, wire)
    assert flatten(made).nodes["o"].inputs["schedule"] == [(f"{use}/s", "schedule")]


def test_numbered_ports_follow_a_parameter_of_the_block() -> None:
    block = graph(
        {"x": "port_in", "s": ("op_split", {"sections": {"param": "n"}}), "y": "port_out"}, ["x.y s.x", "s.y3 y.x"]
    )
    block.block_params["n"] = 4
    made = graph({"data": image(6), "p": ("block:part", {"n": 3})}, ["data.x p.x"], {"part": block})
    assert not flatten(made).errors
    assert list(block.signature("s", made.blocks).outputs) == ["y1", "y2", "y3", "y4"]
    made.nodes["p"]["params"]["n"] = 2
    assert [(e.node, e.port) for e in flatten(made).errors] == [("p/s", "y3")]
