"""Checking whole graphs: shapes and figures of sound ones, every problem of broken ones, each at its node and port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings

from builder.compiler import Report, check, problems_at
from builder.gallery import graph_files
from builder.graph import Graph, from_document, load
from components.tensor_spec import TensorSpec
from tests.compiler.build import Node, chain, graph, image
from tests.graph.documents import documents

GALLERY = graph_files()


def found(report: Report) -> list[tuple[str, str, str]]:
    return [(p.node, p.port, p.code) for p in report.problems]


def shapes(report: Report) -> dict[str, tuple[int | str, ...]]:
    return {f"{n}.{p}": spec.shape for n, node in report.nodes.items() for p, spec in node.outputs.items()}


# ------------------------------------------------------------------ sound graphs


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_gallery_graphs_are_sound(path: Path) -> None:
    report = check(load(path))
    assert report.ok, [f"{p.node}: {p.message}" for p in report.problems]
    assert report.parameters > 0
    runs = {
        n for n, data in load(path).nodes(data=True) if not data["component"].startswith(("opt_", "reg_", "sched_"))
    }
    assert all(node.outputs for id, node in report.nodes.items() if node.inputs and id in runs)


def test_a_convolutional_network() -> None:
    made = chain(
        ("data", image(1, 28, 28)),
        ("conv1", ("conv_standard", {"out_channels": 6, "kernel_size": 5, "padding": 2})),
        ("pool1", "pool_avg"),
        ("conv2", ("conv_standard", {"out_channels": 16, "kernel_size": 5})),
        ("pool2", "pool_avg"),
        ("flat", "op_flatten"),
        ("fc", ("linear", {"out_features": 10})),
    )
    report = check(made)
    assert shapes(report) == {
        "data.x": ("B", 1, 28, 28), "data.y": ("B",), "conv1.y": ("B", 6, 28, 28), "pool1.y": ("B", 6, 14, 14),
        "conv2.y": ("B", 16, 10, 10), "pool2.y": ("B", 16, 5, 5), "flat.y": ("B", 400), "fc.y": ("B", 10),
    }  # fmt: skip
    assert report.nodes["conv2"].params["in_channels"] == 6
    assert report.nodes["data"].outputs["y"] == TensorSpec(("B",), "int64", 10)
    assert report.nodes["conv1"].inputs["x"] == (TensorSpec(("B", 1, 28, 28)),)


def test_residual_blocks_nested_and_repeated() -> None:
    conv: Node = ("conv_standard", {"out_channels": {"param": "channels"}, "kernel_size": 3, "padding": 1})
    residual = graph(
        {"x": "port_in", "conv": conv, "add": "op_add", "y": "port_out"},
        ["x.y conv.x add.xs", "conv.y add.xs", "add.y y.x"],
    )
    residual.block_params["channels"] = 3
    stage = graph(
        {
            "x": "port_in",
            "res": ("block:residual", {"channels": {"param": "channels"}}, {"repeat": 3}),
            "y": "port_out",
        },
        ["x.y res.x", "res.y y.x"],
    )
    stage.block_params["channels"] = 3
    made = graph(
        {
            "data": image(3, 8, 8),
            "stage": "block:stage",
            "grow": ("conv_standard", {"out_channels": 5}),
            "two": ("block:stage", {"channels": 5}),
        },
        ["data.x stage.x", "stage.y grow.x", "grow.y two.x"],
        {"residual": residual, "stage": stage},
    )
    report = check(made)
    assert report.ok
    assert report.nodes["stage/res/n2/add"].outputs["y"].shape == ("B", 3, 8, 8)
    assert report.nodes["two/res/n2/conv"].params["out_channels"] == 5
    assert report.parameters == 3 * (3 * 3 * 9 + 3) + (5 * 3 * 9 + 5) + 3 * (5 * 5 * 9 + 5)


def test_sequences_attention_and_numbered_outputs() -> None:
    nodes: dict[str, Node] = {
        "data": ("data_text_characters", {"context": 12}),
        "embed": ("embedding", {"embedding_dim": 8}),
        "rnn": ("rnn_lstm", {"hidden_size": 6, "bidirectional": True}),
        "attend": ("attn_multi_head", {"num_heads": 3}),
        "split": ("op_split", {"sections": [2, 3, 7], "dim": -1}),
        "fc": "linear",
    }
    wires = ["data.x embed.x", "embed.y rnn.x", "rnn.y attend.q attend.k attend.v", "attend.y split.x", "split.y2 fc.x"]
    report = check(graph(nodes, wires))
    assert report.ok
    assert shapes(report)["attend.weights"] == ("B", 3, 12, 12)
    assert [shapes(report)[f"split.y{i}"] for i in (1, 2, 3)] == [("B", 12, 2), ("B", 12, 3), ("B", 12, 7)]
    assert report.nodes["fc"].params["in_features"] == 3
    assert report.nodes["embed"].params["num_embeddings"] == report.nodes["data"].outputs["x"].high


def test_a_graph_network_has_several_axes_that_vary() -> None:
    nodes: dict[str, Node] = {
        "data": "data_pbmc68k",
        "gcn": ("gnn_gcn", {"out_features": 5}),
        "loss": "loss_cross_entropy",
    }
    wires = ["data.x gcn.x", "data.edge_index gcn.edge_index", "gcn.y loss.logits", "data.y loss.target"]
    report = check(graph(nodes, wires), fixes=False)
    axes = {name for shape in shapes(report).values() for name in shape if isinstance(name, str)}
    assert len(axes) == 2, "nodes and edges"
    (nodes_axis,) = [n for n in shapes(report)["data.x"] if isinstance(n, str)]
    assert shapes(report)["gcn.y"] == (nodes_axis, 5)


# ------------------------------------------------------------------ broken graphs


def test_several_problems_at_once_each_at_its_place() -> None:
    nodes: dict[str, Node] = {
        "data": image(3, 8, 8),
        "conv": ("conv_standard", {"groups": 2}),
        "wrong": ("linear", {"in_features": 5}),
        "odd": "no_such_component",
        "after_odd": "act_relu",
        "open": "op_matmul",
        "drop": ("drop_dropout", {"p": 2}),
        "a": "act_relu",
        "b": "act_relu",
        "after_cycle": "linear",
    }
    wires = [
        "data.x conv.x wrong.x odd.x drop.x",
        "odd.y after_odd.x",
        "wrong.y open.a",
        "a.y b.x",
        "b.y a.x after_cycle.x",
    ]
    report = check(graph(nodes, wires), fixes=False)
    assert not report.ok
    assert sorted(found(report)) == [
        ("a", "", "cycle"),
        ("b", "", "cycle"),
        ("conv", "", "parameter"),
        ("drop", "", "parameter"),
        ("odd", "", "invalid"),
        ("open", "b", "unconnected"),
        ("wrong", "x", "mismatch"),
    ]


def test_what_lies_behind_a_broken_node_is_not_blamed() -> None:
    nodes: dict[str, Node] = {
        "data": image(4), "odd": "no_such_component", "cat": "op_concat", "fc": ("linear", {"in_features": 99}), "add": "op_add", "mha": "attn_multi_head",
        "loss": "loss_cross_entropy", "opt": "opt_adam",
    }  # fmt: skip
    wires = [
        "data.x cat.xs odd.x add.xs", "odd.y cat.xs mha.q mha.k mha.v", "cat.y fc.x", "odd.z add.xs", "fc.y loss.logits", "data.y loss.target",
        "loss.loss opt.loss",
    ]  # fmt: skip
    report = check(graph(nodes, wires))
    assert found(report) == [("odd", "", "invalid")]
    assert "y" not in report.nodes["cat"].outputs


def test_what_lies_behind_an_unknown_port_is_not_blamed() -> None:
    nodes: dict[str, Node] = {
        "data": image(4),
        "fc": "linear",
        "cat": "op_concat",
        "end": ("linear", {"in_features": 3}),
    }
    report = check(graph(nodes, ["data.x fc.x cat.xs", "fc.nope cat.xs", "cat.y end.x"]))
    assert found(report) == [("fc", "nope", "invalid")]


def test_a_broken_block_is_one_problem() -> None:
    block = graph(
        {"x": "port_in", "odd": "nope", "fc": "linear", "y": "port_out"}, ["x.y odd.x", "odd.y fc.x", "fc.y y.x"]
    )
    nodes: dict[str, Node] = {"data": image(4), "b": ("block:part", {}, {"repeat": 5}), "end": "linear"}
    report = check(graph(nodes, ["data.x b.x", "b.y end.x"], {"part": block}))
    assert found(report) == [("b/n0/odd", "", "invalid")]


def test_a_problem_in_every_copy_is_told_once() -> None:
    block = graph(
        {"x": "port_in", "fc": ("linear", {"in_features": 9, "out_features": 4}), "y": "port_out"},
        ["x.y fc.x", "fc.y y.x"],
    )
    nodes: dict[str, Node] = {"data": image(4), "b": ("block:part", {}, {"repeat": 5})}
    report = check(graph(nodes, ["data.x b.x"], {"part": block}), fixes=False)
    assert found(report) == [("b/n0/fc", "x", "mismatch")]
    block.nodes["fc"]["params"] = {"in_features": 4, "out_features": 5}
    report = check(graph(nodes, ["data.x b.x"], {"part": block}), fixes=False)
    assert found(report) == [("b/n1/fc", "x", "mismatch")], "the first copy is right"


def test_problems_inside_a_block_belong_to_its_use() -> None:
    block = graph({"x": "port_in", "fc": ("linear", {"bias": 3}), "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    report = check(graph({"data": image(4), "b": "block:part", "b2": "linear"}, ["data.x b.x"], {"part": block}))
    assert [p.node for p in problems_at(report, "b")] == ["b/fc"]
    assert [p.node for p in problems_at(report, "b2")] == ["b2"]


def test_an_open_port_of_a_block_is_a_problem() -> None:
    block = graph({"x": "port_in", "fc": "linear", "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    report = check(graph({"b": "block:part", "end": "linear"}, ["b.y end.x"], {"part": block}))
    assert [(p.node, p.port) for p in report.problems] == [("b", "x")]


def test_cycles_name_their_nodes() -> None:
    nodes: dict[str, Node] = {
        "data": image(4),
        "a": "op_add",
        "b": "linear",
        "c": "act_relu",
        "end": "linear",
        "x": "act_relu",
        "y": "act_relu",
    }
    wires = ["data.x a.xs", "a.y b.x", "b.y c.x", "c.y a.xs end.x", "x.y y.x", "y.y x.x"]
    report = check(graph(nodes, wires))
    messages = {p.node: p.message for p in report.problems}
    assert messages.keys() == {"a", "b", "c", "x", "y"}
    assert messages["b"].startswith("These nodes form a cycle: a -> b -> c -> a.")
    assert messages["y"].startswith("These nodes form a cycle: x -> y -> x.")


def test_cycles_through_blocks_and_of_one_node() -> None:
    block = graph({"x": "port_in", "fc": "linear", "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    report = check(
        graph(
            {"b": ("block:part", {}, {"repeat": 2}), "r": "act_relu", "s": "op_add"},
            ["b.y r.x", "r.y b.x", "s.y s.xs"],
            {"part": block},
        )
    )
    messages = {p.node: p.message for p in report.problems}
    assert "b/n0/fc -> b/n1/fc -> r -> b/n0/fc" in messages["r"]
    assert "s -> s." in messages["s"]


def test_a_long_cycle_has_a_short_message() -> None:
    nodes = {f"n{i}": "act_relu" for i in range(300)}
    report = check(graph(nodes, [f"n{i}.y n{(i + 1) % 300}.x" for i in range(300)]))
    assert len(report.problems) == 300
    assert report.problems[0].message.count("->") == 13
    assert "n11 -> ... -> n0" in report.problems[0].message


@settings(max_examples=80, deadline=None)
@given(documents())
def test_any_document_is_checked_without_an_exception(document: dict[str, Any]) -> None:
    report = check(from_document(document))
    assert report.ok == (not report.problems)
    for problem in report.problems:
        assert problem.message
        assert problem.message_zh
        assert "{shapes}" not in problem.message + problem.message_zh
    report.to_json()


# ------------------------------------------------------------------ shared weights


def shares(owner: str) -> dict[str, Any]:
    return {"weights": {"from": "shared", "node": owner}}


def test_shared_weights_count_once_and_use_the_owners_parameters() -> None:
    nodes: dict[str, Node] = {
        "data": image(4),
        "a": ("linear", {"out_features": 4, "bias": False}),
        "b": ("linear", {}, shares("a")),
        "c": ("linear", {}, shares("b")),
    }
    report = check(graph(nodes, ["data.x a.x", "a.y b.x", "b.y c.x"]))
    assert report.ok
    assert report.parameters == 16
    assert report.nodes["c"].params == {"in_features": 4, "out_features": 4, "bias": False}
    assert report.flops == 3 * 2 * 16


@pytest.mark.parametrize(
    "wires",
    [["data.x b.x", "b.y a.x"], ["data.x a.x b.x"], ["data.x a.x", "a.y b.x"]],
    ids=["before", "beside", "after"],
)
def test_the_owner_may_stand_anywhere(wires: list[str]) -> None:
    nodes: dict[str, Node] = {
        "data": image(4),
        "b": ("linear", {"out_features": 4}, shares("a")),
        "a": ("linear", {"out_features": 4}),
    }
    report = check(graph(nodes, wires))
    assert report.ok
    assert report.parameters == 20
    assert report.nodes["b"].outputs["y"].shape == ("B", 4)


def test_inputs_of_shared_weights_must_agree() -> None:
    nodes: dict[str, Node] = {"data": image(4), "a": ("linear", {"out_features": 3}), "b": ("linear", {}, shares("a"))}
    report = check(graph(nodes, ["data.x a.x", "a.y b.x"]), fixes=False)
    assert found(report) == [("b", "x", "sharing")]
    assert report.problems[0].message == (
        "It shares the weights of 'a', but its input differs: in_features is set to 4, but port 'x' brings 3."
    )


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("nope", "There is no node 'nope'"),
        ("b", "This is the node itself"),
        ("relu", "The component of 'relu' is act_relu"),
        ("c", "in a circle: b -> c -> b"),
    ],
)
def test_weights_that_cannot_be_shared(owner: str, message: str) -> None:
    nodes: dict[str, Node] = {
        "data": image(4),
        "relu": "act_relu",
        "b": ("linear", {}, shares(owner)),
        "c": ("linear", {}, shares("b")),
    }
    report = check(graph(nodes, ["data.x b.x c.x relu.x"]))
    assert message in next(p.message for p in report.problems if p.node == "b")


def test_an_owner_that_is_itself_broken_is_told_once() -> None:
    nodes: dict[str, Node] = {"data": image(4), "a": "no_such", "b": ("linear", {}, shares("a"))}
    assert found(check(graph(nodes, ["data.x b.x a.x"]))) == [("a", "", "invalid")]


def test_blocks_that_share_their_weights() -> None:
    block = graph(
        {"x": "port_in", "fc": "linear", "fc2": ("linear", {"out_features": 2}), "y": "port_out"},
        ["x.y fc.x", "fc.y fc2.x", "fc2.y y.x"],
    )
    nodes: dict[str, Node] = {"a": image(4), "b": image(4), "one": "block:net", "two": ("block:net", {}, shares("one"))}
    report = check(graph(nodes, ["a.x one.x", "b.x two.x"], {"net": block}))
    assert report.ok
    assert report.parameters == 4 * 64 + 64 + 64 * 2 + 2
    assert report.nodes["two/fc"].parameters == 0


# ------------------------------------------------------------------ settings, memory, data


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ({"component": "init_nope"}, "There is no component 'init_nope'"),
        (
            {"component": "linear"},
            "The init setting must name a component of kind init. Got 'linear', a layer, instead",
        ),
        (
            {"component": "init_kaiming", "params": {"mode": "fan"}},
            "The 'mode' parameter of init_kaiming must be one of",
        ),
        ({"component": "init_mimetic"}, "Mimetic initialization needs a layer with multi-head attention."),
    ],
)
def test_init_settings(init: dict[str, Any], message: str) -> None:
    report = check(chain(("data", image(4)), ("fc", ("linear", {}, {"init": init}))))
    assert message in report.problems[0].message


def test_an_init_that_cannot_fill_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from components.initialization.zero import Zero

    def refuse(self: Zero, weight: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        raise ValueError("only matrices of even size")

    monkeypatch.setattr(Zero, "__call__", refuse)
    report = check(chain(("data", image(4)), ("fc", ("linear", {}, {"init": {"component": "init_zero"}}))))
    assert found(report) == [("fc", "", "setting")]
    assert report.problems[0].message == (
        "The init 'init_zero' cannot fill weight of shape (64, 4): only matrices of even size."
    )


@pytest.mark.parametrize("size", [10**12, 10**18, 10**25])
def test_huge_layers_are_refused_without_allocating(size: int) -> None:
    for component, params in (
        ("linear", {"out_features": size}),
        ("conv_standard", {"out_channels": size}),
        ("conv_standard", {"kernel_size": size, "padding": size}),
    ):
        data = image(4) if component == "linear" else image(3, 8, 8)
        report = check(chain(("data", data), ("node", (component, params)), ("after", "act_relu")), fixes=False)
        assert [p.node for p in report.problems] == ["node"]


@pytest.mark.parametrize("shape", [[10**12] * 3, [10**18], [10**30], [1] * 80])
def test_huge_data(shape: list[int]) -> None:
    report = check(chain(("data", ("data_input", {"shape": shape})), ("relu", "act_relu"), ("fc", "linear")))
    assert not report.ok or len(shape) == 80


def test_data_sets_that_cannot_be_read() -> None:
    report = check(chain(("data", ("data_csv", {"file": "nowhere.csv"})), ("fc", "linear")))
    assert [(p.node, p.code) for p in report.problems] == [("data", "data")]
    assert report.problems[0].message != report.problems[0].message_zh
    report = check(chain(("data", ("data_random", {"shape": [0]})), ("fc", "linear")))
    assert [(p.node, p.code, p.param) for p in report.problems] == [("data", "parameter", "shape")]


# ------------------------------------------------------------------ the report


def test_report_as_json() -> None:
    made = graph({"data": image(4), "fc": ("linear", {"in_features": 3}), "open": "act_relu"}, ["data.x fc.x"])
    answer = check(made).to_json()
    assert answer["ok"] is False
    assert [(e["node"], e["port"]) for e in answer["errors"]] == [("fc", "x"), ("open", "x")]
    assert answer["errors"][0]["fix"] == "Set in_features to automatic"
    assert answer["nodes"]["data"]["outputs"] == {"x": ["B", 4], "y": ["B"]}
    assert answer["nodes"]["data"]["dtypes"] == {"x": "float32", "y": "int64"}
    assert answer["parameters"] == 0
    assert answer["flops"] == 0


def test_an_empty_graph() -> None:
    report = check(Graph())
    assert report.ok
    assert report.to_json()["nodes"] == {}


def test_checking_changes_nothing() -> None:
    from builder.graph import to_document

    made = load(GALLERY[0])
    before = to_document(made)
    check(made)
    assert to_document(made) == before
