"""What changes from layer to layer, as figures."""

from __future__ import annotations

import plotly.graph_objects as go

from builder.inspect.epochs import Epochs
from builder.inspect.figures.canvas import colours, step_ticks, titled
from builder.inspect.figures.evaluation import split_name
from builder.inspect.figures.style import Style, esc, number, short
from builder.inspect.probe import Probes
from builder.inspect.similarity import INITIAL, Similarity

_WRITTEN = 12  # layers up to which the cells show their numbers


def probes_figure(found: Probes, style: Style) -> go.Figure:
    """The score of each probe over depth, with those of guessing and of the network itself."""
    what = style.say("accuracy", "准确率") if found.by_class else "R²"
    subtitle = style.say(
        f"{split_name(style, found.split)}, {found.judged:,} judged; learned from {found.learned:,} of the training split",
        f"{split_name(style, found.split)}，评判 {found.judged:,} 个；由训练集 {found.learned:,} 个学得",
    )
    figure = titled(style, style.say("Linear probes over depth", "各层的线性探针"), subtitle, 480)
    places = list(range(len(found.nodes)))
    series = (
        (style.say("learned from", "学习所用样本"), found.training_score, style.quiet, "dot"),
        (split_name(style, found.split), found.score, style.accent, "solid"),
    )
    for name, values, colour, dash in series:
        figure.add_scatter(
            x=places, y=values, name=name, mode="lines+markers", line={"color": colour, "dash": dash},
            marker={"size": 8}, customdata=list(zip(map(esc, found.nodes), found.features.tolist())),
            hovertemplate="%{customdata[0]}<br>%{y:.3f}<br>%{customdata[1]} " + style.say("features", "个特征") + "<extra></extra>",
        )  # fmt: skip
    lines = (
        (style.say("guessing", "猜测"), found.baseline, "bottom left"),
        (style.say("the network", "网络本身"), found.model_score, "top right"),
    )  # apart from each other, as the two may be alike
    for name, value, place in lines:
        figure.add_hline(
            y=value, line={"color": style.muted, "dash": "dash", "width": 1},
            annotation={"text": f"{name} {number(value)}", "font": {"size": 11, "color": style.muted}},
            annotation_position=place,
        )  # fmt: skip
    drawn = [*found.score, *found.training_score, found.baseline, found.model_score]
    room = 0.07 * (max(drawn) - min(drawn) or 1.0)
    figure.update_xaxes(tickangle=-40, **step_ticks([short(n.removesuffix(".y"), 22) for n in found.nodes], 40))
    figure.update_yaxes(title_text=what, range=[min(drawn) - room, max(drawn) + room])
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"})
    return figure


def similarity_figure(found: Similarity, style: Style) -> go.Figure:
    """Rows are the layers of this model, columns those of the other."""
    count = style.say(f"{found.samples:,} compared", f"比较 {found.samples:,} 个")
    other = style.say("its first weights", "初始权重") if found.other == INITIAL else esc(found.other)
    title = style.say("Similarity of layers", "层间相似度")
    if found.other:
        title = style.say(f"Similarity of layers with {other}", f"与{other}的层间相似度")
    kind = style.say("debiased linear CKA", "去偏线性 CKA") if found.debiased else style.say("linear CKA", "线性 CKA")
    size = max(len(found.nodes), len(found.others))
    figure = titled(
        style,
        title,
        style.say(", ", "，").join((kind, split_name(style, found.split), count)),
        int(min(860, 260 + 34 * min(size, 18))),
    )
    rows, columns = ([short(n.removesuffix(".y"), 22) for n in names] for names in (found.nodes, found.others))
    scale = colours(style, found.values, "CKA", signed=False) | {"zmin": 0, "zmax": 1}
    figure.add_heatmap(
        z=found.values, **scale, xgap=1, ygap=1, text=[[f"{a} – {b}" for b in columns] for a in rows],
        texttemplate="%{z:.2f}" if size <= _WRITTEN else None, hovertemplate="%{text}<br>%{z:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(
        title_text=other if found.other else None, tickangle=-40, showgrid=False, constrain="domain", **step_ticks(columns, 40)
    )  # fmt: skip
    figure.update_yaxes(
        autorange="reversed", showgrid=False, scaleanchor="x", constrain="domain", **step_ticks(rows, 40)
    )
    return figure


def epochs_figure(found: Epochs, style: Style) -> go.Figure:
    """Rows are layers, columns the epochs that were kept."""
    count = style.say(f"{found.samples:,} compared", f"比较 {found.samples:,} 个")
    what = style.say(", ", "，").join(
        (style.say("debiased linear CKA", "去偏线性 CKA"), split_name(style, found.split), count)
    )
    title = style.say("Similarity of each layer with its trained self, by epoch", "各层在每一轮与训练结束时的相似度")
    figure = titled(style, title, what, int(min(820, 220 + 34 * min(len(found.nodes), 18))))
    scale = colours(style, found.values, "CKA", signed=False) | {"zmin": 0, "zmax": 1}
    figure.add_heatmap(
        z=found.values, **scale, xgap=1, ygap=1, texttemplate="%{z:.2f}" if found.values.size <= _WRITTEN**2 else None,
        hovertemplate="%{y} · %{x}<br>%{z:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(
        title_text=style.say("finished epochs", "已完成轮次"),
        showgrid=False,
        **step_ticks([f"{e}" for e in found.epochs], 40),
    )
    rows = [short(n.removesuffix(".y"), 22) for n in found.nodes]
    figure.update_yaxes(autorange="reversed", showgrid=False, **step_ticks(rows, 40))
    return figure
