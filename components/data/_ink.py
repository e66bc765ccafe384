"""Ink on a sheet as pictures of handwritten digits: what the makers of MNIST and of the digits of UCI did with theirs."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FIELD, BOX, CENTRE = (
    28,
    20,
    14,
)  # MNIST, in pixels: the picture, the box of a digit, and the pixel of its centre of mass
BITMAP, BLOCK, COLUMN = (
    64,
    8,
    40,
)  # UCI at twice its resolution, in pixels: bitmap, its blocks, how wide a digit is made
INK = 0.33  # of the bitmap: each digit of UCI has about so much, whatever pen wrote it
THIN = 3  # a digit this many times as high as wide (a one) is not made wider
EDGE = 0.1  # of a digit's height: where its slant is measured

Ink = NDArray[np.float32]  # (H, W) from 0, paper, to 1, ink


@runtime_checkable
class HandDrawn(Protocol):
    """A data set of pictures that people drew."""

    def from_ink(self, ink: Ink) -> Ink:
        """A picture (H, W) as those of the data set, of ink on a sheet of any size."""
        ...


def centred_by_mass(ink: Ink) -> Ink:
    """A digit as in MNIST: in a box of 20x20 pixels, its centre of mass in the middle of 28x28.

    Source: LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 1998
    """
    field = np.zeros((FIELD, FIELD), np.float32)
    digit = _cut(ink)
    if digit is None:
        return field
    height, width = digit.shape
    scale = BOX / max(height, width)
    small = _resized(digit, max(1, round(height * scale)), max(1, round(width * scale)))
    small /= small.max()
    corner = []
    for axis, size in enumerate(small.shape):
        mass = small.sum(axis=1 - axis)
        middle = float((mass * np.arange(size)).sum() / mass.sum())
        corner.append(min(max(round(CENTRE - middle), 0), FIELD - size))
    top, left = corner
    field[top : top + small.shape[0], left : left + small.shape[1]] = small
    return field


def block_counts(ink: Ink) -> Ink:
    """A digit as in the 8x8 digits: upright, from the top of a bitmap to its bottom, its ink counted in 8x8 blocks.

    The pen is made thicker or thinner until the digit has as much ink as the others have.

    Source: Garris et al., NIST form-based handprint recognition system, NISTIR 5469, 1994, which normalised the bitmaps
    """
    from scipy.ndimage import distance_transform_edt  # late: it takes a while to load

    blocks = BITMAP // BLOCK
    digit = _cut(ink)
    digit = None if digit is None else _cut(_upright(digit))
    if digit is None:
        return np.zeros((blocks, blocks), np.float32)
    height, width = digit.shape
    columns = COLUMN if height < THIN * width else max(1, round(BITMAP * width / height))
    small = _resized(digit, BITMAP, columns)
    bitmap = np.zeros((BITMAP, BITMAP), bool)
    left = (BITMAP - columns) // 2
    bitmap[:, left : left + columns] = small > small.max() / 2
    depth = np.asarray(distance_transform_edt(bitmap)) - np.asarray(distance_transform_edt(~bitmap))
    depth[:, :BLOCK] = depth[:, -BLOCK:] = -np.inf  # hardly a digit of the data reaches the outermost blocks
    grown = depth >= np.quantile(depth, 1 - INK)
    return grown.reshape(blocks, BLOCK, blocks, BLOCK).mean(axis=(1, 3), dtype=np.float32)


def _upright(digit: Ink) -> Ink:
    """A digit sheared until its leftmost ink at the bottom stands below its leftmost ink at the top."""
    from PIL import Image

    height = len(digit)
    rows, columns = np.nonzero(digit)
    top, bottom = columns[rows <= height * EDGE].min(), columns[rows >= height * (1 - EDGE) - 1].min()
    slant = float(bottom - top) / height
    room = round(abs(slant) * height) + 1
    sheet = Image.fromarray(np.pad(digit, ((0, 0), (room, room))))
    shear = (1, slant, -slant * height / 2, 0, 1, 0)
    return np.asarray(sheet.transform(sheet.size, Image.Transform.AFFINE, shear, Image.Resampling.BILINEAR))


def _cut(ink: Ink) -> Ink | None:
    """What was written, cut out, without shades; None for an empty sheet."""
    written = ink > max(float(ink.max()), 1e-3) / 2
    rows, columns = np.flatnonzero(written.any(axis=1)), np.flatnonzero(written.any(axis=0))
    if not len(rows):
        return None
    return written[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)


def _resized(ink: Ink, height: int, width: int) -> Ink:
    from PIL import Image

    small = Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR)
    return np.array(small, dtype=np.float32)
