"""What visualizer nodes have shown, as HTML: grids of images and maps, lists of sequences, vectors as strips.

Texts are escaped.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

MOST_IMAGES, MOST_SEQUENCES, MOST_VECTORS = 256, 40, 64
MOST_TOKENS = 400
GAP = 1  # pixels between the images of a grid
END = "<end>"
BELOW, NOTHING, ABOVE = (0.15, 0.42, 0.85), (0.97, 0.97, 0.97), (0.85, 0.33, 0.0)  # of maps, red, green and blue


def count_shown(form: str, count: int) -> int:
    """How many of so many samples are shown."""
    most = {"images": MOST_IMAGES, "maps": MOST_IMAGES, "sequences": MOST_SEQUENCES, "vectors": MOST_VECTORS}[form]
    return min(count, most)


def images(values: np.ndarray, alt: str) -> str:
    """A grid of images (B, 1 or 3, H, W) in [0, 1]."""
    tiles = np.clip(np.nan_to_num(values[:MOST_IMAGES].astype(np.float64)), 0, 1)
    count, channels, height, width = tiles.shape
    columns = _columns(count)
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    for place, tile in enumerate(tiles):
        y, x = (place // columns) * (height + GAP), (place % columns) * (width + GAP)
        pixels = (np.broadcast_to(tile, (3, height, width)) if channels == 1 else tile[:3]) * 255
        sheet[y : y + height, x : x + width, :3] = pixels.round().transpose(1, 2, 0)
        sheet[y : y + height, x : x + width, 3] = 255
    stream = io.BytesIO()
    Image.fromarray(sheet).save(stream, "PNG")
    source = base64.b64encode(stream.getvalue()).decode()
    wide = min(columns * max(width * 2, 64), 620)
    return (
        f'<img class="generated-images" style="width:{wide}px" src="data:image/png;base64,{source}" '
        f'alt="{escape(alt)}">'
    )


def maps(values: np.ndarray, alt: str) -> str:
    """A grid of maps (B, H, W) or (B, C, H, W), summed over C: orange above zero, blue below, each on its own scale."""
    rows = np.nan_to_num(values[:MOST_IMAGES].astype(np.float64))
    rows = rows if rows.ndim == 3 else rows.sum(1)
    share = rows / np.maximum(np.abs(rows).max(axis=(1, 2), keepdims=True), 1e-12)
    channels = [np.interp(share, (-1, 0, 1), ends) for ends in zip(BELOW, NOTHING, ABOVE, strict=True)]
    return images(np.stack(channels, 1), alt)


def _columns(count: int) -> int:
    """Of a grid: as many as rows, eights where that comes out even (ways between two samples are often of 8 steps)."""
    if count <= 8:
        return max(count, 1)
    if count % 8 == 0 and count <= 128:
        return 8 if count <= 64 else 16
    return math.ceil(math.sqrt(count))


def sequences(values: np.ndarray, words: Sequence[str], given: Sequence[str]) -> str:
    """A list of sequences of tokens (B, T).

    Args:
        words: what each token stands for; numbers are shown where this is empty.
        given: what the first samples were made from.
    """
    rows = []
    for place, tokens in enumerate(values[:MOST_SEQUENCES]):
        source = f"<b>{escape(given[place])}</b>" if place < len(given) else f"<b>{place + 1}</b>"
        rows.append(f"<li>{source}<span>{escape(spoken(tokens.tolist(), words) or '–')}</span></li>")
    return f'<ol class="generated-sequences">{"".join(rows)}</ol>'


def spoken(tokens: Sequence[int], words: Sequence[str]) -> str:
    """Tokens as words up to the end of the sequence; as numbers where the words do not cover them."""
    shown = [int(token) for token in tokens[:MOST_TOKENS] if token >= 0]
    if not words or any(token >= len(words) for token in shown):
        return " ".join(map(str, shown))
    found = []
    for token in shown:
        if words[token] == END:
            break
        if not (words[token].startswith("<") and words[token].endswith(">")):
            found.append(words[token])
    return " ".join(found)


def vectors(values: np.ndarray, alt: str) -> str:
    """Vectors (B, D) as rows of a picture, from the least value (dark) to the greatest."""
    rows = np.nan_to_num(values[:MOST_VECTORS].astype(np.float64)).reshape(len(values[:MOST_VECTORS]), -1)
    low, high = (float(rows.min()), float(rows.max())) if rows.size else (0.0, 1.0)
    stream = io.BytesIO()
    Image.fromarray(((rows - low) / ((high - low) or 1) * 255).round().astype(np.uint8)).save(stream, "PNG")
    source = base64.b64encode(stream.getvalue()).decode()
    return (
        f'<img class="generated-vectors" src="data:image/png;base64,{source}" alt="{escape(alt)}">'
        f'<div class="generated-range">{low:.3g} … {high:.3g}</div>'
    )


def read(path: Path) -> np.ndarray:
    """The tensor of a file, without torch.

    Raises:
        ValueError, OSError: the file is damaged or gone.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)["value"]
    except (SafetensorError, KeyError) as error:
        raise ValueError(str(error)) from error
