"""Rounds of strategies that choose data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from builder.compiler import Compiled
from builder.graph import Edge, Graph
from builder.train import Run, TrainError, checkpoint, train
from builder.train.devices import Devices
from builder.train.loader import batches
from builder.train.prepare import loaders_of
from builder.train.strategies import Rounds
from components import create
from tests.train.graphs import assert_equal, classifier, weights
from tests.train.test_checkpoint import stop_after


def with_strategy(component: str, params: dict[str, Any], **training: Any) -> Graph:
    graph = classifier(optimizer=("opt_adam", {"lr": 0.05}), batch_size=8, **training)
    graph.place("rounds", component, params)
    graph.wire(Edge("fc", "y", "rounds", "logits"))
    return graph


ACTIVE = {"initial": 9, "per_round": 6, "every": 2}
SELF = {"initial": 20, "threshold": 0.6, "every": 2}


def rounds_of(graph: Graph) -> Rounds:
    compiled, devices = Compiled(graph), Devices()
    loaders = loaders_of(compiled, "train", 0, training=True)
    return Rounds(compiled, compiled.flat.nodes["rounds"], compiled.build("rounds"), loaders, devices, 0)


def test_active_learning_adds_what_the_model_is_least_sure_of() -> None:
    rounds = rounds_of(with_strategy("strategy_active_learning", ACTIVE))
    first = rounds.labelled
    assert len(first) == 9
    assert not rounds(1)  # a round is two epochs
    assert rounds(2)
    new = sorted(set(rounds.labelled.tolist()) - set(first.tolist()))
    assert len(new) == 6
    assert set(first.tolist()) < set(rounds.labelled.tolist())

    split = create("data_iris").load("train")
    x = split.__getitems__(torch.arange(len(split)))["x"]
    root = rounds.compiled.root.state_dict()
    p = (x @ root["fc.weight"].T + root["fc.bias"]).softmax(1)
    unsure = -(p * p.log()).sum(1)
    unsure[first] = -1
    assert new == sorted(unsure.topk(6).indices.tolist())
    seen = torch.cat([batch.values["data", "x"] for batch in batches([rounds.loader])])
    assert sorted(seen.tolist()) == sorted(x[rounds.labelled].tolist())


def test_a_subset_of_the_data_set_is_where_the_rounds_begin() -> None:
    graph = with_strategy("strategy_active_learning", ACTIVE)
    graph.nodes["data"]["settings"]["subset"] = {"count": 2, "per_class": True}
    rounds = rounds_of(graph)
    labels = rounds.loader.own_labels[rounds.labelled]
    assert labels.bincount().tolist() == [2, 2, 2]


def test_a_used_up_pool_ends_the_rounds() -> None:
    rounds = rounds_of(with_strategy("strategy_active_learning", {**ACTIVE, "per_round": 1000, "every": 1}))
    assert rounds(1)
    assert rounds.loader.samples == len(rounds.loader.split)
    assert not rounds(2)


def test_self_training_trains_on_its_own_labels() -> None:
    rounds = rounds_of(with_strategy("strategy_self_training", {**SELF, "every": 1, "threshold": 0.5}))
    first = rounds.labelled.clone()
    with torch.no_grad():  # every sample is class 2, the model says
        rounds.compiled.root.get_parameter("fc.bias").copy_(torch.tensor([0.0, 0.0, 1e4]))
    assert rounds(1)
    assert torch.equal(rounds.labelled, first)
    assert rounds.loader.samples == len(rounds.loader.split)
    own = rounds.loader.own_labels
    assert own.unique().tolist() == [0, 1, 2]
    for indices, values in zip(
        rounds.loader.indices(0, len(rounds.loader)),
        (batch.values["data", "y"] for batch in batches([rounds.loader])),
        strict=True,
    ):
        labelled = torch.isin(indices, first)
        assert torch.equal(values[labelled], own[indices][labelled])
        assert (values[~labelled] == 2).all()
    with torch.no_grad():  # a model that is sure of nothing takes back what it said
        rounds.compiled.root.get_parameter("fc.weight").zero_()
        rounds.compiled.root.get_parameter("fc.bias").zero_()
    assert rounds(2)
    assert torch.cat(rounds.loader.indices(0, len(rounds.loader))).sort().values.tolist() == first.tolist()


@pytest.mark.parametrize(
    ("component", "params"), [("strategy_active_learning", ACTIVE), ("strategy_self_training", SELF)]
)
@pytest.mark.parametrize("step", [4, 9, 13])
def test_a_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, component: str, params: dict[str, Any], step: int
) -> None:
    graph = with_strategy(component, params, epochs=6)
    whole = train(graph, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        assert train(graph, tmp_path / "parts")["steps"] == step
    resumed = train(graph, tmp_path / "parts", resume=True)
    assert [resumed[k] for k in ("steps", "train", "valid")] == [whole[k] for k in ("steps", "train", "valid")]
    assert_equal(*(weights(Run(tmp_path / name)) for name in ("whole", "parts")))
    tensors = [checkpoint.load(tmp_path / n / "checkpoints" / "last.safetensors")[0] for n in ("whole", "parts")]
    assert_equal(*tensors)
    events = [Run(tmp_path / name).history().epochs for name in ("whole", "parts")]
    counts = [[event["samples"]["data"] for event in epochs] for epochs in events]
    assert counts[0] == counts[1]
    assert len(set(counts[0])) > 1


def test_progress_and_steps_follow_the_growing_data(tmp_path: Path) -> None:
    result = train(with_strategy("strategy_active_learning", {**ACTIVE, "every": 1}, epochs=4), tmp_path / "run")
    status = Run(tmp_path / "run").status()
    samples = [event["samples"]["data"] for event in Run(tmp_path / "run").history().epochs]
    assert samples == [9, 15, 21, 27]
    assert result["steps"] == status.step == sum(-(-n // 8) for n in samples)
    assert status.progress == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda graph: graph.nodes["rounds"]["params"].update(initial=1000), "asks for 1000 samples"),
        (lambda graph: _from_two_data_sets(graph), "come from 2: data, more"),
    ],
)
def test_what_cannot_be_is_one_error(tmp_path: Path, change: Any, words: str) -> None:
    graph = with_strategy("strategy_active_learning", ACTIVE)
    change(graph)
    with pytest.raises(TrainError, match=words) as caught:
        train(graph, tmp_path / "run")
    assert caught.value.node == "rounds"
    assert caught.value.message_zh


def _from_two_data_sets(graph: Graph) -> None:
    graph.place("more", "data_iris")
    graph.place("sum", "op_add")
    graph.place("wide", "linear", {"out_features": 3})
    graph.remove_edge("fc", "rounds")
    for wire in ("more.x wide.x", "fc.y sum.xs", "wide.y sum.xs", "sum.y rounds.logits"):
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
