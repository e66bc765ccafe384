"""The loop: what a hand-written one does, the best epoch, schedules, early stopping, several optimizers."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from builder.compiler import Compiled, CompileError, check
from builder.graph import Edge, Graph, GraphError, save
from builder.train import Run, Status, TrainError, evaluate, monitor, runs, train
from builder.train.loader import order
from components import create
from tests.train.graphs import Node, assert_equal, build, classifier, weights

MLP: dict[str, Node] = {
    "fc1": ("linear", {"out_features": 8}),
    "relu": ("act_relu", {}),
    "fc2": ("linear", {"out_features": 3}),
}
OPTIMIZERS = {
    "sgd": (("opt_sgd", {"lr": 0.1}), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (("opt_momentum", {"lr": 0.05, "momentum": 0.8}), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8)),
    "adam": (("opt_adam", {"lr": 0.01}), lambda p: torch.optim.Adam(p, lr=0.01)),
    "adamw": (
        ("opt_adamw", {"lr": 0.01, "weight_decay": 0.1}),
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_equals_a_hand_written_loop(tmp_path: Path, name: str) -> None:
    node, make = OPTIMIZERS[name]
    graph = classifier(layers=MLP, optimizer=node, batch_size=16, epochs=3, seed=5)
    train(graph, tmp_path / "run")

    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    start = Compiled(graph, seed=5).root.state_dict()
    model.load_state_dict(
        {f"{i}.{p}": start[f"{n}.{p}"] for i, n in ((0, "fc1"), (2, "fc2")) for p in ("weight", "bias")}
    )
    optimizer = make(model.parameters())
    split = create("data_iris").load("train")
    data = split.__getitems__(torch.arange(len(split)))
    steps = 0
    for epoch in range(3):
        for indices in order(len(split), 5, epoch, "data").split(16):
            optimizer.zero_grad()
            F.cross_entropy(model(data["x"][indices]), data["y"][indices]).backward()
            optimizer.step()
            steps += 1
    assert steps == 3 * 6
    trained = weights(str(tmp_path / "run"))
    for i, n in ((0, "fc1"), (2, "fc2")):
        for p in ("weight", "bias"):
            assert torch.equal(trained[f"{n}.{p}"], model.state_dict()[f"{i}.{p}"])


def test_clipping_equals_torch(tmp_path: Path) -> None:
    graph = classifier(optimizer=("opt_sgd", {"lr": 0.1}, {"clip_norm": 0.05}), batch_size=200, epochs=2, metric=False)
    train(graph, tmp_path / "run")
    start = Compiled(graph).root.state_dict()
    layer = nn.Linear(4, 3)
    layer.load_state_dict({"weight": start["fc.weight"], "bias": start["fc.bias"]})
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    split = create("data_iris").load("train")
    for epoch in range(2):
        data = split.__getitems__(order(len(split), 0, epoch, "data"))
        optimizer.zero_grad()
        F.cross_entropy(layer(data["x"]), data["y"]).backward()
        norm = nn.utils.clip_grad_norm_(layer.parameters(), 0.05)
        optimizer.step()
    assert torch.equal(weights(str(tmp_path / "run"))["fc.weight"], layer.weight)
    event = Run(tmp_path / "run").history().epochs[-1]
    assert event["gradient_norm"]["optimizer"] == pytest.approx(float(norm), rel=1e-6)
    assert norm > 0.05


def test_the_result_the_status_and_the_history_agree(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    result = train(classifier(epochs=4), tmp_path / "run", report=events.append)
    run = Run(tmp_path / "run")
    status, epochs = run.status(), run.history().epochs
    assert (result["state"], result["epochs"], result["steps"], result["ended_by"]) == ("finished", 4, 24, "")
    assert (status.state, status.epoch, status.step, status.steps_per_epoch) == ("finished", 4, 24, 6)
    assert status.progress == 1
    assert status.eta is None
    assert (status.ended_by, status.parameters) == ("", check(run.graph()).parameters)
    assert [e["epoch"] for e in epochs] == [1, 2, 3, 4]
    assert epochs == [e for e in events if e["event"] == "epoch"]
    assert result["valid"] == epochs[-1]["valid"]
    assert epochs[-1]["valid"].keys() == {"loss", "accuracy"}
    assert epochs[-1]["train"].keys() == {"loss"}
    best = max(epochs, key=lambda e: (e["valid"]["accuracy"], -e["epoch"]))
    assert result["best"] == {"epoch": best["epoch"], "value": best["valid"]["accuracy"], "name": "accuracy"}
    assert [e["epoch"] for e in epochs if e["best"]][-1] == best["epoch"]
    assert epochs[0]["rate"] == {"optimizer": 0.1}
    assert epochs[0]["gradient_norm"]["optimizer"] > 0
    assert all(e["samples_per_second"] > 0 for e in epochs)


def test_the_train_loss_is_the_mean_over_the_samples(tmp_path: Path) -> None:
    result = train(classifier(optimizer=("opt_sgd", {"lr": 1e-30}), batch_size=16, epochs=1), tmp_path / "run")
    graph = classifier(batch_size=16)
    compiled = Compiled(graph)
    split = create("data_iris").load("train")
    data = split.__getitems__(torch.arange(len(split)))
    (loss,) = compiled.program([("loss", "loss")])(data["x"], data["y"])
    assert len(split) % 16
    assert result["train"]["loss"] == pytest.approx(loss.item(), rel=1e-6)


def test_the_best_epoch_is_kept_and_evaluated(tmp_path: Path) -> None:
    # The rate grows until it ruins what was learned: the best epoch is not the last.
    graph = classifier("data_digits", DIGITS, ("opt_sgd", {"lr": 0.5}), epochs=6)
    graph.place("schedule", "sched_warmup", {"length": 6.0, "scale": 1000.0})
    graph.wire(Edge("schedule", "schedule", "optimizer", "schedule"))
    result = train(graph, tmp_path / "run")
    run = Run(tmp_path / "run")
    assert result["best"]["epoch"] < 6
    accuracy = [e["valid"]["accuracy"] for e in run.history().epochs]
    assert accuracy[-1] < max(accuracy)
    again = evaluate(run, "valid")
    assert again["epoch"] == result["best"]["epoch"]
    assert again["metrics"]["accuracy"] == pytest.approx(max(accuracy), abs=1e-9)


DIGITS: dict[str, Node] = {"flat": ("op_flatten", {}), "fc": ("linear", {"out_features": 10})}


def test_a_schedule_sets_the_rate_at_each_step(tmp_path: Path) -> None:
    graph = classifier(epochs=6)
    graph.place("warmup", "sched_warmup", {"length": 2.0})
    graph.place("cosine", "sched_cosine")
    graph.wire(Edge("warmup", "schedule", "optimizer", "schedule"))
    graph.wire(Edge("cosine", "schedule", "warmup", "then"))
    train(graph, tmp_path / "run")
    rates = [e["rate"]["optimizer"] for e in Run(tmp_path / "run").history().epochs]
    moments = [epoch - 1 / 6 for epoch in range(1, 7)]  # the last step of each epoch

    def expected(moment: float) -> float:
        if moment < 2:
            return 0.1 * moment / 2
        return 0.1 * (1 + np.cos(np.pi * (moment - 2) / 4)) / 2

    assert rates == pytest.approx([expected(m) for m in moments])


def test_early_stopping_ends_the_run(tmp_path: Path) -> None:
    graph = classifier(optimizer=("opt_sgd", {"lr": 1e-30}), epochs=50)
    graph.place("stop", "reg_early_stopping", {"patience": 3})
    graph.wire(Edge("accuracy", "value", "stop", "metric"))
    result = train(graph, tmp_path / "run")
    assert (result["state"], result["epochs"], result["ended_by"]) == ("finished", 4, "stop")
    assert Run(tmp_path / "run").status().ended_by == "stop"
    assert result["best"]["epoch"] == 1
    assert train(graph, tmp_path / "run", resume=True)["epochs"] == 4


def test_early_stopping_watches_a_loss_downwards(tmp_path: Path) -> None:
    graph = classifier(optimizer=("opt_sgd", {"lr": 0.01}), epochs=5)
    graph.place("stop", "reg_early_stopping", {"patience": 2})
    graph.wire(Edge("loss", "loss", "stop", "metric"))
    result = train(graph, tmp_path / "run")
    assert result["epochs"] == 5  # the loss falls in every epoch
    assert result["best"]["name"] == "loss"
    assert result["best"]["epoch"] == 5


def two_heads(**optimizers: Node) -> Graph:
    """A shared trunk with a classifier and an autoencoder, each with an optimizer of its own."""
    return build(
        {
            "data": ("data_iris", {}, {"batch_size": 16}),
            "trunk": ("linear", {"out_features": 6}),
            "classes": ("linear", {"out_features": 3}),
            "decoder": ("linear", {"out_features": 4}),
            "ce": ("loss_cross_entropy", {}),
            "mse": ("loss_mse", {}),
            **optimizers,
        },
        [
            "data.x trunk.x", "trunk.y classes.x", "trunk.y decoder.x", "classes.y ce.logits", "data.y ce.target",
            "decoder.y mse.prediction", "data.x mse.target",
            *(f"{l}.loss {name}.loss" for name in optimizers for l in ("ce", "mse") if name in (l + "_opt", "both")),
        ],
        epochs=2,
        seed=0,
    )  # fmt: skip


def test_several_optimizers_step_in_their_order(tmp_path: Path) -> None:
    sgd = {"lr": 0.05}
    graph = two_heads(
        ce_opt=("opt_sgd", sgd, {"parameters": ["trunk", "classes"]}),
        mse_opt=("opt_sgd", sgd, {"parameters": ["decoder"]}),
    )
    result = train(graph, tmp_path / "run")
    assert result["train"].keys() == {"ce", "mse"}

    start = Compiled(graph).root.state_dict()
    layers = {
        n: nn.Linear(start[f"{n}.weight"].shape[1], len(start[f"{n}.bias"])) for n in ("trunk", "classes", "decoder")
    }
    for name, layer in layers.items():
        layer.load_state_dict({p: start[f"{name}.{p}"] for p in ("weight", "bias")})
    first = torch.optim.SGD([*layers["trunk"].parameters(), *layers["classes"].parameters()], lr=0.05)
    second = torch.optim.SGD(layers["decoder"].parameters(), lr=0.05)
    split = create("data_iris").load("train")
    data = split.__getitems__(torch.arange(len(split)))
    for epoch in range(2):
        for i in order(len(split), 0, epoch, "data").split(16):
            first.zero_grad()
            F.cross_entropy(layers["classes"](layers["trunk"](data["x"][i])), data["y"][i]).backward()
            first.step()
            second.zero_grad()
            F.mse_loss(layers["decoder"](layers["trunk"](data["x"][i])), data["x"][i]).backward()
            second.step()
    trained = weights(str(tmp_path / "run"))
    for name, layer in layers.items():
        assert torch.equal(trained[f"{name}.weight"], layer.weight)


def test_losses_of_one_optimizer_are_summed(tmp_path: Path) -> None:
    result = train(two_heads(both=("opt_sgd", {"lr": 0.01})), tmp_path / "run")
    for figures in (result["train"], result["valid"]):
        assert figures.keys() == {"ce", "mse", "both"}
        assert figures["both"] == pytest.approx(figures["ce"] + figures["mse"])
    assert result["best"]["name"] == "both"


def test_frozen_layers_stay(tmp_path: Path) -> None:
    layers: dict[str, Node] = {**MLP, "fc1": ("linear", {"out_features": 8}, {"frozen": True})}
    graph = classifier(layers=layers)
    train(graph, tmp_path / "run")
    start, end = Compiled(graph).root.state_dict(), weights(str(tmp_path / "run"))
    assert torch.equal(start["fc1.weight"], end["fc1.weight"])
    assert not torch.equal(start["fc2.weight"], end["fc2.weight"])


def test_transforms_measure_the_training_split(tmp_path: Path) -> None:
    layers: dict[str, Node] = {
        "shift": ("dnorm_min_max", {}),
        "standard": ("dnorm_standardize", {}),
        "fc": ("linear", {"out_features": 3}),
    }
    train(classifier(layers=layers), tmp_path / "run")
    split = create("data_iris").load("train")
    x = split.__getitems__(torch.arange(len(split)))["x"]
    low, high = x.amin(0), x.amax(0)
    scaled = (x - low) / (high - low)
    end = weights(str(tmp_path / "run"))
    torch.testing.assert_close(end["shift.low"], low)
    torch.testing.assert_close(end["standard.mean"], scaled.mean(0))
    torch.testing.assert_close(end["standard.std"], scaled.std(0, correction=0))


def test_evaluation_is_in_the_mode_of_evaluation(tmp_path: Path) -> None:
    layers: dict[str, Node] = {**MLP, "drop": ("drop_dropout", {"p": 0.9}), "fc3": ("linear", {"out_features": 3})}
    train(classifier(layers=layers, epochs=1), tmp_path / "run")
    assert evaluate(tmp_path / "run") == evaluate(tmp_path / "run")


def test_evaluate_measures_the_test_split(tmp_path: Path) -> None:
    train(classifier(epochs=3), tmp_path / "run")
    run = Run(tmp_path / "run")
    result = evaluate(run)
    split = create("data_iris").load("test")
    data = split.__getitems__(torch.arange(len(split)))
    end = weights(run, "best")
    logits = F.linear(data["x"], end["fc.weight"], end["fc.bias"])
    assert result["samples"] == len(split)
    assert result["losses"]["loss"] == pytest.approx(F.cross_entropy(logits, data["y"]).item(), rel=1e-6)
    assert result["metrics"]["accuracy"] == pytest.approx((logits.argmax(1) == data["y"]).double().mean().item())
    evaluate(run, "train")
    assert run.evaluation().keys() == {"test", "train"}
    assert run.evaluation()["test"] == result


def test_the_same_seed_gives_the_same_run(tmp_path: Path) -> None:
    layers: dict[str, Node] = {**MLP, "drop": ("drop_dropout", {}), "out": ("linear", {"out_features": 3})}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(classifier(layers=layers, epochs=1), tmp_path / name, seed=seed)
    a, b, c = (weights(str(tmp_path / name)) for name in "abc")
    assert_equal(a, b)
    assert not torch.equal(a["fc1.weight"], c["fc1.weight"])


def test_the_callers_random_numbers_stay(tmp_path: Path) -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    train(classifier(epochs=1), tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]
    assert random.getstate() == states[2]


def test_options_come_before_the_graph(tmp_path: Path) -> None:
    save(classifier(epochs=9, seed=9), tmp_path / "graph.json")
    result = train(tmp_path / "graph.json", tmp_path / "run", epochs=2, seed=4, overrides=["optimizer.lr=0.5"])
    run = Run(tmp_path / "run")
    assert result["epochs"] == 2
    assert run.graph().training == {"epochs": 2, "seed": 4}
    assert run.graph().nodes["optimizer"]["params"] == {"lr": 0.5}
    assert (run.info()["epochs"], run.info()["seed"], run.info()["overrides"]) == (2, 4, ["optimizer.lr=0.5"])
    assert torch.__version__.startswith(run.info()["versions"]["torch"])


def test_a_graph_that_does_not_compile_fails_in_words(tmp_path: Path) -> None:
    graph = classifier(layers={"fc": ("linear", {"in_features": 7, "out_features": 3})})
    with pytest.raises(CompileError):
        train(graph, tmp_path / "run")
    status = Run(tmp_path / "run").status()
    assert status.state == "failed"
    assert status.error is not None
    assert status.error["node"] == "fc"
    assert status.error["message"]
    assert status.error["message_zh"]


def test_nothing_to_train_is_said(tmp_path: Path) -> None:
    graph = classifier()
    graph.remove_node("optimizer")
    with pytest.raises(TrainError, match="no optimizer"):
        train(graph, tmp_path / "a")
    frozen = classifier(layers={"fc": ("linear", {"out_features": 3}, {"frozen": True})})
    with pytest.raises(TrainError, match="nothing to train") as caught:
        train(frozen, tmp_path / "b")
    assert caught.value.node == "optimizer"


@pytest.mark.parametrize(
    ("node", "settings", "words"),
    [
        ("optimizer", {"parameters": ["loss"]}, "nothing to train"),
        ("data", {"batch_size": 1000, "drop_last": True}, "no training batch"),
    ],
)
def test_broken_settings_name_their_node(tmp_path: Path, node: str, settings: dict[str, Any], words: str) -> None:
    graph = classifier()
    graph.nodes[node]["settings"] = settings
    with pytest.raises(TrainError, match=words) as caught:
        train(graph, tmp_path / "run")
    assert caught.value.node == node
    assert Run(tmp_path / "run").status().error == caught.value.to_json()


@pytest.mark.parametrize(
    ("node", "settings"),
    [
        ("data", {"batch_size": 0}),
        ("data", {"drop_last": "yes"}),
        ("data", {"workers": -1}),
        ("optimizer", {"clip_norm": 0}),
        ("optimizer", {"parameters": "fc"}),
    ],
)
def test_settings_that_no_graph_file_holds_are_refused(tmp_path: Path, node: str, settings: dict[str, Any]) -> None:
    graph = classifier()
    graph.nodes[node]["settings"] = settings
    with pytest.raises(GraphError, match=next(iter(settings))) as caught:
        train(graph, tmp_path / "run")
    assert caught.value.node == node


def test_what_cannot_begin_leaves_no_run(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"nowhere\.json"):
        train(tmp_path / "nowhere.json", tmp_path / "a")
    with pytest.raises(GraphError, match="no node"):
        train(classifier(), tmp_path / "b", overrides=["nothing.lr=1"])
    with pytest.raises(TrainError, match="no run"):
        train(classifier(), tmp_path / "c", resume=True)
    with pytest.raises(TrainError, match="no run folder"):
        evaluate(tmp_path / "d")
    assert not any(Run(tmp_path / name).exists for name in "abcd")


def test_a_download_shows_its_progress_and_hears_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path / "run")
    seen: list[Status] = []

    def prepare(self: Any, progress: Any) -> None:
        progress(2_000_000, 10_000_000)
        seen.append(run.status())
        run.request("stop")
        for _ in range(1000):
            progress(5_000_000, 0)
            time.sleep(0.01)

    monkeypatch.setattr(type(create("data_iris")), "prepare", prepare)
    monkeypatch.setattr(monitor, "STATUS_SECONDS", 0)
    result = train(classifier(), run.path)
    assert (result["state"], result["steps"]) == ("stopped", 0)
    assert seen[0].state == "starting"
    assert seen[0].activity == "Fetching the data of 'data': 2.0 of 10.0 MB"
    assert "2.0 / 10.0 MB" in seen[0].activity_zh
    assert run.status().state == "stopped"
    assert run.status().activity == ""
    monkeypatch.undo()
    assert train(classifier(), run.path, resume=True)["state"] == "finished"


def test_two_runs_side_by_side(tmp_path: Path) -> None:
    for name, rate in (("a", 0.1), ("b", 0.01)):
        train(classifier(epochs=2), tmp_path / name, overrides=[f"optimizer.lr={rate}"])
    second, first = runs(tmp_path)
    assert (first.name, second.name) == ("a", "b")
    losses = [run.history().epochs[-1]["valid"]["loss"] for run in (first, second)]
    assert losses[0] != losses[1]
    assert [run.status().state for run in (first, second)] == ["finished", "finished"]


def test_several_data_sets_feed_one_step(tmp_path: Path) -> None:
    graph = classifier(epochs=2)
    graph.place("more", "data_wine", {}, {"batch_size": 8})
    graph.place("wide", "linear", {"out_features": 3})
    graph.place("second", "loss_cross_entropy")
    graph.place("right", "metric_accuracy")
    for wire in (
        "more.x wide.x", "wide.y second.logits", "more.y second.target", "wide.y right.logits", "more.y right.target",
        "second.loss optimizer.loss",
    ):  # fmt: skip
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    result = train(graph, tmp_path / "run")
    count = len(create("data_wine").load("train"))
    assert result["steps"] == 2 * -(-count // 8)  # wine is the longer one; iris starts again
    assert result["valid"].keys() == {"loss", "second", "accuracy", "right", "optimizer"}
    # A data set that is not the longest still counts once in the evaluation.
    split = create("data_iris").load("valid")
    data = split.__getitems__(torch.arange(len(split)))
    end = weights(str(tmp_path / "run"))
    logits = F.linear(data["x"], end["fc.weight"], end["fc.bias"])
    assert result["valid"]["loss"] == pytest.approx(F.cross_entropy(logits, data["y"]).item(), rel=1e-5)


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    train(classifier(epochs=1), tmp_path / "run")
    before = Run(tmp_path / "run").status()
    with pytest.raises(TrainError, match="already holds a run"):
        train(classifier(epochs=1), tmp_path / "run")
    assert Run(tmp_path / "run").status() == before


def test_a_devices_error_is_in_words(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="devices"):
        train(classifier(), tmp_path / "run", precision="3-bit")


def test_a_data_set_of_one_graph(tmp_path: Path) -> None:
    graph = build(
        {
            "data": ("data_karate", {}),
            "gcn": ("gnn_gcn", {"out_features": 2}),
            "loss": ("loss_cross_entropy", {}),
            "accuracy": ("metric_accuracy", {}),
            "adam": ("opt_adam", {"lr": 0.05}),
        },
        [
            "data.x gcn.x", "data.edge_index gcn.edge_index", "gcn.y loss.logits", "data.y loss.target",
            "gcn.y accuracy.logits", "data.y accuracy.target", "loss.loss adam.loss",
        ],
        epochs=30,
        seed=0,
    )  # fmt: skip
    result = train(graph, tmp_path / "run")
    assert result["steps"] == 30
    assert result["train"]["loss"] < Run(tmp_path / "run").history().epochs[0]["train"]["loss"]


def test_with_several_optimizers_and_no_metric_the_latest_epoch_is_the_best(tmp_path: Path) -> None:
    # The rates grow until they ruin what was learned: by their losses the first epoch would be the best.
    graph = classifier(optimizer=("opt_sgd", {"lr": 50.0}), metric=False, epochs=3)
    graph.place("second", "opt_sgd", {"lr": 50.0})
    graph.wire(Edge("loss", "loss", "second", "loss"))
    result = train(graph, tmp_path / "run")
    assert result["best"]["epoch"] == 3


def test_what_a_loss_tells_of_each_sample_is_no_figure(tmp_path: Path) -> None:
    graph = build(
        {
            "data": ("data_iris", {}, {"batch_size": 16}),
            "fc": ("linear", {"out_features": 3}),
            "loss": ("semi_pseudo_label", {"threshold": 0.0}),
            "optimizer": ("opt_sgd", {"lr": 0.1}),
        },
        ["data.x fc.x", "fc.y loss.logits_u", "loss.loss optimizer.loss"],
        epochs=1,
    )
    result = train(graph, tmp_path / "run")
    assert result["train"].keys() == result["valid"].keys() == {"loss"}
