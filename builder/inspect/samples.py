"""Samples to look at: from a split of the data, or a person's own image, text, row of a table or series."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from builder.compiler import Compiled, End
from builder.inspect.errors import InspectError
from components.data._base import Reading, TextDataset
from components.data._images import fault
from components.data._ink import HandDrawn
from components.tensor_spec import TensorSpec

Upload = Literal["image", "text", "table", "series"]
Fit = Literal["stretch", "crop", "pad", "ink"]

IMAGE_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MAX_PIXELS = 40_000_000
MAX_SHEET = 512  # pixels: more show nothing of a digit's ink
MAX_TEXT = 100_000  # characters


@dataclass(frozen=True)
class Sample:
    """One sample as a batch of one (or the one graph of a graph data set), by data port.

    Args:
        inputs: the tensors.
        key: what tells it from other samples.
        name: how it is called, in English.
        name_zh: and in Chinese.
    """

    inputs: Mapping[End, Tensor]
    key: tuple[Any, ...]
    name: str
    name_zh: str

    def label(self, language: str) -> str:
        return self.name_zh if language == "zh" else self.name


@dataclass(frozen=True)
class Entry:
    """Where an uploaded sample enters: a data port that the predictions need, and what it takes."""

    end: End
    takes: Upload
    spec: TensorSpec


def find_entry(compiled: Compiled, needed: Sequence[End]) -> Entry | None:
    """The port for uploads, where the data are images, texts, rows of a table or series."""
    for path, port in needed:
        data, spec = compiled.dataset(path), compiled.dataset(path).spec()[port]
        if spec.dtype.startswith("int") and len(spec.shape) == 2 and isinstance(data, TextDataset):
            return Entry((path, port), "text", spec)
        if not spec.dtype.startswith("float") or spec.shape[:1] != ("B",):
            continue
        if len(spec.shape) == 4 and spec.shape[1] in (1, 3) and all(isinstance(s, int) for s in spec.shape[1:]):
            return Entry((path, port), "image", spec)
        if len(spec.shape) == 2 and isinstance(spec.shape[1], int):
            return Entry((path, port), "table", spec)
        if len(spec.shape) == 3 and data.modality == "series" and all(isinstance(s, int) for s in spec.shape[1:]):
            return Entry((path, port), "series", spec)
    return None


def from_image(compiled: Compiled, entry: Entry, content: bytes, fit: Fit = "stretch", invert: bool = False) -> Sample:
    """An image file in the shape of the data, its intensities in [0, 1].

    Args:
        content: a PNG, JPEG, BMP, GIF or WEBP file.
        fit: what happens to an image of other proportions: stretched, cut at the longer sides, or filled up with black.
            ``ink``: what was written is given size and place as in the data set, which must say how.
        invert: swaps light and dark (a pen on white paper, for a model of white digits on black).

    Raises:
        InspectError: the file is no image or too large, or the data set knows of no ink.
    """
    from PIL import Image, ImageOps

    data = compiled.dataset(entry.end[0])
    fits = ("stretch", "crop", "pad", *(("ink",) if isinstance(data, HandDrawn) else ()))
    if fit not in fits:
        raise InspectError(
            f"The 'fit' of an image must be {', '.join(fits[:-1])} or {fits[-1]}. Got {fit!r} instead.",
            f"图像的 fit 必须是 {'、'.join(fits[:-1])} 或 {fits[-1]}，收到 {fit!r}。",
        )
    channels, height, width = (int(s) for s in entry.spec.shape[1:])
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels, more than {MAX_PIXELS}")
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except Exception as error:  # whatever a decoder stumbles over in bytes of unknown origin
        reason = fault(error)
        raise InspectError(
            f"This file is not a readable image ({reason}). Use {', '.join(IMAGE_FORMATS)}.",
            f"该文件不是可读的图像（{reason}）。请使用 {'、'.join(IMAGE_FORMATS)}。",
        ) from None
    paper = Image.new("RGBA", upright.size, "white")  # what is transparent is usually meant to lie on paper
    paper.alpha_composite(upright)
    picture = paper.convert("RGB" if channels == 3 else "L")
    if invert:
        picture = ImageOps.invert(picture)
    size = (width, height)
    if fit == "ink" and isinstance(data, HandDrawn):
        picture = picture.convert("L")
        picture.thumbnail((MAX_SHEET, MAX_SHEET))
        drawn = data.from_ink(np.asarray(picture, dtype=np.float32) / np.float32(255))
        return uploaded({entry.end: torch.from_numpy(drawn)[None, None]}, drawn.tobytes(), "your image", "你的图像")
    if fit == "stretch":
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    else:
        picture = (ImageOps.fit if fit == "crop" else ImageOps.pad)(picture, size, Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(picture, dtype=np.float32) / 255)
    x = pixels.permute(2, 0, 1) if channels == 3 else pixels[None]
    return uploaded({entry.end: x[None]}, content + f"{fit} {invert}".encode(), "your image", "你的图像")


def read_text(compiled: Compiled, entry: Entry, text: str) -> Reading:
    """How the data set reads a text: its tokens, which of them it knows, and which it leaves out.

    Raises:
        InspectError: it is empty or too long.
    """
    if len(text) > MAX_TEXT:
        raise InspectError(
            f"A text can have at most {MAX_TEXT} characters. Got {len(text)} instead.",
            f"文本最多 {MAX_TEXT} 个字符，收到 {len(text)} 个。",
        )
    if not text.strip():
        raise InspectError("The text is empty.", "文本为空。")
    data = compiled.dataset(entry.end[0])
    if not isinstance(data, TextDataset):
        raise TypeError(f"The data of '{entry.end[0]}' must be texts. Got {type(data).__name__} instead.")
    return data.read(text)


def from_text(compiled: Compiled, entry: Entry, text: str) -> Sample:
    """A text as token ids, by the vocabulary of the data set.

    Raises:
        InspectError: it is too long, or holds nothing that can be read.
    """
    found = read_text(compiled, entry, text)
    if found.start == found.stop:
        raise InspectError("Nothing of the text is in the vocabulary.", "文本中没有任何内容在词表内。")
    inputs = {(entry.end[0], port): tensor for port, tensor in found.tensors.items()}
    return uploaded(inputs, text.encode(errors="replace"), "your text", "你的文本")


def from_row(compiled: Compiled, entry: Entry, row: Mapping[str, float] | Sequence[float]) -> Sample:
    """A row of a table: numbers in the order of the features, or by their names.

    Raises:
        InspectError: a feature is missing or unknown, or a value is no finite number.
    """
    names = feature_names(compiled, entry.end)
    if isinstance(row, Mapping):
        unknown, missing = [n for n in row if n not in names], [n for n in names if n not in row]
        if unknown or missing:
            word, word_zh = ("unknown", "未知") if unknown else ("missing", "缺少")
            name = (unknown or missing)[0]
            raise InspectError(
                f"The row must give the features {_some(names)}. '{name}' is {word}.",
                f"这一行应给出特征 {_some(names)}，“{name}”{word_zh}。",
            )
        row = [row[name] for name in names]
    if len(row) != len(names):
        raise InspectError(
            f"The row must have {len(names)} numbers ({_some(names)}). Got {len(row)} instead.",
            f"这一行应有 {len(names)} 个数（{_some(names)}），收到 {len(row)} 个。",
        )
    for name, value in zip(names, row, strict=True):
        if not _is_number(value):
            raise InspectError(
                f"The feature '{name}' must be a finite number. Got {value!r} instead.",
                f"特征“{name}”必须是有限的数字，收到 {value!r}。",
            )
    x = torch.tensor([[float(v) for v in row]], dtype=torch.float32)
    return uploaded({entry.end: x}, x.numpy().tobytes(), "your row", "你的数据行")


def from_series(compiled: Compiled, entry: Entry, rows: Sequence[Sequence[float]]) -> Sample:
    """A series: a list of steps, each with a number for every channel.

    A shorter one than those of the data is padded, where the data set has padding.

    Raises:
        InspectError: it has too many steps, other channels, or a value that is no finite number.
    """
    data = compiled.dataset(entry.end[0])
    first = bool(getattr(data, "channels_first", False))
    sizes = [int(s) for s in entry.spec.shape[1:]]
    channels, steps = sizes if first else sizes[::-1]
    padded = "pad" in data.spec()
    if not (1 if padded else steps) <= len(rows) <= steps:
        expected = f"1 to {steps}" if padded else str(steps)
        raise InspectError(
            f"The series must have {expected} steps. Got {len(rows)} instead.",
            f"序列应有 {expected.replace(' to ', ' 至 ')} 步，收到 {len(rows)} 步。",
        )
    for place, row in enumerate(rows):
        if len(row) != channels:
            raise InspectError(
                f"Each step of the series must have {channels} numbers. Step {place + 1} has {len(row)} instead.",
                f"序列的每一步应有 {channels} 个数，第 {place + 1} 步有 {len(row)} 个。",
            )
        for value in row:
            if not _is_number(value):
                raise InspectError(
                    f"Step {place + 1} of the series must hold finite numbers. Got {value!r} instead.",
                    f"序列第 {place + 1} 步必须是有限的数字，收到 {value!r}。",
                )
    x = torch.zeros(1, steps, channels)
    x[0, : len(rows)] = torch.tensor(rows, dtype=torch.float32)
    inputs = {entry.end: x.transpose(1, 2).contiguous() if first else x}
    if padded:
        inputs[entry.end[0], "pad"] = torch.arange(steps)[None] >= len(rows)
    return uploaded(inputs, x.numpy().tobytes() + str(len(rows)).encode(), "your series", "你的序列")


def feature_names(compiled: Compiled, end: End) -> tuple[str, ...]:
    """The names of the features of a data port, numbered where the data set does not say."""
    data = compiled.dataset(end[0])
    count = data.spec()[end[1]].shape[-1]
    count = count if isinstance(count, int) else 0
    known = data.info.get("features", ()) if end[1] == "x" else ()
    return tuple(map(str, known)) if len(known) == count else tuple(f"x{i}" for i in range(count))


def _is_number(value: Any) -> bool:
    """Whether a value is a number that float32 can hold."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return number and bool(abs(value) <= torch.finfo(torch.float32).max)  # false for NaN and infinity too


def _some(names: Sequence[str], limit: int = 6) -> str:
    return ", ".join(names[:limit]) + (" ..." if len(names) > limit else "")


def uploaded(inputs: Mapping[End, Tensor], content: bytes, name: str, name_zh: str) -> Sample:
    """A sample of one's own; its content tells it from others."""
    return Sample(dict(inputs), ("upload", hashlib.sha256(content).hexdigest()), name, name_zh)
