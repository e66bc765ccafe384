"""Muted and bypassed nodes in what is checked and compiled: they are simply not there."""

from __future__ import annotations

import pytest
import torch

from builder.compiler import Compiled, apply_fix, check
from builder.compiler.check import Analysis
from builder.compiler.ownership import turns
from builder.graph import Edge, Graph, flatten
from tests.compiler.build import Node, graph, image


def net(**modes: str) -> Graph:
    nodes: dict[str, Node] = {
        "data": image(4),
        "fc": ("linear", {"out_features": 4}),
        "relu": "act_relu",
        "drop": "drop_dropout",
        "out": ("linear", {"out_features": 10}),
        "loss": "loss_cross_entropy",
        "opt": ("opt_sgd", {"lr": 0.1}),
    }
    made = graph(
        nodes,
        [
            "data.x fc.x",
            "fc.y relu.x",
            "relu.y drop.x",
            "drop.y out.x",
            "out.y loss.logits",
            "data.y loss.target",
            "loss.loss opt.loss",
        ],
    )
    for node, mode in modes.items():
        made.nodes[node]["settings"]["mode"] = mode
    return made


def messages(made: Graph) -> dict[tuple[str, str], tuple[str, str]]:
    return {(p.node, p.port): (p.code, p.message) for p in check(made).problems}


def test_a_bypassed_node_is_not_computed() -> None:
    report = check(net(fc="bypass", drop="bypass"))
    assert report.ok
    assert report.parameters == 4 * 10 + 10
    assert set(report.nodes) == {"data", "relu", "out", "loss", "opt"}
    compiled = Compiled(net(fc="bypass", drop="bypass"), seed=3)
    x = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    layer = compiled.module("out")
    assert layer is not None
    assert torch.equal(compiled.model(x), layer(x.relu()))


def test_a_graph_with_a_bypassed_node_is_the_graph_without_it() -> None:
    made = net()
    made.remove_node("fc")
    made.wire(Edge("data", "x", "relu", "x"))
    without, bypassed = Compiled(made, seed=3).root.state_dict(), Compiled(net(fc="bypass"), seed=3).root.state_dict()
    assert without.keys() == bypassed.keys()
    assert all(torch.equal(without[name], tensor) for name, tensor in bypassed.items())


def test_a_reader_of_a_muted_node_says_which() -> None:
    found = messages(net(relu="mute"))
    assert found == {("drop", "x"): ("unconnected", "Port 'x' is fed by 'relu', which is muted; it expects a tensor.")}


def test_shapes_that_no_longer_fit_are_told_where_they_do_not() -> None:
    made = net(relu="bypass", fc="bypass")
    made.nodes["out"]["params"]["in_features"] = 5
    assert ("out", "x") in messages(made)


def test_a_bypassed_node_with_an_output_that_nothing_stands_for() -> None:
    found = messages(net(data="bypass"))
    assert set(found) == {("data", "x"), ("data", "y")}, "its readers do not repeat it"


@pytest.mark.parametrize(("mode", "word"), [("mute", "muted"), ("bypass", "bypassed")])
@pytest.mark.parametrize("source", ["shared", "average"])
def test_weights_of_a_node_that_does_not_act(mode: str, word: str, source: str) -> None:
    made = net(fc=mode)
    made.place("twin", "linear", {}, {"weights": {"from": source, "node": "fc"}})
    made.wire(next(made.wires())._replace(target="twin"))
    code, message = messages(made)["twin", ""]
    assert code == "setting"
    assert message == (
        f"Its weights are those of 'fc', which is {word}: give it weights of its own, or let that node act."
    )


def test_weights_of_a_node_inside_a_block_that_does_not_act() -> None:
    part = graph({"x": "port_in", "f": ("linear", {"out_features": 4}), "y": "port_out"}, ["x.y f.x", "f.y y.x"])
    nodes: dict[str, Node] = {
        "data": image(4),
        "b": ("block:part", {}, {"mode": "bypass"}),
        "c": ("block:part", {}, {"weights": {"from": "shared", "node": "b"}}),
        "twin": ("linear", {}, {"weights": {"from": "shared", "node": "b/f"}}),
    }
    made = graph(nodes, ["data.x b.x twin.x c.x"], {"part": part})
    found = messages(made)
    assert "'b/f', which is bypassed" in found["twin", ""][1]
    assert "'b/f', which is bypassed" in found["c/f", ""][1]


def test_an_optimizer_trains_what_is_left() -> None:
    made = net(fc="bypass")
    made.nodes["opt"]["settings"]["parameters"] = ["fc", "out"]
    assert check(made).ok
    (turn,) = turns(Analysis(flatten(made)))
    assert "out" in turn.nodes
    made.nodes["opt"]["settings"]["parameters"] = ["fc"]
    assert messages(made)["opt", ""][1] == "The setting 'parameters' names only what is muted or bypassed: fc."
    assert turns(Analysis(flatten(net(opt="mute")))) == []


def test_a_repair_counts_the_wires_that_act() -> None:
    nodes: dict[str, Node] = {
        "data": image(6),
        "off": ("act_relu", {}, {"mode": "mute"}),
        "wide": ("linear", {"out_features": 8}),
        "add": "op_add",
    }
    made = graph(nodes, ["data.x off.x wide.x", "off.y add.xs", "wide.y add.xs", "data.x add.xs"])
    (problem,) = check(made).problems
    assert problem.fix is not None
    assert problem.fix.label == "Project what comes from data to 8 features"
    apply_fix(made, problem.fix)
    assert check(made).ok
    assert [wire.source for wire in made.wires_into("add", "xs")] == ["off", "wide", "linear1"]


def test_a_phase_of_a_node_that_does_not_act_is_none() -> None:
    made = net(drop="bypass")
    made.nodes["drop"]["settings"]["phase"] = "train"
    compiled = Compiled(made, seed=0)
    assert compiled.sources("out", "train") == {"x": [("relu", "y")]}
    made = net(relu="mute")
    made.nodes["drop"]["settings"]["phase"] = "train"
    assert set(messages(made)) == {("drop", "x")}
