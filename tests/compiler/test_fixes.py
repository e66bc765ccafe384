"""Fixes: the repair that is certain is offered, made by ``apply_fix``, and leaves a sound graph."""

from __future__ import annotations

from typing import Any

import pytest

from builder.compiler import Fix, Offers, apply_fix, check
from builder.compiler import fixes as fixes_module
from builder.graph import Graph, GraphError, clone, to_document
from tests.compiler.build import Node, chain, graph, image
from tests.compiler.build import given as an_input

HEAD = ["fc2.y loss.logits acc.logits", "data.y loss.target acc.target"]


def network(fc1: Node, fc2: Node = ("linear", {"out_features": 10}), *, flat: bool = True) -> Graph:
    """A small convolutional classifier; its map has 4 x 5 x 5 = 100 values."""
    nodes: dict[str, Node] = {
        "data": image(3, 12, 12), "conv": ("conv_standard", {"out_channels": 4}), "pool": "pool_max", "fc1": fc1, "relu": "act_relu", "fc2": fc2,
        "loss": "loss_cross_entropy", "acc": "metric_accuracy",
    }  # fmt: skip
    wires = ["data.x conv.x", "conv.y pool.x", "fc1.y relu.x", "relu.y fc2.x", *HEAD]
    if flat:
        return graph(nodes | {"flat": "op_flatten"}, [*wires, "pool.y flat.x", "flat.y fc1.x"])
    return graph(nodes, [*wires, "pool.y fc1.x"])


def fixes_of(made: Graph) -> dict[str, Fix | None]:
    return {p.node: p.fix for p in check(made).problems}


def repaired(made: Graph, node: str) -> tuple[Fix, Graph]:
    """The fix that is offered at a node, and the graph after it."""
    before = to_document(made)
    fix = fixes_of(made)[node]
    assert fix is not None
    assert to_document(made) == before, "looking for fixes changes nothing"
    after = clone(made)
    apply_fix(after, fix)
    return fix, after


# ------------------------------------------------------------------ certain repairs


def test_wrong_in_features() -> None:
    fix, after = repaired(network(("linear", {"in_features": 256})), "fc1")
    assert (fix.label, fix.label_zh) == ("Set in_features to automatic", "将 in_features 设为自动")
    assert check(after).ok
    assert check(after).nodes["fc1"].params["in_features"] == 100


def test_missing_flatten_where_the_size_says_so() -> None:
    fix, after = repaired(network(("linear", {"in_features": 100}), flat=False), "fc1")
    assert (fix.label, fix.label_zh) == ("Insert Flatten before fc1", "在 fc1 之前插入展平层")
    assert check(after).ok
    assert [f"{e.source} {e.target}" for e in after.wires_into("fc1")] == ["flatten1 fc1"]


def test_missing_flatten_that_shows_only_at_the_loss() -> None:
    made = network("linear", flat=False)
    report = check(made)
    assert [p.node for p in report.problems] == ["loss", "acc"]
    assert [p.fix and p.fix.label for p in report.problems] == ["Insert Flatten before fc1"] * 2, "not before the loss"
    _, after = repaired(made, "loss")
    assert check(after).ok


def test_missing_flatten_inside_a_block() -> None:
    block = graph(
        {"x": "port_in", "pool": "pool_max", "fc": ("linear", {"in_features": 27}), "y": "port_out"},
        ["x.y pool.x", "pool.y fc.x", "fc.y y.x"],
    )
    made = graph({"data": image(3, 6, 6), "b": "block:part"}, ["data.x b.x"], {"part": block})
    fix, after = repaired(made, "b/fc")
    assert fix.label == "Insert Flatten before fc"
    assert check(after).ok
    assert "flatten1" in after.blocks["part"]


def test_a_flatten_keeps_its_place_among_the_wires() -> None:
    made = graph({"data": image(3, 4), "a": "act_relu", "cat": "op_concat"}, ["data.x cat.xs a.x", "a.y cat.xs"])
    fix = Fix("", "", "insert", "cat", component="op_flatten", port="xs")
    apply_fix(made, fix)
    assert [e.source for e in made.wires_into("cat", "xs")] == ["flatten1", "a"]
    with pytest.raises(GraphError, match=r"sched_cosine cannot stand on the wire into cat\.xs"):
        apply_fix(made, Fix("", "", "insert", "cat", component="sched_cosine", port="xs"))


