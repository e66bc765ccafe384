"""One node's shapes: parameters that follow from inputs, real examples, the cache, and threads."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from builder.compiler import check, inference
from builder.compiler.inference import FROM_VALUES, Meta, NodeError, infer, resolve, resolve_params
from components import registry
from components.spec import Component
from tests.compiler.build import chain, graph, image
from tests.compiler.build import given as an_input


@pytest.fixture
def own_components(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Components that a test registers are gone after it."""
    registry.all_components()
    monkeypatch.setattr(registry, "_COMPONENTS", dict(registry._COMPONENTS))
    yield


def define(source: str, module: str = "tests_own_component") -> Component:
    """Registers the component that this source defines, as an import (or a reload) of a module would."""
    loaded = types.ModuleType(module)
    sys.modules[module] = loaded
    exec(compile(source, module, "exec"), loaded.__dict__)
    return registry.get("own")


SOURCE = """
from typing import Annotated
import torch
from torch import Tensor, nn
from components.registry import component
from components.spec import Dims, Inferred, Count

@component(id="own", kind="{kind}", family="Own", name="Own", name_zh="自有", help_zh="自有。", source="here", tags={tags})
{body}
"""


# ------------------------------------------------------------------ parameters


def test_parameters_follow_from_inputs() -> None:
    entry = registry.get("conv_standard")
    values, errors = resolve_params(entry, {"out_channels": 5}, {"x": [Meta((2, 3, 11, 13))]})
    assert not errors
    assert (values["in_channels"], values["dims"], values["out_channels"]) == (3, 2, 5)
    values, errors = resolve_params(entry, {"in_channels": None}, {"x": [Meta((2, 3, 11))]})
    assert (values["in_channels"], values["dims"]) == (3, 1)
    assert "in_channels" not in resolve_params(entry, {}, {})[0]


def test_several_rules_broken_at_once() -> None:
    values, errors = resolve_params(
        registry.get("conv_standard"), {"stride": 0, "bias": "no", "nope": 1}, {"x": [Meta((2, 3, 9, 9))]}
    )
    assert {e.param for e in errors} == {"stride", "bias", "nope"}
    assert values["in_channels"] == 3


def test_a_vocabulary_follows_from_the_data() -> None:
    entry = registry.get("embedding")
    assert resolve_params(entry, {}, {"x": [Meta((2, 5), torch.int64, high=17)]})[0]["num_embeddings"] == 17
    assert resolve_params(entry, {}, {"x": [Meta((2, 5), torch.int64)]})[0]["num_embeddings"] == 1000
    assert not resolve_params(entry, {"num_embeddings": 20}, {"x": [Meta((2, 5), torch.int64, high=17)]})[1]
    (error,) = resolve_params(entry, {"num_embeddings": 9}, {"x": [Meta((2, 5), torch.int64, high=17)]})[1]
    assert (error.code, error.param) == ("mismatch", "num_embeddings")


def test_no_parameter_follows_from_an_axis_that_varies() -> None:
    (error,) = resolve_params(registry.get("linear"), {}, {"x": [Meta((5, 40_013))]}, frozenset({40_013}))[1]
    assert error.param == "in_features"
    assert "whose size varies" in error.pair[0]


def test_nothing_is_allocated() -> None:
    result = infer(
        registry.get("linear"), {"in_features": 10**6, "out_features": 10**9, "bias": True}, {"x": [Meta((3, 10**6))]}
    )
    assert result.parameters == 10**15 + 10**9
    assert result.outputs == (Meta((3, 10**9)),)


# ------------------------------------------------------------------ real examples


def test_several_varying_axes_of_a_real_example() -> None:
    entry = registry.get("rnn_lstm")
    values, _ = resolve_params(entry, {"hidden_size": 4}, {"x": [Meta((100_003, 40_013, 5))]})
    result = infer(entry, values, {"x": [Meta((100_003, 40_013, 5))]}, frozenset({100_003, 40_013}))
    assert [m.shape for m in result.outputs if m] == [(100_003, 40_013, 4), (1, 100_003, 4), (1, 100_003, 4)]
    assert result.cost == 2 * 100_003 * 40_013 * 16 * (5 + 4)


