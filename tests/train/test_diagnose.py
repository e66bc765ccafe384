"""Failures in words, at the node that is to blame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder.compiler import Compiled
from builder.graph import Edge, Graph
from builder.train import Run, TrainError, train
from builder.train.diagnose import failed_backward, failed_forward, node_of, not_finite
from builder.train.errors import in_words, is_out_of_memory
from components import create
from components.data.tables import ClassTable
from tests.train.graphs import Node, build, classifier

CPU_OUT_OF_MEMORY = (
    "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
)


def chain(**layers: Node) -> Graph:
    return classifier(layers={**layers, "out": ("linear", {"out_features": 3})}, epochs=2)


@pytest.mark.parametrize(
    ("error", "words", "words_zh"),
    [
        (RuntimeError(CPU_OUT_OF_MEMORY), "4000.0 GB", "4000.0 GB"),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.73 GiB. GPU 0 has ..."),
            "3.73 GiB",
            "3.73 GiB",
        ),
        (MemoryError(), "Out of memory. Use", "内存不足。"),
    ],
)
def test_out_of_memory_is_told_in_words(error: Exception, words: str, words_zh: str) -> None:
    assert is_out_of_memory(error)
    message, message_zh = in_words(error)
    assert words in message
    assert words_zh in message_zh
    assert "batch_size" in message
    assert "batch_size" in message_zh


def test_other_errors_keep_their_first_line() -> None:
    assert in_words(RuntimeError("shapes differ.\n  at line 3"))[0] == "RuntimeError: shapes differ."
    assert in_words(KeyError())[0] == "KeyError: KeyError."
    assert in_words(TrainError("a", "甲", "node")) == ("a", "甲")
    batch_norm = ValueError("Expected more than 1 value per channel when training, got input size torch.Size([1, 8])")
    assert "drop_last" in in_words(batch_norm)[0]
    assert "drop_last" in in_words(batch_norm)[1]


def fail_in(monkeypatch: pytest.MonkeyPatch, out_features: int, error: Exception, at_call: int = 1) -> None:
    """The linear layer of so many outputs raises at its n-th call."""
    forward, calls = nn.Linear.forward, [0]

    def failing(self: nn.Linear, x: Tensor) -> Tensor:
        if self.out_features == out_features and x.device.type != "meta":  # not where shapes are found out
            calls[0] += 1
            if calls[0] >= at_call:
                raise error
        return forward(self, x)

    monkeypatch.setattr(nn.Linear, "forward", failing)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError(CPU_OUT_OF_MEMORY), "Out of memory when 4000.0 GB"),
        (RuntimeError("no such kernel"), "no such kernel"),
        (ZeroDivisionError("division by zero"), "division by zero"),
    ],
)
def test_an_exception_in_a_forward_names_its_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    graph = chain(fc1=("linear", {"out_features": 8}), fc2=("linear", {"out_features": 13}), relu=("act_relu", {}))
    fail_in(monkeypatch, 13, error, at_call=3)
    with pytest.raises(TrainError, match=words) as caught:
        train(graph, tmp_path / "run")
    assert caught.value.node == "fc2"
    status = Run(tmp_path / "run").status()
    assert status.state == "failed"
    assert status.error == caught.value.to_json()
    assert status.error["message_zh"]
    assert type(error).__name__ in Run(tmp_path / "run").log()


def test_an_exception_within_a_block_names_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = chain(res=("block:two", {}))
    block = graph.blocks["two"] = Graph()
    block.place("x", "port_in")
    block.place("fc", "linear", {"out_features": 13})
    block.place("y", "port_out")
    block.wire(Edge("x", "y", "fc", "x"))
    block.wire(Edge("fc", "y", "y", "x"))
    fail_in(monkeypatch, 13, RuntimeError("broken"))
    with pytest.raises(TrainError, match="broken") as caught:
        train(graph, tmp_path / "run")
    assert caught.value.node == "res/fc"


def test_an_op_that_raises_is_named() -> None:
    compiled = Compiled(chain(fc=("linear", {"out_features": 4})))
    program = compiled.program([("loss", "loss")])
    inputs = [torch.zeros(2, 4), torch.zeros(3, dtype=torch.int64)]
    with pytest.raises(ValueError) as caught:
        program.forward(*inputs)
    assert node_of(caught.value, program) == "loss"
    assert failed_forward(caught.value, program).node == "loss"
    assert node_of(RuntimeError("from elsewhere"), program) == ""


class Square(torch.autograd.Function):
    """x squared, with a backward that runs out of memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        raise RuntimeError(CPU_OUT_OF_MEMORY)


def test_an_exception_in_a_backward_names_its_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: Square.apply(x))
    layers: dict[str, Node] = {
        "fc1": ("linear", {}),
        "tanh": ("act_tanh", {}),
        "fc2": ("linear", {}),
        "relu": ("act_relu", {}),
    }
    with pytest.raises(TrainError, match="Out of memory") as caught:
        train(chain(**layers), tmp_path / "run")
    assert caught.value.node == "tanh"