@pytest.mark.parametrize(("heads", "fitting"), [(7, 6), (9, 6), (61, 60), (13, 12)])
def test_heads_that_do_not_divide(heads: int, fitting: int) -> None:
    made = graph({"data": an_input(5, 60), "a": ("attn_multi_head", {"num_heads": heads})}, ["data.x a.q a.k a.v"])
    fix, after = repaired(made, "a")
    assert fix.label == f"Set num_heads of a to {fitting}"
    assert check(after).ok


def test_groups_that_do_not_divide() -> None:
    fix, after = repaired(
        chain(("data", image(12, 8, 8)), ("conv", ("conv_standard", {"out_channels": 18, "groups": 5}))), "conv"
    )
    assert fix.label == "Set groups of conv to 3", "divides 12 and 18"
    assert check(after).ok


def test_kernel_larger_than_the_map() -> None:
    fix, after = repaired(chain(("data", image(3, 4, 5)), ("conv", ("conv_standard", {"kernel_size": 7}))), "conv")
    assert fix.label == "Set kernel_size of conv to 4"
    assert check(after).ok


def test_fewer_logits_than_classes() -> None:
    fix, after = repaired(network("linear", ("linear", {"out_features": 7})), "loss")
    assert fix.label == "Set out_features of fc2 to 10"
    assert check(after).ok


def test_classes_at_the_other_end() -> None:
    nodes: dict[str, Node] = {
        "data": ("data_text_characters", {"context": 6}), "embed": "embedding", "fc": ("linear", {"out_features": 200}), "loss": "loss_cross_entropy",
    }  # fmt: skip
    made = graph(nodes, ["data.x embed.x", "embed.y fc.x", "fc.y loss.logits", "data.y loss.target"])
    fix, after = repaired(made, "loss")
    assert fix.label == "Set class_axis of loss to -1"
    assert check(after).ok


@pytest.mark.parametrize(
    ("params", "label"),
    [
        ({"out_featurs": 3}, "Remove the unknown parameter out_featurs"),
        ({"bias": "yes"}, "Set bias to its default, True"),
        ({"out_features": 0}, "Set out_features to its default, 64"),
        ({"in_features": "many"}, "Set in_features to automatic"),
    ],
)
def test_parameters_that_break_a_rule(params: dict[str, Any], label: str) -> None:
    fix, after = repaired(chain(("data", image(4)), ("fc", ("linear", params))), "fc")
    assert fix.label == label
    assert check(after).ok


def test_the_layer_before_is_resized_where_the_given_size_is_wanted() -> None:
    # norm_batch is told to have 8 channels; taking that back is the first thing that works.
    made = chain(
        ("data", image(3, 8, 8)),
        ("conv", ("conv_standard", {"out_channels": 4})),
        ("bn", ("norm_batch", {"num_features": 8})),
    )
    fix, after = repaired(made, "bn")
    assert fix.label == "Set num_features to automatic"
    assert check(after).ok


def test_fixes_in_a_repeated_block_change_the_block() -> None:
    block = graph(
        {"x": "port_in", "fc": ("linear", {"in_features": 9, "out_features": 4}), "y": "port_out"},
        ["x.y fc.x", "fc.y y.x"],
    )
    made = graph({"data": image(4), "b": ("block:part", {}, {"repeat": 3})}, ["data.x b.x"], {"part": block})
    fix, after = repaired(made, "b/n0/fc")
    assert after.blocks["part"].nodes["fc"]["params"] == {"out_features": 4}
    assert check(after).ok
    assert fix.node == "b/n0/fc"