def test_large_plain_sizes_of_a_real_example_are_not_taken_for_varying() -> None:
    report = check(chain(("data", an_input(3, 12_544)), ("rnn", ("rnn_gru", {"hidden_size": 4}))))
    assert report.nodes["rnn"].outputs["y"].shape == ("B", 3, 4)
    assert report.nodes["rnn"].parameters == 3 * 4 * (12_544 + 4 + 2)


def test_weights_too_large_for_a_real_example_are_still_counted() -> None:
    report = check(chain(("data", an_input(3, 7)), ("rnn", ("rnn_lstm", {"hidden_size": 10**6}))), fixes=False)
    assert [p.code for p in report.problems] == ["memory"]
    assert report.nodes["rnn"].parameters == 4 * 10**6 * (7 + 10**6 + 2)
    assert report.nodes["rnn"].outputs["y"].shape == ("B", 3, 10**6)


def test_too_large_to_run_where_only_a_run_tells_the_shapes() -> None:
    nodes = {"data": an_input(3, 7), "pad": an_input(3, dtype="bool"), "rnn": ("rnn_lstm", {"hidden_size": 10**5})}
    report = check(graph(nodes, ["data.x rnn.x", "pad.x rnn.pad"]), fixes=False)
    assert [(p.node, p.code) for p in report.problems] == [("rnn", "memory")]
    assert "its weights and inputs take 160.0 GB" in report.problems[0].message


@pytest.mark.parametrize("steps", [10_000, 10**9])
def test_long_sequences_take_no_longer(steps: int) -> None:
    inference.clear_cache()
    start = time.perf_counter()
    report = check(
        chain(("data", an_input(steps, 7)), ("rnn", ("rnn_lstm", {"hidden_size": 64, "bidirectional": True})))
    )
    assert report.nodes["rnn"].outputs["y"].shape == ("B", steps, 128)
    assert report.nodes["rnn"].flops == 2 * 2 * steps * 256 * (7 + 64)
    assert time.perf_counter() - start < 5


def test_a_size_that_depends_on_values_is_an_axis_of_its_own() -> None:
    entry = registry.get("gnn_readout")
    values, _ = resolve_params(entry, {}, {})
    result = infer(entry, values, {"x": [Meta((7, 5))], "batch": [Meta((7,), torch.int64)]})
    assert result.outputs == (Meta((FROM_VALUES, 5)),)
    nodes = {
        "x": an_input(5),
        "b": an_input(1, dtype="int64"),
        "flat": ("op_flatten", {"start_dim": 0}),
        "r": "gnn_readout",
        "fc": "linear",
    }
    report = check(graph(nodes, ["x.x r.x", "b.x flat.x", "flat.y r.batch", "r.y fc.x"]))
    axis = report.nodes["r"].outputs["y"].shape[0]
    assert isinstance(axis, str)
    assert report.nodes["fc"].outputs["y"].shape == (axis, 64)


def test_real_examples_and_checks_leave_the_generator_alone() -> None:
    rnn = ("rnn_lstm", {"hidden_size": 4, "num_layers": 2, "dropout": 0.5})
    made = chain(("data", an_input(6, 5)), ("drop", "drop_dropout"), ("rnn", rnn), ("fc", "linear"))
    inference.clear_cache()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    assert check(made).ok
    assert torch.equal(torch.get_rng_state(), before)


# ------------------------------------------------------------------ the cache


def test_a_component_that_is_registered_anew_is_inferred_anew(own_components: None) -> None:
    body = "def own(x: Annotated[Tensor, Dims('*')]) -> Annotated[Tensor, Dims('*')]:\n    '''It.'''\n    return x.repeat(1, {})\n"
    made = chain(("data", image(4)), ("node", "own"))
    define(SOURCE.format(kind="op", tags=(), body=body.format(2)))
    assert check(made).nodes["node"].outputs["y"].shape == ("B", 8)
    define(SOURCE.format(kind="op", tags=(), body=body.format(3)))
    assert check(made).nodes["node"].outputs["y"].shape == ("B", 12)
    broken = body.replace("return", "raise ValueError('not today')\n    return")
    define(SOURCE.format(kind="op", tags=(), body=broken.format(3)))
    assert "not today" in check(made).problems[0].message


