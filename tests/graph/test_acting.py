"""Nodes that are muted or bypassed: what the rest of the graph reads instead, and what is said where nothing fits."""

from __future__ import annotations

import pytest

from builder.graph import Flat, Graph, dumps, flatten, loads
from builder.graph.acting import acting
from tests.compiler.build import Node, graph, image
from tests.graph.small import net, wires

MUTE, BYPASS = {"mode": "mute"}, {"mode": "bypass"}


def set_modes(made: Graph, **modes: str) -> Graph:
    for node, mode in modes.items():
        made.nodes[node]["settings"]["mode"] = mode
    return made


def acts(made: Graph) -> list[str]:
    return wires(acting(made, made.blocks).graph)


def errors(flat: Flat) -> dict[tuple[str, str], str]:
    return {(error.node, error.port): error.message for error in flat.errors}


def test_a_graph_that_acts_as_a_whole_stays_itself() -> None:
    made = net()
    assert acting(made, made.blocks).graph is made


def test_a_bypassed_node_hands_its_input_on_in_place() -> None:
    made = set_modes(net(), relu="bypass")
    assert acts(made) == ["data.x fc.x", "data.x add.xs", "fc.y add.xs", "add.y out.x"]
    assert acts(set_modes(made, fc="bypass")) == ["data.x add.xs", "data.x add.xs", "add.y out.x"]
    assert wires(made) == wires(net()), "the graph itself stays as it is"


def test_a_muted_node_takes_its_wires_with_it() -> None:
    made = set_modes(net(), relu="mute")
    assert acts(made) == ["data.x fc.x", "data.x add.xs", "add.y out.x"]
    flat = flatten(made)
    assert flat.nodes["add"].inputs == {"xs": [("data", "x")]}
    assert flat.nodes["add"].muted == {"xs": "relu"}
    assert list(flat.nodes) == ["data", "fc", "add", "out"]
    assert (flat.mode_of("relu"), flat.mode_of("fc")) == ("mute", None)
    assert not flat.errors


def test_behind_a_bypassed_node_stands_the_muted_one() -> None:
    made = set_modes(net(), fc="mute", relu="bypass")
    assert acts(made) == ["data.x add.xs", "add.y out.x"]
    made = set_modes(
        graph({"a": "linear", "b": "act_relu", "c": "linear"}, ["a.y b.x", "b.y c.x"]), a="mute", b="bypass"
    )
    assert acting(made, {}).muted == {("c", "x"): "a"}


def test_of_several_wires_the_first_that_acts_goes_on() -> None:
    made = set_modes(net(), add="bypass")
    assert acts(made)[-1] == "data.x out.x"
    two = graph(
        {"d": image(4), "m": "act_relu", "n": "act_relu", "add": "op_add", "out": "linear"},
        ["d.x m.x n.x", "m.y add.xs", "n.y add.xs", "add.y out.x"],
    )
    assert acts(set_modes(two, m="mute", add="bypass")) == ["d.x n.x", "n.y out.x"]


def test_further_outputs_hand_on_the_input_of_their_name() -> None:
    nodes: dict[str, Node] = {
        "d": image(5, 4),
        "first": "rnn_lstm",
        "second": ("rnn_lstm", {}, BYPASS),
        "f": "linear",
        "g": "linear",
    }
    made = graph(nodes, ["d.x first.x", "first.y second.x", "first.h second.h0", "second.y f.x", "second.h g.x"])
    assert acts(made) == ["d.x first.x", "first.y f.x", "first.h g.x"]


def test_where_nothing_fits_the_bypassed_node_says_so() -> None:
    nodes: dict[str, Node] = {"d": image(5, 4), "rnn": ("rnn_lstm", {}, BYPASS), "f": "linear", "g": "linear"}
    flat = flatten(graph(nodes, ["d.x rnn.x", "rnn.y f.x", "rnn.c g.x"]))
    assert list(errors(flat)) == [("rnn", "c")]
    assert "nothing that comes in can stand for its output 'c'" in errors(flat)["rnn", "c"]
    assert flat.nodes["f"].inputs == {"x": [("d", "x")]}
    assert flat.nodes["g"].broken == {"x"}
    flat = flatten(set_modes(net(), data="bypass"))
    assert list(errors(flat)) == [("data", "x")]
    unread = graph({"d": ("data_random", {"shape": [4]}, BYPASS)})
    assert not flatten(unread).errors


def test_a_scheduler_has_no_tensor_to_hand_on_but_can_be_muted() -> None:
    nodes: dict[str, Node] = {"s": ("sched_cosine", {}, BYPASS), "opt": "opt_adam"}
    made = graph(nodes, ["s.schedule opt.schedule"])
    assert list(errors(flatten(made))) == [("s", "schedule")]
    assert flatten(set_modes(made, s="mute")).nodes["opt"].inputs == {}


def test_an_unknown_component_may_be_muted() -> None:
    made = graph(
        {"d": image(4), "odd": ("no_such", {}, MUTE), "add": "op_add"}, ["d.x odd.what add.xs", "odd.y add.xs"]
    )
    assert not flatten(made).errors
    assert "no component 'no_such'" in errors(flatten(set_modes(made, odd="bypass")))["odd", ""]


@pytest.mark.parametrize("modes", [{"a": "bypass"}, {"a": "bypass", "b": "bypass"}, {"a": "mute", "b": "bypass"}])
def test_nodes_in_a_circle(modes: dict[str, str]) -> None:
    made = graph({"a": "act_relu", "b": "act_relu", "c": "act_relu"}, ["a.y b.x c.x", "b.y a.x"])
    flat = flatten(set_modes(made, **modes))
    assert flat.nodes.keys() == {"a", "b", "c"} - modes.keys()


