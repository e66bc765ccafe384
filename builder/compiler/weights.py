"""The weights of a node under its settings: how they are filled, which run they come from, what lies over them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from builder.compiler.blocks import block_parameters
from builder.compiler.inference import Inference, NodeError, Resolved, Unallocated, build, count
from builder.compiler.names import target_of
from builder.compiler.warm_start import check_fit, shapes_in
from builder.graph import FlatNode
from components import registry
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


# ------------------------------------------------------------------ what fills and changes them


def initialise(module: Any, setting: Mapping[str, Any] | None) -> None:
    """Fills the weights (two axes or more) by a node's init setting; offsets and norms keep their own.

    Raises:
        NodeError: the init component cannot fill weights of this shape, or such a module as a whole.
    """
    if not setting or not isinstance(module, nn.Module):
        return
    init = registry.create(setting["component"], **setting.get("params", {}))
    if getattr(init, "whole", False):
        try:
            init(module)
        except ValueError as error:
            name, text = registry.get(setting["component"]).name_zh, str(error)
            raise NodeError((text, f"{name}无法用于该层：{text}"), "setting") from None
        return
    for name, parameter in module.named_parameters():
        if parameter.dim() < 2:
            continue
        try:
            with torch.no_grad():
                init(parameter)
        except (ValueError, RuntimeError) as error:
            shape, text = tuple(parameter.shape), " ".join(str(error).split()).rstrip(".")
            message = (
                f"The init '{setting['component']}' cannot fill {name} of shape {shape}: {text}.",
                f"初始化“{setting['component']}”无法填充形状为 {shape} 的 {name}：{text}。",
            )
            raise NodeError(message, "setting") from None


def parametrise(module: Any, settings: Sequence[Mapping[str, Any]], device: str | None = None) -> None:
    """Lays a node's parametrisations over its weights (two axes or more), the first one innermost.

    Raises:
        NodeError: a parametrisation does not fit these weights.
    """
    for setting in settings:
        entry = registry.get(setting["component"])
        if isinstance(module, nn.Module) and getattr(entry.factory, "freezes", False):
            module.requires_grad_(False)
        for owner, name, stored in list(weights_in(module)):
            if stored.dim() < 2:
                continue
            weight = getattr(owner, name)
            try:
                with Unallocated(device) if device else contextlib.nullcontext():
                    part = registry.create(entry.id, weight=weight.detach(), **setting.get("params", {}))
                    parametrize.register_parametrization(owner, name, part)
            except (ValueError, RuntimeError) as error:
                text = " ".join(str(error).split()).rstrip(".")
                message = (
                    f"'{entry.id}' does not fit {name} of shape {tuple(weight.shape)}: {text}.",
                    f"“{entry.id}”不适用于形状为 {tuple(weight.shape)} 的 {name}：{text}。",
                )
                raise NodeError(message, "setting") from None


def weights_in(module: Any) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    """The weights that a module computes with: which module holds each, its name there, and what is stored for it.

    A parametrised one is there once, under the name by which the module reads it.
    """
    if not isinstance(module, nn.Module):
        return
    within = {id(part) for found in _lists(module) for part in found.modules()}
    for owner in list(module.modules()):
        if id(owner) in within:
            continue
        if parametrize.is_parametrized(owner):
            for name, found in owner.parametrizations.items():  # type: ignore[union-attr, operator]
                yield owner, name, found.original
        for name, parameter in list(owner.named_parameters(recurse=False)):
            yield owner, name, parameter


def _lists(module: nn.Module) -> list[nn.Module]:
    """The parametrisations of all weights within a module, by weight."""
    return [part for part in module.modules() if isinstance(part, parametrize.ParametrizationList)]
