"""Points of a plane: projections of a node's output, and drawings of graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import colour_bar, titled
from builder.inspect.figures.evaluation import split_name
from builder.inspect.figures.style import SEQUENTIAL, Style, esc, number, short
from builder.inspect.network import Network
from builder.inspect.prediction import IGNORED
from builder.inspect.projection import Projection

Colour = Literal["truth", "predicted", "error"]

_LISTED = 20  # classes that a legend has at most


_METHODS = {
    "pca": ("Principal components", "主成分"),
    "tsne": ("t-SNE map", "t-SNE 图"),
    "umap": ("UMAP map", "UMAP 图"),
}


def projection_figure(
    projection: Projection, style: Style, split: str, by: Colour = "truth", texts: Sequence[str] = ()
) -> go.Figure:
    """Points coloured by what is right, what was answered, or the loss; a cross marks a wrong class.

    Args:
        by: what the colour is.
        texts: what each sample is, where the data are texts.
    """
    named = style.say(*_METHODS[projection.method])
    title = style.say(f"{named} of {esc(projection.node)}", f"{esc(projection.node)} 的{named}")
    what = style.say("nodes of the graph", "图的节点") if projection.of_nodes else split_name(style, split)
    figure = titled(style, title, f"{what}{style.say(', ', '，')}{len(projection.points):,}", 520)
    said = _lines(style, projection, texts)
    values = {"truth": projection.truth, "predicted": projection.predicted, "error": projection.error}[by]
    if values is not None and (by == "error" or not projection.names):
        heading = {
            "truth": ("true value", "真值"),
            "predicted": ("predicted value", "预测值"),
            "error": ("loss", "损失"),
        }[by]
        _shaded(figure, style, projection.points, projection.items, values.astype(float), said, style.say(*heading))
    else:
        _points(
            figure, style, projection.points, projection.items, projection.truth if projection.names else None,
            projection.predicted if projection.names else None, projection.names, said,
            by_prediction=by == "predicted",
        )  # fmt: skip
    if projection.method == "pca":
        first, second = (f"{share:.0%}" for share in projection.explained)
        variance = style.say("of the variance", "的方差")
        figure.update_xaxes(title_text=style.say("component 1", "主成分 1") + f" ({first} {variance})", zeroline=True)
        figure.update_yaxes(title_text=style.say("component 2", "主成分 2") + f" ({second} {variance})", zeroline=True)
    else:  # the axes have no meaning of their own
        figure.update_xaxes(showticklabels=False)
        figure.update_yaxes(showticklabels=False)
    return figure


def network_figure(network: Network, style: Style) -> go.Figure:
    """A graph with its nodes coloured by predicted class; a cross marks a wrong one."""
    right = ""
    if network.truth is not None:
        known = network.judged & (network.truth != IGNORED)
        if known.any():
            share = float((network.predicted == network.truth)[known].mean())
            right = style.say(f", {share:.1%} right in this split", f"，本划分中正确率 {share:.1%}")
    count, links = len(network.points), network.edges.shape[1]
    subtitle = style.say(f"{count} nodes, {links:,} edges{right}", f"{count} 个节点，{links:,} 条边{right}")
    figure = titled(style, style.say("Predicted classes of the nodes", "节点的预测类别"), subtitle, 600)
    ends = network.points[network.edges]  # (2, E, 2)
    lines = np.full((links, 3, 2), np.nan, dtype=np.float32)
    lines[:, 0], lines[:, 1] = ends[0], ends[1]
    figure.add_scattergl(
        x=lines[..., 0].ravel(),
        y=lines[..., 1].ravel(),
        mode="lines",
        line={"width": 0.6, "color": style.quiet if links < 1000 else style.line},
        hoverinfo="skip",
        showlegend=False,
    )
    _points(
        figure, style, network.points, np.arange(count), network.truth, network.predicted, network.names,
        [
            _said(style, i, network.truth, network.predicted, network.names, f" ({network.confidence[i]:.2f})")
            for i in range(count)
        ],
        by_prediction=True,
    )  # fmt: skip
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


def _points(
    figure: go.Figure,
    style: Style,
    points: np.ndarray,
    items: np.ndarray,
    truth: np.ndarray | None,
    predicted: np.ndarray | None,
    names: tuple[str, ...],
    said: Sequence[str],
    by_prediction: bool = False,
) -> None:
    """One trace for each class, so that the legend can hide it. A point's ``customdata`` is its number."""
    known = None if truth is None else truth != IGNORED
    group = predicted if by_prediction or truth is None else truth
    if group is None:
        group = np.full(len(points), IGNORED)
    wrong = np.zeros(len(points), dtype=bool)
    if truth is not None and predicted is not None and known is not None:
        wrong = known & (truth != predicted)
    size = 9 if len(points) < 200 else 6
    values = np.unique(group).tolist()
    if len(values) > _LISTED:  # a legend would be longer than the figure: one trace, whose points say their class
        figure.add_scattergl(
            x=points[:, 0],
            y=points[:, 1],
            mode="markers",
            text=said,
            customdata=items,
            hovertemplate="#%{customdata}<br>%{text}<extra></extra>",
            marker={
                "size": size,
                "color": [style.classes[v % len(style.classes)] for v in group.tolist()],
                "symbol": np.where(wrong, "x-thin-open", "circle"),
                "line": {"width": np.where(wrong, 1.8, 0)},
            },
        )
        figure.update_layout(showlegend=False)
        return
    for value in values:
        colour = style.muted if value == IGNORED else style.classes[value % len(style.classes)]
        name = style.say("unknown", "未知") if value == IGNORED else short(names[value], 24)
        for here, symbol in ((group == value) & ~wrong, "circle"), ((group == value) & wrong, "x-thin-open"):
            thin = symbol != "circle"
            none = not (thin or here.any())  # a class that is never right still has its place in the legend
            figure.add_scattergl(
                x=[None] if none else points[here, 0],
                y=[None] if none else points[here, 1],
                mode="markers",
                name=name if names else style.say("samples", "样本"),
                legendgroup=str(value),
                showlegend=not thin,
                text=[said[i] for i in np.flatnonzero(here).tolist()],
                customdata=items[here],
                hovertemplate="#%{customdata}<br>%{text}<extra></extra>",
                marker={
                    "size": size + 2 * thin,
                    "color": colour,
                    "symbol": symbol,
                    "opacity": 0.85,
                    "line": {"width": 1.8 * thin},
                },
            )
    if wrong.any():
        figure.add_scattergl(
            x=[None], y=[None], mode="markers", name=style.say("wrong", "预测错误"),
            marker={"symbol": "x-thin-open", "size": size + 2, "color": style.muted, "line": {"width": 1.8}},
        )  # fmt: skip
    figure.update_layout(showlegend=len(names) > 0, legend={"itemsizing": "constant"})