def test_many_nodes_behind_each_other() -> None:
    count = 20_000
    nodes: dict[str, Node] = {"d": image(4), **{f"r{i}": ("act_relu", {}, BYPASS) for i in range(count)}}
    between = [f"r{i}.y r{i + 1}.x" for i in range(count - 1)]
    made = graph({**nodes, "out": "linear"}, ["d.x r0.x", *between, f"r{count - 1}.y out.x"])
    assert acts(made) == ["d.x out.x"]


# ------------------------------------------------------------------ blocks


def residual() -> Graph:
    return graph(
        {"x": "port_in", "f": "linear", "r": "act_relu", "add": "op_add", "y": "port_out"},
        ["x.y f.x", "f.y r.x", "x.y add.xs", "r.y add.xs", "add.y y.x"],
    )


def with_block(settings: dict | None = None, **modes: str) -> Graph:
    made = graph(
        {"d": image(4), "b": ("block:res", {}, settings or {}), "out": "linear"},
        ["d.x b.x", "b.y out.x"],
        {"res": residual()},
    )
    set_modes(made.blocks["res"], **modes)
    return made


def test_a_use_of_a_block_is_left_out_with_all_that_is_inside() -> None:
    flat = flatten(with_block({"mode": "bypass", "repeat": 2}))
    assert flat.nodes["out"].inputs == {"x": [("d", "x")]}
    assert list(flat.nodes) == ["d", "out"]
    assert flat.mode_of("b/n1/f") == "bypass"
    flat = flatten(with_block(MUTE))
    assert flat.nodes["out"].muted == {"x": "b"}
    assert not flat.errors


def test_nodes_inside_a_repeated_block_are_left_out_of_each_copy() -> None:
    flat = flatten(with_block({"repeat": 2}, r="bypass", f="mute"))
    assert list(flat.nodes) == ["d", "b/n0/add", "b/n1/add", "out"]
    assert flat.nodes["b/n1/add"].inputs == {"xs": [("b/n0/add", "y")]}
    assert flat.mode_of("b/n1/f") == "mute"


def test_a_block_whose_output_is_fed_by_a_muted_node_says_so_inside() -> None:
    flat = flatten(with_block(add="mute"))
    assert errors(flat) == {("b/y", "x"): "The block's output 'y' is fed by 'add', which is muted."}
    flat = flatten(with_block({"repeat": 3}, add="mute"))
    assert list(errors(flat)) == [("b/n0/y", "x")], "once for all copies"


def test_a_block_that_is_fed_by_a_muted_node_says_so() -> None:
    flat = flatten(set_modes(with_block(), d="mute"))
    assert errors(flat)["b", "x"].startswith("Port 'x' of the block is fed by 'd', which is muted; it expects")


def test_outputs_of_a_block_hand_on_the_input_of_their_place() -> None:
    pair = graph(
        {"x": "port_in", "mask": "port_in", "f": "linear", "y": "port_out", "m": "port_out"},
        ["x.y f.x", "f.y y.x", "mask.y m.x"],
    )
    nodes: dict[str, Node] = {
        "d": image(4),
        "e": image(4),
        "p": ("block:pair", {}, BYPASS),
        "f": "linear",
        "g": "linear",
    }
    made = graph(nodes, ["d.x p.x", "e.x p.mask", "p.y f.x", "p.m g.x"], {"pair": pair})
    assert acts(made) == ["d.x f.x", "e.x g.x"]


def test_ports_of_blocks_always_act() -> None:
    flat = flatten(with_block(x="mute", y="bypass"))
    assert set(errors(flat)) == {("b/x", ""), ("b/y", "")}
    assert "which can be neither muted nor bypassed" in errors(flat)["b/x", ""]
    assert flat.nodes["out"].inputs == {"x": [("b/add", "y")]}


# ------------------------------------------------------------------ what names a node that does not act


@pytest.mark.parametrize(("mode", "word"), [("mute", "muted"), ("bypass", "bypassed")])
def test_a_block_parameter_that_refers_to_one(mode: str, word: str) -> None:
    made = graph(
        {"d": image(4), "critic": "block:res", "p": ("gan_wgan_gp", {"critic": {"node": "critic"}})},
        ["d.x critic.x p.x_real p.x_fake"],
        {"res": residual()},
    )
    flat = flatten(set_modes(made, critic=mode))
    assert errors(flat) == {("p", ""): f"The parameter 'critic' refers to 'critic', where 'critic' is {word}."}
    made = set_modes(with_block(), b=mode)
    made.place("p", "gan_wgan_gp", {"critic": {"node": "b/f"}})
    assert f"refers to 'b/f', where 'b' is {word}" in errors(flatten(made))["p", ""]
    made = with_block(f=mode)
    made.place("p", "gan_wgan_gp", {"critic": {"node": "b/f"}})
    assert f"refers to 'b/f', where 'f' is {word}" in errors(flatten(made))["p", ""]


def test_a_block_that_is_a_parameter_may_hold_nodes_that_do_not_act() -> None:
    made = graph(
        {"d": image(4), "p": ("gan_wgan_gp", {"critic": "res"})}, ["d.x p.x_real p.x_fake"], {"res": residual()}
    )
    set_modes(made.blocks["res"], f="bypass")
    flat = flatten(made)
    assert not flat.errors
    assert set(flat.inner) == {"p/critic/r", "p/critic/add"}
    assert flat.mode_of("p/critic/f") == "bypass"


def test_modes_are_saved() -> None:
    made = set_modes(net(), relu="bypass", fc="mute")
    assert loads(dumps(made)).nodes["relu"]["settings"] == BYPASS
    with pytest.raises(ValueError, match="expected 'mute' or 'bypass', received 'off'"):
        loads(dumps(set_modes(made, fc="off")))
