"""Codes that a model makes images of: where they stand, what the code of a sample is, and the images of any codes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from builder.compiler import Compiled, End
from builder.graph import FlatNode
from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.pictures import is_image, pictures, some_batch, usual_split
from builder.inspect.samples import Sample


@dataclass(frozen=True)
class Latent:
    """A value that an image is made of.

    Args:
        end: where it stands.
        image: the value that is made of it.
        code: what it is for a sample: the mean of what is drawn, or what a flow makes of the sample; None for noise.
        normal: whether codes are meant to be standard normal.
    """

    end: End
    image: End
    code: End | None
    normal: bool

    @property
    def node(self) -> str:
        return self.end[0]


def latents(inspector: Inspector) -> list[Latent]:
    """What images are made of: values that samplers draw; where there are none, the narrowest value of an autoencoder."""
    return inspector.kept(("latents",), lambda: _sampled(inspector) or _bottlenecks(inspector))


def latent_of(inspector: Inspector, node: str) -> Latent:
    """The one that stands at a node."""
    return next(latent for latent in latents(inspector) if latent.node == node)


def is_vector(inspector: Inspector, latent: Latent) -> bool:
    """Whether its entries are numbers of their own, not places of a map."""
    return inspector.layout.kind(latent.end) == "vector" and size_of(inspector, latent) > 1


def size_of(inspector: Inspector, latent: Latent) -> int:
    """How many numbers a code has."""
    return math.prod(_shape(inspector, latent.end))


def _shape(inspector: Inspector, end: End) -> tuple[int, ...]:
    return tuple(size for size in inspector.layout.sample_shape(end) if isinstance(size, int))


# ------------------------------------------------------------------ where they stand


def _sampled(inspector: Inspector) -> list[Latent]:
    compiled, found = inspector.compiled, []
    images = _images(inspector)
    for node in compiled.of_kind("sampler"):
        end = (node.path, next(iter(node.component.outputs)))
        if _is_flow(node) or not draws(compiled, node):  # noise on the levels of pixels is no code
            continue
        image = next((i for i in images if _makes(inspector, end, i)), None)
        if image is not None:
            found.append(Latent(end, image, _code(inspector, node, end, image), normal=True))
    return found


def draws(compiled: Compiled, node: FlatNode) -> bool:
    """Whether a node draws random numbers where a model is judged."""
    values = compiled.analysis.values[node.path]
    return (
        "random_in_evaluation" in node.component.tags and values.get("eta") != 0.0 and values.get("when") != "train"
    ) or "mu" in node.inputs


def _images(inspector: Inspector) -> list[End]:
    """Images that layers make, those first that are shown, then those that losses look at."""
    compiled, found = inspector.compiled, []
    for kind in ("visualizer", "loss"):
        for node in compiled.of_kind(kind):
            if kind == "visualizer":
                if getattr(compiled.module(node.path), "form", "") == "images":
                    found += [(node.path, port) for port in compiled.report.nodes[node.path].outputs]
            elif not _is_flow(node):
                found += [end for ends in compiled.sources(node.path).values() for end in ends]
    return [end for end in dict.fromkeys(found) if is_image(inspector, end)]


def _makes(inspector: Inspector, end: End, image: End) -> bool:
    """Whether an image is made by layers of one value and, at most, the classes of the data, without further chance."""
    compiled = inspector.compiled
    way = [path for path in compiled.ancestors([image], given=[end]) if path != end[0]]
    nodes = [compiled.flat.nodes[path] for path in way]
    if end not in compiled.program([image], given=[end]).inputs or any(draws(compiled, node) for node in nodes):  # type: ignore[operator]
        return False
    learned = any(
        True
        for path in way
        for inner in (path, *compiled.inside(path))
        for _ in getattr(compiled.module(inner), "parameters", tuple)()
    )
    return learned and all(
        inspector.layout.spec(source).dtype.startswith(("int", "uint"))
        for source in compiled.program([image], given=[end]).inputs  # type: ignore[union-attr]
        if source != end
    )


def _code(inspector: Inspector, node: FlatNode, end: End, image: End) -> End | None:
    compiled = inspector.compiled
    if "mu" in node.inputs:
        return compiled.sources(node.path)["mu"][0]
    way = compiled.ancestors([image], given=[end])
    for judge in compiled.of_kind("loss") if any(_is_flow(compiled.flat.nodes[path]) for path in way) else []:
        if _is_flow(judge):
            code = compiled.sources(judge.path)["z"][0]
            if _shape(inspector, code) == _shape(inspector, end):
                return code
    return None


def _is_flow(node: FlatNode) -> bool:
    return node.component.family == "Normalizing flow"


def _bottlenecks(inspector: Inspector) -> list[Latent]:
    """The narrowest value that all of an autoencoder's image goes through, if it is narrower than the image."""
    compiled, layout, found = inspector.compiled, inspector.layout, []
    for head in inspector.heads:
        if head.task != "image" or not is_image(inspector, head.end):
            continue
        best, least = None, math.prod(_shape(inspector, head.end))
        for path in compiled.ancestors([head.end]):
            if compiled.flat.nodes[path].component.kind not in ("layer", "op"):
                continue
            for port in compiled.report.nodes[path].outputs:
                end = (path, port)
                whole = layout.batch_axis(end) == 0 and all(isinstance(s, int) for s in layout.sample_shape(end))
                size = math.prod(_shape(inspector, end)) if whole else least
                if size < least and _makes(inspector, end, head.end):
                    best, least = end, size
        if best is not None:
            found.append(Latent(best, head.end, best, normal=False))
    return found


