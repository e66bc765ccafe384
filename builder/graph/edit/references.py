"""What names another node: shared weights, block parameters, the parameters that an optimizer owns, planned comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.graph.graph import Graph


def follow(graph: Graph, renamed: Callable[[str], str]) -> None:
    """Lets whatever names another node (shared weights, block parameters, what an optimizer owns) name it as it is."""
    for _, data in graph.nodes(data=True):
        settings, params = data["settings"], data["params"]
        weights, owned = settings.get("weights", {}), settings.get("parameters")
        if weights.get("node") and weights.get("from") != "run":
            settings = {**settings, "weights": {**weights, "node": renamed(weights["node"])}}
        if owned:
            settings = {**settings, "parameters": [renamed(path) for path in owned]}
        referring = {k: {**v, "node": renamed(v["node"])} for k, v in params.items() if is_reference(v)}
        data["settings"], data["params"] = settings, {**params, **referring}


def follow_all(graph: Graph, renamed: Callable[[str], str]) -> None:
    """Lets the comparisons that the graph brings along name nodes as they are, and all that ``follow`` reaches."""
    follow(graph, renamed)
    plans = graph.meta.get("comparisons")
    if plans:
        graph.meta["comparisons"] = [{**plan, "nodes": [renamed(path) for path in plan["nodes"]]} for plan in plans]


def begun_anew(path: str, new: Mapping[str, str]) -> str:
    """A path whose first node has another id."""
    first, *rest = path.split("/")
    return "/".join([new.get(first, first), *rest])


def entered(path: str, node: str, new: Mapping[str, str]) -> str:
    """A path through a detached block: its inner node's new id."""
    parts = path.split("/")
    return "/".join([new[parts[1]], *parts[2:]]) if len(parts) > 1 and parts[0] == node and parts[1] in new else path


def is_reference(value: Any) -> bool:
    """Whether a parameter stands for what is at a node."""
    return isinstance(value, Mapping) and set(value) == {"node"} and isinstance(value["node"], str)


def parameters_named(params: Any) -> set[str]:
    """The names of the block's parameters that these values refer to."""
    if isinstance(params, Mapping):
        if set(params) == {"param"} and isinstance(params["param"], str):
            return {params["param"]}
        params = list(params.values())
    return {name for item in params for name in parameters_named(item)} if isinstance(params, list | tuple) else set()