def test_a_block_whose_name_looks_like_a_copy() -> None:
    block = graph({"x": "port_in", "fc": ("linear", {"in_features": 9}), "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    made = graph({"data": image(4), "n1": "block:part"}, ["data.x n1.x"], {"part": block})
    _, after = repaired(made, "n1/fc")
    assert check(after).ok


# ------------------------------------------------------------------ several problems, and none that is certain


def test_each_of_several_problems_has_its_fix() -> None:
    made = network(
        ("linear", {"in_features": 256, "out_features": 32}), ("linear", {"in_features": 99, "out_features": 7})
    )
    labels = []
    for _ in range(3):
        report = check(made)
        (fix,) = {p.fix for p in report.problems if p.fix}
        labels.append(f"{fix.node}: {fix.label}")
        apply_fix(made, fix)
    assert labels == [
        "fc1: Set in_features to automatic", "fc2: Set in_features to automatic", "fc2: Set out_features of fc2 to 10",
    ]  # fmt: skip
    assert check(made).ok


def test_problems_beside_each_other_are_fixed_apart() -> None:
    nodes: dict[str, Node] = {
        "data": image(4),
        "a": ("linear", {"in_features": 5}),
        "b": ("linear", {"in_features": 6}),
        "open": "linear",
    }
    found = fixes_of(graph(nodes, ["data.x a.x b.x"]))
    assert {node: fix and fix.label for node, fix in found.items()} == {
        "a": "Set in_features to automatic", "b": "Set in_features to automatic", "open": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "made",
    [
        graph({"fc": "linear"}),
        graph({"a": "act_relu", "b": "act_relu"}, ["a.y b.x", "b.y a.x"]),
        graph({"a": an_input(4), "b": an_input(5, 6), "add": "op_add"}, ["a.x add.xs", "b.x add.xs"]),
        chain(("data", image(64)), ("embed", "embedding")),
        chain(("data", image(64)), ("odd", "no_such_component")),
        graph({"s": "sched_cosine", "fc": "linear"}, ["s.schedule fc.x"]),
    ],
    ids=["open", "cycle", "add", "embedding", "unknown", "kind"],
)
def test_nothing_is_offered_where_nothing_is_certain(made: Graph) -> None:
    assert set(fixes_of(made).values()) == {None}


def test_a_cycle_above_a_problem_is_no_endless_way() -> None:
    nodes: dict[str, Node] = {"a": "linear", "b": "linear", "fc": ("linear", {"bias": 3}), "loss": "loss_cross_entropy"}
    found = fixes_of(graph(nodes, ["a.y b.x", "b.y a.x fc.x", "fc.y loss.logits"]))
    assert found["fc"] is not None
    assert found["fc"].label == "Set bias to its default, True"


def test_few_edits_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = []
    tried = Offers._tried
    monkeypatch.setattr(Offers, "_tried", lambda offers, fix: (trials.append(fix), tried(offers, fix))[1])
    nodes: dict[str, Node] = {"data": an_input(5, 62)} | {
        f"a{i}": ("attn_multi_head", {"num_heads": 4001}) for i in range(30)
    }
    report = check(graph(nodes, [f"data.x a{i}.q a{i}.k a{i}.v" for i in range(30)]))
    assert len(report.problems) == 30
    assert len(trials) <= fixes_module.MAX_PROBLEMS * fixes_module.MAX_TRIALS
    assert sum(p.fix is not None for p in report.problems) == fixes_module.MAX_PROBLEMS


def test_a_fix_whose_place_is_gone() -> None:
    made = graph({"data": image(4), "fc": "linear"}, ["data.x fc.x"])
    before = to_document(made)
    for fix in (
        Fix("", "", "reset_param", "gone", "bias"),
        Fix("", "", "set_param", "gone/fc", "bias", 1),
        Fix("", "", "insert", "fc", component="op_flatten", port="x", place=1),
        Fix("", "", "insert", "gone", component="op_flatten", port="x"),
        Fix("", "", "append", "gone", component="opt_adam", port="loss"),
        Fix("", "", "swap", "gone", component="loss_mse"),
    ):
        with pytest.raises(GraphError, match="There is no"):
            apply_fix(made, fix)
        assert to_document(made) == before


def test_without_fixes() -> None:
    report = check(network(("linear", {"in_features": 256})), fixes=False)
    assert [p.fix for p in report.problems] == [None]
