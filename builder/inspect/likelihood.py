"""The density that a normalising flow gives a sample, beside those of a split."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.features import spread
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from components.data._base import SplitName
from components.generative.flow.likelihood import FlowLikelihood

LIMIT = 2000  # samples of a split
DRAWS = 64  # of the noise that dequantises the one sample


@dataclass(frozen=True)
class Likelihood:
    """Log-densities under a flow, in nats.

    Args:
        node: path of the likelihood.
        split: that the sample is compared with.
        items: (M,) sample numbers.
        densities: (M,) of these samples.
        own: (R,) of the one sample, by the random numbers that may be added to it before the flow.
        parts: what the mean of ``own`` is the sum of: the base density of the code, then each log-determinant.
        names: of the parts; that of the base is empty.
        size: how many values a sample has.
    """

    node: str
    split: SplitName
    items: np.ndarray
    densities: np.ndarray
    own: np.ndarray
    parts: np.ndarray
    names: tuple[str, ...]
    size: int

    @property
    def below(self) -> float:
        """The share of the split that is less likely than the sample."""
        return float((self.densities < self.own.mean()).mean())

    def bits(self, nats: np.ndarray) -> np.ndarray:
        """Log-densities in nats as bits for each value; fewer bits, more likely."""
        return -nats / (self.size * math.log(2))


def flows(inspector: Inspector) -> list[str]:
    """The nodes that tell the likelihood of a flow on samples."""
    compiled = inspector.compiled
    found = [n.path for n in compiled.of_kind("loss") if isinstance(compiled.module(n.path), FlowLikelihood)]
    return [node for node in found if inspector.layout.batch_axis(_ends(inspector, node)[0]) == 0]


def likelihood(inspector: Inspector, node: str, sample: Sample, split: SplitName, limit: int = LIMIT) -> Likelihood:
    """The log-density of a sample and of a split.

    Args:
        node: one of ``flows``.
        limit: at most so many samples of the split, evenly spread.

    Raises:
        InspectError: the split is empty.
    """
    items = spread(inspector.size(split), limit)
    if not len(items):
        raise InspectError(f"The '{split}' split is empty.", f"“{split}”划分为空。")
    ends = _ends(inspector, node)

    def measure() -> np.ndarray:
        step = inspector.batch_size(ends)
        starts = range(0, len(items), step)
        batches = (inspector.batch(split, items[start : start + step].tolist()) for start in starts)
        return np.concatenate([densities(inspector, node, batch)[0] for batch in batches])

    repeated = {end: value.repeat(DRAWS, *[1] * (value.dim() - 1)) for end, value in sample.inputs.items()}
    own, values = densities(inspector, node, repeated)
    code, *logdets = values
    parts = [own.mean() - sum(float(logdet.mean()) for logdet in logdets), *(float(d.mean()) for d in logdets)]
    return Likelihood(
        node, split, items, inspector.kept(("likelihood", node, split, limit), measure), own, np.array(parts),
        ("", *(path for path, _ in ends[1:])), code[0].numel(),
    )  # fmt: skip


def densities(inspector: Inspector, node: str, batch: Mapping[End, Tensor]) -> tuple[np.ndarray, Sequence[Tensor]]:
    """The log-density (B,) of each sample in nats, by the node itself; and its code and log-determinants."""
    module = inspector.compiled.module(node)
    if not isinstance(module, FlowLikelihood):
        raise ValueError(f"'{node}' must tell the likelihood of a flow. Got {type(module).__name__} instead.")
    values = inspector.run(inspector.program(_ends(inspector, node)), batch)

    def of_one(*values: Tensor) -> Tensor:
        return module(*(value[None] for value in values))

    with torch.no_grad():
        losses = torch.vmap(of_one)(*values).double().numpy()
    scale = 1.0 if module.unit == "nats" else values[0][0].numel() * math.log(2)
    return -losses * scale, values


def _ends(inspector: Inspector, node: str) -> list[End]:
    """Where the code and the log-determinants stand that a likelihood takes."""
    sources = inspector.compiled.sources(node)
    return [*sources["z"], *sources.get("logdets", [])]
