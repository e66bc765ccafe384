"""The edits of nodes and wires: what they do, what they refuse, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from builder.graph import Edge, Graph, GraphError, History, dumps, from_document, loads, to_document
from builder.graph import edit as edits
from builder.graph.edit import edge_between
from tests.compiler.build import graph, image
from tests.graph.small import net, refused, wires

# ------------------------------------------------------------------ nodes


@pytest.mark.parametrize(
    ("component", "id"),
    [
        ("linear", "linear1"), ("conv_standard", "conv1"), ("act_relu", "relu1"), ("op_add", "add1"),
        ("data_mnist_5k", "mnist_5k1"), ("norm_batch", "norm_batch1"), ("block:res", "res1"), ("block:res2", "res1"),
        ("op_3d", "op_3d1"), ("loss_cross_entropy", "cross_entropy1"), ("metric_accuracy", "accuracy1"), ("opt_adam", "adam1"), ("block:" + "b" * 80, "b" * 70 + "1"),
    ],
)  # fmt: skip
def test_fresh_ids_tell_the_component(component: str, id: str) -> None:
    made = Graph()
    assert edits.fresh_id(made, component) == id
    made.place(id, component)
    assert edits.fresh_id(made, component) == id[:-1] + "2"


def test_add_node() -> None:
    made = net()
    id = edits.add_node(made, "conv_standard", (10.04, -3), {"kernel_size": (3, 3)})
    assert made.nodes[id] == {
        "component": "conv_standard", "params": {"kernel_size": [3, 3]}, "settings": {}, "position": [10.0, -3.0],
    }  # fmt: skip
    refused(
        lambda g: edits.add_node(g, "conv_standrad", (0, 0)), "no component 'conv_standrad'.*Did you mean conv_standard"
    )
    refused(
        lambda g: edits.add_node(g, "block:res", (0, 0)),
        r"the block 'res', which this graph does not have \(blocks: none\)",
    )
    refused(lambda g: edits.add_node(g, "linear", (float("nan"), 0)), "must be a finite number. Got nan")
    refused(lambda g: edits.add_node(g, "linear", (0, 0), {"out_features": float("inf")}), "finite numbers")


def test_a_block_cannot_be_put_into_itself() -> None:
    inner, outer = graph({"x": "port_in", "y": "port_out"}, ["x.y y.x"]), graph({"i": "block:inner"})
    made = graph({}, (), {"inner": inner, "outer": outer})
    refused(
        lambda g: edits.add_node(g.blocks["inner"], "block:outer", (0, 0), blocks=g.blocks),
        "it would contain itself",
        made,
    )
    refused(
        lambda g: edits.add_node(g.blocks["inner"], "block:inner", (0, 0), blocks=g.blocks),
        "it would contain itself",
        made,
    )
    assert edits.add_node(made.blocks["outer"], "block:inner", (0, 0), blocks=made.blocks) == "inner1"


def test_remove_nodes_with_their_wires() -> None:
    made = net()
    edits.remove_nodes(made, ["relu", "fc"])
    assert list(made) == ["data", "add", "out"]
    assert wires(made) == ["data.x add.xs", "add.y out.x"]
    refused(lambda g: edits.remove_nodes(g, ["relu", "nope"]), "There is no node 'nope'")


def test_move_keeps_to_the_canvas() -> None:
    made = net()
    edits.move(made, {"fc": (1e12, -0.04), "relu": (3.14159, 2)})
    assert made.nodes["fc"]["position"] == [1e7, -0.0]
    assert made.nodes["relu"]["position"] == [3.1, 2.0]
    refused(lambda g: edits.move(g, {"fc": (0, 0), "relu": (float("inf"), 0)}), "finite number")
    refused(lambda g: edits.move(g, {"fc": (0, 0), "nope": (0, 0)}), "There is no node 'nope'")


def test_parameters() -> None:
    made = net()
    before = made.nodes["fc"]["params"]
    edits.set_param(made, "fc", "bias", False)
    assert made.nodes["fc"]["params"] == {"out_features": 4, "bias": False}
    assert before == {"out_features": 4}, "an earlier state may share the table"
    edits.set_param(made, "fc", "anything", (1, [2]))
    assert made.nodes["fc"]["params"]["anything"] == [1, [2]]
    edits.reset_param(made, "fc", "out_features")
    edits.reset_param(made, "fc", "out_features")
    assert made.nodes["fc"]["params"] == {"bias": False, "anything": [1, [2]]}
    refused(lambda g: edits.set_param(g, "fc", "bias", {1, 2}), "A graph holds texts")
    refused(lambda g: edits.set_param(g, "nope", "bias", 1), "no node 'nope'")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("frozen", "yes", "The setting 'frozen' does not fit: expected true or false, received 'yes'"),
        ("repeat", 0, "The setting 'repeat' does not fit: expected at least 1"),
        ("weights", {"from": "air"}, "The setting 'weights.from' does not fit"),
        ("name", "x" * 201, "a text of at most 200 characters"),
        ("init", {}, "The setting 'init' does not fit: 'component' is missing"),
        ("x" * 121, 1, "of at most 120 characters"),
    ],
)
def test_settings_that_a_file_would_refuse(name: str, value: Any, message: str) -> None:
    assert refused(lambda g: edits.set_setting(g, "fc", name, value), message).node == "fc"


def test_settings() -> None:
    made = net()
    edits.set_setting(made, "fc", "frozen", True)
    edits.set_setting(made, "fc", "later_version", {"a": (1,)})
    assert made.nodes["fc"]["settings"] == {"frozen": True, "later_version": {"a": [1]}}
    edits.set_setting(made, "fc", "frozen", None)
    assert made.nodes["fc"]["settings"] == {"later_version": {"a": [1]}}
    assert to_document(loads(dumps(made))) == to_document(made)


# ------------------------------------------------------------------ wires


def test_connect_and_disconnect() -> None:
    made = net()
    assert edits.connect(made, edge_between("fc.y", "add.xs")) is None
    assert wires(made)[-1] == "fc.y add.xs"
    edits.disconnect(made, edge_between("data.x", "add.xs"))
    assert [e.source for e in made.wires_into("add", "xs")] == ["relu", "fc"]
    refused(lambda g: edits.disconnect(g, edge_between("fc.y", "out.x")), r"There is no wire fc\.y -> out\.x")


def test_a_second_wire_takes_the_place_of_the_first() -> None:
    made = net()
    assert edits.connect(made, edge_between("data.x", "relu.x")) == Edge("fc", "y", "relu", "x")
    assert [e.source for e in made.wires_into("relu")] == ["data"]
    message = "'relu.x' already has a wire, from fc"
    refused(lambda g: edits.connect(g, edge_between("data.x", "relu.x"), replace=False), message)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("fc.y", "fc.x", "'fc' cannot feed itself"),
        ("fc.y", "relu.x", "This wire is there already"),
        ("add.y", "fc.x", "This wire would close a cycle: fc -> relu -> add -> fc"),
        ("fc.x", "out.x", r"'fc' has no output port 'x' \(outputs: y\). Draw wires from an output to an input"),
        ("fc.y", "out.y", r"'out' has no input port 'y' \(inputs: x\)"),
        ("fc.nope", "out.x", r"'fc' has no output port 'nope' \(outputs: y\)\.$"),
        ("nope.y", "out.x", "There is no node 'nope'"),
        ("fc.y", "nope.x", "There is no node 'nope'"),
    ],
)
def test_refused_wires_say_why(source: str, target: str, message: str) -> None:
    refused(lambda g: edits.connect(g, edge_between(source, target)), message)


def test_kinds_of_ports_must_agree() -> None:
    nodes = {"data": image(4), "s": "sched_cosine", "o": "opt_adam", "fc": "linear"}
    refused(
        lambda g: edits.connect(g, edge_between("s.schedule", "fc.x")),
        "'fc.x' takes a tensor; 's.schedule' gives a learning-rate schedule",
        graph(nodes),
    )
    refused(
        lambda g: edits.connect(g, edge_between("data.x", "o.schedule")),
        "'o.schedule' takes a learning-rate schedule; 'data.x' gives a tensor",
        graph(nodes),
    )
    made = graph(nodes)
    edits.connect(made, edge_between("s.schedule", "o.schedule"))


def test_unknown_components_take_no_new_wires_but_keep_theirs() -> None:
    made = graph({"data": image(4), "odd": "no_such_thing", "fc": "linear"}, ["data.x odd.anything"])
    refused(lambda g: edits.connect(g, edge_between("odd.y", "fc.x")), "no component 'no_such_thing'", made)
    edits.move(made, {"odd": (1, 2)})
    assert wires(loads(dumps(made))) == ["data.x odd.anything"]


@pytest.mark.parametrize("end", ["", "a", "a.", ".x", "a.b.c", "a b.x", "1.x", "a.x\n"])
def test_ends_of_wires_are_node_and_port(end: str) -> None:
    with pytest.raises(GraphError, match=r"A wire's end must be 'node\.port'"):
        edits.parse_end(end)


def test_reorder() -> None:
    made = net()
    edits.reorder(made, "add", "xs", ["relu.y", "data.x"])
    assert [e.source for e in made.wires_into("add", "xs")] == ["relu", "data"]
    assert [e.source for e in loads(dumps(made)).wires_into("add", "xs")] == ["relu", "data"]
    for wrong in ([], ["relu.y"], ["relu.y", "relu.y"], ["relu.y", "data.x", "fc.y"]):
        refused(
            lambda g, wrong=wrong: edits.reorder(g, "add", "xs", wrong),
            "must name each wire into 'add.xs' once: data.x, relu.y",
        )


def test_reorder_of_a_wire_that_is_there_twice() -> None:
    made = graph({"data": image(4), "r": "act_relu", "add": "op_add"}, ["data.x add.xs add.xs r.x", "r.y add.xs"])
    edits.reorder(made, "add", "xs", ["data.x", "r.y", "data.x"])
    assert [e.source for e in made.wires_into("add", "xs")] == ["data", "r", "data"]


def test_modes_are_toggled_together() -> None:
    made = net()

    def modes() -> list[str | None]:
        return [made.nodes[node]["settings"].get("mode") for node in ("fc", "relu")]

    assert edits.toggle_mode(made, ["fc"], "mute")
    assert edits.toggle_mode(made, ["fc", "relu"], "mute")
    assert modes() == ["mute", "mute"]
    assert edits.toggle_mode(made, ["fc", "relu"], "bypass")
    assert modes() == ["bypass", "bypass"]
    assert not edits.toggle_mode(made, ["fc", "relu"], "bypass")
    assert modes() == [None, None]
    assert made.nodes["fc"]["settings"] == {}
    refused(lambda g: edits.toggle_mode(g, ["fc", "nope"], "mute"), "no node 'nope'")
    refused(lambda g: edits.set_setting(g, "fc", "mode", "sleep"), "expected 'mute' or 'bypass'")


def test_ports_of_blocks_cannot_be_muted() -> None:
    block = graph({"x": "port_in", "f": "linear", "y": "port_out"}, ["x.y f.x", "f.y y.x"])
    assert edits.toggle_mode(block, ["x", "f", "y"], "mute")
    assert [data["settings"] for _, data in block.nodes(data=True)] == [{}, {"mode": "mute"}, {}]
    refused(lambda g: edits.toggle_mode(g, ["x", "y"], "mute"), "neither muted nor bypassed", block)
    refused(lambda g: edits.set_setting(g, "x", "mode", "bypass"), "neither muted nor bypassed", block)


def test_a_detached_block_hands_its_mode_on() -> None:
    block = graph({"x": "port_in", "f": "linear", "y": "port_out"}, ["x.y f.x", "f.y y.x"])
    made = graph({"b": ("block:part", {}, {"mode": "mute"})}, (), {"part": block})
    (inner,) = edits.detach_block(made, "b")
    assert made.nodes[inner]["settings"] == {"mode": "mute"}


# ------------------------------------------------------------------ rename


def test_rename_takes_wires_and_shared_weights_along() -> None:
    made = net()
    made.nodes["out"]["settings"]["weights"] = {"from": "shared", "node": "fc"}
    made.nodes["relu"]["settings"]["weights"] = {"from": "shared", "node": "fc/inner"}
    before = wires(made)
    edits.rename_node(made, "fc", "first")
    assert wires(made) == [w.replace("fc.", "first.") for w in before]
    assert list(made) == ["data", "first", "relu", "add", "out"]
    assert made.nodes["out"]["settings"]["weights"]["node"] == "first"
    assert made.nodes["relu"]["settings"]["weights"]["node"] == "first/inner"
    edits.rename_node(made, "first", "first")
    for wrong in ("relu", "", "1a", "a b", "a.b", "a/b", "a\n", "x" * 81, "é"):
        refused(lambda g, wrong=wrong: edits.rename_node(g, "fc", wrong), "A node's id must be unused letters")
    refused(lambda g: edits.rename_node(g, "nope", "a"), "no node 'nope'")


def test_planned_comparisons_follow_their_nodes() -> None:
    made = net()
    plan = {"name": "depth", "nodes": ["relu", "fc"], "choices": ["none", "act_tanh"]}
    made.meta["comparisons"] = [plan]
    history = History(made)

    def compared(graph: Graph) -> list[str]:
        return graph.meta["comparisons"][0]["nodes"]

    edits.duplicate(made, ["fc"])
    assert compared(made) == ["relu", "fc"]
    edits.rename_node(made, "fc", "first")
    assert compared(made) == ["relu", "first"]
    use = edits.make_block(made, ["first", "relu"], "part")
    assert compared(made) == [f"{use}/relu", f"{use}/first"]
    edits.rename_node(made.blocks["part"], "first", "layer", root=made)
    assert compared(made) == [f"{use}/relu", f"{use}/layer"]
    edits.detach_block(made, use)
    assert compared(made) == ["relu", "layer"]
    history.push(made, "all")
    assert compared(history.undo()) == ["relu", "fc"]
    assert plan["nodes"] == ["relu", "fc"]


def test_rename_inside_a_block_reaches_its_uses() -> None:
    block = graph({"x": "port_in", "conv": "linear", "y": "port_out"}, ["x.y conv.x", "conv.y y.x"])
    wrap = graph(
        {
            "x": "port_in",
            "b": "block:inner",
            "y": "port_out",
            "fc": ("linear", {}, {"weights": {"from": "shared", "node": "b/conv"}}),
        },
        ["x.y b.x fc.x", "b.y y.x"],
    )
    shared = {"weights": {"from": "shared", "node": "w/n0/b/conv"}}
    made = graph(
        {"data": image(4), "b": "block:inner", "w": ("block:wrap", {}, {"repeat": 2}), "fc": ("linear", {}, shared)},
        ["data.x b.x", "b.y w.x fc.x"],
        {"inner": block, "wrap": wrap},
    )
    edits.rename_node(block, "x", "enter", root=made)
    edits.rename_node(block, "y", "leave", root=made)
    edits.rename_node(block, "conv", "layer", root=made)
    assert wires(made) == ["data.x b.enter", "b.leave w.x", "b.leave fc.x"]
    assert wires(wrap) == ["x.y b.enter", "x.y fc.x", "b.leave y.x"]
    assert wires(block) == ["enter.y layer.x", "layer.y leave.x"]
    assert made.nodes["fc"]["settings"]["weights"]["node"] == "w/n0/b/layer"
    assert wrap.nodes["fc"]["settings"]["weights"]["node"] == "b/layer"


# ------------------------------------------------------------------ what later versions know


def test_edits_keep_keys_that_this_version_does_not_know() -> None:
    document = to_document(net())
    document["nodes"][1]["colour"] = "red"
    for index, edge in enumerate(document["edges"]):
        edge["note"] = index
    made = from_document(document)
    edits.rename_node(made, "fc", "first")
    edits.reorder(made, "add", "xs", ["relu.y", "data.x"])
    edits.detach_block(made, edits.make_block(made, ["first", "relu"], "part"))
    kept = to_document(made)
    notes = {f"{e['from']} {e['to']}": e.get("note") for e in kept["edges"]}
    assert notes == {
        "data.x first.x": 0, "first.y relu.x": 1, "data.x add.xs": 2, "relu.y add.xs": 3, "add.y out.x": 4,
    }  # fmt: skip
    assert next(n for n in kept["nodes"] if n["id"] == "first")["colour"] == "red"
