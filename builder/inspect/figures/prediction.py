"""Predictions as figures."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import add_image, colours, index_ticks, pixel_axes, step_ticks, titled
from builder.inspect.figures.style import MONO, Style, esc, number, short
from builder.inspect.figures.values import token_strip
from builder.inspect.labels import visible
from builder.inspect.prediction import IGNORED, Prediction, Sequence
from builder.inspect.reconstruction import Reconstruction

_MOST = 12


def prediction_figure(prediction: Prediction, style: Style) -> go.Figure:
    """Probabilities of classes as bars (the likeliest 12), or predicted numbers."""
    if prediction.probabilities is None:
        return _numbers(prediction, style)
    head, chances = prediction.head, prediction.probabilities
    order = np.argsort(-chances, kind="stable")[:_MOST]
    truth = prediction.truth if isinstance(prediction.truth, int) else None
    if truth is not None and truth not in order:
        order = np.append(order[: _MOST - 1], truth)
    several = head.task == "yes_no" and not head.by_class
    asked = [i for i in range(len(chances)) if isinstance(prediction.truth, np.ndarray) and prediction.truth[i] > 0.5]
    right = asked if several else [truth]
    names = [short(visible(n)) for n in head.names]
    labels = [names[i] + (style.say(" ✓ true", " ✓ 真值") if i in right else "") for i in order]
    chosen = names[prediction.chosen]
    title = style.say(f"Prediction: {chosen}", f"预测：{chosen}")
    if several:
        title = style.say("Predictions", "预测")
    figure = titled(style, title, _where(prediction, style), max(240, 110 + 26 * len(order)))

    def colour(index: int) -> str:
        if several:
            return style.accent if (chances[index] > 0.5) == (index in right) else style.wrong
        if index == prediction.chosen:
            return style.accent if truth in (None, index) else style.wrong
        return style.quiet

    figure.add_bar(
        x=chances[order],
        y=list(range(len(order))),
        orientation="h",
        marker_color=[colour(i) for i in order],
        text=[f"{chances[i]:.3f}" for i in order],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": 11, "color": style.muted},
        hovertemplate="%{x:.5f}<extra></extra>",
    )
    figure.update_xaxes(title_text=style.say("probability", "概率"), range=[0, 1.08], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(range=[len(order) - 0.5, -0.5], showgrid=False, **step_ticks(labels))
    figure.update_yaxes(tickfont={"color": style.ink, "family": MONO if head.tokens else None})
    return figure


def tokens_figure(sequence: Sequence, style: Style) -> go.Figure:
    """A text coloured by the probability that the model gave to the token which comes next."""
    real, truth = sequence.steps.real, sequence.truth
    if truth is None:  # an upload: its own next token is known, but for the last
        names = [visible(n) for n in sequence.names]
        lookup = {name: i for i, name in enumerate(names)}
        following = [lookup.get(n, IGNORED) for n in sequence.steps.names[1:real]]
        truth = np.array([*following, IGNORED])
    known = np.flatnonzero(truth[:real] != IGNORED)
    shown = tuple(visible(sequence.names[truth[t]]) for t in known)
    chances = sequence.probabilities[known, truth[known]]
    guesses = [short(visible(sequence.names[b])) for b in sequence.probabilities[known].argmax(1)]
    hover = [
        style.say(f"probability {p:.3f}; likeliest: {guess}", f"概率 {p:.3f}；最可能：{guess}")
        for p, guess in zip(chances, guesses, strict=True)
    ]
    loss = float(-np.log(np.clip(chances, 1e-12, 1)).mean()) if len(chances) else float("nan")
    title = style.say("How well each token was foreseen", "每个词元的可预见程度")
    subtitle = style.say(f"mean surprise {loss:.3f} nats a token", f"平均意外度 {loss:.3f} 奈特/词元")
    figure = token_strip(shown, chances, style, title, subtitle, style.say("probability", "概率"), hover, signed=False)
    figure.data[0].update(zmin=0, zmax=1)  # type: ignore[union-attr]
    return figure


def reconstruction_figure(reconstruction: Reconstruction, style: Style) -> go.Figure:
    """What entered, what should come out, what came out, and how they differ."""
    panels = [(style.say("input", "输入"), reconstruction.entered)]
    target = reconstruction.target
    if target is not None and not np.allclose(target, reconstruction.entered):
        panels.append((style.say("target", "目标"), target))
    panels.append((style.say("output", "输出"), reconstruction.output))
    height, width = reconstruction.output.shape[:2]
    gap = max(1, round(0.06 * width))
    error = reconstruction.error
    subtitle = "" if error is None else style.say(f"mean squared error {number(error)}", f"均方误差 {number(error)}")
    figure = titled(style, style.say("Reconstruction", "重建"), subtitle, 350)
    figure.update_layout(margin_t=88)  # names stand above the pictures, below the subtitle
    for index, (_, pixels) in enumerate(panels):
        scale = width / pixels.shape[1]
        add_image(figure, pixels, x=index * (width + gap), size=scale)
    if target is not None and target.shape == reconstruction.output.shape:
        difference = reconstruction.output - target
        difference = difference.mean(-1) if difference.ndim == 3 else difference
        figure.add_heatmap(
            z=difference,
            x0=len(panels) * (width + gap),
            dx=1,
            y0=0,
            dy=1,
            hovertemplate="%{z:.3f}<extra></extra>",
            **colours(style, difference, style.say("output − target", "输出 − 目标"), signed=True),
        )
        panels.append((style.say("difference", "差异"), difference))
    figure.add_scatter(
        x=[i * (width + gap) - 0.5 for i in range(len(panels))],
        y=[-0.5] * len(panels),
        mode="text",
        text=[word for word, _ in panels],
        textposition="top right",
        textfont={"size": 11, "color": style.muted},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    pixel_axes(figure, len(panels) * (width + gap) - gap, height)
    return figure


def _where(prediction: Prediction, style: Style) -> str:
    """Which answer of several this is."""
    if prediction.positions == 1:
        return ""
    if prediction.steps is not None and prediction.steps.kind == "tokens":
        name = esc(prediction.steps.names[prediction.position])
        return style.say(
            f'after the token "{name}" (step {prediction.position})',
            f"在词元“{name}”之后（第 {prediction.position} 步）",
        )
    word = style.say("position", "位置") if prediction.head.batched else style.say("node", "节点")
    return f"{word} {prediction.position}"


def _numbers(prediction: Prediction, style: Style) -> go.Figure:
    """Predicted numbers beside the right ones."""
    outputs, truth = prediction.outputs, prediction.truth
    series = [(style.say("predicted", "预测"), outputs, style.accent)]
    if isinstance(truth, np.ndarray):
        series.append((style.say("true", "真值"), truth, style.quiet))
    title = style.say("Prediction", "预测")
    if len(outputs) == 1:
        title += style.say(f": {number(float(outputs[0]))}", f"：{number(float(outputs[0]))}")
        figure = titled(style, title, _where(prediction, style), 150 + 40 * len(series))
        figure.add_bar(
            x=[float(values[0]) for _, values, _ in series],
            y=list(range(len(series))),
            orientation="h",
            marker_color=[colour for _, _, colour in series],
            hovertemplate="%{x:.4g}<extra></extra>",
        )
        figure.update_xaxes(title_text=style.say("value", "数值"))
        figure.update_yaxes(
            range=[len(series) - 0.5, -0.5], showgrid=False, **step_ticks([name for name, *_ in series])
        )
        figure.update_yaxes(tickfont={"color": style.ink})
        return figure
    figure = titled(style, title, _where(prediction, style), 320)
    for name, values, colour in series:
        if len(outputs) > _MOST:
            figure.add_scatter(y=values, name=name, mode="lines", line={"color": colour, "width": 2})
        else:
            figure.add_bar(y=values, name=name, marker_color=colour, hovertemplate="%{y:.4g}<extra></extra>")
    figure.update_xaxes(title_text=style.say("output", "输出"), showgrid=False, **index_ticks(len(outputs)))
    figure.update_yaxes(title_text=style.say("value", "数值"))
    return figure
