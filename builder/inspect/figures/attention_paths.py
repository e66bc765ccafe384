"""Rollout and flow as figures: over the image, as a matrix, or as the text that one token is made of."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attention_paths import Flow, Rollout
from builder.inspect.figures.attention import add_matrix
from builder.inspect.figures.attention_image import image_panels
from builder.inspect.figures.canvas import titled
from builder.inspect.figures.style import Style, esc, number, short
from builder.inspect.figures.values import token_strip
from builder.inspect.labels import Steps


def rollout_matrix(found: Rollout, style: Style, window: range) -> go.Figure:
    """The shares behind the last layer: rows are the tokens there, columns those of the input."""
    title, behind = _title(style.say("Attention rollout", "注意力展开"), found.nodes, style)
    figure = titled(style, title, behind)
    part, names = slice(window.start, window.stop), found.steps.cut(window).names
    bar = style.say("share of the input token", "输入词元的份额")
    add_matrix(figure, style, found.shares[-1][part, part], names, names, bar)
    figure.update_xaxes(title_text=style.say("input token", "输入词元"))
    figure.update_yaxes(title_text=style.say("token behind the layers", "各层之后的词元"))
    return figure


def rollout_of_token(found: Rollout, style: Style, token: int) -> go.Figure:
    """What one token is made of: behind each layer over the image, else behind the last one as a text."""
    title, behind = _title(style.say("Attention rollout", "注意力展开"), found.nodes, style)
    bar = style.say("share of the input token", "输入词元的份额")
    shares = found.shares[:, token]
    if found.image is None or found.steps.grid is None:
        hover = [f"{i}: {share:.4f}" for i, share in enumerate(shares[-1])]
        subtitle = _joined(style, _of(found.steps, token, style), behind, _itself(shares[-1], token, style))
        most = _of_others(shares[-1:], token)
        return token_strip(found.steps.names, shares[-1], style, title, subtitle, bar, hover, signed=False, most=most)
    figure = titled(style, title, _joined(style, _of(found.steps, token, style), _itself(shares[-1], token, style)))
    captions = [style.say(f"behind {short(node, 24)}", f"{short(node, 24)} 之后") for node in found.nodes]
    maps, most = _patches(shares, found.steps), _of_others(shares[:, found.steps.extra :], token - found.steps.extra)
    image_panels(figure, style, found.image, maps, captions, bar, found.steps, token, most)
    return figure


def flow_figure(found: Flow, style: Style) -> go.Figure:
    """What can flow from each input token to one token: over the image beside its rollout, or as a text."""
    title, behind = _title(style.say("Attention flow", "注意力流"), found.nodes, style)
    missing = int(np.isnan(found.flow).sum())
    done = len(found.flow) - missing
    only = (
        style.say(f"the {done} input tokens of greatest rollout", f"只算展开份额最大的 {done} 个输入词元")
        if missing
        else ""
    )
    about = _joined(style, _of(found.steps, found.token, style), behind, only, _itself(found.flow, found.token, style))
    bar = style.say("maximum flow", "最大流")
    if found.image is None or found.steps.grid is None:
        hover = [
            style.say(f"{i}: flow {f:.4f}, rollout {r:.4f}", f"{i}：流 {f:.4f}，展开 {r:.4f}")
            for i, (f, r) in enumerate(zip(found.flow, found.rollout, strict=True))
        ]
        most = _of_others(found.flow[None], found.token)
        return token_strip(found.steps.names, found.flow, style, title, about, bar, hover, signed=False, most=most)
    figure = titled(style, title, about)
    both = [values / _of_others(values[None], found.token) for values in (found.flow, found.rollout)]
    maps = _patches(np.stack(both), found.steps)
    captions = [style.say("flow", "流"), style.say("rollout", "展开")]
    relative = style.say("relative to the greatest other", "相对其他词元的最大值")
    image_panels(figure, style, found.image, maps, captions, relative, found.steps, found.token, 1.0)
    return figure


def _patches(values: np.ndarray, steps: Steps) -> np.ndarray:
    """Values (n, T) of steps as maps (n, rows, columns) of the patches among them."""
    rows, columns = steps.grid or (1, values.shape[1] - steps.extra)
    return values[:, steps.extra :].reshape(-1, rows, columns)


def _of_others(values: np.ndarray, token: int) -> float:
    """The greatest of values (n, T) that are not the token's own, which would outshine them."""
    others = np.delete(values, token, 1) if 0 <= token < values.shape[1] > 1 else values
    return float(np.nanmax(np.where(np.isnan(others), 0, others))) or 1.0


def _itself(values: np.ndarray, token: int, style: Style) -> str:
    return style.say(f"itself {number(values[token])}", f"自身 {number(values[token])}")


def _joined(style: Style, *parts: str) -> str:
    return style.say("; ", "；").join(filter(None, parts))


def _title(name: str, nodes: tuple[str, ...], style: Style) -> tuple[str, str]:
    """The title, and the layers in words."""
    last, count = esc(nodes[-1]), len(nodes)
    behind = style.say(
        f"through {count} layers of attention" if count > 1 else "through one layer of attention",
        f"经过 {count} 层注意力",
    )
    return style.say(f"{name} to {last}", f"{name}，至 {last}"), behind


def _of(steps: Steps, token: int, style: Style) -> str:
    name = esc(steps.names[token])
    return style.say(f"what the token {name} ({token}) is made of", f"词元 {name}（{token}）的来源")
