"""Views of what single units of a node answer to."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.activating import activating, units_of
from builder.inspect.catalogue.representation import searched, searched_ports
from builder.inspect.catalogue.spec import Request, View, last, some
from builder.inspect.choices import Choice, Option, choose, integer, plain, split_option
from builder.inspect.figures.style import Style, esc
from builder.inspect.inspector import Inspector
from builder.inspect.portraits import portraits
from builder.inspect.samples import Sample


def _with_units(inspector: Inspector) -> list[str] | None:
    """The nodes whose channels or features can be looked at one by one, but the data themselves."""
    nodes = inspector.compiled.flat.nodes
    return some([p for p in searched(inspector) or [] if nodes[p].component.kind != "dataset"])


def unit_names(inspector: Inspector, node: str) -> tuple[str, ...]:
    """The classes or outputs that a node's features are; empty where they have no names."""
    return next((h.names for h in inspector.heads if h.end[0] == node and h.by_class and not h.tokens), ())


def unit_option(inspector: Inspector, node: str, ports: list[str]) -> list[Option]:
    """Which unit, by its name where it has one."""
    names = unit_names(inspector, node)
    if names:
        return choose("unit", "Unit", "单元", [Choice(i, name, name) for i, name in enumerate(names)])
    return integer("unit", "Unit", "单元", 0, 0, max(units_of(inspector, (node, port)) for port in ports) - 1)


def unit_word(inspector: Inspector, node: str, unit: int, style: Style) -> str:
    """A unit in words."""
    names = unit_names(inspector, node)
    if names:
        return style.say(f'output "{esc(names[unit])}"', f"输出“{esc(names[unit])}”")
    return style.say(f"unit {unit}", f"单元 {unit} ")


def _options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = searched_ports(inspector, node)
    counts = [Choice(n, str(n), str(n)) for n in (6, 12, 24, 48)]
    images = any(inspector.layout.kind(source) == "image" for source in inspector.sources([(node, ports[0])]))
    shows = [Choice("marked", "whole, outlined", "整幅，加框"), Choice("cut", "what it sees", "仅所见部分")]
    return [
        *unit_option(inspector, node, ports),
        *choose("show", "Images", "图像", shows if images else []),
        *choose("port", "Output port", "输出端口", plain(ports)),
        *split_option("train"),
        *choose("count", "How many", "数量", counts, 12),
    ]


def _draw_activating(request: Request) -> tuple[go.Figure, Any]:
    inspector, options, node = request.inspector, request.options, request.node
    end = (node, options.get("port", searched_ports(inspector, node)[0]))
    unit, split, count = options.get("unit", 0), options["split"], options["count"]
    found = inspector.kept(
        ("activating", end, unit, split, count), lambda: activating(inspector, end, unit, split, count)
    )
    pictures, texts = portraits(inspector, inspector.batch(split, found.items.tolist()), end)
    name = unit_word(inspector, node, unit, request.style)
    return figures.activating_figure(found, request.style, name, pictures, texts, options.get("show") == "cut"), found


VIEWS: tuple[View, ...] = (
    View(
        "activating", "Strongest samples", "最强样本",
        "The samples that a unit (a channel, a feature) answers to most, and the part of each that it sees there; click one "
        "to look at it.",
        "某个单元（通道或特征）响应最强的样本，以及它在其中所见的部分；点击即可查看。",
        "All samples are ranked by the unit's greatest activation over places, after Zeiler & Fergus (arXiv 1311.2901) and "
        "Girshick et al. (arXiv 1311.2524). Outlined is what the value at that place can depend on: the receptive field, "
        "measured through every node; behind attention, the token's own patch.",
        "按单元在各位置上的最大激活对样本排序，仿 Zeiler & Fergus（arXiv 1311.2901）与 Girshick 等（arXiv 1311.2524）。"
        "框出的是该位置的值可能依赖的范围，即逐节点测得的感受野；注意力之后则为词元自身的图块。",
        "At most 2,000 samples. The greatest activations may show only one side of what a unit does; how much of its "
        "field it uses is not told.",
        "最多 2000 个样本。最强响应可能只反映单元功能的一面，也不说明它实际使用了感受野中的多少。",
        _with_units, _options, _draw_activating, needs_sample=False, first=last,
    ),
)  # fmt: skip