def test_a_backward_that_recovers_names_no_node() -> None:
    compiled = Compiled(chain(fc=("linear", {})))
    program = compiled.program([("loss", "loss")])
    inputs = [torch.zeros(2, 4), torch.zeros(2, dtype=torch.int64)]
    assert failed_backward(RuntimeError("once"), program, inputs, 1).node == ""


def powers(data: str = "data_wine", count: int = 5) -> Graph:
    """The data squared again and again, into a linear layer."""
    nodes: dict[str, Node] = {"data": (data, {}, {"batch_size": 32})}
    wires, end = [], "data.x"
    for i in range(1, count + 1):
        nodes[f"square{i}"] = ("op_multiply", {})
        wires += [f"{end} square{i}.xs"] * 2
        end = f"square{i}.y"
    nodes |= {"fc": ("linear", {"out_features": 3}), "loss": ("loss_cross_entropy", {}), "sgd": ("opt_sgd", {})}
    wires += [f"{end} fc.x", "fc.y loss.logits", "data.y loss.target", "loss.loss sgd.loss"]
    return build(nodes, wires, epochs=2, seed=0)


def test_the_node_that_overflows_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"not finite at step 1 .*'square4', from finite inputs") as caught:
        train(powers(), tmp_path / "run")  # wine has values near 1700: their 16th power is beyond float32
    assert caught.value.node == "square4"
    assert "square4" in caught.value.message_zh
    run = Run(tmp_path / "run")
    assert run.status().state == "failed"
    assert run.checkpoint() is None


def test_weights_that_an_update_has_spoilt_are_named(tmp_path: Path) -> None:
    graph = classifier(
        layers={"fc1": ("linear", {"out_features": 8}), "fc2": ("linear", {"out_features": 3})},
        optimizer=("opt_sgd", {"lr": 1e38}),
    )
    with pytest.raises(TrainError, match="not finite") as caught:
        train(graph, tmp_path / "run")
    assert caught.value.node in ("fc1", "fc2")


def test_a_gradient_that_is_not_finite_points_at_the_layer_before_it() -> None:
    compiled = Compiled(chain(fc1=("linear", {"out_features": 5}), fc2=("linear", {"out_features": 6})))
    program = compiled.program([("loss", "loss")])
    with torch.no_grad():
        for path in ("fc1", "fc2"):
            next(compiled.root.get_submodule(path).parameters()).fill_(torch.nan)
    error = not_finite(program, [torch.ones(2, 4), torch.zeros(2, dtype=torch.int64)], 5, 1)
    assert error.node == "fc2"
    assert "learning rate" in error.message
    assert "学习率" in error.message_zh


def test_data_that_are_not_finite_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = ClassTable.arrays

    def broken(self: ClassTable) -> Any:
        found = dict(arrays(self))
        found["x"] = found["x"].copy()
        found["x"][::50] = float("nan")
        return found

    monkeypatch.setattr(ClassTable, "arrays", broken)
    with pytest.raises(TrainError, match="data of 'data'") as caught:
        train(classifier(), tmp_path / "run")
    assert caught.value.node == "data"
    assert "非有限" in caught.value.message_zh


def test_a_mask_of_minus_infinity_is_not_blamed() -> None:
    compiled = Compiled(powers(count=5))
    program = compiled.program([("loss", "loss")])
    x = torch.full((2, 13), 1e3)
    error = not_finite(program, [x, torch.zeros(2, dtype=torch.int64)], 1, 1)
    assert error.node == "square4"
    # Values of -inf that come from elsewhere are followed only where nothing else is wrong.
    x = torch.full((2, 13), 2.0)
    x[0, 0] = -torch.inf
    assert not_finite(program, [x, torch.zeros(2, dtype=torch.int64)], 1, 1).node == "data"


def test_a_layer_that_fails_by_chance_is_told_without_a_node() -> None:
    compiled = Compiled(chain(fc=("linear", {})))
    program = compiled.program([("loss", "loss")])
    error = not_finite(program, [torch.zeros(2, 4), torch.zeros(2, dtype=torch.int64)], 3, 1)
    assert error.node == ""
    assert "step 3" in error.message


def test_data_that_cannot_be_had_name_their_node(tmp_path: Path) -> None:
    graph = classifier("data_csv", metric=False)
    graph.nodes["data"]["params"] = {"file": "nothing.csv"}
    with pytest.raises(ValueError):
        train(graph, tmp_path / "run")
    status = Run(tmp_path / "run").status()
    assert status.state == "failed"
    assert status.error is not None
    assert status.error["node"] == "data"


def test_a_lone_last_sample_and_batch_statistics(tmp_path: Path) -> None:
    layers: dict[str, Node] = {"fc": ("linear", {"out_features": 3}), "norm": ("norm_batch", {})}
    graph = classifier(layers=layers)
    count = len(create("data_iris").load("train"))
    graph.nodes["data"]["settings"]["batch_size"] = count - 1
    with pytest.raises(TrainError, match="drop_last") as caught:
        train(graph, tmp_path / "run")
    assert caught.value.node == "norm"
    graph.nodes["data"]["settings"]["drop_last"] = True
    assert train(graph, tmp_path / "run2")["state"] == "finished"
