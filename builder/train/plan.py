"""Which graph a run trains, and what its folder says about it. Imports no torch."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builder.graph import Graph, load, to_document
from builder.train.errors import TrainError
from builder.train.overrides import override
from builder.train.run import Run

DEFAULT_EPOCHS = 20


def plan(graph: Graph | str | Path, epochs: int | None, seed: int | None, overrides: Iterable[str]) -> Graph:
    """The graph to train, with the values that are set for this run; ``training`` says epochs and seed.

    Raises:
        GraphError: the file is no graph, or a value cannot be set.
    """
    graph = override(graph if isinstance(graph, Graph) else load(graph), overrides)
    if epochs is not None:
        graph.training["epochs"] = epochs
    if seed is not None:
        graph.training["seed"] = seed
    graph.training.setdefault("epochs", DEFAULT_EPOCHS)
    graph.training.setdefault("seed", 0)
    return graph


def plan_again(run: Run, given: Graph | str | Path, epochs: int | None) -> Graph:
    """The graph of a run that goes on: its own, to as many epochs as asked for.

    Raises:
        TrainError: there is no run, or the given graph is another one than it began with.
    """
    if not run.exists:
        raise TrainError(f"There is no run in '{run.path}' to resume.", f"“{run.path}”中没有可继续的训练。")
    graph = run.graph()
    given = given if isinstance(given, Graph) else load(given)
    if fingerprint(given) not in (fingerprint(graph), run.info().get("fingerprint")):
        raise TrainError(
            f"The graph has changed since the run '{run.path}' began. Start a new run.",
            f"自训练“{run.path}”开始以来图已更改。请开始新的训练。",
        )
    if epochs is not None:
        graph.training["epochs"] = epochs
    return graph


def describe(graph: Graph, original: Graph | str | Path, options: dict[str, Any]) -> dict[str, Any]:
    """What ``run.json`` says about a new run."""
    versions = {name: importlib.metadata.version(name) for name in ("torch", "lightning-fabric", "numpy")}
    return {
        "title": graph.meta.get("title", ""),
        "title_zh": graph.meta.get("title_zh", ""),
        **graph.training,
        **options,
        "versions": {"python": platform.python_version(), **versions},
        "fingerprint": fingerprint(original if isinstance(original, Graph) else load(original)),
    }


def fingerprint(graph: Graph) -> str:
    """Equal for graphs that compute the same: places on the canvas, titles and the number of epochs do not count."""
    document = to_document(graph)
    bodies = [document, *document["blocks"].values()]
    for body in bodies:
        body.pop("meta", None)
        for node in body["nodes"]:
            node.pop("position", None)
    updates = document.pop("training", {}).get("updates")
    if updates == "simultaneous":
        document["updates"] = updates
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