# ------------------------------------------------------------------ codes and images


def code(inspector: Inspector, latent: Latent, sample: Sample) -> Tensor:
    """The code (1, ...) of a sample.

    Raises:
        InspectError: the value is noise, which belongs to no sample.
    """
    if latent.code is None:
        raise InspectError(
            f"'{latent.node}' draws noise: it belongs to no sample.",
            f"“{latent.node}”产生噪声，不属于任何样本。",
            latent.node,
        )
    (found,) = inspector.run(inspector.program([latent.code]), sample.inputs)
    return found


def spread_of_codes(inspector: Inspector, latent: Latent) -> np.ndarray:
    """The standard deviation (D,) of each entry over samples of the data; 1 for codes that are meant to be normal."""
    place = latent.code
    if latent.normal or place is None:
        return np.ones(size_of(inspector, latent))

    def measure() -> np.ndarray:
        (found,) = inspector.run(inspector.program([place]), some_batch(inspector))
        return found.flatten(1).std(0).numpy().astype(np.float64)

    return inspector.kept(("spread of codes", latent.end), measure)


def draw(inspector: Inspector, latent: Latent, number: int, count: int = 1) -> Tensor:
    """Standard normal codes (count, ...), the same for the same number."""
    generator = torch.Generator().manual_seed(number)
    return torch.randn(count, *_shape(inspector, latent.end), generator=generator)


def decode(inspector: Inspector, latent: Latent, codes: Tensor, sample: Sample | None = None) -> np.ndarray:
    """The images (N, H, W) or (N, H, W, 3) in [0, 1] that are made of codes (N, ...).

    Args:
        sample: whose class is taken where images depend on one; the first of the data where None.
    """
    program = inspector.kept(
        ("decoder", latent.end, latent.image),
        lambda: inspector.compiled.program([latent.image], given=[latent.end]),
    )
    given = (sample or inspector.sample(usual_split(inspector))).inputs if len(program.inputs) > 1 else {}  # type: ignore[arg-type]
    step, parts = inspector.batch_size([latent.image]), []
    for start in range(0, len(codes), step):
        some = codes[start : start + step]
        others: Mapping[End, Tensor] = {end: value.expand(len(some), *value.shape[1:]) for end, value in given.items()}
        parts += inspector.run(program, {**others, latent.end: some})
    return pictures(inspector, latent.image, torch.cat(parts))
