"""Samples to look at: from a split of the data, or a person's own image, text or row of a table."""

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
from components.tensor_spec import TensorSpec

Upload = Literal["image", "text", "table"]
Fit = Literal["stretch", "crop", "pad"]

IMAGE_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MAX_PIXELS = 40_000_000
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
    """The port for uploads, where the data are images, encoded text or rows of a table."""
    for path, port in needed:
        data, spec = compiled.dataset(path), compiled.dataset(path).spec()[port]
        if spec.dtype.startswith("int") and len(spec.shape) == 2 and hasattr(data, "encode"):
            return Entry((path, port), "text", spec)
        if not spec.dtype.startswith("float") or spec.shape[:1] != ("B",):
            continue
        if len(spec.shape) == 4 and spec.shape[1] in (1, 3) and all(isinstance(s, int) for s in spec.shape[1:]):
            return Entry((path, port), "image", spec)
        if len(spec.shape) == 2 and isinstance(spec.shape[1], int):
            return Entry((path, port), "table", spec)
    return None


def from_image(entry: Entry, content: bytes, fit: Fit = "stretch", invert: bool = False) -> Sample:
    """An image file in the shape of the data, its intensities in [0, 1].

    Args:
        content: a PNG, JPEG, BMP, GIF or WEBP file.
        fit: what happens to an image of other proportions: stretched, cut at the longer sides, or filled up with black.
        invert: swaps light and dark (a pen on white paper, for a model of white digits on black).

    Raises:
        InspectError: the file is no image or too large.
    """
    from PIL import Image, ImageOps

    if fit not in ("stretch", "crop", "pad"):
        raise InspectError(
            f"The 'fit' of an image must be stretch, crop or pad. Got {fit!r} instead.",
            f"图像的 fit 必须是 stretch、crop 或 pad，收到 {fit!r}。",
        )
    channels, height, width = (int(s) for s in entry.spec.shape[1:])
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels, more than {MAX_PIXELS}")
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except Exception as error:  # whatever a decoder stumbles over in bytes of unknown origin
        reason = str(error) or type(error).__name__
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
    if fit == "stretch":
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    else:
        picture = (ImageOps.fit if fit == "crop" else ImageOps.pad)(picture, size, Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(picture, dtype=np.float32) / 255)
    x = pixels.permute(2, 0, 1) if channels == 3 else pixels[None]
    return _uploaded({entry.end: x[None]}, content + f"{fit} {invert}".encode(), "your image", "你的图像")


def from_text(compiled: Compiled, entry: Entry, text: str) -> Sample:
    """A text as token ids, by the vocabulary of the data set; of a text too long for a language model, the end.

    Raises:
        InspectError: it is too long, or holds nothing that the vocabulary knows.
    """
    if len(text) > MAX_TEXT:
        raise InspectError(
            f"A text can have at most {MAX_TEXT} characters. Got {len(text)} instead.",
            f"文本最多 {MAX_TEXT} 个字符，收到 {len(text)} 个。",
        )
    if not text.strip():
        raise InspectError("The text is empty.", "文本为空。")
    path, port = entry.end
    encoded = compiled.dataset(path).encode(text)
    if isinstance(encoded, Mapping):
        inputs = {(path, name): tensor for name, tensor in encoded.items()}
    else:
        steps = entry.spec.shape[1]
        ids = torch.as_tensor(np.asarray(encoded))[None]
        inputs = {(path, port): ids[:, -steps:] if isinstance(steps, int) else ids}
    if not inputs[entry.end].numel():
        raise InspectError("No character of the text is in the vocabulary.", "文本中没有任何字符在词表内。")
    return _uploaded(inputs, text.encode(errors="replace"), "your text", "你的文本")


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
    return _uploaded({entry.end: x}, x.numpy().tobytes(), "your row", "你的数据行")


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


def _uploaded(inputs: Mapping[End, Tensor], content: bytes, name: str, name_zh: str) -> Sample:
    return Sample(dict(inputs), ("upload", hashlib.sha256(content).hexdigest()), name, name_zh)
