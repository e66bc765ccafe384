"""A view as a file: a picture, a page that stands alone, or the numbers behind it, with what it shows, how and what not."""

from __future__ import annotations

import dataclasses
import json
from html import escape
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from builder.graph import write_atomic
from builder.inspect.errors import InspectError
from builder.inspect.figures.style import Style
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from builder.inspect.view import compute, settle, spec_of

Format = Literal["png", "html", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

WIDTH, SCALE = 1000, 2  # of a picture: pixels of the page, and pixels of the file for each

_HEADINGS = {
    "source": ("Model", "模型"),
    "node": ("Node", "节点"),
    "sample": ("Sample", "样本"),
    "options": ("Options", "选项"),
}
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; \
style-src 'unsafe-inline'; img-src data: blob:">
<title>{title}</title>
<style>
body {{ margin: 24px auto; max-width: 1100px; padding: 0 16px; background: {paper}; color: {ink}; font: 14px/1.5 {font}; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; border-top: 1px solid {line}; padding-top: 16px; }}
dt {{ color: {muted}; }}
dd {{ margin: 0; }}
</style>
</head>
<body>
{figure}
<dl>
{words}
</dl>
</body>
</html>
"""


def save(
    inspector: Inspector,
    path: str | Path,
    view: str,
    node: str = "",
    sample: Sample | None = None,
    *,
    language: str = "en",
    dark: bool = False,
    **chosen: Any,
) -> dict[str, Any]:
    """Writes a view (see ``compute``) as PNG, HTML or JSON, by the ending of the path; the statement about it.

    Raises:
        InspectError: the view cannot be drawn so, the ending is another, or a picture needs a browser that is not there.
    """
    path = Path(path)
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise InspectError(
            f"A view is written as .png, .html or .json. Got {path.name!r} instead.",
            f"视图可写为 .png、.html 或 .json 文件，收到 {path.name!r}。",
        )
    write_atomic(path, content(inspector, ending, view, node, sample, language=language, dark=dark, **chosen))
    return statement(inspector, view, node, sample, language, **chosen)


def content(
    inspector: Inspector,
    format: Format,
    view: str,
    node: str = "",
    sample: Sample | None = None,
    *,
    language: str = "en",
    dark: bool = False,
    **chosen: Any,
) -> bytes:
    """What ``save`` writes."""
    figure, data = compute(inspector, view, node, sample, language=language, dark=dark, **chosen)
    style = Style(language, dark)
    if format == "png":
        return _picture(figure, style)
    said = statement(inspector, view, node, sample, language, **chosen)
    if format == "json":
        text = json.dumps({"statement": said, "data": to_plain(data)}, ensure_ascii=False, allow_nan=False)
        return text.encode()
    return _page(figure, said, spec_of(inspector, view).about(language), style).encode()


def statement(
    inspector: Inspector, view: str, node: str = "", sample: Sample | None = None, language: str = "en", **chosen: Any
) -> dict[str, Any]:
    """What a view shows, of which model, node and sample, with which options, by which method, within which limits."""
    spec = spec_of(inspector, view)
    shows, method, limits = spec.about(language).values()
    return {
        "view": view,
        "name": spec.label(language),
        "source": inspector.origin,
        "node": node or None,
        "sample": sample.label(language) if sample else None,
        "options": settle(inspector, view, node, sample, chosen),
        "shows": shows,
        "method": method,
        "limits": limits,
    }


def to_plain(value: Any) -> Any:
    """A result as JSON knows it: dataclasses as objects, arrays as lists; what is not finite is null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Tensor):
        return to_plain(value.detach().cpu().numpy())
    if isinstance(value, np.ndarray):
        if value.dtype.kind != "f":
            return value.tolist()
        found = value.astype(object)
        found[~np.isfinite(value)] = None
        return found.tolist()
    if isinstance(value, np.generic):
        return to_plain(value.item())
    if isinstance(value, dict):
        return {".".join(key) if isinstance(key, tuple) else str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [to_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"A result must be made of dataclasses, arrays, numbers and texts. Got {type(value).__name__}.")


def _page(figure: go.Figure, said: dict[str, Any], about: dict[str, str], style: Style) -> str:
    import plotly.io

    rows = dict(about)
    for key, words in _HEADINGS.items():
        found = said[key]
        if isinstance(found, dict):
            found = ", ".join(f"{name}: {value}" for name, value in found.items() if value is not None)
        if found:
            rows[style.say(*words)] = found
    return _PAGE.format(
        language=style.language, title=escape(f"{said['name']} · {said['source']['graph']}"), paper=style.paper,
        ink=style.ink, line=style.line, muted=style.muted, font="system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif",
        figure=plotly.io.to_html(figure, include_plotlyjs=True, full_html=False, config={"displaylogo": False}),
        words="\n".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows.items()),
    )  # fmt: skip


def _picture(figure: go.Figure, style: Style) -> bytes:
    """The figure as PNG, drawn by the browser that kaleido finds."""
    shown = go.Figure(figure).update_layout(paper_bgcolor=style.paper)
    try:
        return shown.to_image("png", width=WIDTH, height=figure.layout.height or 480, scale=SCALE)
    except Exception as error:  # kaleido, its browser or the way between them: the causes are many, the remedy is one
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InspectError(
            f"A picture needs a browser (Chrome or Chromium), which could not be used: {reason} Write .html instead.",
            f"生成图片需要浏览器（Chrome 或 Chromium），但无法使用：{reason} 请改为写入 .html。",
        ) from error
