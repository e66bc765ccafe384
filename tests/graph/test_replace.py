"""Another component in a node's place: what stays and what is said to be lost."""

from __future__ import annotations

from builder.graph import Edge, Graph, edit
from tests.compiler.build import Node, graph, image
from tests.graph.small import net, refused, wires


def test_an_activation_by_another() -> None:
    made = net()
    made.nodes["relu"]["position"] = [3, 4]
    made.nodes["relu"]["settings"] = {"name": "Bend", "phase": "train"}
    done = edit.replace_node(made, "relu", "act_tanh")
    assert done.node == "tanh1"
    assert made.nodes[done.node]["position"] == [3, 4]
    assert made.nodes[done.node]["settings"] == {"name": "Bend", "phase": "train"}
    assert done.complete


def test_an_id_that_tells_the_component_is_renewed_and_a_given_one_stays() -> None:
    made = graph({"relu1": "act_relu", "stem": "act_relu", "conv3": "conv_standard"}, ["relu1.y stem.x"])
    assert edit.replace_node(made, "relu1", "act_tanh").node == "tanh1"
    assert edit.replace_node(made, "stem", "act_tanh").node == "stem"
    assert edit.replace_node(made, "conv3", "conv_dilated").node == "conv3"
    assert list(made) == ["tanh1", "stem", "conv3"]
    assert wires(made) == ["tanh1.y stem.x"]


def test_parameters_that_are_not_valid_there_are_lost() -> None:
    params = {"out_channels": 8, "kernel_size": 5, "in_channels": None, "stride": {"param": "s"}, "odd": 1}
    made = graph({"c": ("conv_standard", params)})
    done = edit.replace_node(made, "c", "conv_transposed")
    assert set(made.nodes["c"]["params"]) == {"out_channels", "kernel_size", "in_channels", "stride"}
    assert done.params == ("odd",)
    made = graph({"c": ("linear", {"out_features": 8, "bias": "no"})})
    assert edit.replace_node(made, "c", "linear").params == ("bias",)


def test_settings_stay_where_they_apply() -> None:
    settings = {"name": "A", "frozen": True, "init": {"component": "init_zero"}, "mode": "bypass", "to_come": 1,
                "weights": {"from": "shared", "node": "g"}, "phase": "train"}  # fmt: skip
    made = graph({"f": ("linear", {}, settings), "g": "linear"})
    assert set(edit.replace_node(made, "f", "op_add").settings) == {"frozen", "init", "weights"}
    assert made.nodes["f"]["settings"] == {"name": "A", "mode": "bypass", "to_come": 1, "phase": "train"}
    made = graph({"d": ("data_random", {"shape": [4]}, {"batch_size": 8})})
    assert edit.replace_node(made, "d", "data_mnist_5k").settings == ()
    made = graph({"o": ("opt_adam", {"lr": 0.1}, {"clip_norm": 1.0, "order": 2})})
    done = edit.replace_node(made, "o", "opt_sgd")
    assert made.nodes[done.node]["params"] == {"lr": 0.1}
    assert made.nodes[done.node]["settings"] == {"clip_norm": 1.0, "order": 2}


def test_wires_go_to_ports_of_their_name_then_of_their_kind() -> None:
    nodes: dict[str, Node] = {"d": image(4), "e": image(4), "a": "op_add", "r": "act_relu"}
    made = graph(nodes, ["d.x a.xs", "e.x a.xs", "a.y r.x"])
    done = edit.replace_node(made, "a", "act_relu")
    assert done.wires == (Edge("e", "x", "a", "xs"),)
    assert wires(made) == ["d.x a.x", "a.y r.x"]
    made = graph({"d": image(4), "f": "linear", "m": "op_add"}, ["d.x f.x", "f.y m.xs", "d.x m.xs"])
    made.wire(Edge("f", "y", "m", "xs"), {"note": 1})
    edit.replace_node(made, "f", "op_concat")
    assert wires(made) == ["d.x f.xs", "f.y m.xs", "d.x m.xs", "f.y m.xs"], "the places at a variadic port stay"
    made = graph({"q": image(5, 4), "a": "attn_multi_head"}, ["q.x a.v a.q a.k"])
    assert edit.replace_node(made, "a", "op_concat").complete
    assert wires(made) == ["q.x a.xs"] * 3


def test_kinds_of_wires_are_kept_apart() -> None:
    made = graph({"s": "sched_cosine", "d": image(4), "o": "opt_adam"}, ["s.schedule o.schedule", "d.x o.loss"])
    done = edit.replace_node(made, "o", "linear")
    assert wires(made) == ["d.x o.x"]
    assert done.wires == (Edge("s", "schedule", "o", "schedule"),)


def test_outputs_of_several() -> None:
    made = graph({"d": image(5, 4), "r": "rnn_lstm", "f": "linear", "g": "linear", "i": "linear"},
                 ["d.x r.x", "r.c g.x", "r.y f.x", "r.h i.x"])  # fmt: skip
    done = edit.replace_node(made, "r", "rnn_gru")
    assert wires(made) == ["d.x r.x", "r.y f.x", "r.h i.x"]
    assert done.wires == (Edge("r", "c", "g", "x"),)


def with_block() -> Graph:
    block = graph({"x": "port_in", "f": "linear", "y": "port_out"}, ["x.y f.x", "f.y y.x"])
    block.block_params["width"] = 4
    return graph(
        {"d": image(4), "r": ("act_relu", {"width": 3, "inplace": True}), "out": "linear"},
        ["d.x r.x", "r.y out.x"],
        {"part": block},
    )


def test_a_block_in_a_nodes_place_and_back() -> None:
    made = with_block()
    done = edit.replace_node(made, "r", "block:part")
    assert (done.node, done.params) == ("r", ("inplace",))
    assert made.nodes["r"]["params"] == {"width": 3}
    assert wires(made) == ["d.x r.x", "r.y out.x"]
    made.nodes["r"]["settings"] = {"repeat": 2, "frozen": True}
    assert edit.replace_node(made, "r", "linear").settings == ("repeat",)
    refused(lambda g: edit.replace_node(g.blocks["part"], "f", "block:part", g.blocks), "contain itself", with_block())


def test_an_unknown_component_can_be_replaced() -> None:
    made = graph({"d": image(4), "odd": ("to_come", {"p": 0.5}), "f": "linear"}, ["d.x odd.in1", "odd.out f.x"])
    assert edit.replace_node(made, "odd", "act_relu").params == ("p",)
    assert wires(made) == ["d.x odd.x", "odd.y f.x"]


def test_what_cannot_be_replaced() -> None:
    refused(lambda g: edit.replace_node(g, "nope", "linear"), "no node 'nope'")
    refused(lambda g: edit.replace_node(g, "fc", "no_such"), "no component 'no_such'")
    refused(lambda g: edit.replace_node(g, "fc", "block:no"), "does not have")
    refused(lambda g: edit.replace_node(g, "fc", "port_in"), "block's port cannot be replaced")
    refused(lambda g: edit.replace_node(g.blocks["part"], "x", "linear", g.blocks), "block's port", with_block())


def test_what_names_a_node_that_is_replaced_follows_its_new_id() -> None:
    made = graph({"linear1": "linear", "o": ("opt_adam", {}, {"parameters": ["linear1"]})})
    assert edit.replace_node(made, "linear1", "conv_standard").node == "conv1"
    assert made.nodes["o"]["settings"]["parameters"] == ["conv1"]
