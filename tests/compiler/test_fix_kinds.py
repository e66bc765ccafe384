"""The mistakes that people make: each is repaired by what is offered first, and the repaired graph trains a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.compiler import Compiled, Fix, Offers, apply_fix, check, repair_all
from builder.compiler.check import Analysis
from builder.graph import Graph, GraphError, clone, flatten, to_document
from builder.train.devices import Devices
from builder.train.loader import batches
from builder.train.prepare import loaders_of
from builder.train.steps import Steps
from tests.compiler.build import Node, graph, image

HEAD: dict[str, Node] = {"loss": "loss_cross_entropy", "adam": "opt_adam"}
TRAINED = ["data.y loss.target", "loss.loss adam.loss"]
TEXT: Node = ("data_sentiment", {"max_len": 8, "vocabulary_size": 50})


@dataclass(frozen=True)
class Mistake:
    """A broken graph, the node at which the problem stands, and the labels of what is offered there."""

    nodes: Mapping[str, Node]
    wires: list[str]
    at: str
    labels: tuple[str, ...]
    blocks: Mapping[str, Graph] | None = None

    def graph(self) -> Graph:
        return graph({**self.nodes, **HEAD}, [*self.wires, *TRAINED], self.blocks)


def classified(nodes: Mapping[str, Node], wires: list[str], at: str, *labels: str, end: str = "out.y") -> Mistake:
    """A mistake in front of global pooling and a linear layer with ten outputs."""
    tail: dict[str, Node] = {"gap": ("pool_global_avg", {"keepdim": False}), "out": ("linear", {"out_features": 10})}
    return Mistake({**nodes, **tail}, [*wires, "gap.y out.x", f"{end} loss.logits"], at, labels)


def conv(channels: int, size: int = 3, **params: object) -> Node:
    return "conv_standard", {"out_channels": channels, "kernel_size": size, **params}


RESIDUAL = ["data.x a.x", "a.y add.xs b.x", "b.y add.xs", "add.y gap.x"]
BRANCH = graph(
    {"x": "port_in", "conv": conv(8, padding=1), "add": "op_add", "y": "port_out"},
    ["x.y conv.x add.xs", "conv.y add.xs", "add.y y.x"],
)

MISTAKES = {
    "other channels": classified(
        {"data": image(3, 8, 8), "a": conv(4), "b": conv(6, padding=1), "add": "op_add"}, RESIDUAL, "add",
        "Project what comes from a: 1 x 1 convolution, 6 channels",
        "Project what comes from b: 1 x 1 convolution, 4 channels",
    ),
    "other channels and a stride": classified(
        {"data": image(3, 9, 9), "a": conv(4), "b": conv(6, padding=1, stride=2), "add": "op_add"}, RESIDUAL, "add",
        "Project what comes from a: 1 x 1 convolution, 6 channels, stride 2",
    ),
    "two branches": classified(
        {"data": image(3, 8, 8), "a": conv(4), "b": conv(6), "add": "op_add"},
        ["data.x a.x b.x", "a.y add.xs", "b.y add.xs", "add.y gap.x"], "add",
        "Project what comes from b: 1 x 1 convolution, 4 channels",
        "Project what comes from a: 1 x 1 convolution, 6 channels",
    ),
    "no padding": classified(
        {"data": image(3, 12, 12), "a": conv(4), "b": conv(4), "c": conv(4, 5), "add": "op_add"},
        ["data.x a.x", "a.y add.xs b.x", "b.y c.x", "c.y add.xs", "add.y gap.x"], "add",
        "Keep the size: padding of b, c",
    ),
    "features": Mistake(
        {"data": image(6), "a": ("linear", {"out_features": 8}), "add": "op_add", "out": ("linear", {"out_features": 10})},
        ["data.x a.x add.xs", "a.y add.xs", "add.y out.x", "out.y loss.logits"], "add",
        ("Project what comes from data to 8 features", "Project what comes from a to 6 features"),
    ),
    "joined maps": classified(
        {"data": image(3, 8, 8), "a": conv(4, padding=1), "pool": "pool_max", "b": conv(4, padding=1), "cat": "op_concat"},
        ["data.x a.x", "a.y cat.xs pool.x", "pool.y b.x", "b.y cat.xs", "cat.y gap.x"], "cat",
        "Resize what comes from a to 4 x 4", "Resize what comes from b to 8 x 8",
    ),
    "joined along the wrong axis": Mistake(
        {"data": image(5, 6), "a": ("linear", {"out_features": 4}), "cat": "op_concat", "mean": "op_mean", "out": ("linear", {"out_features": 10})},
        ["data.x cat.xs a.x", "a.y cat.xs", "cat.y mean.x", "mean.y out.x", "out.y loss.logits"], "cat",
        ("Set dim of cat to 2",),
    ),
    "integers into a linear layer": Mistake(
        {"data": TEXT, "mean": "op_mean", "out": ("linear", {"out_features": 2})},
        ["data.x mean.x", "mean.y out.x", "out.y loss.logits"], "mean", ("Insert Embedding before mean",),
    ),
    "integers into a recurrent layer": Mistake(
        {"data": TEXT, "rnn": "rnn_gru", "last": "op_select", "out": ("linear", {"out_features": 2})},
        ["data.x rnn.x", "rnn.y last.x", "last.y out.x", "out.y loss.logits"], "rnn",
        ("Insert Embedding before rnn", "Turn the 50 classes into one-hot vectors before rnn"),
    ),
    "channels last": classified(
        {"data": TEXT, "embed": ("embedding", {"embedding_dim": 6}), "conv": conv(4, in_channels=6)},
        ["data.x embed.x", "embed.y conv.x", "conv.y gap.x"], "conv", "Swap axes 1 and 2 before conv",
    ),
    "squared error of classes": Mistake(
        {"data": image(6), "out": ("linear", {"out_features": 10}), "mse": "loss_mse"},
        ["data.x out.x", "out.y loss.logits mse.prediction", "data.y mse.target", "mse.loss adam.loss"], "mse",
        ("Use cross-entropy in mse: the target is a class",),
    ),
    "yes and no for ten classes": Mistake(
        {"data": image(6), "out": ("linear", {"out_features": 10}), "bce": "loss_bce"},
        ["data.x out.x", "out.y loss.logits bce.logits", "data.y bce.target", "bce.loss adam.loss"], "bce",
        ("Use cross-entropy in bce: the target is a class",),
    ),
    "one logit for two classes": Mistake(
        {"data": ("data_breast_cancer", {}), "out": ("linear", {"out_features": 1})}, ["data.x out.x", "out.y loss.logits"],
        "loss", ("Set out_features of out to 2", "Use binary cross-entropy in loss: the target is 0 or 1"),
    ),
    "a sequence of logits": Mistake(
        {"data": image(5, 6), "rnn": "rnn_gru", "out": ("linear", {"out_features": 10})},
        ["data.x rnn.x", "rnn.y out.x", "out.y loss.logits"], "loss",
        ("Insert Flatten before out", "Average over the steps before out", "Keep the last step before out"),
    ),
    "a map of logits": Mistake(
        {"data": image(3, 8, 8), "conv": conv(10)}, ["data.x conv.x", "conv.y loss.logits"], "loss",
        ("Insert global average pooling before loss",),
    ),
    "features into a convolution": classified(
        {"data": image(64), "conv": conv(4)}, ["data.x conv.x", "conv.y gap.x"], "conv",
        "Reshape each sample to (1, 8, 8) before conv", "Reshape each sample to (1, 64) before conv",
    ),
    "images into a recurrent layer": Mistake(
        {"data": image(1, 8, 6), "rnn": "rnn_gru", "last": "op_select", "out": ("linear", {"out_features": 10})},
        ["data.x rnn.x", "rnn.y last.x", "last.y out.x", "out.y loss.logits"], "rnn",
        ("Reshape each sample to (8, 6) before rnn",),
    ),
    "dims given by hand": classified(
        {"data": image(3, 8), "conv": conv(4, dims=2)}, ["data.x conv.x", "conv.y gap.x"], "conv",
        "Set dims to automatic",
    ),
    "a group norm that does not divide": classified(
        {"data": image(3, 8, 8), "conv": conv(12), "norm": ("norm_group", {"num_groups": 5})},
        ["data.x conv.x", "conv.y norm.x", "norm.y gap.x"], "norm", "Set num_groups of norm to 4",
    ),
    "weights of a node that is gone": classified(
        {"data": image(3, 8, 8), "conv": ("conv_standard", {}, {"weights": {"from": "shared", "node": "gone"}})},
        ["data.x conv.x", "conv.y gap.x"], "conv", "Remove the setting weights",
    ),
    "an open target": Mistake(
        {"data": image(6), "out": ("linear", {"out_features": 10}), "other": "loss_cross_entropy"},
        ["data.x out.x", "out.y loss.logits other.logits", "other.loss adam.loss"], "other",
        ("Connect data.y to other.target",),
    ),
    "an open input": Mistake(
        {"data": image(6), "fc": "linear", "out": ("linear", {"out_features": 10})},
        ["data.x fc.x", "out.y loss.logits"], "out", ("Connect fc.y to out.x",),
    ),
    "in a block": Mistake(
        {"data": image(3, 8, 8), "res": "block:branch", "gap": ("pool_global_avg", {"keepdim": False}), "out": ("linear", {"out_features": 10})},
        ["data.x res.x", "res.y gap.x", "gap.y out.x", "out.y loss.logits"], "res/add",
        ("Project what comes from the block's input: 1 x 1 convolution, 8 channels",), {"branch": BRANCH},
    ),
}  # fmt: skip


def offered(made: Graph, at: str) -> tuple[str, ...]:
    return next(tuple(f.label for f in p.fixes) for p in check(made).problems if p.node == at)


def train_a_step(made: Graph) -> None:
    compiled = Compiled(made)
    steps = Steps(compiled, Devices())
    loaders = list(loaders_of(compiled, "train", 0, training=True).values())
    steps(next(iter(batches(loaders, 0))), 1, 0.0, 1)


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_offered(name: str) -> None:
    mistake = MISTAKES[name]
    made = mistake.graph()
    before = to_document(made)
    labels = offered(made, mistake.at)
    assert labels[: len(mistake.labels)] == mistake.labels
    assert to_document(made) == before


@pytest.mark.parametrize("name", MISTAKES)
def test_each_offer_repairs_and_the_graph_trains(name: str) -> None:
    mistake = MISTAKES[name]
    made = mistake.graph()
    problem = next(p for p in check(made).problems if p.node == mistake.at)
    for fix in problem.fixes:
        after = clone(made)
        apply_fix(after, fix)
        assert check(after, fixes=False).ok, fix.label
        train_a_step(after)


# ------------------------------------------------------------------ what training lacks


def offers(made: Graph) -> Offers:
    return Offers(to_document(made), Analysis(flatten(made)))


@pytest.mark.parametrize(
    ("data", "loss"), [("data_iris", "Add cross-entropy"), ("data_diabetes", "Add mean squared error")]
)
def test_a_network_gets_a_loss_and_then_an_optimizer(data: str, loss: str) -> None:
    made = graph({"data": data, "out": ("linear", {"out_features": 3 if data == "data_iris" else 1})}, ["data.x out.x"])
    (first,) = offers(made).missing()
    assert first.label.startswith(f"{loss} between out and data.y")
    apply_fix(made, first)
    (second,) = offers(made).missing()
    assert second.label.startswith("Add Adam behind ")
    apply_fix(made, second)
    assert offers(made).missing() == ()
    train_a_step(made)


@pytest.mark.parametrize(
    "made",
    [
        graph({"data": "data_iris"}),
        graph({"data": "data_iris", "a": "linear", "b": "linear"}, ["data.x a.x b.x"]),
        graph({"data": "data_iris", "a": ("linear", {"in_features": 9})}, ["data.x a.x"]),
    ],
    ids=["no layer", "two ends", "a problem"],
)
def test_nothing_is_added_where_it_is_not_clear_what_to_train(made: Graph) -> None:
    assert offers(made).missing() == ()


# ------------------------------------------------------------------ where new nodes stand


def test_a_new_node_lies_on_no_other() -> None:
    made = graph({"data": image(3, 8, 8), "fc": ("linear", {"out_features": 10}), "side": "act_relu"}, ["data.x fc.x"])
    for id, place in (("data", [0, 0]), ("fc", [600, 100]), ("side", [280, 60])):
        made.nodes[id]["position"] = place
    apply_fix(made, Fix("", "", "insert", "fc", component="op_flatten", port="x"))
    assert made.nodes["flatten1"]["position"] == [300, 180]
    apply_fix(made, Fix("", "", "append", "side", component="act_tanh", port="y"))
    assert made.nodes["tanh1"]["position"] == [580, 220]


# ------------------------------------------------------------------ all at once


def test_repair_all() -> None:
    mistake = MISTAKES["a group norm that does not divide"]
    made = mistake.graph()
    made.nodes["out"]["params"] |= {"in_features": 99, "out_features": 7}
    labels = [fix.label for fix in repair_all(made)]
    assert labels == ["Set num_groups of norm to 4", "Set in_features to automatic", "Set out_features of out to 10"]
    train_a_step(made)
    with pytest.raises(GraphError, match="no problem with a sure repair"):
        repair_all(made)


# ------------------------------------------------------------------ broken graphs of any kind


PARTS: dict[str, list[dict[str, object]]] = {
    "conv_standard": [{}, {"kernel_size": 9}, {"groups": 5}, {"in_channels": 7}, {"dims": 1}, {"stride": 2}],
    "linear": [{}, {"in_features": 5}, {"out_features": 0}, {"bia": True}],
    "norm_batch": [{}, {"num_features": 3}],
    "norm_group": [{"num_groups": 7}, {"num_groups": 1}],
    "pool_max": [{}, {"kernel_size": 20}],
    "rnn_gru": [{}, {"input_size": 4}],
    "op_flatten": [{}],
    "embedding": [{}],
    "act_relu": [{}],
}
PART = st.sampled_from([(component, params) for component, some in PARTS.items() for params in some])
JOINT = st.sampled_from(["", "op_add", "op_concat"])
SHAPE = st.sampled_from([(6,), (64,), (5, 6), (3, 8, 8), (1, 12, 10)])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(SHAPE, st.lists(PART, min_size=1, max_size=4), JOINT, st.sampled_from([10, 4]))
def test_an_offer_removes_its_problem_and_adds_none(
    shape: tuple[int, ...], parts: list[tuple[str, dict[str, object]]], joint: str, classes: int
) -> None:
    nodes: dict[str, Node] = {"data": image(*shape)}
    wires, end = [], "data.x"
    for number, part in enumerate(parts):
        nodes[f"n{number}"] = part
        wires.append(f"{end} n{number}.x")
        end = f"n{number}.y"
    if joint:
        nodes["joint"] = joint
        wires += ["data.x joint.xs", "n0.y joint.xs", *([f"{end} joint.xs"] if len(parts) > 1 else [])]
        end = "joint.y"
    nodes["out"] = ("linear", {"out_features": classes})
    made = graph({**nodes, **HEAD}, [*wires, f"{end} out.x", "out.y loss.logits", *TRAINED])
    before = check(made)
    known = {(p.node, p.port, p.code) for p in before.problems}
    unseen = {path for path, node in before.nodes.items() if not node.outputs}
    for problem in before.problems:
        for fix in problem.fixes:
            after = clone(made)
            apply_fix(after, fix)
            left = {(p.node, p.port, p.code) for p in check(after, fixes=False).problems}
            assert (problem.node, problem.port, problem.code) not in left, fix.label
            new = {node for node, _, _ in left - known}
            assert not new or (len(problem.fixes) == 1 and new <= unseen - {problem.node}), fix.label
