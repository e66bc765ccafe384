"""Weight averaging against torch's: what is judged is the average, with statistics of its own; training goes on without it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from builder.compiler import Compiled
from builder.graph import Edge, Graph
from builder.train import Run, checkpoint, evaluate, train
from builder.train.devices import Devices
from builder.train.evaluation import Evaluation
from builder.train.loader import batches
from builder.train.prepare import loaders_of
from tests.train.graphs import Node, assert_equal, classifier, weights
from tests.train.test_checkpoint import stop_after

EPOCHS = 6


def graph(norm: bool = True, optimizer: Node | None = None, **params: Any) -> Graph:
    layers: dict[str, Node] = {
        "one": ("linear", {"out_features": 5}),
        **({"norm": ("norm_batch", {})} if norm else {}),
        "act": ("act_relu", {}),
        "two": ("linear", {"out_features": 3}),
    }
    chosen = {"lr": 0.2, "momentum": 0.5, "start": 0.5, **params}
    return classifier(layers=layers, optimizer=optimizer or ("opt_swa", chosen), epochs=EPOCHS)


def by_hand(made: Graph, each: str, decay: float | None) -> tuple[list[dict[str, Tensor]], nn.Module]:
    """After each epoch the state to judge, by torch's own averaging; and the model as it was trained."""
    compiled = Compiled(made, seed=0)
    (loader,) = loaders_of(compiled, "train", 0, training=True).values()
    parts = [compiled.module(path) for path in ("one", "norm", "act", "two")]
    model = nn.Sequential(*(part for part in parts if part is not None))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.5)
    average = AveragedModel(model, multi_avg_fn=None if decay is None else get_ema_multi_avg_fn(decay))
    found = []
    for epoch in range(EPOCHS):
        data = [(b.values["data", "x"], b.values["data", "y"]) for b in batches([loader], epoch)]
        for number, (x, y) in enumerate(data):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            if each == "step" and epoch + number / len(data) >= EPOCHS / 2:
                average.update_parameters(model)
        if each == "epoch" and epoch + 1 >= EPOCHS / 2:
            average.update_parameters(model)
        judged = copy.deepcopy(average.module if average.n_averaged else model)
        if average.n_averaged:
            update_bn([x for x, _ in data], judged)
        found.append(judged.state_dict())
    return found, model


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize(("each", "decay"), [("epoch", None), ("step", None), ("step", 0.9)])
def test_what_is_judged_is_torchs_average(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, norm: bool, each: str, decay: float | None
) -> None:
    made = graph(norm, each=each, decay=decay)
    judged: list[dict[str, Tensor]] = []
    look = Evaluation.__call__

    def recording(self: Evaluation) -> dict[str, float]:
        judged.append({k: v.clone() for k, v in self.compiled.root.state_dict().items()})
        return look(self)

    monkeypatch.setattr(Evaluation, "__call__", recording)
    train(made, tmp_path / "run")
    expected, model = by_hand(made, each, decay)
    assert len(judged) == len(expected) == EPOCHS
    for found, wanted in zip(judged, expected, strict=True):
        for mine, theirs in zip(found.values(), wanted.values(), strict=True):
            torch.testing.assert_close(mine, theirs)
    last = weights(str(tmp_path / "run"))  # training itself went on as without an average
    for name, theirs in zip(judged[0], model.state_dict().values(), strict=True):
        torch.testing.assert_close(last[name], theirs)


def test_the_best_checkpoint_holds_the_average(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    best = train(graph(start=0.0), run.path)["best"]
    epochs = run.history().epochs
    compiled = Compiled(run.graph(), seed=0)  # judged once more, from the file alone
    tensors, _ = checkpoint.load(run.path / "checkpoints" / "best.safetensors")
    checkpoint.load_weights(compiled.root, tensors)
    figures = Evaluation(compiled, loaders_of(compiled, "valid", 0), Devices())()
    assert figures == epochs[best["epoch"] - 1]["valid"]
    assert evaluate(run)["epoch"] == best["epoch"]
    assert not torch.equal(weights(run)["one.weight"], weights(run, "best")["one.weight"])


@pytest.mark.parametrize("params", [{}, {"each": "step", "decay": 0.8, "inner": "adamw", "lr": 0.01}])
@pytest.mark.parametrize("step", [24, 33])
def test_a_resumed_run_has_the_same_average(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, params: dict[str, Any]
) -> None:
    made = graph(start=0.3, **params)
    whole = train(made, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        assert train(made, tmp_path / "parts")["steps"] == step
    resumed = train(made, tmp_path / "parts", resume=True)
    assert [resumed[k] for k in ("best", "train", "valid")] == [whole[k] for k in ("best", "train", "valid")]
    for which in ("last", "best"):
        files = [
            checkpoint.load(tmp_path / name / "checkpoints" / f"{which}.safetensors") for name in ("whole", "parts")
        ]
        assert_equal(files[0][0], files[1][0])


def test_dropout_draws_the_same_numbers_with_and_without_an_average(tmp_path: Path) -> None:
    """The pass that finds statistics anew leaves the random numbers of the training alone."""
    found = []
    for name, start in (("early", 0.0), ("never", 1.0)):
        made = graph(start=start)
        made.nodes["act"]["component"], made.nodes["act"]["params"] = "drop_dropout", {"p": 0.5}
        train(made, tmp_path / name)
        found.append(weights(str(tmp_path / name)))
    assert_equal(*found)


def test_each_optimizer_keeps_its_own_average(tmp_path: Path) -> None:
    made = graph(norm=False, start=0.0)
    made.place("second", "opt_sgd", {"lr": 0.1}, {"parameters": ["two"], "order": 1})
    made.nodes["optimizer"]["settings"]["parameters"] = ["one"]
    made.wire(Edge("loss", "loss", "second", "loss"))
    train(made, tmp_path / "run", epochs=1)
    last, best = weights(str(tmp_path / "run")), weights(str(tmp_path / "run"), "best")
    assert_equal(last, best)  # the mean of one snapshot
    train(made, tmp_path / "more", epochs=3)
    last, best = weights(str(tmp_path / "more")), weights(str(tmp_path / "more"), "best")
    assert not torch.equal(last["one.weight"], best["one.weight"])
