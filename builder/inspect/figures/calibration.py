"""A reliability diagram."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.calibration import Calibration
from builder.inspect.figures.canvas import titled
from builder.inspect.figures.evaluation import split_name
from builder.inspect.figures.style import Style
from builder.inspect.interval import wilson


def calibration_figure(found: Calibration, style: Style) -> go.Figure:
    """The share that is right against how sure the model was, bin by bin; on the line both are equal."""
    total = int(found.count.sum())
    subtitle = style.say(
        f"{split_name(style, found.split)}, {total:,} items; expected calibration error {found.expected_error:.3f}, "
        f"greatest {found.greatest_error:.3f}; sure {found.mean_confidence:.3f}, right {found.mean_accuracy:.3f}",
        f"{split_name(style, found.split)}，{total:,} 项；期望校准误差 {found.expected_error:.3f}，"
        f"最大 {found.greatest_error:.3f}；平均置信度 {found.mean_confidence:.3f}，准确率 {found.mean_accuracy:.3f}",
    )
    figure = titled(style, style.say("Calibration", "校准"), subtitle, 520)
    width = np.diff(found.edges)
    figure.add_bar(
        x=found.edges[:-1] + width / 2, y=found.count / max(total, 1), width=width * 0.92, marker_color=style.line,
        name=style.say("share of the items", "所占比例"), customdata=found.count,
        hovertemplate="%{customdata} · %{y:.1%}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": style.muted, "dash": "dot"}, hoverinfo="skip", showlegend=False
    )
    some = found.count > 0
    share, count = found.accuracy[some], found.count[some]
    lowest, highest = wilson(share, count)
    figure.add_scatter(
        x=found.confidence[some], y=share, mode="markers", name=style.say("right", "正确率"), customdata=count,
        marker={"size": 8, "color": style.accent},
        error_y={
            "type": "data", "array": highest - share, "arrayminus": share - lowest, "color": style.accent, "thickness": 1,
        },
        hovertemplate=style.say("sure", "置信度") + " %{x:.3f}<br>" + style.say("right", "正确率")
        + " %{y:.3f}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text=style.say("probability of the class that was named", "所判类别的概率"), range=[0, 1])
    figure.update_yaxes(title_text=style.say("share", "比例"), range=[-0.02, 1.04])
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"})
    return figure
