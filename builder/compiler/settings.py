"""What is wrong with the settings of a node: components, runs and nodes that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from builder.compiler.inference import NodeError
from builder.compiler.order import SHARING, sharing
from builder.compiler.ports import Message
from builder.compiler.warm_start import find_run
from builder.graph import Flat, FlatNode
from builder.graph.acting import MODE_NAMES
from components import registry

BATCHES = "batches"
"""The tag of samplers that compose the batches of a data set."""
WEIGHTS = "weights"
"""The tag of regularizers that act on weights."""
_NAMES = {
    "init": ("init", "初始化"),
    "parametrization": ("parametrisation", "参数化"),
    "regularizer": ("regularizer", "正则化"),
    "sampler": ("sampler", "批采样"),
}


def setting_problems(node: FlatNode, flat: Flat, failed: Set[str]) -> Iterator[Message]:
    """Every setting of a node that cannot be followed.

    Args:
        node: the node.
        flat: the graph around it.
        failed: the paths of nodes that could not be unfolded: what refers to one is reported there.
    """
    settings = node.settings
    if settings.get("init") is not None:
        yield from _component(settings["init"], "init")
    weights = settings.get("weights", {})
    if weights.get("from") in SHARING:
        yield from _sharing(node, flat, failed, weights.get("node", "").lstrip("/"))
    elif weights.get("from") == "run":
        try:
            find_run(weights.get("run", ""))
        except NodeError as error:
            yield error.pair
    for item in settings.get("parametrize", ()):
        yield from _component(item, "parametrization")
    for item in settings.get("regularize", ()):
        problems = list(_component(item, "regularizer", WEIGHTS))
        yield from problems
        if not problems and node.component.kind != "optimizer" and registry.get(item["component"]).variadic:
            yield (
                f"'{item['component']}' acts on all layers together: choose it in the settings of an optimizer.",
                f"“{item['component']}”同时作用于所有层：请在优化器的设置中选择它。",
            )
    if settings.get("sampler") is not None:
        yield from _component(settings["sampler"], "sampler", BATCHES)
    owned = settings.get("parameters", ())
    if owned and all(flat.mode_of(path) for path in owned):
        yield (
            f"The setting 'parameters' names only what is muted or bypassed: {', '.join(owned)}.",
            f"设置“parameters”所列的节点均已停用或绕过：{'、'.join(owned)}。",
        )
    for path in owned:
        if not flat.mode_of(path) and not any(
            p == path or p.startswith(f"{path}/") for p in (*flat.nodes, *flat.inner, *failed)
        ):
            yield (
                f"The setting 'parameters' names '{path}', which the graph does not have.",
                f"设置“parameters”引用了图中没有的“{path}”。",
            )
    if "epochs" in settings and settings["epochs"][0] > settings["epochs"][1]:
        window = list(map(int, settings["epochs"]))
        yield (
            f"The setting 'epochs' must be [first, last] with first <= last. Got {window} instead.",
            f"设置“epochs”应为 [起, 止] 且起不大于止，收到 {window}。",
        )


def _component(item: Mapping[str, Any], kind: str, tag: str = "") -> Iterator[Message]:
    """What is wrong with a component that a setting names."""
    name, name_zh = _NAMES[kind]
    try:
        entry = registry.get(item["component"])
    except registry.UnknownComponentError as error:
        yield error.message, error.message_zh
        return
    if entry.kind != kind or (tag and tag not in entry.tags):
        yield (
            f"The {name} setting must name a component of kind {kind}{f' for {tag}' if tag else ''}. Got '{entry.id}', "
            f"a {entry.kind}, instead.",
            f"{name_zh}设置必须选择{name_zh}组件，收到“{entry.id}”。",
        )
        return
    for error in entry.check(item.get("params", {}))[1]:
        yield error.message, error.message_zh


def _sharing(node: FlatNode, flat: Flat, failed: Set[str], name: str) -> Iterator[Message]:
    """What is wrong with the node from which weights should come."""
    chain, kind = sharing(node, flat), node.component.id
    owner = flat.find(chain[1])
    if chain[1] in failed:
        return
    mode = flat.mode_of(chain[1])
    if owner is None and mode is not None:
        word, word_zh = MODE_NAMES[mode]
        yield (
            f"Its weights are those of '{name}', which is {word}: give it weights of its own, or let that node act.",
            f"它使用“{name}”的权重，而该节点{word_zh}：请改用自己的权重，或恢复该节点。",
        )
    elif owner is None or owner.path == node.path or owner.component.id != kind:
        if owner is None:
            en, zh = f"There is no node '{name}'.", f"没有节点“{name}”。"
        elif owner.path == node.path:
            en, zh = "This is the node itself.", "所选的就是该节点自身。"
        else:
            en, zh = f"The component of '{name}' is {owner.component.id}.", f"“{name}”的组件是 {owner.component.id}。"
        yield (
            f"Weights can be shared only with another {kind} node. {en}",
            f"只能与另一个 {kind} 节点共享权重。{zh}",
        )
    elif chain[-1] in chain[:-1]:
        way = " -> ".join(chain)
        yield (
            f"These nodes take their weights from each other in a circle: {way}. One must have its own.",
            f"这些节点循环共享权重：{way}。其中必须有一个使用自己的权重。",
        )
