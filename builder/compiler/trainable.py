"""How many of its weights each node may learn: those that are frozen, or that a parametrisation holds still, are not."""

from __future__ import annotations

from builder.compiler.check import Analysis
from builder.compiler.weights import bare_module, parametrise
from builder.graph import FlatNode


def trainable_parameters(analysis: Analysis) -> dict[str, int]:
    """By path, the weights of a node that are not frozen; shared weights count at their owner, as in the report."""
    found = {}
    for path, report in analysis.report.nodes.items():
        node = analysis.flat.find(path)
        if node is None or node.settings.get("frozen") or not report.parameters:
            found[path] = 0
        else:
            found[path] = _moving(analysis, node) if "parametrize" in node.settings else report.parameters
    return found


def _moving(analysis: Analysis, node: FlatNode) -> int:
    """The weights under parametrisations that are not held still."""
    module = bare_module(node.component, analysis.values[node.path])
    parametrise(module, node.settings["parametrize"], "meta")
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