def _shaded(
    figure: go.Figure, style: Style, points: np.ndarray, items: np.ndarray, values: np.ndarray, said: Sequence[str],
    heading: str,
) -> None:  # fmt: skip
    """Points coloured by a number; the few that are far beyond the others have the last colour."""
    known = np.isfinite(values)
    low, high = np.percentile(values[known], (0, 98)) if known.any() else (0.0, 1.0)
    order = np.argsort(np.where(known, values, -np.inf), kind="stable")  # the greatest lie on top
    figure.add_scattergl(
        x=points[order, 0],
        y=points[order, 1],
        mode="markers",
        text=[said[i] for i in order.tolist()],
        customdata=items[order],
        hovertemplate="#%{customdata}<br>%{text}<extra></extra>",
        marker={
            "size": 9 if len(points) < 200 else 6,
            "opacity": 0.85,
            "color": values[order],
            "cmin": low,
            "cmax": high if high > low else low + 1,
            "colorscale": SEQUENTIAL,
            "colorbar": colour_bar(style, heading),
        },
        showlegend=False,
    )


def _lines(style: Style, projection: Projection, texts: Sequence[str]) -> list[str]:
    """What is said of each point."""
    found = []
    for i in range(len(projection.points)):
        lines = [_said(style, i, projection.truth, projection.predicted, projection.names)]
        if projection.error is not None and np.isfinite(projection.error[i]):
            lines.append(style.say("loss: ", "损失：") + number(float(projection.error[i])))
        if texts:
            lines.append(short(texts[i], 60))
        found.append("<br>".join(filter(None, lines)))
    return found


def _said(
    style: Style,
    index: int,
    truth: np.ndarray | None,
    predicted: np.ndarray | None,
    names: tuple[str, ...],
    sure: str = "",
) -> str:
    def shown(value: float) -> str:
        return short(names[int(value)]) if names else number(float(value))

    lines = []
    if truth is not None and not (names and truth[index] == IGNORED):
        lines.append(style.say("true: ", "真值：") + shown(truth[index]))
    if predicted is not None:
        lines.append(style.say("predicted: ", "预测：") + shown(predicted[index]) + sure)
    return "<br>".join(lines)
