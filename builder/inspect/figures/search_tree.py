"""The tree of a search as a figure."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.decoding import SearchTree
from builder.inspect.figures.canvas import index_ticks, titled
from builder.inspect.figures.style import MONO, Style, esc, short

_ROW = 27  # pixels of height of a leaf
_FULL = 14  # steps up to which a branch also says its probability


def search_tree_figure(tree: SearchTree, style: Style) -> go.Figure:
    """Branches from the left to the right; the best sequence is coloured, what was dropped is dotted."""
    heights = _heights(tree)
    leaves = round(float(heights.max())) + 1
    best = set(tree.way(int(tree.finals[0]))) if len(tree.finals) else set[int]()
    ended = {index for final in tree.finals.tolist() for index in tree.way(final)}
    figure = titled(style, *_title(tree, style), max(240, 176 + _ROW * leaves))
    groups = [
        (style.say("best", "最佳"), best, {"color": style.accent, "width": 3}),
        (style.say("other results", "其他结果"), ended - best, {"color": style.ink, "width": 1.5}),
        (style.say("kept, given up later", "曾保留，后放弃"), {i for i in range(1, len(tree.parent)) if tree.kept[i]} - ended, {"color": style.muted, "width": 1.2}),
        (style.say("dropped", "丢弃"), {i for i in range(1, len(tree.parent)) if not tree.kept[i]}, {"color": style.quiet, "width": 1.2, "dash": "dot"}),
    ]  # fmt: skip
    for name, members, line in reversed(groups):
        if members:
            _branches(figure, tree, heights, sorted(members), name, line, style)
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "reversed"}, margin={"t": 96}
    )
    for rank, index in enumerate(tree.finals.tolist(), 1):
        figure.add_annotation(
            x=tree.step[index], y=heights[index], xanchor="left", xshift=10, showarrow=False,
            text=f"<b>{rank}</b>  {_signed(float(tree.score[index]))}",
            font={"size": 12, "color": style.accent if rank == 1 else style.ink},
        )  # fmt: skip
    last = int(tree.step.max())
    figure.update_xaxes(
        title_text=style.say("tokens", "词元数"), range=[-0.1, last + 0.9], showgrid=False, **index_ticks(last + 1)
    )
    figure.update_yaxes(visible=False, range=[leaves - 0.4, -0.8])
    return figure


def _title(tree: SearchTree, style: Style) -> tuple[str, str]:
    word = short(tree.given, 60)
    title = style.say(f"Search tree of {esc(tree.node)}", f"{esc(tree.node)} 的搜索树")
    title += style.say(f" on “{word}”", f"：“{word}”") if word else ""
    if not len(tree.finals):
        return title, ""
    best = int(tree.finals[0])
    way = tree.way(best)
    found = " ".join(tree.names[i] for i in way)
    own = tree.own.tolist()[: len(way)]
    same = style.say("as the node itself answers", "与该节点自身的输出一致")
    other = style.say(
        "the node itself, which keeps fewer or more, answers otherwise", "该节点自身的束宽不同，输出也不同"
    )
    width = style.say(f"{tree.width} kept at each step", f"每步保留 {tree.width} 个")
    chance = style.say(f"probability {np.exp(tree.total[best]):.2g}", f"概率 {np.exp(tree.total[best]):.2g}")
    parts = [f"{short(found, 90)}", chance, width, same if tree.tokens(best) == own else other]
    return title, style.say("; ", "；").join(parts)


def _branches(
    figure: go.Figure, tree: SearchTree, heights: np.ndarray, members: list[int], name: str, line: dict, style: Style
) -> None:
    """Elbows from each node's parent to it, with the token above."""
    x: list[float | None] = []
    y: list[float | None] = []
    for index in members:
        parent = int(tree.parent[index])
        x += [tree.step[parent], tree.step[parent] + 0.08, tree.step[index], None]
        y += [heights[parent], heights[index], heights[index], None]
    figure.add_scatter(x=x, y=y, mode="lines", line=line, name=name, legendgroup=name, hoverinfo="skip")
    said = [
        f"<b>{esc(tree.names[i])}</b><br>"
        + style.say("probability", "概率") + f" {tree.probability[i]:.3g}<br>"
        + style.say("log-probability so far", "累计对数概率") + f" {tree.total[i]:.3f}<br>"
        + style.say("score", "得分") + f" {tree.score[i]:.3f}<br>{name}"
        for i in members
    ]  # fmt: skip
    figure.add_scatter(
        x=tree.step[members], y=heights[members], mode="markers", legendgroup=name, showlegend=False, text=said,
        marker={"size": 7, "color": line["color"], "symbol": "circle-open" if line.get("dash") else "circle"},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    quiet = style.muted if line.get("dash") or line["color"] == style.muted else line["color"]
    full = tree.step.max() <= _FULL
    labels = [
        short(tree.names[i], 12) + (f" <span style='fill-opacity:0.65'>{_chance(tree.probability[i])}</span>" if full else "")
        for i in members
    ]  # fmt: skip
    figure.add_scatter(
        x=tree.step[members] - 0.86, y=heights[members] - 0.06, mode="text", text=labels, textposition="top right",
        textfont={"size": 11, "color": quiet, "family": MONO}, hoverinfo="skip", legendgroup=name, showlegend=False,
    )  # fmt: skip


def _heights(tree: SearchTree) -> np.ndarray:
    """Where each node lies: leaves below each other, a parent beside the best of its children."""
    children: dict[int, list[int]] = {}
    for index in range(1, len(tree.parent)):
        children.setdefault(int(tree.parent[index]), []).append(index)
    ranks: dict[int, int] = {}
    for rank, final in enumerate(tree.finals.tolist()):
        for index in tree.way(final):
            ranks.setdefault(index, rank)
    heights, free = np.zeros(len(tree.parent)), 0
    stack = [0]
    while stack:
        index = stack.pop()
        heights[index] = free
        below = sorted(
            children.get(index, []), key=lambda i: (ranks.get(i, len(ranks)), not tree.kept[i], -tree.score[i])
        )
        stack += below[::-1]  # the best child lies at its parent's height, the others below all that it leads to
        if not below:
            free += 1
    return heights


def _chance(value: float) -> str:
    return f"{value:.2f}" if value >= 0.005 else "<.01"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
