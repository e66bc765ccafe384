"""Layerloom: load a graph, compile it to PyTorch. Heavy imports wait until they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.fx import GraphModule

    from builder.graph import Graph


def load(path: str | Path) -> Graph:
    """The graph in a file; GraphError (a ValueError) where it is missing or not a graph file."""
    from builder.graph import load as load_graph

    return load_graph(path)


def compile(graph: Graph, seed: int = 0) -> GraphModule:
    """The graph's model as an ``nn.Module``: from its data ports to what its losses and metrics look at.

    Raises:
        CompileError: a ValueError with every problem of the graph, each at its node and port.
    """
    from builder.compiler import Compiled

    return Compiled(graph, seed=seed).model


__all__ = ["compile", "load"]
