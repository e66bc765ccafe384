"""Discovery, look-up, creation, and what happens to a second component of the same id."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from components import all_components, create, get, registry
from components.op_module import OpModule
from components.registry import UnknownComponentError, component
from components.spec import KINDS, ParameterError

DECLARATION = {
    "kind": "op",
    "family": "Test",
    "name": "Test",
    "name_zh": "测试",
    "help_zh": "测试。",
    "source": "none",
}


@pytest.fixture
def scratch(monkeypatch):
    """A registry that forgets what a test adds."""
    all_components()
    monkeypatch.setattr(registry, "_COMPONENTS", dict(registry._COMPONENTS))


def double(x: torch.Tensor, *, factor: int = 2) -> torch.Tensor:
    return x * factor


def test_every_component_is_found_in_the_order_of_ids():
    found = all_components()
    assert {"conv_standard", "linear", "op_concat", "rnn_lstm"} <= found.keys()
    assert list(found) == sorted(found)
    assert all(entry.id == id and entry.kind in KINDS for id, entry in found.items())


def test_get_knows_an_id():
    assert get("linear").name == "Linear (fully connected)"
    assert get("linear").label("zh") == "全连接层"


def test_unknown_id_names_the_closest():
    with pytest.raises(UnknownComponentError) as caught:
        get("conv_standart")
    assert str(caught.value).startswith("There is no component 'conv_standart'. Did you mean conv_standard")
    assert caught.value.message_zh.startswith("没有组件“conv_standart”。是否想用 conv_standard")
    with pytest.raises(UnknownComponentError) as caught:
        create("qqqqqqqqqqqq")
    assert str(caught.value) == "There is no component 'qqqqqqqqqqqq'."


def test_same_id_from_elsewhere_is_refused(scratch):
    def other(x: torch.Tensor) -> torch.Tensor:
        return x

    component(id="test_double", **DECLARATION)(double)
    with pytest.raises(ValueError, match=r"Two components have the id 'test_double': .*double and .*other"):
        component(id="test_double", **DECLARATION)(other)
    assert get("test_double").factory is double


def test_same_object_may_be_defined_again(scratch):
    before = get("conv_standard").factory
    importlib.reload(sys.modules[before.__module__])
    after = get("conv_standard").factory
    assert after is not before
    assert after.__qualname__ == before.__qualname__


def test_decoration_returns_the_object_itself(scratch):
    assert component(id="test_double", **DECLARATION)(double) is double
    assert double(torch.ones(1)).item() == 2


def test_create_builds_each_form():
    assert isinstance(create("linear", in_features=3, out_features=2), nn.Linear)
    assert isinstance(create("conv_depthwise_separable", in_channels=3, out_channels=2), nn.Module)
    op = create("op_scale", factor=3.0)
    assert isinstance(op, OpModule) and isinstance(op, nn.Module)
    assert op(torch.ones(2)).tolist() == [3, 3]
    assert repr(op) == "OpModule(scale(factor=3.0))"


def test_create_takes_lists_as_they_stand_in_files():
    assert create("conv_standard", in_channels=3, out_channels=2, kernel_size=[1, 5]).kernel_size == (1, 5)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"in_features": 0}, "The 'in_features' parameter of linear must be an integer of at least 1. Got 0 instead."),
        (
            {"in_features": "3"},
            "The 'in_features' parameter of linear must be an integer of at least 1. Got '3' instead.",
        ),
        ({}, "The 'in_features' parameter of linear must be an integer of at least 1. Got nothing instead."),
        (
            {"in_features": 3, "width": 2},
            "The 'width' parameter of linear must be one of its parameters (in_features, out_features, bias). "
            "Got 2 instead.",
        ),
    ],
)
def test_create_names_parameter_rule_and_value(params, message):
    with pytest.raises(ParameterError) as caught:
        create("linear", **params)
    assert str(caught.value) == message
    assert caught.value.component == "linear"


def test_create_passes_what_the_engine_gives():
    weight = nn.Parameter(torch.zeros(2))
    optimizer = create("opt_sgd", params=[weight], lr=0.5)
    assert optimizer.param_groups[0]["params"] == [weight]


def test_every_description_is_plain_data():
    text = json.dumps([entry.describe() for entry in all_components().values()], ensure_ascii=False, allow_nan=False)
    described = {entry["id"]: entry for entry in json.loads(text)}
    split = described["op_split"]
    assert split["inputs"] == [
        {"name": "x", "shape": "(*)", "dtype": "any", "kind": "tensor", "optional": False, "variadic": False}
    ]
    assert split["numbered_outputs"] == {"prefix": "y", "count": "sections"}
    assert described["linear"]["numbered_outputs"] is None
    assert described["linear"]["params"]["properties"]["in_features"]["x-inferred"] == "x"


def test_specification_needs_no_torch():
    code = "import sys, components.spec, components.glossary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
