"""What visualizers show: at their epochs and at the end, of the same samples with the same random numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from builder.graph import Edge, Graph
from builder.train import Run, TrainError, checkpoint, generated, train
from components import create
from tests.train.graphs import Node, assert_equal, build, weights
from tests.train.test_checkpoint import stop_after


def pictures(every: int = 2, count: int = 5, **training: int) -> Graph:
    """An autoencoder of digits whose noisy inputs are shown, and what it makes of them."""
    nodes: dict[str, Node] = {
        "data": ("data_digits", {}, {"batch_size": 512}),
        "noise": ("aug_gaussian_noise", {"std": 0.1}, {"phase": "train"}),
        "draw": ("noise_normal", {}),
        "sum": ("op_add", {}),
        "flat": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 64}),
        "target": ("op_flatten", {}),
        "loss": ("loss_mse", {}),
        "opt": ("opt_adam", {"lr": 0.01}),
        "inputs": ("view_images", {"every": every, "count": count}),
        "drawn": ("view_images", {"every": 100, "count": 3}),
    }
    wires = [
        "data.x noise.x", "noise.y flat.x", "flat.y fc.x", "fc.y loss.prediction", "data.x target.x",
        "target.y loss.target", "loss.loss opt.loss", "noise.y inputs.x", "data.x draw.x", "draw.z sum.xs",
        "data.x sum.xs", "sum.y drawn.x",
    ]  # fmt: skip
    return build(nodes, wires, **{"epochs": 5, "seed": 0, **training})


def test_pictures_are_kept_at_their_epochs_and_at_the_end(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    train(pictures(), run.path)
    found = generated(run)
    assert [(item.node, item.epoch) for item in found] == [("drawn", 5), ("inputs", 2), ("inputs", 4), ("inputs", 5)]
    assert {item.form for item in found} == {"images"}
    valid = create("data_digits").load("valid").__getitems__(torch.arange(5))
    for item in found[1:]:  # augmentation is for training: the images pass it by
        assert torch.equal(item.read(), valid["x"])
        assert item.labels == tuple(valid["y"].tolist())
    assert found[0].read().shape == (3, 1, 8, 8)
    assert not torch.equal(found[0].read(), valid["x"][:3])
    assert not list(run.file("generated").rglob(".*"))


def test_generation_leaves_the_training_as_it_is(tmp_path: Path) -> None:
    train(pictures(every=1), tmp_path / "often")
    train(pictures(every=100), tmp_path / "never")
    assert_equal(*(weights(Run(tmp_path / name)) for name in ("often", "never")))


def test_the_same_random_numbers_at_every_epoch(tmp_path: Path) -> None:
    graph = pictures()
    graph.nodes["drawn"]["params"]["every"] = 1
    train(graph, tmp_path / "run", epochs=2)
    first, second = (item.read() for item in generated(Run(tmp_path / "run")) if item.node == "drawn")
    assert torch.equal(first, second)


def test_a_resumed_run_shows_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = pictures(every=1)
    graph.place("made", "view_images", {"every": 1, "count": 4})
    graph.place("shape", "op_reshape", {"shape": [1, 8, 8]})
    graph.wire(Edge("fc", "y", "shape", "x"))
    graph.wire(Edge("shape", "y", "made", "x"))
    train(graph, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, 8)
        train(graph, tmp_path / "parts")
    train(graph, tmp_path / "parts", resume=True)
    whole, parts = (generated(Run(tmp_path / name)) for name in ("whole", "parts"))
    assert [(i.node, i.epoch) for i in whole] == [(i.node, i.epoch) for i in parts]
    for one, other in zip(whole, parts, strict=True):
        assert torch.equal(one.read(), other.read())
    made = [item.read() for item in whole if item.node == "made"]
    assert not torch.equal(made[0], made[-1])


def test_listing_imports_no_torch_and_skips_what_is_damaged(tmp_path: Path) -> None:
    run = Run(tmp_path)
    folder = tmp_path / "generated" / "a.b"
    checkpoint.save(folder / "epoch-0003.safetensors", {"value": torch.ones(2, 3)}, {"form": "vectors", "epoch": 3})
    checkpoint.save(folder / "other.safetensors", {"value": torch.ones(2)}, {"form": "vectors", "epoch": 3})
    checkpoint.save(folder / "epoch-0004.safetensors", {"value": torch.ones(2)}, {"form": "film", "epoch": 4})
    (folder / "epoch-0005.safetensors").write_bytes(b"\xff" * 100)
    (folder / "epoch-0006.safetensors").write_bytes((20).to_bytes(8, "little") + json.dumps([1]).encode())
    (folder / "epoch-0007.safetensors").write_bytes(b"")
    assert [(item.node, item.epoch, item.form, item.labels) for item in generated(run)] == [("a/b", 3, "vectors", None)]
    assert torch.equal(generated(run)[0].read(), torch.ones(2, 3))
    code = (
        "import sys; from builder.train import Run, generated; "
        f"assert len(generated(Run({str(tmp_path)!r}))) == 1; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_exception_of_a_visualizer_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from components.visualizer.images import ViewImages

    forward = ViewImages.forward

    def failing(self: ViewImages, x: torch.Tensor) -> torch.Tensor:
        if x.device.type != "meta":
            raise RuntimeError("no canvas")
        return forward(self, x)

    monkeypatch.setattr(ViewImages, "forward", failing)
    with pytest.raises(TrainError, match="no canvas") as caught:
        train(pictures(every=1), tmp_path / "run")
    assert caught.value.node == "inputs"
