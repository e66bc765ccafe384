"""The health of nodes: figures equal those by hand, a resumed run tells the same, and training knows nothing of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from builder.compiler import Compiled
from builder.graph import Edge, Graph
from builder.train import Run, checkpoint, checkup, health, train
from builder.train.checkup import Checkup
from builder.train.health import Record
from builder.train.loader import Loader, LoaderSettings
from tests.train.graphs import Node, assert_equal, classifier, weights
from tests.train.test_checkpoint import stop_after
from tests.train.test_resume import averaged, gathering, together

LAYERS: dict[str, Node] = {
    "fc1": ("linear", {"out_features": 8}),
    "relu": ("act_relu", {}),
    "drop": ("drop_dropout", {"p": 0.5}),
    "fc2": ("linear", {"out_features": 3}),
}
FILES = (health.FILE, health.HISTOGRAMS)


def told(folder: Path) -> list[str]:
    return [(folder / name).read_text() for name in FILES]


def first_batch(graph: Graph) -> dict[str, Tensor]:
    """The first batch of the first epoch."""
    compiled = Compiled(graph)
    split = compiled.dataset("data").load("train")
    size = graph.nodes["data"]["settings"]["batch_size"]
    return split.__getitems__(Loader("data", split, LoaderSettings(size), 0, True).indices(0, 1)[0])


# ------------------------------------------------------------------ figures


def test_figures_equal_those_by_hand(tmp_path: Path) -> None:
    layers = {name: node for name, node in LAYERS.items() if name != "drop"}  # so that the step can be done by hand
    graph = classifier(layers=layers, optimizer=("opt_sgd", {"lr": 0.1, "weight_decay": 0.01}), epochs=1)
    train(graph, tmp_path / "run")
    first, last = (health.records(Run(tmp_path / "run"))[i] for i in (0, -1))
    assert (first.step, last.epoch) == (1, 1.0)

    before = {name: tensor.clone() for name, tensor in checkpoint.weights_of(Compiled(graph).root).items()}
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in before.items()}
    batch = first_batch(graph)
    hidden = F.relu(F.linear(batch["x"], leaves["fc1.weight"], leaves["fc1.bias"]))
    loss = F.cross_entropy(F.linear(hidden, leaves["fc2.weight"], leaves["fc2.bias"]), batch["y"])
    gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
    after = {name: tensor - 0.1 * (gradients[name] + 0.01 * tensor) for name, tensor in before.items()}
    for node in ("fc1", "fc2"):
        own = [f"{node}.weight", f"{node}.bias"]
        norm = math.hypot(*(float(gradients[name].norm()) for name in own))
        size = math.hypot(*(float(before[name].norm()) for name in own))
        change = math.hypot(*(float((after[name] - before[name]).norm()) for name in own))
        assert first.nodes[node]["gradient"] == pytest.approx(norm, rel=1e-4)
        assert first.nodes[node]["update"] == pytest.approx(change / size, rel=1e-3)

    hidden = F.relu(F.linear(batch["x"], after["fc1.weight"], after["fc1.bias"]))  # outputs are those after the step
    figures = first.nodes["relu"]
    assert figures["rms"] == pytest.approx(float(hidden.square().mean().sqrt()), rel=1e-4)
    assert figures["mean"] == pytest.approx(float(hidden.mean()), rel=1e-4)
    assert figures["std"] == pytest.approx(float(hidden.std(correction=0)), rel=1e-4)
    assert figures["dead"] == pytest.approx(float((hidden.amax(0) <= 1e-3 * figures["rms"]).float().mean()))
    assert "gradient" not in figures
    assert "rate" not in first.nodes["fc1"]

    trained = weights(str(tmp_path / "run"))
    kept = health.histograms(Run(tmp_path / "run"), "fc1", "weights")[-1]
    values = torch.cat([trained["fc1.weight"].flatten(), trained["fc1.bias"]])
    assert (kept.epoch, sum(kept.counts), len(kept.counts)) == (1.0, values.numel(), health.BINS)
    assert (kept.low, kept.high) == pytest.approx((float(values.min()), float(values.max())), rel=1e-4)
    assert kept.counts == tuple(
        torch.histc(values, health.BINS, float(values.min()), float(values.max())).int().tolist()
    )
    shown = health.histograms(Run(tmp_path / "run"), "fc1", "gradients")[0]
    assert shown.high == pytest.approx(float(max(gradients["fc1.weight"].max(), gradients["fc1.bias"].max())), rel=1e-4)


def test_units_are_channels_and_a_dead_one_gives_nothing_anywhere() -> None:
    value = torch.zeros(4, 3, 5, 5)
    value[2, 1, 4, 4] = 1.0
    dead, *_ = checkup._moments_of(value, 1).tolist()
    assert dead == pytest.approx(2 / 3)
    assert checkup._moments_of(torch.zeros(2, 3), 1)[0] == 1.0
    assert checkup._moments_of(torch.zeros(0, 3), 1).isnan().all()
    assert checkup._moments_of(torch.full((2, 3), 1e30), 1)[0].isnan()  # so large a unit is not dead
    masked = torch.tensor([[3.0, -math.inf], [1.0, -math.inf]])  # as attention does it
    assert checkup._moments_of(masked, 1).tolist() == pytest.approx([0.5, 2.0, 1.0, math.sqrt(5)])


def test_dead_units_are_found_in_a_run(tmp_path: Path) -> None:
    layers: dict[str, Node] = {
        "fc1": ("linear", {"out_features": 8}),
        "first": ("act_relu", {}),
        "minus": ("op_scale", {"factor": -1.0}),
        "relu": ("act_relu", {}),
        "fc2": ("linear", {"out_features": 3}),
    }
    graph = classifier(layers=layers, epochs=1)
    train(graph, tmp_path / "run")
    (record, *_) = health.records(Run(tmp_path / "run"))
    assert record.nodes["relu"]["dead"] == 1.0
    assert record.nodes["fc1"]["dead"] == 0.0
    assert [ill.kind for ill in health.illnesses(record)["relu"]] == ["dead"]


def test_nodes_that_share_weights_are_told_of_once(tmp_path: Path) -> None:
    train(together(), tmp_path / "run")
    last = health.records(Run(tmp_path / "run"))[-1]
    assert "gradient" in last.nodes["real/fc1"]
    assert "gradient" not in last.nodes["fake/fc1"]
    assert "rms" in last.nodes["fake/fc1"]


def test_the_learning_rate_is_told_where_a_schedule_lowers_it(tmp_path: Path) -> None:
    graph = classifier(epochs=2)
    graph.place("falls", "sched_step", {"step_size": 1, "gamma": 0.1})
    graph.wire(Edge("falls", "schedule", "optimizer", "schedule"))
    train(graph, tmp_path / "run")
    found = health.records(Run(tmp_path / "run"))
    assert [r.nodes["fc"].get("rate") for r in found] == [None] * (len(found) - 1) + [0.1]


# ------------------------------------------------------------------ when


def test_the_first_epoch_is_looked_at_several_times(tmp_path: Path) -> None:
    done = train(classifier(epochs=3), tmp_path / "run")
    steps = done["steps"] // 3
    found = [(r.epoch, r.step) for r in health.records(Run(tmp_path / "run"))]
    within = sorted({1, *(round(share * steps) for share in (0.25, 0.5, 0.75)), steps})
    assert found == [*((round(s / steps, 4), s) for s in within), (2.0, 2 * steps), (3.0, 3 * steps)]


def test_many_fast_epochs_are_looked_at_as_time_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(Checkup, "_look", lambda self, epoch, step: looked.append(math.ceil(epoch)))
    monkeypatch.setattr(checkup, "SHARE", 0.0)
    train(classifier(epochs=25), tmp_path / "run")
    assert sorted(set(looked)) == [*range(1, 21), 25]


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    train(classifier(epochs=1), tmp_path / "run", overrides=["training.health=false"])
    assert not any((tmp_path / "run" / name).exists() for name in FILES)
    assert health.records(Run(tmp_path / "run")) == []


@pytest.mark.parametrize("make", [lambda: classifier(layers=LAYERS), averaged])
def test_training_is_the_same_with_and_without_it(tmp_path: Path, make: Callable[[], Graph]) -> None:
    results = [
        train(make(), tmp_path / name, overrides=[f"training.health={name}"], epochs=2) for name in ("true", "false")
    ]
    assert (tmp_path / "true" / health.FILE).exists()
    assert results[0]["valid"] == results[1]["valid"]
    assert_equal(weights(str(tmp_path / "true")), weights(str(tmp_path / "false")))


@pytest.mark.parametrize("make", [lambda: classifier(layers=LAYERS), gathering, averaged])
@pytest.mark.parametrize("step", [1, 5, 8, 10])
def test_a_resumed_run_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Graph], step: int
) -> None:
    graph = make()
    train(graph, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        train(graph, tmp_path / "parts")
    assert told(tmp_path / "parts") != told(tmp_path / "whole")
    train(graph, tmp_path / "parts", resume=True)
    assert told(tmp_path / "parts") == told(tmp_path / "whole")


# ------------------------------------------------------------------ the files


def test_broken_lines_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(classifier(epochs=1), folder)
    whole = len(health.records(Run(folder)))
    with (folder / health.FILE).open("a") as file:
        file.write(
            '{"epoch": 2}\n{"epoch": 2, "step": 9, "nodes": []}\n[1]\n{"epoch": 2, "step": 9, "nodes": {"fc": {"de'
        )
    with (folder / health.HISTOGRAMS).open("a") as file:
        file.write('{"epoch": 2, "step": 9, "nodes": {"fc": {"weights": [1, 2]}}}\n')
    assert len(health.records(Run(folder))) == whole
    assert len(health.histograms(Run(folder), "fc", "weights")) == whole
    assert health.weighty(Run(folder)) == ["fc"]
    assert health.histograms(Run(folder), "nothing", "weights") == []


def test_what_is_not_finite_is_no_number_in_the_file() -> None:
    told: dict[str, Any] = {"rms": math.nan, "gradient": math.inf, "mean": 0.123456789}
    assert json.loads(checkup._line(checkup._short(told))) == {"rms": None, "gradient": None, "mean": 0.12346}
    assert checkup._histogram([torch.tensor([math.nan])]) is None
    assert checkup._histogram([torch.tensor([1.0, math.inf, 1.0])])[2][0] == 2  # type: ignore[index]


def test_of_a_large_parameter_some_entries_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "SAMPLED", 100)
    large = torch.ones(1000)
    assert len(checkup._some(large)) == 100
    size, change = checkup._sizes([(torch.ones(100), torch.full((100,), 1.5), 1000)])
    assert (size, change) == pytest.approx((math.sqrt(1000), math.sqrt(250)))


# ------------------------------------------------------------------ who is ill


def ill(node: dict[str, float], **others: dict[str, float]) -> list[str]:
    found = health.illnesses(Record(1.0, 1, {"node": node, **others}))
    return [illness.kind for illness in found.get("node", [])]


@pytest.mark.parametrize(
    ("figures", "kinds"),
    [
        ({"dead": 0.5, "gradient": 1.0, "update": 1e-3}, []),
        ({"dead": 0.51}, ["dead"]),
        ({"gradient": 101.0, "update": 0.2}, ["exploding", "fast"]),
        ({"gradient": 1e-7, "update": 1e-6}, ["vanishing", "slow"]),
        ({"gradient": 1.0, "update": 1e-6, "rate": 0.01}, []),
        ({}, []),
    ],
)
def test_who_is_ill(figures: dict[str, float], kinds: list[str]) -> None:
    assert ill(figures, other={"gradient": 1.0}) == kinds


def test_a_gradient_vanishes_beside_the_greatest_one() -> None:
    assert ill({"gradient": 1e-6}, other={"gradient": 1e-5}) == []
    assert ill({"gradient": 1e-6}, other={"gradient": 1.0}) == ["vanishing"]


def test_illnesses_are_told_in_both_languages() -> None:
    record = Record(
        1.0, 1, {"a": {"dead": 0.6, "gradient": 200.0, "update": 0.5}, "b": {"gradient": 1e-9, "update": 1e-9}}
    )
    for found in health.illnesses(record).values():
        assert all(len(i.text("en")) > 40 and len(i.text("zh")) > 20 and len(i.sign) < 7 for i in found)


def test_blocks_have_the_figures_of_what_is_inside() -> None:
    values = {"block/n0/a": 3.0, "block/b": 4.0, "d": 7.0}
    assert health.with_blocks(values, "gradient") == {**values, "block": 5.0, "block/n0": 3.0}
    assert health.with_blocks(values, "rms")["block"] == 4.0
    assert health.with_blocks({"block/a": 1e-3, "block/b": 1e-6, "block/c": 1e-1}, "update")["block"] == 1e-6
    assert health.with_blocks({"block/a": -3.0, "block/b": 1.0}, "mean")["block"] == -3.0


def test_a_block_is_ill_where_something_inside_is() -> None:
    record = Record(1.0, 1, {"block/n0/a": {"dead": 0.9}, "block/n0/b": {"dead": 0.0}, "d": {"gradient": 1e4}})
    found = {path: [(at, ill.kind) for at, ill in ills] for path, ills in health.ills_with_blocks(record).items()}
    dead = [("block/n0/a", "dead")]
    assert found == {"block": dead, "block/n0": dead, "block/n0/a": dead, "d": [("d", "exploding")]}
