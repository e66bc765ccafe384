"""Token to token: lines between queries and keys, or the text as one token sees it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attention import Attention
from builder.inspect.figures.attention import attention_title
from builder.inspect.figures.canvas import titled
from builder.inspect.figures.style import MONO, Style, esc, short
from builder.inspect.figures.values import token_strip

STRONGEST = 8  # lines from a query, shared out to the heads
FAINTEST = 0.01  # weight of a line
_LEVELS = 6  # of width and opacity
_LINE = 20  # pixels of a token
_SAID = 5  # tokens that the words under the pointer name


def links_figure(
    attention: Attention, style: Style, names: list[str], query: int | None, first: tuple[int, int]
) -> go.Figure:
    """Queries on the left, keys on the right; the stronger the attention, the bolder the line between them.

    Args:
        names: of the heads; where there are several, each has a colour of its own.
        query: the only one whose lines are drawn; all where None.
        first: the numbers of the first query and of the first key.
    """
    weights = attention.weights
    rows = max(weights.shape[1:])
    named = style.say("all heads", "所有头") if len(names) > 1 else names[0]
    most = max(2, STRONGEST // len(names)) if query is None else weights.shape[2]
    greatest = float(weights.max(initial=FAINTEST))
    figure = titled(style, attention_title(attention, style), named, 130 + _LINE * rows)
    for head, map_ in enumerate(weights):
        colour = style.classes[head % len(style.classes)] if len(names) > 1 else style.accent
        drawn = _drawn(map_, most, query)
        _lines(figure, drawn, greatest, colour, names[head], len(names) > 1)
    mean = weights.mean(0)
    sides = (
        (attention.queries.names, mean, 0.0, "middle left", style.say("looks at", "看向")),
        (attention.keys.names, mean.T, 1.0, "middle right", style.say("is looked at by", "被其所看")),
    )
    others = attention.keys.names, attention.queries.names
    for side, (tokens, seen, x, place, verb) in enumerate(sides):
        quiet = [query is not None and side == 0 and i != query for i in range(len(tokens))]
        figure.add_scatter(
            x=[x] * len(tokens), y=list(range(len(tokens))), mode="markers+text", textposition=place,
            text=[f" {short(t, 16)} " for t in tokens],
            textfont={"family": MONO, "size": 12, "color": [style.muted if q else style.ink for q in quiet]},
            marker={"size": 5, "color": style.muted}, cliponaxis=False, showlegend=False,
            customdata=[[side, i + first[side]] for i in range(len(tokens))],
            hovertext=[f"{short(t)} ({i + first[side]}) {verb}<br>{_most(row, others[side], first[1 - side])}"
                       for i, (t, row) in enumerate(zip(tokens, seen, strict=True))],
            hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    headings = (
        (0.0, style.say("query: who looks", "查询：在看的位置")),
        (1.0, style.say("key: what is looked at", "键：被看的位置")),
    )
    for x, text in headings:
        figure.add_annotation(
            x=x, y=-1.1, text=text, showarrow=False, xanchor="right" if x == 0 else "left",
            font={"size": 11, "color": style.muted},
        )  # fmt: skip
    figure.update_xaxes(visible=False, range=[-0.55, 1.55])
    figure.update_yaxes(visible=False, range=[rows - 0.3, -1.8])
    figure.update_layout(
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        margin={"b": 16, "t": 84},
    )
    return figure


def text_figure(attention: Attention, style: Style, name: str, query: int) -> go.Figure:
    """All keys in reading order, coloured by what one query gives them.

    Args:
        name: of the head, where there are several.
    """
    weights = attention.weights.mean(0)[query]
    token = esc(attention.queries.names[query])
    subtitle = style.say(f"where {token} ({query}) looks", f"{token}（{query}）所看之处")
    if name:
        subtitle += style.say(": ", "：") + name
    return token_strip(
        attention.keys.names, weights, style, attention_title(attention, style), subtitle,
        style.say("attention weight", "注意力权重"), [f"{i}: {w:.3f}" for i, w in enumerate(weights)], signed=False,
    )  # fmt: skip


def _drawn(map_: np.ndarray, most: int, query: int | None) -> list[tuple[int, int, float]]:
    """The lines of one head: query, key and weight."""
    order = np.argsort(-map_, 1, kind="stable")[:, :most]
    queries = range(len(map_)) if query is None else [query]
    return [(t, int(s), float(map_[t, s])) for t in queries for s in order[t] if map_[t, s] >= FAINTEST]


def _lines(
    figure: go.Figure, drawn: list[tuple[int, int, float]], greatest: float, colour: str, name: str, told: bool
) -> None:
    """Draws the lines of one head, those of about equal strength as one trace."""
    levels: dict[int, list[tuple[int, int]]] = {}
    for t, s, weight in drawn:
        levels.setdefault(min(_LEVELS - 1, int(weight / greatest * _LEVELS)), []).append((t, s))
    for place, level in enumerate(sorted(levels, reverse=True)):
        ends = levels[level]
        strength = (level + 1) / _LEVELS
        figure.add_scatter(
            x=[0.0, 1.0, None] * len(ends), y=[v for t, s in ends for v in (t, s, None)], mode="lines", hoverinfo="skip",
            opacity=0.1 + 0.8 * strength**2, line={"color": colour, "width": 0.6 + 3.4 * strength},
            name=name, legendgroup=name, showlegend=told and place == 0,
        )  # fmt: skip


def _most(weights: np.ndarray, names: tuple[str, ...], first: int) -> str:
    """The greatest weights in words."""
    best = np.argsort(-weights, kind="stable")[:_SAID]
    return "<br>".join(f"{short(names[i])} ({i + first}): {weights[i]:.3f}" for i in best if weights[i] > 0)
