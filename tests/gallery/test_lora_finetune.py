"""A Vision Transformer that learns a second kind of digits through LoRA, trained as it ships.

Measured (seed 0, 500 held-out MNIST digits of 8x8 pixels): 0.930 with LoRA, where 12,938 weights learn; 0.932 with all 152,202
weights; 0.806 with the head alone (650 weights); 0.274 for the model as the earlier run left it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from builder.compiler import Compiled
from builder.graph import Graph, load
from builder.train import checkpoint, evaluate, train
from builder.train.run import Run

GRAPHS = Path(__file__).parents[2] / "graphs"
BASE = GRAPHS / "runs" / "vit_digits" / "checkpoints" / "best.safetensors"
LAYERS = ("patches", "class_token", "position", "block", "norm")

pytestmark = pytest.mark.slow


def lora() -> Graph:
    return load(GRAPHS / "lora_finetune.json")


def everything() -> Graph:
    """All weights learn, from the same start; a quarter of the rate, for they are no small addition."""
    graph = lora()
    for name in LAYERS:
        graph.nodes[name]["settings"].pop("frozen", None)
        graph.nodes[name]["settings"].pop("parametrize", None)
    graph.nodes["optimizer"]["params"]["lr"] /= 4
    return graph


def head_only() -> Graph:
    """Nothing but the head learns; at a higher rate, for it is a linear model."""
    graph = lora()
    graph.nodes["block"]["settings"].pop("parametrize")
    graph.nodes["block"]["settings"]["frozen"] = True
    graph.nodes["optimizer"]["params"]["lr"] = 0.01
    return graph


def learning(compiled: Compiled) -> int:
    return sum(p.numel() for p in compiled.parameters_of([("head", "y")]).values())


def untouched_accuracy(compiled: Compiled) -> float:
    """Of the model before its first step: what the earlier run left."""
    split = compiled.dataset("data").load("test")
    batch = split.__getitems__(range(len(split)))
    program = compiled.program([("head", "y")]).eval()
    with torch.no_grad():
        (logits,) = program(batch["x"])
    return (logits.argmax(1) == batch["y"]).float().mean().item()


def accuracy(graph: Graph, out: Path) -> float:
    train(graph, out)
    return evaluate(out)["metrics"]["accuracy"]


def test_it_comes_close_to_training_everything_with_few_weights(tmp_path: Path) -> None:
    small, whole, head = (Compiled(g) for g in (lora(), everything(), head_only()))
    assert (learning(small), learning(whole), learning(head)) == (12_938, 152_202, 650)
    assert learning(small) / learning(whole) < 0.09

    before = untouched_accuracy(small)
    assert before == untouched_accuracy(whole) < 0.4, "LoRA changes nothing before the first step"
    tuned = accuracy(lora(), tmp_path / "lora")
    assert tuned > 0.9
    assert tuned > accuracy(everything(), tmp_path / "whole") - 0.025
    assert tuned > accuracy(head_only(), tmp_path / "head") + 0.07

    # The weights of the earlier run are still there, bit for bit.
    base = load_file(BASE)
    best = Run(tmp_path / "lora").checkpoint("best")
    assert best is not None
    checkpoint.load_weights(small.root, checkpoint.load(best)[0])
    state = small.root.state_dict()
    kept = {name.replace("parametrizations.", "").removesuffix(".original"): name for name in state}
    compared = [name for name in base if not name.startswith("head.")]
    assert compared and all(torch.equal(state[kept[name]], base[name]) for name in compared)
    assert not torch.equal(state["head.weight"], base["head.weight"])
