"""Regularizers as settings of nodes, blocks and optimizers: whose weights pay, how much, and once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from builder.compiler import Compiled, check
from builder.graph import Edge, Graph, GraphError, dumps, loads
from builder.train import Run, TrainError, train
from builder.train.devices import Devices
from builder.train.steps import Steps
from tests.train.graphs import Node, build, classifier, weights
from tests.train.test_steps import Engine, adversarial

L1 = {"component": "reg_l1", "params": {"strength": 0.5}}
L2 = {"component": "reg_l2", "params": {"strength": 0.02}}


def layers(**settings: Any) -> dict[str, Node]:
    return {
        "one": ("linear", {"out_features": 5}, settings),
        "norm": ("norm_batch", {}),
        "two": ("linear", {"out_features": 3}),
    }


def paying(graph: Graph) -> dict[str, dict[str, list[str]]]:
    """By optimizer and regularizer, the names of the weights that pay."""
    compiled = Compiled(graph)
    names = {id(p): name for name, p in compiled.root.named_parameters()}
    return {
        step.path: {p.component.id: [names[id(w.stored)] for w in p.weights] for p in step.penalties}
        for step in Steps(compiled, Devices())
    }


def test_l2_of_a_layer_takes_the_steps_of_weight_decay(tmp_path: Path) -> None:
    optimizer: Node = ("opt_sgd", {"lr": 0.1, "weight_decay": 0.04}, {"decay": "weights"})
    train(classifier(layers=layers(), optimizer=optimizer), tmp_path / "decay")
    both = classifier(layers=layers(regularize=[L2]))
    both.nodes["two"]["settings"]["regularize"] = [L2]
    train(both, tmp_path / "node")
    whole: Node = ("opt_sgd", {"lr": 0.1}, {"regularize": [L2]})
    train(classifier(layers=layers(), optimizer=whole), tmp_path / "optimizer")
    expected = weights(str(tmp_path / "decay"))
    for name in ("node", "optimizer"):
        for key, found in weights(str(tmp_path / name)).items():
            torch.testing.assert_close(found, expected[key], msg=key)


def test_what_weights_pay_is_a_figure_of_its_own() -> None:
    engine = Engine(classifier(layers=layers(regularize=[L1, L2]), epochs=2))
    w, plain = engine.start["one.weight"], Engine(classifier(layers=layers(), epochs=2))
    engine.run(1)
    plain.run(1)
    found = engine.logged[0]
    assert list(found) == ["loss", "optimizer.penalty"]
    assert found["optimizer.penalty"] == pytest.approx((0.5 * w.abs().sum() + 0.02 * (w**2).sum()).item())
    assert found["loss"] == plain.logged[0]["loss"]
    moved = engine.compiled.root.state_dict()["one.weight"] - plain.compiled.root.state_dict()["one.weight"]
    torch.testing.assert_close(moved, -0.1 * (0.5 * w.sign() + 0.04 * w))


def test_only_matrices_pay_unless_all_parameters_should() -> None:
    graph = classifier(layers=layers(), optimizer=("opt_sgd", {}, {"regularize": [L2]}))
    assert paying(graph) == {"optimizer": {"reg_l2": ["one.weight", "two.weight"]}}
    graph.nodes["optimizer"]["settings"]["regularize"] = [
        {**L2, "on": "all"},
        {"component": "reg_spectral", "on": "all"},
    ]
    every = ["one.weight", "one.bias", "norm.weight", "norm.bias", "two.weight", "two.bias"]
    assert paying(graph)["optimizer"] == {"reg_l2": every, "reg_spectral": ["one.weight", "two.weight"]}


def test_frozen_muted_and_bypassed_layers_pay_nothing() -> None:
    assert paying(classifier(layers=layers(regularize=[L2], frozen=True))) == {"optimizer": {}}
    graph = classifier(layers={"extra": ("linear", {"out_features": 4}), **layers()})
    graph.nodes["extra"]["settings"] = {"regularize": [L2]}
    assert paying(graph) == {"optimizer": {"reg_l2": ["extra.weight"]}}
    graph.nodes["extra"]["settings"]["mode"] = "bypass"
    assert paying(graph) == {"optimizer": {}}


def test_shared_weights_pay_once_and_each_optimizer_takes_what_it_trains() -> None:
    graph = adversarial()
    for node in ("gen", "real", "fake"):
        graph.nodes[node]["settings"]["regularize"] = [L2]
    assert paying(graph) == {
        "opt_d": {"reg_l2": ["real.fc1.weight", "real.fc2.weight"]},
        "opt_g": {"reg_l2": ["gen.fc1.weight", "gen.fc2.weight"]},
    }


def test_every_copy_of_a_repeated_block_pays() -> None:
    graph = classifier(layers={"body": ("block:body", {}, {"repeat": 3, "regularize": [L2]}), **layers()})
    body = graph.blocks["body"] = Graph()
    body.place("x", "port_in")
    body.place("fc", "linear", {"out_features": 4}, {"regularize": [L1]})
    body.place("y", "port_out")
    for wire in ("x.y fc.x", "fc.y y.x"):
        source, target = wire.split()
        body.wire(Edge(*source.split("."), *target.split(".")))
    copies = [f"body.n{i}.fc.weight" for i in range(3)]
    assert paying(graph) == {"optimizer": {"reg_l2": copies, "reg_l1": copies}}


def test_parametrised_weights_pay_as_the_layer_computes_with_them() -> None:
    params = {"parametrize": [{"component": "norm_weight"}], "regularize": [L2]}
    engine = Engine(classifier(layers=layers(**params)))
    g = engine.compiled.module("one").parametrizations.weight[0].g  # type: ignore[union-attr]
    engine.run(1)
    lengths = engine.start["one.parametrizations.weight.0.g"]
    assert engine.logged[0]["optimizer.penalty"] == pytest.approx(0.02 * lengths.square().sum().item())
    assert g.shape == lengths.shape


def test_lora_pays_although_its_base_does_not_learn() -> None:
    params = {"parametrize": [{"component": "peft_lora"}], "regularize": [L2]}
    assert paying(classifier(layers=layers(**params))) == {
        "optimizer": {"reg_l2": ["one.parametrizations.weight.original"]}
    }


def test_gathered_batches_pay_once() -> None:
    """Two batches of the same samples an update move the weights as one of them does."""
    alone = Engine(classifier(layers=layers(regularize=[L2]), batch_size=120, epochs=2))
    alone.run(1)
    node: Node = ("opt_sgd", {"lr": 0.1}, {"accumulate": 2})
    gathered = Engine(classifier(layers=layers(regularize=[L2]), batch_size=120, epochs=2, optimizer=node))
    gathered.run(2)
    expected = alone.compiled.root.state_dict()["one.weight"]
    torch.testing.assert_close(gathered.compiled.root.state_dict()["one.weight"], expected)


def test_all_layers_of_an_optimizer_pay_together() -> None:
    item = {"component": "reg_weissi", "params": {"strength": 1.0}}
    engine = Engine(classifier(layers=layers(), optimizer=("opt_sgd", {"lr": 0.1}, {"regularize": [item]})))
    engine.run(1)
    expected = engine.start["one.weight"].norm() * engine.start["two.weight"].norm()
    assert engine.logged[0]["optimizer.penalty"] == pytest.approx(expected.item())


def test_the_validation_loss_and_the_best_epoch_know_no_penalty(tmp_path: Path) -> None:
    graph = classifier(layers=layers(regularize=[L2]), metric=False)
    best = train(graph, tmp_path / "run")["best"]
    assert best["name"] == "loss"
    (event, *_) = Run(tmp_path / "run").history().epochs
    assert event["valid"].keys() == {"loss"}
    assert event["train"].keys() == {"loss", "optimizer.penalty"}


def test_a_penalty_that_is_not_finite_is_named(tmp_path: Path) -> None:
    item = {"component": "reg_l2", "params": {"strength": 1e300}}
    graph = classifier(layers={"fc": ("linear", {"out_features": 3}, {"regularize": [item]})})
    graph.nodes["fc"]["settings"]["init"] = {"component": "init_random", "params": {"std": 1e4}}
    with pytest.raises(TrainError, match=r"'L2 .*' on the weights of 'optimizer' is not finite at step 1"):
        train(graph, tmp_path / "run")


@pytest.mark.parametrize(
    ("node", "component", "message"),
    [
        ("one", "reg_weissi", "acts on all layers together: choose it in the settings of an optimizer"),
        ("one", "reg_stochastic_depth", "must name a component of kind regularizer for weights"),
        ("optimizer", "reg_gone", "reg_gone"),
    ],
)
def test_what_cannot_regularize_is_a_problem_of_its_node(node: str, component: str, message: str) -> None:
    graph = classifier(layers=layers())
    graph.nodes[node]["settings"]["regularize"] = [{"component": component}]
    (problem,) = check(graph).problems
    assert problem.node == node
    assert message in problem.message


def test_a_graph_file_keeps_regularizers_and_refuses_what_they_cannot_act_on() -> None:
    graph = classifier(layers=layers(regularize=[{**L2, "on": "all"}]))
    assert loads(dumps(graph)).nodes["one"]["settings"] == graph.nodes["one"]["settings"]
    text = dumps(graph).replace('"on":"all"', '"on":"biases"').replace('"on": "all"', '"on": "biases"')
    with pytest.raises(GraphError, match="expected 'weights' or 'all'"):
        loads(text)


def test_a_placed_regularizer_asks_activations_to_pay() -> None:
    nodes: dict[str, Node] = {
        "data": ("data_iris", {}, {"batch_size": 16}),
        "fc": ("linear", {"out_features": 3}),
        "loss": ("loss_cross_entropy", {}),
        "sparse": ("reg_l1", {"strength": 0.1}),
        "optimizer": ("opt_sgd", {"lr": 0.1}),
    }
    wires = ["data.x fc.x", "fc.y loss.logits", "data.y loss.target", "fc.y sparse.w", "loss.loss optimizer.loss"]
    engine = Engine(build(nodes, [*wires, "sparse.loss optimizer.loss"], epochs=2, seed=0))
    (_, _, _, batch) = next(engine.batches())
    y = batch.values["data", "x"] @ engine.start["fc.weight"].T + engine.start["fc.bias"]
    engine.run(1)
    found = engine.logged[0]
    assert found["optimizer"] - found["loss"] == pytest.approx(0.1 * y.abs().sum().item(), rel=1e-5)