def test_equal_nodes_are_inferred_once(own_components: None) -> None:
    body = "def own(x: Annotated[Tensor, Dims('*')], *, k: int = 1) -> Annotated[Tensor, Dims('*')]:\n    '''It.'''\n    calls.append(k)\n    return x + 1\n"
    entry = define(
        SOURCE.format(kind="op", tags=(), body="calls = []\n" + body)
        .replace("@component", "calls = []\n@component")
        .replace("\ncalls = []\ndef", "\ndef")
    )
    calls = entry.factory.__globals__["calls"]
    made = chain(("data", image(4)), *((f"n{i}", "own") for i in range(20)))
    check(made)
    check(made)
    assert calls == [1]
    made.nodes["n7"]["params"]["k"] = 2
    check(made)
    assert calls == [1, 2], "only what changed runs"


def test_errors_from_the_cache_are_fresh() -> None:
    entry = registry.get("op_add")
    inputs = {"xs": [Meta((2, 3)), Meta((2, 4))]}
    caught = []
    for _ in range(2):
        with pytest.raises(NodeError) as error:
            resolve(entry, {}, inputs).infer()
        caught.append(error.value)
    assert caught[0] is not caught[1]
    assert caught[0].pair == caught[1].pair


def test_the_cache_is_bounded() -> None:
    cache = inference.Cache(3)
    for key in range(5):
        cache.put(key, str(key))
        cache.get(2)
    assert [cache.get(key) for key in range(5)] == [None, None, "2", "3", "4"]


# ------------------------------------------------------------------ threads


def test_threads_check_at_once_while_another_computes() -> None:
    graphs = [
        chain(
            ("data", image(3, 17 + i, 19)),
            ("conv", ("conv_standard", {"out_channels": 4 + i})),
            ("flat", "op_flatten"),
            ("fc", "linear"),
        )
        for i in range(6)
    ]
    expected = [check(made).to_json() for made in graphs]
    inference.clear_cache()
    wrong: list[Any] = []
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():  # a mode that leaked into this thread would make meta tensors or empty weights
            layer = torch.nn.Linear(5, 3)
            if (
                layer.weight.is_meta
                or not bool(layer(torch.ones(2, 5)).isfinite().all())
                or bool((torch.ones(3) != 1).any())
            ):
                wrong.append("the modes leaked")

    def work(index: int) -> None:
        for _ in range(3):
            found = check(graphs[index]).to_json()
            if found != expected[index]:
                wrong.append((index, found))

    other = threading.Thread(target=compute)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(graphs))]
    other.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    other.join()
    assert not wrong


# ------------------------------------------------------------------ components that misbehave


@pytest.mark.parametrize(
    "body",
    [
        "return x.tolist()",
        "return 1 / 0",
        "assert x.dim() == 9",
        "return [][0]",
        "return {}['a']",
        "return x.item()",
        "return 'text'",
        "return (x, None, 3)",
    ],
)
def test_whatever_a_forward_does_is_a_problem_of_its_node(own_components: None, body: str) -> None:
    define(
        SOURCE.format(
            kind="op",
            tags=(),
            body=f"def own(x: Annotated[Tensor, Dims('*')]) -> Annotated[Tensor, Dims('*')]:\n    '''It.'''\n    {body}\n",
        )
    )
    report = check(chain(("data", image(4)), ("node", "own"), ("after", "act_relu")))
    assert [p.node for p in report.problems] == ["node"]
    assert report.problems[0].message.startswith("Own cannot work with x (B, 4)")


def test_whatever_a_constructor_does_is_a_problem_of_its_node(own_components: None) -> None:
    body = (
        "class Own(nn.Module):\n    '''It.'''\n    def __init__(self, k: int = 0) -> None:\n        super().__init__()\n        1 / k\n"
        "    def forward(self, x: Annotated[Tensor, Dims('*')]) -> Annotated[Tensor, Dims('*')]:\n        return x\n"
    )
    define(SOURCE.format(kind="layer", tags=(), body=body))
    report = check(chain(("data", image(4)), ("node", "own")), fixes=False)
    assert [(p.node, p.message) for p in report.problems] == [("node", "Own: division by zero.")]


def test_meta_describes_a_tensor() -> None:
    meta = Meta((2, 3), torch.float64)
    assert isinstance(meta.tensor(), Tensor)
    assert meta.tensor().is_meta
    assert meta.bytes == 2 * 3 * 8
