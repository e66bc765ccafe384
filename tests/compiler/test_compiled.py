"""Compiled graphs against hand-written modules, and what they promise: names, sharing, seeds, programs for any value."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn

import builder
from builder.compiler import Compiled, CompileError
from builder.gallery import graph_files
from builder.graph import Graph, load
from builder.graph.edit import edge_between
from tests.compiler.build import Node, chain, graph, image
from tests.compiler.build import given as an_input

GALLERY = graph_files()


def run(module: nn.Module, *inputs: Tensor) -> Any:
    module.eval()
    with torch.no_grad():
        return module(*inputs)


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def digits(count: int = 8) -> Tensor:
    """Real images (count, 1, 8, 8)."""
    from components import create

    return create("data_digits").load("test").__getitems__(list(range(count)))["x"]


# ------------------------------------------------------------------ against hand-written modules


class Convolutional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 4 * 4, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn(self.conv1(x)))
        x = x + self.conv2(x)
        return self.fc(nn.functional.max_pool2d(x, 2).flatten(1))


def convolutional() -> Graph:
    nodes: dict[str, Node] = {
        "data": "data_digits",
        "conv1": ("conv_standard", {"out_channels": 4, "padding": 1}),
        "bn": "norm_batch",
        "relu": "act_relu",
        "conv2": ("conv_standard", {"out_channels": 4, "padding": 1}),
        "add": "op_add",
        "pool": "pool_max",
        "flat": "op_flatten",
        "fc": ("linear", {"out_features": 10}),
        "loss": "loss_cross_entropy",
        "acc": "metric_accuracy",
        "opt": "opt_adam",
    }
    wires = [
        "data.x conv1.x", "conv1.y bn.x", "bn.y relu.x", "relu.y conv2.x add.xs", "conv2.y add.xs", "add.y pool.x", "pool.y flat.x", "flat.y fc.x",
        "fc.y loss.logits acc.logits", "data.y loss.target acc.target", "loss.loss opt.loss",
    ]  # fmt: skip
    return graph(nodes, wires)


def test_a_residual_network_on_real_images() -> None:
    model, mine = builder.compile(convolutional()), Convolutional()
    assert isinstance(model, fx.GraphModule)
    mine.load_state_dict(model.state_dict())
    x = digits()
    assert torch.equal(run(model, x), run(mine, x))
    model.train()
    mine.train()
    assert torch.equal(model(x), mine(x))
    assert torch.equal(model.bn.running_mean, mine.bn.running_mean)


class Sequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 12)
        self.rnn = nn.LSTM(12, 6, batch_first=True, bidirectional=True)
        self.attend = nn.MultiheadAttention(12, 3, batch_first=True)
        self.norm = nn.LayerNorm(12)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x, (h, _) = self.rnn(self.embed(x))
        y, _ = self.attend(x, x, x, need_weights=False)
        return self.norm(x + y), h


def test_a_recurrent_network_with_attention_and_several_outputs() -> None:
    nodes: dict[str, Node] = {
        "data": an_input(7, dtype="int64"),
        "embed": ("embedding", {"num_embeddings": 20, "embedding_dim": 12}),
        "rnn": ("rnn_lstm", {"hidden_size": 6, "bidirectional": True}),
        "attend": ("attn_multi_head", {"num_heads": 3}),
        "add": "op_add",
        "norm": "norm_layer",
    }
    wires = [
        "data.x embed.x",
        "embed.y rnn.x",
        "rnn.y attend.q attend.k attend.v add.xs",
        "attend.y add.xs",
        "add.y norm.x",
    ]
    compiled = Compiled(graph(nodes, wires))
    program, mine = compiled.program([("norm", "y"), ("rnn", "h")]), Sequence()
    mine.load_state_dict(program.state_dict())
    x = torch.randint(20, (3, 7), generator=torch.Generator().manual_seed(0))
    for found, expected in zip(run(program, x), run(mine, x), strict=True):
        torch.testing.assert_close(found, expected)
    assert set(compiled.predictions) == {("rnn", "h"), ("rnn", "c"), ("attend", "weights"), ("norm", "y")}


def test_numbered_outputs_and_ops() -> None:
    nodes: dict[str, Node] = {
        "a": an_input(5, 6), "b": an_input(6, 4), "mul": "op_matmul", "split": ("op_split", {"sections": [1, 3], "dim": -1}), "cat": ("op_concat", {"dim": -1}),
    }  # fmt: skip
    model = Compiled(
        graph(nodes, ["a.x mul.a", "b.x mul.b", "mul.y split.x", "split.y2 cat.xs", "split.y1 cat.xs"])
    ).model
    a, b = normal(2, 5, 6), normal(2, 6, 4)
    y = a @ b
    assert torch.equal(run(model, a, b), torch.cat([y[..., 1:], y[..., :1]], -1))
    assert [n.target for n in model.graph.nodes if n.op == "placeholder"] == ["a_x", "b_x"]


def test_blocks_nested_and_repeated() -> None:
    block = graph(
        {"x": "port_in", "fc": ("linear", {"out_features": 4}), "act": "act_tanh", "y": "port_out"},
        ["x.y fc.x", "fc.y act.x", "act.y y.x"],
    )
    outer = graph({"x": "port_in", "in": ("block:cell", {}, {"repeat": 2}), "y": "port_out"}, ["x.y in.x", "in.y y.x"])
    made = graph(
        {"data": an_input(4), "net": ("block:outer", {}, {"repeat": 2})},
        ["data.x net.x"],
        {"cell": block, "outer": outer},
    )
    compiled = Compiled(made)
    keys = list(compiled.model.state_dict())
    assert keys == [f"net.n{i}.in_.n{j}.fc.{k}" for i in (0, 1) for j in (0, 1) for k in ("weight", "bias")], (
        "'in' is a keyword"
    )
    x = normal(3, 4)
    expected = x
    for i in (0, 1):
        for j in (0, 1):
            layer = compiled.module(f"net/n{i}/in/n{j}/fc")
            assert isinstance(layer, nn.Linear)
            expected = torch.tanh(layer(expected))
    assert torch.equal(run(compiled.model, x), expected)


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_gallery_models_run_and_their_programs_too(path: Path) -> None:
    compiled = Compiled(load(path))
    model = compiled.model
    data = {p: compiled.dataset(p) for p, _ in model.inputs}
    inputs = []
    for node, port in model.inputs:
        spec = compiled.report.nodes[node].outputs[port]
        shape = [3 if isinstance(size, str) else size for size in spec.shape]
        inputs.append(torch.zeros(shape, dtype=getattr(torch, spec.dtype)))
    assert data
    found = run(model, *inputs)
    results = found if isinstance(found, tuple) else (found,)
    for value, (node, port) in zip(results, model.outputs, strict=True):
        spec = compiled.report.nodes[node].outputs[port]
        assert [s for s in spec.shape if isinstance(s, int)] == [
            n for n, s in zip(value.shape, spec.shape, strict=True) if isinstance(s, int)
        ]
        assert str(value.dtype).removeprefix("torch.") == spec.dtype


# ------------------------------------------------------------------ names


AWKWARD = (
    "train", "forward", "class_", "type", "parameters", "self", "x", "lambda", "graph", "code", "inputs", "outputs", "state_dict", "eval", "half", "print", "torch",
    "operator", "getitem", "root", "module", "Tensor", "None_", "True_", "n0", "train_", "train__", "T_destination", "training", "import_", "meta", "n_0", "list", "add",
)  # fmt: skip
KEYWORDS = ("class", "import", "def", "return", "None", "True", "is", "async")


@pytest.mark.parametrize("component", ["linear", "op_add", "block"])
def test_node_ids_that_are_words_of_python_or_torch(component: str) -> None:
    """Each id is a node of one chain: as a module, as a function, and as a block with a module in it."""
    ids = [*AWKWARD, *KEYWORDS]
    cell = graph(
        {"x": "port_in", "train": ("linear", {"out_features": 4}), "y": "port_out"}, ["x.y train.x", "train.y y.x"]
    )
    node: Node = {"linear": ("linear", {"out_features": 4}), "op_add": "op_add", "block": "block:cell"}[component]
    made = graph({"data": an_input(4)} | dict.fromkeys(ids, node), (), {"cell": cell})
    port = "xs" if component == "op_add" else "x"
    for before, after in zip(["data.x", *(f"{id}.y" for id in ids)], ids):
        made.wire(edge_between(before, f"{after}.{port}"))
    compiled = Compiled(made)
    x = normal(2, 4)
    expected = x
    if component != "op_add":
        layers = [compiled.module(id if component == "linear" else f"{id}/train") for id in ids]
        assert len({id(layer) for layer in layers}) == len(ids), "no two nodes have one module"
        for layer in layers:
            assert layer is not None
            expected = layer(expected)
    assert torch.equal(run(compiled.model, x), expected)
    again = Compiled(made, seed=5).model
    again.load_state_dict(compiled.model.state_dict())
    assert torch.equal(run(again, x), expected)


def test_data_ports_get_names_of_their_own() -> None:
    block = graph({"b_x": an_input(3), "y": "port_out"}, ["b_x.x y.x"])
    nodes: dict[str, Node] = {
        "a_b": an_input(3),
        "a": "block:source",
        "x": "act_relu",
        "self": an_input(3),
        "cat": "op_concat",
    }
    made = graph(nodes, ["a_b.x x.x", "x.y cat.xs", "a.y cat.xs", "self.x cat.xs"], {"source": block})
    model = Compiled(made).program([("cat", "y")])
    names = [n.target for n in model.graph.nodes if n.op == "placeholder"]
    assert sorted(names) == ["a_b_x", "a_b_x_x", "self_x"]
    by_name = dict(zip(names, model.inputs, strict=True))
    values = {("a_b", "x"): -normal(1, 3).abs(), ("a/b_x", "x"): normal(1, 3) + 9, ("self", "x"): normal(1, 3) - 9}
    assert set(by_name.values()) == set(values)
    (found,) = run(model, *(values[end] for end in model.inputs))
    assert torch.equal(found, torch.cat([values["a_b", "x"].relu(), values["a/b_x", "x"], values["self", "x"]], 1))


def test_names_in_the_state_dict_are_those_of_the_nodes() -> None:
    model = builder.compile(convolutional())
    assert list(model.state_dict())[:3] == ["conv1.weight", "conv1.bias", "bn.weight"]
    assert "fc.bias" in model.state_dict()
    assert list(model.state_dict()) == list(builder.compile(convolutional()).state_dict())


# ------------------------------------------------------------------ shared weights


def shares(owner: str) -> dict[str, Any]:
    return {"weights": {"from": "shared", "node": owner}}


@pytest.mark.parametrize(
    "wires", [["a.x one.x", "b.x two.x"], ["a.x two.x", "two.y one.x"], ["a.x one.x", "one.y two.x", "two.y three.x"]]
)
def test_sharers_are_one_module(wires: list[str]) -> None:
    layer: Node = ("linear", {"out_features": 4}, {"init": {"component": "init_identity"}})
    nodes: dict[str, Node] = {
        "three": ("linear", {}, shares("two")),
        "two": ("linear", {"out_features": 4}, shares("one")),
        "one": layer,
        "a": an_input(4),
        "b": an_input(4),
    }
    used = " ".join(wires)
    made = graph({n: c for n, c in nodes.items() if f"{n}." in used}, wires)
    compiled = Compiled(made)
    assert compiled.module("two") is compiled.module("one")
    assert compiled.target("two") == "one"
    ends = [(n, "y") for n in ("one", "two", "three") if n in made]
    assert list(compiled.parameters_of(ends)) == ["one.weight", "one.bias"]
    assert [k for k in compiled.program(ends).state_dict() if "weight" in k] == ["one.weight"]
    assert torch.equal(compiled.root.get_parameter("one.weight"), torch.eye(4))
    assert compiled.report.parameters == 20


def test_twins_made_of_blocks() -> None:
    block = graph(
        {"x": "port_in", "fc": "linear", "bn": "norm_batch", "y": "port_out"}, ["x.y fc.x", "fc.y bn.x", "bn.y y.x"]
    )
    nodes: dict[str, Node] = {
        "a": an_input(4),
        "b": an_input(4),
        "two": ("block:net", {}, shares("one")),
        "one": "block:net",
    }
    compiled = Compiled(graph(nodes, ["a.x one.x", "b.x two.x"], {"net": block}))
    assert compiled.module("two/fc") is compiled.module("one/fc")
    program = compiled.program([("one/bn", "y"), ("two/bn", "y")])
    first, second = run(program, normal(3, 4), normal(3, 4))
    assert torch.equal(first, second)


# ------------------------------------------------------------------ settings


def test_frozen_nodes_are_not_trained() -> None:
    made = convolutional()
    made.nodes["conv1"]["settings"]["frozen"] = True
    compiled = Compiled(made)
    names = list(compiled.parameters_of([("loss", "loss")]))
    assert names == ["bn.weight", "bn.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias"]
    assert not any(p.requires_grad for p in compiled.root.get_submodule("conv1").parameters())


def test_parameters_that_a_value_depends_on() -> None:
    compiled = Compiled(convolutional())
    assert list(compiled.parameters_of([("relu", "y")])) == ["conv1.weight", "conv1.bias", "bn.weight", "bn.bias"]
    assert compiled.parameters_of([("data", "x")]) == {}
    optimizer = compiled.build("opt", params=compiled.parameters_of([("loss", "loss")]).values())
    assert isinstance(optimizer, torch.optim.Adam)
    assert [n.path for n in compiled.of_kind("loss", "metric")] == ["loss", "acc"]


def test_init_settings_fill_the_weights() -> None:
    made = chain(
        ("data", an_input(4)),
        ("fc", ("linear", {"out_features": 4}, {"init": {"component": "init_identity", "params": {"gain": 2.0}}})),
    )
    compiled = Compiled(made)
    assert torch.equal(compiled.root.get_parameter("fc.weight"), 2 * torch.eye(4))


# ------------------------------------------------------------------ seeds


def test_same_seed_same_weights_and_the_generator_is_left_alone() -> None:
    made = convolutional()
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, second, third = Compiled(made, seed=1), Compiled(made, seed=1), Compiled(made, seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    for (name, a), b, c in zip(
        first.root.named_parameters(), second.root.parameters(), third.root.parameters(), strict=True
    ):
        assert torch.equal(a, b), name
        if a.dim() > 1:
            assert not torch.equal(a, c), name


def test_seeds_hold_in_threads() -> None:
    made = convolutional()
    expected = Compiled(made, seed=3).root.get_parameter("fc.weight")
    found: list[Tensor] = []
    threads = [
        threading.Thread(target=lambda: found.append(Compiled(made, seed=3).root.get_parameter("fc.weight")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(torch.equal(weight, expected) for weight in found)


# ------------------------------------------------------------------ programs


def test_programs_share_their_modules() -> None:
    compiled = Compiled(convolutional())
    loss, model = compiled.program([("loss", "loss")]), compiled.model
    assert loss.inputs == [("data", "x"), ("data", "y")]
    assert model.inputs == [("data", "x")]
    assert model.outputs == [("fc", "y")]
    assert loss.get_submodule("fc") is model.get_submodule("fc") is compiled.module("fc")
    (value,) = loss(digits(), torch.arange(8))
    value.backward()
    assert model.get_parameter("conv1.weight").grad is not None


def test_any_value_can_be_asked_for() -> None:
    compiled = Compiled(convolutional())
    program = compiled.program([("acc", "value"), ("relu", "y"), ("data", "y"), ("relu", "y")])
    x, y = digits(), torch.arange(8)
    values = run(program, *[{"x": x, "y": y}[port] for _, port in program.inputs])
    assert values[0].dim() == 0
    assert values[1].shape == (8, 4, 8, 8)
    assert values[2] is y
    assert torch.equal(values[1], values[3])
    for end in (("nope", "y"), ("fc", "nope"), ("opt", "y")):
        with pytest.raises(ValueError, match="The graph computes no value"):
            compiled.program([end])


def test_code_is_straight_line_and_tells_where_it_comes_from() -> None:
    compiled = Compiled(convolutional())
    program = compiled.program([("loss", "loss")])
    assert all(node.meta["path"] in compiled.flat.nodes for node in program.graph.nodes if node.op != "output")
    assert "for " not in program.code
    assert len(program.code.splitlines()) < 20
    program.graph.lint()


def attention() -> Graph:
    nodes: dict[str, Node] = {"data": an_input(5, 8), "a": ("attn_multi_head", {"num_heads": 2}), "fc": "linear"}
    return graph(nodes, ["data.x a.q a.k a.v", "a.y fc.x"])


def test_costly_outputs_are_made_only_where_they_are_wanted() -> None:
    compiled = Compiled(attention())
    module = compiled.module("a")
    assert module is not None
    assert module.wants_weights is False
    x = normal(2, 5, 8)
    fused = run(compiled.program([("fc", "y")]), x)[0]
    weights, y = run(compiled.program([("a", "weights"), ("fc", "y")]), x)
    assert weights.shape == (2, 2, 5, 5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 5))
    torch.testing.assert_close(y, fused)
    made = attention()
    made.place("read", "act_relu")
    made.wire(edge_between("a.weights", "read.x"))
    assert Compiled(made).module("a").wants_weights is True  # type: ignore[union-attr]


def test_outputs_that_nobody_reads_are_not_computed() -> None:
    nodes: dict[str, Node] = {"data": an_input(7, 5), "rnn": "rnn_lstm", "spare": "linear", "fc": "linear"}
    program = Compiled(graph(nodes, ["data.x rnn.x spare.x", "rnn.y fc.x"])).program([("fc", "y")])
    assert [n.name for n in program.graph.nodes] == ["x", "rnn", "getitem", "fc", "output"]
    assert "spare" not in dict(program.named_children())


@pytest.mark.parametrize(
    ("nodes", "wires", "predictions"),
    [
        ({"data": image(4), "relu": "act_relu"}, ["data.x relu.x"], [("relu", "y")]),
        ({"data": image(4)}, [], []),
        ({"data": image(4), "a": "linear", "b": "linear"}, ["data.x a.x b.x"], [("a", "y"), ("b", "y")]),
        (
            {"data": image(4), "fc": ("linear", {"out_features": 10}), "l": "loss_cross_entropy"},
            ["data.x fc.x", "fc.y l.logits", "data.y l.target"],
            [("fc", "y")],
        ),
    ],
)
def test_predictions(nodes: dict[str, Node], wires: list[str], predictions: list[tuple[str, str]]) -> None:
    compiled = Compiled(graph(nodes, wires))
    assert compiled.predictions == predictions
    assert compiled.model.outputs == predictions


# ------------------------------------------------------------------ errors


def test_a_broken_graph_is_not_compiled() -> None:
    made = graph({"data": image(4), "fc": ("linear", {"in_features": 3}), "open": "act_relu"}, ["data.x fc.x"])
    with pytest.raises(CompileError) as caught:
        Compiled(made)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).splitlines() == [
        "fc.x: in_features is set to 3, but port 'x' brings 4.",
        "open.x: Port 'x' is not connected; it expects a tensor.",
    ]
    assert len(caught.value.report.problems) == 2
    with pytest.raises(ValueError, match=r"fc\.x: in_features"):
        builder.compile(made)


def test_more_than_the_memory_is_not_compiled() -> None:
    made = chain(("data", image(4)), ("fc", ("linear", {"out_features": 10**12})))
    with pytest.raises(CompileError, match="Training this graph needs about"):
        Compiled(made)
    with pytest.raises(CompileError, match=r"0\.0 GB are there"):
        Compiled(convolutional(), memory_budget=1000)


def test_api(tmp_path: Path) -> None:
    from builder.graph import save

    save(convolutional(), tmp_path / "g.json")
    model = builder.compile(builder.load(str(tmp_path / "g.json")), seed=4)
    assert isinstance(model, nn.Module)
    assert run(model, digits()).shape == (8, 10)
