"""The weights of a node under its settings: how they are filled, which run they come from, what lies over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from builder.compiler.blocks import block_parameters
from builder.compiler.inference import Inference, Resolved, build, count, initialise, parametrise
from builder.compiler.names import target_of
from builder.compiler.warm_start import check_fit, shapes_in
from builder.graph import FlatNode
from components.spec import Component


def bare_module(component: Component, values: Mapping[str, Any]) -> Any:
    """What a component builds on the meta device, only for its own weights: its block parameters cannot be called.

    Raises:
        NodeError: the component refuses its values.
    """
    parts = dict.fromkeys(block_parameters(component, values), _no_block)
    return build(component, {**values, **parts}, "meta")


def _no_block(*tensors: Any) -> Any:
    raise NotImplementedError


def under_settings(node: FlatNode, resolved: Resolved, result: Inference) -> Inference:
    """What a node that owns its weights gives, with the weights that it has under its settings.

    Raises:
        NodeError: a setting does not fit the weights.
    """
    settings = node.settings
    if not settings.keys() & {"init", "parametrize", "weights"}:
        return result
    module = bare_module(node.component, resolved.values)
    if not isinstance(module, nn.Module):
        return result
    initialise(module, settings.get("init"))
    weights = settings.get("weights", {})
    if weights.get("from") == "run":
        target = target_of(weights.get("node") or node.path)
        own = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        check_fit(own, shapes_in(weights.get("run", ""), target), weights.get("run", ""), target)
    parametrise(module, settings.get("parametrize", ()), "meta")
    return Inference(result.outputs, count(module), result.cost)
