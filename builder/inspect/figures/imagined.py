"""Images that were found by gradients, as figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.evaluation import image_grid, split_name
from builder.inspect.figures.style import Style, esc, number, short
from builder.inspect.imagined import Inversion, Preferred
from builder.inspect.values import picture


def preferred_figure(found: Preferred, style: Style, names: Sequence[str], samples: Sequence[np.ndarray]) -> go.Figure:
    """A column for each unit: its image, its strongest sample, the noise that the search began with.

    Args:
        names: of the units.
        samples: pictures of the strongest samples.
    """
    count = len(found.units)
    title = style.say(
        f"What units of {esc(found.node)} are most active for", f"使 {esc(found.node)} 的单元最活跃的图像"
    )
    split = f"{split_name(style, found.split)} ({found.searched:,})"
    subtitle = style.say(
        f"top: found in {found.steps} steps; below: strongest sample, {split}",
        f"上：{found.steps} 步后得到；下：最强样本，{split}",
    )
    pictures = [*map(picture, found.images), *samples]
    if found.begin == "noise":
        subtitle += style.say(
            "; last: noise it began with, around grey or the mean image", "；末行：起始噪声（灰色或均值图像附近）"
        )
        pictures += map(picture, found.start)
    subtitle += style.say("; each with the unit's activation", "；数字为单元的激活值")
    captions = [
        *(f"{short(name, 8)} · {number(float(v))}" for name, v in zip(names, found.found, strict=True)),
        *(f"#{item} · {number(float(v))}" for item, v in zip(found.items, found.best, strict=True)),
        *(number(float(v)) for v in found.begun),
    ]
    return image_grid(pictures, captions[: len(pictures)], style, title, subtitle, columns=count)


def inversion_figure(found: Inversion, style: Style) -> go.Figure:
    """The sample, the images with its features, and where they differ from each other."""
    title = style.say(f"Images with the features of {esc(found.node)}", f"具有 {esc(found.node)} 特征的图像")
    start = number(float(found.start_error.mean()))
    subtitle = style.say(
        f"found in {found.steps} steps from different noise, whose features were {start} off; f: error of the features, "
        "p: of the pixels",
        f"从不同噪声出发，{found.steps} 步后得到（噪声的特征误差为 {start}）；f：特征误差，p：像素误差",
    )
    captions = [
        style.say("the sample", "当前样本"),
        *(f"f {number(float(f))} · p {number(float(p))}" for f, p in zip(found.error, found.difference, strict=True)),
        style.say(
            f"disagree by {number(float(found.spread.mean()))}", f"彼此相差 {number(float(found.spread.mean()))}"
        ),
    ]
    reach = float(found.spread.max()) or 1.0
    pictures = [picture(found.original), *map(picture, found.images)]
    spread = found.spread / reach
    pictures.append(spread if pictures[0].ndim == 2 else np.repeat(spread[..., None], 3, 2))
    return image_grid(pictures, captions, style, title, subtitle)
