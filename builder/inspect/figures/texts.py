"""Two texts of one sample as a figure: what is read, and what should be written."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import step_ticks, titled
from builder.inspect.figures.style import Style, esc, short
from builder.inspect.figures.values import add_tokens, in_a_row, plain_scale
from builder.inspect.values import Texts, Value


def texts_figure(texts: Texts, style: Style) -> go.Figure:
    """The tokens of both, without padding, the source above the target."""
    both = [_names(value) for value in (texts.read, texts.written)]
    per_row = max(map(in_a_row, both))
    words = (style.say("source", "源"), style.say("target", "目标"))
    names, rows, said = [], [], []
    for value, tokens, word in zip((texts.read, texts.written), both, words, strict=True):
        lines = max(1, -(-len(tokens) // per_row))
        empty = [""] * (lines * per_row - len(tokens))
        names += [*(short(token, 14) for token in tokens), *empty]
        said += [*map(str, value.array[: len(tokens)]), *empty]
        rows += [word, *[""] * (lines - 1)]
    shape = (len(rows), per_row)
    title = style.say(f"Texts at {esc(texts.read.node)}", f"{esc(texts.read.node)} 的文本")
    counts = style.say(
        f"{len(both[0])} tokens to read, {len(both[1])} to write",
        f"读入 {len(both[0])} 个词元，应写出 {len(both[1])} 个",
    )
    figure = titled(style, title, counts, 100 + 36 * len(rows))
    text = np.array(names, dtype=object).reshape(shape)
    cells = np.where(text == "", np.nan, 0.0)
    add_tokens(figure, cells, text, np.array(said, dtype=object).reshape(shape), plain_scale(style))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": style.ink}, **step_ticks(rows))
    figure.update_layout(margin={"r": 16, "b": 16, "t": 72})
    return figure


def _names(value: Value) -> tuple[str, ...]:
    """The tokens of a text, or their numbers."""
    steps = value.steps
    if steps is None:
        raise ValueError("A text must name its tokens. Got no names.")
    named = steps.kind == "tokens"
    return tuple(steps.names[: steps.real]) if named else tuple(map(str, value.array[: steps.real]))
