"""A preview of data as HTML: sizes, class balance, samples as pictures, curves, texts or rows. Texts are escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from builder.ui import drawing, plots
from builder.ui.text import text

Preview = Mapping[str, Any]

MOST_CLASSES = 24
MOST_COLUMNS = 14
MOST_CHANNELS = 4
LETTERS = 320
CURVE_W, CURVE_H = 150.0, 54.0


def sizes(found: Preview, language: str) -> str:
    """How many samples each split has, and what leaves at each port."""
    cells = [(text(f"split_{name}", language), f"{count:,}") for name, count in found["sizes"].items()]
    if "nodes" in found:
        cells += [
            (text("data_nodes", language), f"{found['nodes']:,}"),
            (text("data_edges", language), f"{found['edge_index'].shape[1]:,}"),
        ]
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in cells)
    ports = "".join(
        f"<div><dt>{escape(port)}</dt><dd><code>{escape(spec)}</code>{_range(found['ranges'].get(port))}</dd></div>"
        for port, spec in found["ports"].items()
    )
    return f'<dl class="data-sizes">{shown}</dl><dl class="data-ports">{ports}</dl>'


def _range(limits: Sequence[float] | None) -> str:
    return "" if limits is None else f"<span>{limits[0]:.4g} … {limits[1]:.4g}</span>"


def balance(counts: Mapping[str, int], language: str) -> str:
    """The samples of each class as bars; of very many classes the most frequent."""
    ordered = list(counts.items())
    if len(ordered) > MOST_CLASSES:
        ordered = sorted(ordered, key=lambda item: -item[1])[:MOST_CLASSES]
    most, total = max(counts.values(), default=0) or 1, sum(counts.values()) or 1
    rows = "".join(
        f'<div class="bar"><span title="{escape(name)}">{escape(name)}</span>'
        f'<i><b style="width:{100 * n / most:.1f}%"></b></i><em title="{n / total:.1%}">{n:,}</em></div>'
        for name, n in ordered
    )
    rest = len(counts) - len(ordered)
    more = f"<p>{escape(text('data_more_classes', language, n=rest))}</p>" if rest else ""
    return f'<div class="data-balance">{rows}{more}</div>'


def samples(found: Preview, language: str) -> str:
    """Some samples, drawn as what they are."""
    shown = found["samples"]
    if not shown:
        return f"<p>{escape(text('data_no_samples', language))}</p>"
    modality = found["modality"]
    if modality == "image" and _pictures(shown):
        return _grid(_image(sample["x"]) for sample in shown) if "y" not in shown[0] else _labelled(shown, found)
    if modality == "series":
        return _figures([(_curve(sample["x"], found), _label(sample)) for sample in shown], "series")
    if modality == "text" or "text" in shown[0]:
        return _texts(shown)
    return _table(shown)


def _pictures(shown: Sequence[Mapping[str, Any]]) -> bool:
    x = shown[0]["x"]
    return isinstance(x, np.ndarray) and x.ndim == 3 and x.shape[0] in (1, 3)


def _labelled(shown: Sequence[Mapping[str, Any]], found: Preview) -> str:
    """Images with their class, or beside the image that they should become."""
    items = []
    for sample in shown:
        picture, y = _image(sample["x"]), sample["y"]
        if isinstance(y, np.ndarray) and y.ndim == 3 and y.shape[0] in (1, 3):
            picture += _image(y)
        items.append((picture, _label(sample)))
    return _figures(items, "images")


def _grid(pictures: Any) -> str:
    return _figures([(picture, "") for picture in pictures], "images")


def _figures(items: Sequence[tuple[str, str]], kind: str) -> str:
    cells = "".join(
        f"<figure>{picture}{f'<figcaption>{escape(label)}</figcaption>' if label else ''}</figure>"
        for picture, label in items
    )
    return f'<div class="data-{kind}">{cells}</div>'


def _label(sample: Mapping[str, Any]) -> str:
    if "label" in sample:
        return str(sample["label"])
    y = sample.get("y")
    return (
        f"{y:.4g}" if isinstance(y, int | float) else _numbers(y) if isinstance(y, np.ndarray) and y.size <= 3 else ""
    )


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{v:.4g}" for v in values.flatten().tolist())


def image_uri(array: np.ndarray) -> str:
    """An image (C, H, W) with intensities in [0, 1] as the address of a PNG; other ranges are stretched to it."""
    from PIL import Image

    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        array = (array - low) / max(high - low, 1e-12)
    pixels = (array * 255).round().astype(np.uint8)
    picture = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _image(array: np.ndarray) -> str:
    return f'<img src="{image_uri(array)}" alt="">'


def _curve(array: np.ndarray, found: Preview) -> str:
    """A series, its channels one over the other. The longer axis is time."""
    channels = (array if array.shape[0] <= array.shape[1] else array.T)[:MOST_CHANNELS]
    low, high = float(channels.min()), float(channels.max())
    lines = []
    for channel in channels:
        across, up = (CURVE_W - 2) / max(len(channel) - 1, 1), (CURVE_H - 4) / ((high - low) or 1)
        points = (f"{1 + i * across:.1f},{CURVE_H - 2 - (v - low) * up:.1f}" for i, v in enumerate(channel.tolist()))
        lines.append(" ".join(points))

    def drawn(mode: int) -> str:
        colours = [colour[mode] for colour in plots.COLOURS]
        return "".join(
            f"<polyline points='{line}' fill='none' stroke-width='1.2' stroke='{colours[i % len(colours)]}'/>"
            for i, line in enumerate(lines)
        )

    return drawing.image(drawn, "curve", CURVE_W, CURVE_H)


def _texts(shown: Sequence[Mapping[str, Any]]) -> str:
    items = []
    for sample in shown:
        plain = str(sample.get("text", ""))
        cut = plain if len(plain) <= LETTERS else plain[: LETTERS - 1] + "…"
        label = f"<b>{escape(str(sample['label']))}</b>" if "label" in sample else ""
        items.append(f"<li>{label}{escape(cut)}</li>")
    return f'<ul class="data-texts">{"".join(items)}</ul>'


def _table(shown: Sequence[Mapping[str, Any]]) -> str:
    """Rows of a table, or of a node's features; only the first columns of a wide one."""
    first = shown[0]
    names = list(first["row"]) if "row" in first else [f"x{i}" for i in range(np.size(first.get("x", ())))]
    kept = names[:MOST_COLUMNS]
    heads = "".join(
        f"<th>{escape(name)}</th>" for name in ["#", *kept, *(["…"] if len(names) > len(kept) else []), "y"]
    )
    body = []
    for sample in shown:
        values = list(sample["row"].values()) if "row" in sample else np.ravel(sample.get("x", ())).tolist()
        cells = [str(sample["index"]), *(f"{v:.4g}" for v in values[: len(kept)])]
        cells += ["…"] if len(names) > len(kept) else []
        body.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in [*cells, _label(sample)]) + "</tr>")
    return f'<div class="page-table"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
