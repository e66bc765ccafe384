"""How a model does on a split, as figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.evaluation import Confusion, Evaluation, Mistakes
from builder.inspect.figures.canvas import add_image, colour_bar, step_ticks, titled
from builder.inspect.figures.style import SEQUENTIAL, Style, esc, number, short
from builder.inspect.labels import visible

_COUNTED = 20  # classes up to which the cells of a confusion matrix show their counts
_POINTS = 3000


def split_name(style: Style, split: str) -> str:
    """A split in words."""
    words = {
        "train": ("training split", "训练集"),
        "valid": ("validation split", "验证集"),
        "test": ("test split", "测试集"),
    }
    return style.say(*words[split])


def confusion_figure(confusion: Confusion, style: Style) -> go.Figure:
    """Rows are the true classes; the colour is the share of a row, the numbers are counts."""
    occurs = np.flatnonzero(confusion.counts.sum(0) + confusion.counts.sum(1) > 0)
    if len(confusion.names) <= _COUNTED:
        occurs = np.arange(len(confusion.names))
    counts, size = confusion.counts[np.ix_(occurs, occurs)], len(occurs)
    total = counts.sum(1, keepdims=True)
    share = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
    subtitle = style.say(
        f"{split_name(style, confusion.split)}, {counts.sum():,} items, accuracy {confusion.accuracy:.3f}",
        f"{split_name(style, confusion.split)}，{counts.sum():,} 项，准确率 {confusion.accuracy:.3f}",
    )
    height = 220 + 42 * min(size, 14)
    figure = titled(style, style.say("Confusion matrix", "混淆矩阵"), subtitle, min(820, height))
    names = [short(visible(confusion.names[i]), 18) for i in occurs]
    said = np.array([[f"{a} → {b}" for b in names] for a in names], dtype=object)
    truth, predicted = (ids.astype(object) for ids in np.meshgrid(occurs, occurs, indexing="ij"))
    figure.add_heatmap(
        z=share,
        text=np.where(counts > 0, counts.astype(object), "") if size <= _COUNTED else None,
        texttemplate="%{text}" if size <= _COUNTED else None,
        customdata=np.stack((said, counts.astype(object), truth, predicted), -1),
        hovertemplate="%{customdata[0]}<br>%{customdata[1]} · %{z:.1%}<extra></extra>",
        hoverongaps=False,
        zmin=0,
        zmax=1,
        colorscale=SEQUENTIAL,
        colorbar=colour_bar(style, style.say("share of the true class", "占真实类别的比例")) | {"tickformat": ".0%"},
        xgap=1 if size <= _COUNTED else 0,
        ygap=1 if size <= _COUNTED else 0,
    )
    long = 8 * max(map(len, names)) > (height - 140) / size  # pixels of a name, and of a cell
    figure.update_xaxes(
        title_text=style.say("predicted class", "预测类别"), tickangle=-45 if long else 0, **step_ticks(names, 50)
    )
    figure.update_yaxes(title_text=style.say("true class", "真实类别"), autorange="reversed", **step_ticks(names, 50))
    figure.update_xaxes(showgrid=False, constrain="domain")
    figure.update_yaxes(showgrid=False, scaleanchor="x", constrain="domain")
    return figure


def classes_figure(confusion: Confusion, style: Style) -> go.Figure:
    """Recall and precision of each class, the worst recognised first."""
    order = np.argsort(np.nan_to_num(confusion.recall, nan=2.0), kind="stable")
    labels = [f"{short(visible(confusion.names[i]), 24)} ({confusion.counts[i].sum()})" for i in order]
    subtitle = style.say(
        f"{split_name(style, confusion.split)}; in brackets the number of items",
        f"{split_name(style, confusion.split)}；括号内为样本数",
    )
    figure = titled(
        style, style.say("Accuracy of each class", "各类别的准确率"), subtitle, max(260, 130 + 24 * len(order))
    )
    places = list(range(len(order)))
    series = (
        (style.say("recall (found)", "召回率"), confusion.recall[order], style.accent, "circle"),
        (style.say("precision (right when said)", "精确率"), confusion.precision[order], style.muted, "diamond-open"),
    )
    for name, values, colour, symbol in series:
        figure.add_scatter(
            x=values, y=places, name=name, mode="markers", marker={"size": 10, "color": colour, "symbol": symbol},
            hovertemplate="%{x:.3f}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text=style.say("share", "比例"), range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[len(order) - 0.5, -0.5], **step_ticks(labels, 60))
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"})
    return figure


def mistakes_figure(
    mistakes: Mistakes, style: Style, pictures: Sequence[np.ndarray] = (), texts: Sequence[str] = ()
) -> go.Figure:
    """The worst samples: as images with what was said, or as bars of their loss.

    Args:
        pictures: (H, W) or (H, W, 3) of each sample, where the data are images.
        texts: what each sample is, where they are not.
    """
    evaluation = mistakes.evaluation
    title = style.say("Worst mistakes", "最严重的错误")
    order = style.say("greatest loss first", "按损失从大到小")
    told = style.say("number, true → predicted (confidence)", "编号，真值 → 预测（置信度）")
    if mistakes.truth is None:
        told = style.say("number, loss", "编号，损失")
    subtitle = style.say(", ", "，").join((split_name(style, evaluation.split), order)) + style.say("; ", "；") + told
    captions = [_caption(mistakes, i, style) for i in range(len(mistakes.items))]
    if pictures:
        return image_grid(pictures, captions, style, title, subtitle)
    labels = [f"{c}  {short(t, 60)}" if t else c for c, t in zip(captions, texts or [""] * len(captions), strict=True)]
    figure = titled(style, title, subtitle, max(260, 120 + 30 * len(labels)))
    figure.add_bar(
        x=mistakes.loss, y=list(range(len(labels))), orientation="h", marker_color=_mistake_colours(mistakes, style),
        hovertemplate="%{x:.4g}<extra></extra>",
    )  # fmt: skip
    unit = style.say("cross entropy (nats)", "交叉熵（奈特）")
    if evaluation.head.task not in ("classes", "yes_no"):
        unit = style.say("squared error", "平方误差")
    figure.update_xaxes(title_text=unit)
    figure.update_yaxes(range=[len(labels) - 0.5, -0.5], showgrid=False, **step_ticks(labels))
    figure.update_yaxes(tickfont={"color": style.ink})
    return figure


def parity_figure(evaluation: Evaluation, style: Style) -> go.Figure:
    """Predicted against true numbers; on the line they are equal."""
    if evaluation.truth is None or evaluation.predicted is None:
        raise ValueError("Predicted and true numbers are needed. Got none.")
    truth, predicted = evaluation.truth.reshape(-1), evaluation.predicted.reshape(-1)
    error = predicted - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    fit = 1 - float((error**2).sum()) / spread if spread > 0 else float("nan")
    rmse = float(np.sqrt((error**2).mean()))
    subtitle = style.say(
        f"{split_name(style, evaluation.split)}, {len(truth):,} numbers, RMSE {number(rmse)}, R² {fit:.3f}",
        f"{split_name(style, evaluation.split)}，{len(truth):,} 个数，均方根误差 {number(rmse)}，R² {fit:.3f}",
    )
    figure = titled(style, style.say("Predicted and true", "预测值与真值"), subtitle, 480)
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    figure.add_scatter(
        x=[low, high], y=[low, high], mode="lines", line={"color": style.quiet, "dash": "dot"},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), _POINTS)).astype(int)
    figure.add_scattergl(
        x=truth[chosen], y=predicted[chosen], mode="markers", showlegend=False,
        marker={"size": 6, "color": style.accent, "opacity": 0.6},
        hovertemplate="%{x:.4g} → %{y:.4g}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text=style.say("true value", "真值"))
    figure.update_yaxes(title_text=style.say("predicted value", "预测值"))
    return figure


def _mistake_colours(mistakes: Mistakes, style: Style) -> list[str]:
    """A great loss is not always a mistake: what is right all the same is grey."""
    if mistakes.truth is None or mistakes.predicted is None:
        return [style.wrong] * len(mistakes.items)
    return [style.quiet if right else style.wrong for right in mistakes.truth == mistakes.predicted]


def _caption(mistakes: Mistakes, index: int, style: Style) -> str:
    """The sample and what was said of it."""
    item = f"#{mistakes.items[index]}"
    names = mistakes.evaluation.head.names
    if mistakes.truth is None or mistakes.predicted is None or mistakes.confidence is None:
        return f"{item} · {number(float(mistakes.loss[index]))}"
    truth, said = short(names[int(mistakes.truth[index])], 12), short(names[int(mistakes.predicted[index])], 12)
    return f"{item} {truth} → {said} ({mistakes.confidence[index]:.2f})"


def image_grid(
    pictures: Sequence[np.ndarray],
    captions: Sequence[str],
    style: Style,
    title: str,
    subtitle: str,
    boxes: Sequence[np.ndarray | None] = (),
    items: Sequence[int] = (),
    columns: int = 6,
) -> go.Figure:
    """Pictures of one size in rows, each under its caption.

    Args:
        boxes: (2, 2) of each picture, the first and last row and column of what is outlined.
        items: sample numbers of the pictures, told when they are clicked.
        columns: pictures in a row, at most.
    """
    height, width = pictures[0].shape[:2]
    columns = min(len(pictures), columns)
    gap, top = max(1, round(0.1 * width)), max(1, round(0.22 * height))
    rows = -(-len(pictures) // columns)
    canvas_width, canvas_height = columns * (width + gap) - gap, rows * (height + gap + top) - gap
    figure = titled(style, title, subtitle, 120 + round(165 * 6 / max(columns, 6)) * rows)
    corners = [(i % columns * (width + gap), i // columns * (height + gap + top) + top) for i in range(len(pictures))]
    for pixels, (x, y) in zip(pictures, corners, strict=True):
        add_image(figure, pixels, x, y)
    if items:
        cells = np.full((rows * columns,), None, dtype=object)
        cells[: len(items)] = list(items)
        blank = np.where(cells == None, np.nan, 0.0).reshape(rows, columns)  # noqa: E711
        figure.add_heatmap(
            z=blank, customdata=cells.reshape(rows, columns), x0=(width - 1) / 2, dx=width + gap,
            y0=top + (height - 1) / 2, dy=height + gap + top, opacity=0, showscale=False, hoverongaps=False,
            hovertemplate="#%{customdata}<extra></extra>",
        )  # fmt: skip
    outlined = [(box, at) for box, at in zip(boxes, corners, strict=False) if box is not None]
    if outlined:
        outlines = [_outline(box, *at) for box, at in outlined]
        for colour, thick in ((style.paper, 4), (style.wrong, 2)):
            figure.add_scatter(
                x=np.concatenate([x for x, _ in outlines]), y=np.concatenate([y for _, y in outlines]), mode="lines",
                line={"width": thick, "color": colour}, hoverinfo="skip", showlegend=False,
            )  # fmt: skip
    figure.add_scatter(
        x=[x - 0.5 for x, _ in corners], y=[y - 0.5 for _, y in corners], mode="text", text=[esc(c) for c in captions],
        textposition="top right", textfont={"size": 10, "color": style.ink}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    figure.update_xaxes(range=[-0.5, canvas_width - 0.5], visible=False, constrain="domain")
    figure.update_yaxes(range=[canvas_height - 0.5, -0.5], visible=False, scaleanchor="x", constrain="domain")
    return figure


def _outline(box: np.ndarray, x: float, y: float) -> tuple[list[float], list[float]]:
    """A closed line around rows and columns of a picture, and a gap behind it."""
    (top, bottom), (left, right) = (box[0] + np.array([-0.5, 0.5]) + y), (box[1] + np.array([-0.5, 0.5]) + x)
    return [left, right, right, left, left, np.nan], [top, top, bottom, bottom, top, np.nan]
