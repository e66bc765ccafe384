"""Adversarial training, as it ships, against the same network trained on clean images.

Measured (seed 0), on 500 test images: under the attack of 20 steps 88.0% are right after adversarial training, 26.0%
after training on clean images; without an attack 96.4% and 94.8%.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from builder.compiler import Compiled
from builder.graph import load
from builder.train import Run, checkpoint, evaluate, train

GRAPH = Path(__file__).parents[2] / "graphs" / "adversarial_training.json"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def defended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adversarial") / "run"
    train(GRAPH, folder)
    return folder


def test_the_defended_network_withstands_what_breaks_the_other(defended: Path, tmp_path: Path) -> None:
    clean = load(GRAPH)
    clean.nodes["attack"]["params"]["eps"] = 0.0  # the training sees the images as they are
    train(clean, tmp_path / "clean")
    robust, plain = evaluate(defended)["metrics"], evaluate(tmp_path / "clean")["metrics"]
    assert plain["accuracy"] > 0.94 and robust["accuracy"] > 0.94
    assert robust["robust_accuracy"] > 0.8
    assert robust["robust_accuracy"] > plain["robust_accuracy"] + 0.4


def test_the_strong_attack_stays_within_its_radius_and_acts_in_evaluation_alone(defended: Path) -> None:
    compiled = Compiled(load(GRAPH))
    path = Run(defended).checkpoint("best")
    assert path is not None
    checkpoint.load_weights(compiled.root, checkpoint.load(path)[0])
    compiled.root.eval()
    split = compiled.dataset("data").load("test")
    batch = split.__getitems__(range(50))
    ends = [("strong_attack", "x_adv"), ("attack", "x_adv")]
    evaluated, trained = (compiled.program(ends, phase=phase) for phase in ("evaluate", "train"))
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        (strong, off), (off_too, weak) = (
            program(*(batch[port] for _, port in program.inputs))  # pyright: ignore[reportGeneralTypeIssues]
            for program in (evaluated, trained)
        )
    assert torch.equal(off, batch["x"]) and torch.equal(off_too, batch["x"])
    for attacked in (strong, weak):
        assert 0.05 < (attacked - batch["x"]).abs().max() <= 0.1 + 1e-6
