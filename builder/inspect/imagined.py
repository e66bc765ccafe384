"""Images that are found by gradients: what a unit is most active for, and what the features of a node keep of an image.

The computations are those of the visualizers in ``components.attribution``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.dependence import differentiable
from builder.inspect.errors import InspectError
from builder.inspect.features import affordable, gather, vectors_of
from builder.inspect.inspector import Inspector, inputs_of
from builder.inspect.samples import Sample
from components.attribution.activation_maximization import maximize
from components.attribution.feature_inversion import invert
from components.data._base import SplitName

LIMIT = 1000  # samples among which the strongest is looked for
SEARCH_WORK = 3e10  # floating-point operations for that, which is about half a second
STEPS, FEWEST = 64, 12  # of Adam
WORK = 2e10  # floating-point operations that a picture may take, which is about a second
MOST_WORK = 2e11  # where the fewest steps would take more, the search has one beginning
ROLL = 16  # an image is shifted by a pixel for so many of its side
RATE = 0.1  # learning rate, in parts of the range of the data
SEEDS = 3  # images that an inversion begins with
RANGE_OF = 256  # training samples that tell the range of a pixel

Begin = Literal["noise", "sample"]


@dataclass(frozen=True)
class Preferred:
    """Images that units are most active for. An activation of a map or sequence is its mean over places.

    Args:
        node: path of the node.
        port: its output.
        units: (k,), their numbers.
        images: (k, C, H, W), what was found.
        found: (k,), the activation of each unit on its image.
        begin: what the search began with, noise or the strongest sample.
        start: (k, C, H, W), that image.
        begun: (k,), the activation on it.
        split: whose samples it is compared with.
        items: (k,), the strongest sample of each unit.
        best: (k,), the activation on it.
        searched: how many samples were looked through.
        steps: of gradient ascent.
    """

    node: str
    port: str
    units: np.ndarray
    images: np.ndarray
    found: np.ndarray
    begin: Begin
    start: np.ndarray
    begun: np.ndarray
    split: SplitName
    items: np.ndarray
    best: np.ndarray
    searched: int
    steps: int

    @property
    def failed(self) -> np.ndarray:
        """(k,), whether the noise or a sample does as well as the image."""
        return self.found <= np.maximum(self.begun, self.best)

    def notice(self, language: str) -> str:
        """A warning where the search has found nothing better than the data; else empty."""
        if not self.failed.any():
            return ""
        units = ", ".join(map(str, self.units[self.failed]))
        if language == "zh":
            return f"单元 {units} 的图像并不比样本或噪声更强：该单元可能从不激活，或搜索步数不足。"
        return (
            f"The images of the units {units} are no stronger than a sample or noise: such a unit may never be active, or the "
            "search is too short for it."
        )


@dataclass(frozen=True)
class Inversion:
    """Images whose features are those of a sample, each from noise of its own.

    Args:
        node: path of the node.
        port: its output.
        original: (C, H, W).
        images: (k, C, H, W).
        error: (k,), squared distance of the features, in parts of their energy.
        start_error: (k,), that of the noise.
        difference: (k,), root mean square difference of the pixels from the original, in parts of the data's range.
        spread: (H, W), standard deviation of a pixel over the images, the mean over channels, in the same unit: what the
            features leave open.
        steps: of gradient descent.
    """

    node: str
    port: str
    original: np.ndarray
    images: np.ndarray
    error: np.ndarray
    start_error: np.ndarray
    difference: np.ndarray
    spread: np.ndarray
    steps: int


def image_of(inspector: Inspector, end: End) -> End | None:
    """The image of the data that a value comes from, one of one; None where it comes from anything else as well."""
    if not inspector.has_data:
        return None
    if inspector.layout.spec(end).shape[:1] != ("B",):  # a loss, pairs, or several steps of a way between samples
        return None
    sources = inspector.sources([end])
    if len(sources) != 1 or inspector.layout.kind(sources[0]) != "image" or sources[0] == end:
        return None
    if sources[0] not in differentiable(inspector, end):
        return None
    sized = all(isinstance(size, int) for size in inspector.layout.sample_shape(sources[0]))
    return sources[0] if sized and inputs_of(inspector.function(sources[0], end)) == [] else None


def preferred(
    inspector: Inspector,
    end: End,
    units: np.ndarray,
    split: SplitName,
    smoothness: float = 1.0,
    begin: Begin = "noise",
    seed: int = 0,
) -> Preferred:
    """Climbs to an image for each unit, from noise around grey and around the mean image, of which the better way counts.

    Large models begin with grey alone.

    An activation is counted in its standard deviations over the samples, so that one smoothness suits every unit.

    Args:
        units: (k,), channels or features of the value.
        smoothness: weight of the mean squared difference of neighbouring pixels, of a range of 1.
        begin: from noise, or from the strongest sample.

    Raises:
        InspectError: the value does not come from an image alone, or the split is empty.
    """
    image = _image(inspector, end)
    items = affordable(inspector, end, inspector.size(split), LIMIT, SEARCH_WORK)
    data = inspector.kept(("averages", end, split), lambda: gather(inspector, [end], split, items).vectors[0])
    chosen = data[:, torch.from_numpy(units)]  # (M, k)
    best, place = chosen.max(0)
    scale = chosen.std(0, correction=0)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    low, high = pixel_range(inspector, image)
    strongest = items[place.numpy()]
    if begin == "sample":
        ways = [inspector.batch(split, strongest.tolist())[image]]
    else:
        grey = (low + high) / 2
        around = [grey, None] if can_begin_twice(inspector, end, len(units)) else [grey]
        ways = [_noise(inspector, image, each, len(units), seed) for each in around]
    start, k = torch.cat(ways), len(units)
    steps = steps_for(inspector, end, len(start))
    activation = _activation(inspector, image, end, torch.from_numpy(units).repeat(len(ways)))
    with inspector.steady():
        images = maximize(
            lambda x: activation(x) / scale.repeat(len(ways)), start, steps, RATE * (high - low),
            smoothness=smoothness / (high - low) ** 2, roll=min(start.shape[2:]) // ROLL, bounds=(low, high),
        )  # fmt: skip
        with torch.no_grad():
            found, begun = activation(images), activation(start)
    better = found.view(len(ways), k).argmax(0) * k + torch.arange(k)
    return Preferred(
        *end, units, images[better].numpy(), found[better].numpy(), begin, start[better].numpy(), begun[better].numpy(),
        split, strongest, best.numpy(), len(items), steps,
    )  # fmt: skip


def inversion(inspector: Inspector, sample: Sample, end: End, smoothness: float = 0.05) -> Inversion:
    """Looks, from several beginnings, for an image with the features that a sample has.

    Args:
        smoothness: weight of the mean squared difference of neighbouring pixels, of a range of 1, beside the features' error.

    Raises:
        InspectError: the value does not come from an image alone.
    """
    image = _image(inspector, end)
    function = inspector.function(image, end)
    low, high = pixel_range(inspector, image)
    steps = steps_for(inspector, end, SEEDS)
    with inspector.steady():
        x = inspector.value(sample, image).repeat(SEEDS, 1, 1, 1)
        start = _noise(inspector, image, (low + high) / 2, SEEDS, 0)
        found = invert(function, x, start, steps, RATE * (high - low), smoothness / (high - low) ** 2, (low, high))
        with torch.no_grad():
            wanted = function(x).flatten(1)
            energy = wanted.square().sum(1).clamp(min=1e-12)
            errors = [(function(z).flatten(1) - wanted).square().sum(1) / energy for z in (found, start)]
    found, x = found / (high - low), x / (high - low)
    return Inversion(
        *end, inspector.value(sample, image)[0].numpy(), (found * (high - low)).numpy(), errors[0].numpy(),
        errors[1].numpy(), (found - x).square().mean((1, 2, 3)).sqrt().numpy(), found.std(0).mean(0).numpy(), steps,
    )  # fmt: skip


def steps_for(inspector: Inspector, end: End, images: int) -> int:
    """Fewer steps for larger models, so that a picture takes about a second."""
    return int(min(STEPS, max(FEWEST, WORK // max(_step_work(inspector, end, images), 1))))


def can_begin_twice(inspector: Inspector, end: End, units: int) -> bool:
    """Whether there is time for two beginnings of each unit."""
    return FEWEST * _step_work(inspector, end, 2 * units) <= MOST_WORK


def _step_work(inspector: Inspector, end: End, images: int) -> int:
    """The floating-point operations of a step."""
    return 3 * inspector.work([end]) * images  # a way back costs twice the way there


def pixel_range(inspector: Inspector, image: End) -> tuple[float, float]:
    """The least and the greatest value of the training images."""
    x = _training(inspector, image)
    low, high = float(x.min()), float(x.max())
    return (low, high) if high > low else (low, low + 1)


def _image(inspector: Inspector, end: End) -> End:
    image = image_of(inspector, end)
    if image is None:
        raise InspectError(
            f"'{end[0]}' must come from an image of the data and nothing else.",
            f"“{end[0]}”必须只由数据中的图像得到。",
            end[0],
        )
    return image


def _activation(inspector: Inspector, image: End, end: End, units: Tensor) -> Callable[[Tensor], Tensor]:
    """The activation (k,) of each unit on its own of k images."""
    function, own = inspector.function(image, end), torch.arange(len(units))
    return lambda x: vectors_of(inspector, end, function(x))[own, units]


def _noise(inspector: Inspector, image: End, around: float | None, count: int, seed: int) -> Tensor:
    """Images (k, C, H, W) of little noise around a value, or around the mean of the training images."""
    x, (low, high) = _training(inspector, image), pixel_range(inspector, image)
    drawn = torch.randn(count, *x.shape[1:], generator=torch.Generator().manual_seed(seed))
    return ((x.mean(0) if around is None else around) + 0.05 * (high - low) * drawn).clamp(low, high)


def _training(inspector: Inspector, image: End) -> Tensor:
    return inspector.batch("train", range(min(RANGE_OF, inspector.size("train"))))[image]
