"""Images along the axes of a latent space, over two of them, and on the way between two codes."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.inspector import Inspector
from builder.inspect.latent import Latent, code, decode, draw, is_vector, size_of, spread_of_codes
from builder.inspect.portraits import portraits
from builder.inspect.samples import Sample
from components.visualizer.interpolate import interpolate

STEPS = 11  # images of a row: an odd number, so that one is at 0
ROWS = 8  # axes that are shown below each other
SEED = 1  # of the draws of a latent space: a pair for each number


@dataclass(frozen=True)
class Traversal:
    """Codes that differ from one in a single entry (``rows``) or in two.

    Args:
        node: where the codes stand.
        axes: (R,) entries, one a row; of a plane (2,), to the right and upwards.
        offsets: (K,) steps from the code, in units; the middle one is 0.
        units: (R,) what one unit is: 1, or the standard deviation over the data where codes are not meant to be normal.
        effects: (R,) root mean squared change of the image by a unit forwards and backwards, from 0 to 1.
        code: (D,) that is left.
        images: (R, K, H, W) or (R, K, H, W, 3), of a plane (K, K, ...) with the greatest offset of the second axis first.
        own: the sample itself, where the code is that of a sample and the data are images.
        size: how many entries a code has.
    """

    node: str
    axes: np.ndarray
    offsets: np.ndarray
    units: np.ndarray
    effects: np.ndarray
    code: np.ndarray
    images: np.ndarray
    own: np.ndarray | None
    size: int

    @property
    def by_rows(self) -> bool:
        return len(self.images) == len(self.axes)


@dataclass(frozen=True)
class Interpolation:
    """Ways between two codes.

    Args:
        node: where the codes stand.
        paths: what each way is: ``linear``, ``spherical``, or ``pixels``, a mix of the two images at the ends.
        shares: (K,) of the second code, from 0 to 1.
        images: (P, K, H, W) or (P, K, H, W, 3).
        lengths: (P, K) of the codes; not a number for a mix of images.
        angle: between the two codes, in degrees.
        own: the two samples, where the codes are theirs and the data are images.
        names: of the ends.
    """

    node: str
    paths: tuple[str, ...]
    shares: np.ndarray
    images: np.ndarray
    lengths: np.ndarray
    angle: float
    own: tuple[np.ndarray, ...]
    names: tuple[str, str]


@dataclass(frozen=True)
class Origin:
    """The code that a traversal begins at.

    Args:
        code: (1, ...).
        key: what tells it from others.
        sample: whose code it is; None for one that was drawn, or 0.
    """

    code: Tensor
    key: Hashable
    sample: Sample | None = None


def origin_of(inspector: Inspector, latent: Latent, sample: Sample) -> Origin:
    """The code of a sample."""
    return Origin(code(inspector, latent, sample), sample.key, sample)


def origin_drawn(inspector: Inspector, latent: Latent, number: int) -> Origin:
    """A standard normal code by its number; of number 0, the mean."""
    found = draw(inspector, latent, number)
    return Origin(found if number else torch.zeros_like(found), ("drawn", number))


def effects(inspector: Inspector, latent: Latent, origin: Origin) -> np.ndarray:
    """How much each entry (D,) of a code changes the image: see ``Traversal``."""

    def measure() -> np.ndarray:
        units = torch.from_numpy(spread_of_codes(inspector, latent)).float()
        moves = torch.diag(units).reshape(-1, *origin.code.shape[1:])
        made = decode(
            inspector, latent, torch.cat((origin.code + moves, origin.code - moves, origin.code)), origin.sample
        )
        changes = (made[:-1] - made[-1]).reshape(2, len(moves), -1)
        return np.sqrt((changes.astype(np.float64) ** 2).mean((0, 2)))

    return inspector.kept(("effects", latent.end, origin.key), measure)


def strongest(inspector: Inspector, latent: Latent, origin: Origin, count: int) -> np.ndarray:
    """The entries that change the image most, the strongest first."""
    return np.argsort(-effects(inspector, latent, origin), kind="stable")[:count]


def rows(inspector: Inspector, latent: Latent, origin: Origin, reach: float, count: int = ROWS) -> Traversal:
    """One row of images for each of the strongest axes.

    Args:
        reach: the greatest offset, in units.
    """
    axes = strongest(inspector, latent, origin, count)
    offsets = np.linspace(-reach, reach, STEPS)
    units = spread_of_codes(inspector, latent)
    codes = origin.code.flatten(1).repeat(len(axes) * STEPS, 1).reshape(len(axes), STEPS, -1)
    for row, axis in enumerate(axes.tolist()):
        codes[row, :, axis] += torch.from_numpy(offsets * units[axis]).float()
    return _traversal(inspector, latent, origin, axes, offsets, codes)


def plane(inspector: Inspector, latent: Latent, origin: Origin, reach: float, first: int, second: int) -> Traversal:
    """Images over two axes: the first to the right, the second upwards."""
    offsets = np.linspace(-reach, reach, STEPS)
    units = spread_of_codes(inspector, latent)
    codes = origin.code.flatten(1).repeat(STEPS * STEPS, 1).reshape(STEPS, STEPS, -1)
    codes[:, :, first] += torch.from_numpy(offsets * units[first]).float()
    codes[:, :, second] += torch.from_numpy(offsets[::-1] * units[second]).float()[:, None]
    return _traversal(inspector, latent, origin, np.array([first, second]), offsets, codes)


def _traversal(
    inspector: Inspector, latent: Latent, origin: Origin, axes: np.ndarray, offsets: np.ndarray, codes: Tensor
) -> Traversal:
    def make() -> np.ndarray:
        made = decode(inspector, latent, codes.reshape(-1, *origin.code.shape[1:]), origin.sample)
        return made.reshape(*codes.shape[:2], *made.shape[1:])

    key = ("traversal", latent.end, origin.key, tuple(axes.tolist()), tuple(offsets.tolist()), len(codes))
    return Traversal(
        latent.node, axes, offsets, spread_of_codes(inspector, latent)[axes], effects(inspector, latent, origin)[axes],
        origin.code.flatten().numpy(), inspector.kept(key, make), _own(inspector, origin.sample, latent.code),
        size_of(inspector, latent),
    )  # fmt: skip


def between(
    inspector: Inspector, latent: Latent, start: Origin, end: Origin, names: tuple[str, str], steps: int = STEPS
) -> Interpolation:
    """The straight way, the arc that keeps the length of codes, and for comparison a mix of the two images."""
    shares = np.linspace(0, 1, steps)

    def make() -> tuple[np.ndarray, np.ndarray]:
        ways = [interpolate(start.code, end.code, steps=steps, path=path) for path in ("linear", "spherical")]
        made = decode(inspector, latent, torch.cat(ways), start.sample).astype(np.float64)
        made = made.reshape(2, steps, *made.shape[1:])
        share = shares.reshape(-1, *[1] * (made.ndim - 2))
        mixed = (1 - share) * made[0, 0] + share * made[0, -1]
        lengths = [way.flatten(1).norm(dim=1).numpy() for way in ways]
        return np.concatenate((made, mixed[None])), np.stack((*lengths, np.full(steps, np.nan)))

    images, lengths = inspector.kept(("between", latent.end, start.key, end.key, steps), make)
    cosine = float(torch.cosine_similarity(start.code.flatten(), end.code.flatten(), dim=0).clamp(-1, 1))
    own = [_own(inspector, origin.sample, latent.code) for origin in (start, end)]
    return Interpolation(
        latent.node, ("linear", "spherical", "pixels"), shares, images, lengths, float(np.degrees(np.arccos(cosine))),
        tuple(picture for picture in own if picture is not None), names,
    )  # fmt: skip


def _own(inspector: Inspector, sample: Sample | None, code: End | None) -> np.ndarray | None:
    """The image that a code was made of."""
    if sample is None or code is None:
        return None
    found = portraits(inspector, sample.inputs, code)[0]
    return found[0] if found else None


def has_axes(inspector: Inspector, latent: Latent) -> bool:
    """Whether single entries of its codes are worth a look."""
    return is_vector(inspector, latent) and size_of(inspector, latent) <= 1024
