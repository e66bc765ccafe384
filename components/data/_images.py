"""Reads a zip of class folders full of images: checks every name and size first, extracts nothing to disk."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.data._errors import DataError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MAX_FILES = 50_000
MAX_FILE_BYTES = 32 * 2**20  # of one image, unpacked
MAX_TOTAL_BYTES = 2 * 2**30  # of all images, unpacked; and of all pixels after resizing
MAX_PIXELS = 40_000_000  # of one image


@lru_cache(maxsize=8)
def list_images(path: Path, _state: tuple[int, int]) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """The classes in alphabetical order, and the name and class of every image.

    Args:
        path: the archive.
        _state: the fingerprint of the file, so that a new file of the same name is read again.

    Raises:
        DataError: not a zip, or it holds an unsafe name, a link, an encrypted file, something that is no image, images
            outside class folders, one class only, or more than the limits.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not _is_litter(m.filename)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _error(path, f"is not a readable zip archive ({error}).", f"不是可读的 zip 压缩包（{error}）。") from None
    if len(members) > MAX_FILES:
        raise _error(
            path,
            f"must hold at most {MAX_FILES} files. Got {len(members)} instead.",
            f"最多包含 {MAX_FILES} 个文件，收到 {len(members)} 个。",
        )
    for member in members:
        _check_member(path, member)
    total = sum(member.file_size for member in members)
    if total > MAX_TOTAL_BYTES:
        raise _error(
            path,
            f"must unpack to at most {MAX_TOTAL_BYTES} bytes. Got {total} instead.",
            f"解压后不能超过 {MAX_TOTAL_BYTES} 字节，收到 {total} 字节。",
        )
    folders = {m.filename: PurePosixPath(m.filename).parts[:-1] for m in members}
    # A single folder around the class folders is how most programs zip a folder.
    outer = {parts[:1] for parts in folders.values()}
    depth = 1 if len(outer) == 1 and all(len(parts) > 1 for parts in folders.values()) else 0
    for name, parts in folders.items():
        if len(parts) != depth + 1:
            raise _error(
                path,
                f"{name!r} must lie directly in the folder of its class, as in 'cat/1.png'.",
                f"{name!r} 必须直接位于其类别的文件夹中，如 cat/1.png。",
            )
    classes = tuple(sorted({parts[depth] for parts in folders.values()}))
    if len(classes) < 2:
        raise _error(
            path,
            f"must hold at least two class folders. Got {len(classes)} instead.",
            f"至少要有两个类别文件夹，收到 {len(classes)} 个。",
        )
    return classes, tuple((name, classes.index(parts[depth])) for name, parts in sorted(folders.items()))


@lru_cache(maxsize=2)
def read_images(path: Path, state: tuple[int, int], size: int, channels: int) -> NDArray[np.uint8]:
    """The images (B, channels, size, size) in the order of ``list_images``, each resized to a square.

    Raises:
        DataError: an image is broken, of another format or too large; names it.
    """
    names = [name for name, _ in list_images(path, state)[1]]
    if len(names) * channels * size * size > MAX_TOTAL_BYTES:
        raise _error(
            path,
            f"gives more than {MAX_TOTAL_BYTES} bytes of pixels at image_size {size}: choose a smaller one.",
            f"在 image_size 为 {size} 时像素超过 {MAX_TOTAL_BYTES} 字节：请减小 image_size。",
        )
    return _decode_all(path, names, size, channels)


def _decode_all(path: Path, names: Sequence[str], size: int, channels: int) -> NDArray[np.uint8]:
    from PIL import Image

    images = np.empty((len(names), channels, size, size), dtype=np.uint8)
    with zipfile.ZipFile(path) as archive:
        for slot, name in zip(images, names, strict=True):
            try:
                with Image.open(io.BytesIO(archive.read(name)), formats=FORMATS) as image:
                    if image.width * image.height > MAX_PIXELS:
                        raise ValueError(f"{image.width} x {image.height} pixels, more than {MAX_PIXELS}")
                    plain = _plain(image).convert("RGB" if channels == 3 else "L")
            except Exception as error:  # whatever a decoder stumbles over in bytes of unknown origin
                reason = fault(error)
                raise _error(
                    path,
                    f"{name!r} is not a readable image ({reason}).",
                    f"{name!r} 不是可读的图像（{reason}）。",
                ) from error
            pixels = np.asarray(plain.resize((size, size), Image.Resampling.BILINEAR))
            slot[:] = pixels.transpose(2, 0, 1) if channels == 3 else pixels[None]
    return images


def fault(error: Exception) -> str:
    """What a decoder says of an image that it cannot read."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):  # its own text names an object in memory
        return "unknown format"
    return str(error) or type(error).__name__


def _plain(image: Image.Image) -> Image.Image:
    """An image turned upright, with 8 bits a channel, on white where it is transparent."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits
        return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image


def _is_litter(name: str) -> bool:
    """Files that operating systems add on their own."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith("._") or path.name in LITTER


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    mode = member.external_attr >> 16
    if not parts or name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        rule = ("must have a path inside the archive", "路径必须位于压缩包之内")
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        rule = ("must be a plain file, not a link or device", "必须是普通文件，不能是链接或设备")
    elif member.flag_bits & 1:
        rule = ("must not be encrypted", "不能加密")
    elif PurePosixPath(name).suffix.lower() not in SUFFIXES:
        rule = (f"must be an image ({', '.join(sorted(SUFFIXES))})", f"必须是图像（{'、'.join(sorted(SUFFIXES))}）")
    elif member.file_size > MAX_FILE_BYTES:
        rule = (f"must unpack to at most {MAX_FILE_BYTES} bytes", f"解压后不能超过 {MAX_FILE_BYTES} 字节")
    else:
        return
    raise _error(path, f"{name!r} {rule[0]}.", f"{name!r} {rule[1]}。")


def _error(path: Path, message: str, message_zh: str) -> DataError:
    comma = ":" if message.startswith(("'", '"')) else ""
    return DataError(f"{path.name}{comma} {message}", f"{path.name}：{message_zh}")
