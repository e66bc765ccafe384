"""The image that a model makes of a sample, beside the one that it should be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.pictures import held_against, image_range
from builder.inspect.samples import Sample
from builder.inspect.values import picture


@dataclass(frozen=True)
class Reconstruction:
    """An image that the model makes, each (H, W) or (H, W, 3) in [0, 1].

    Args:
        entered: what the layers were given, after the transforms.
        target: what the image should be; None where unknown.
        output: what came out.
        error: the mean squared error; None where the target is unknown.
    """

    entered: np.ndarray
    target: np.ndarray | None
    output: np.ndarray
    error: float | None


def reconstruct(inspector: Inspector, sample: Sample, head: Head) -> Reconstruction:
    """The image that the model makes of a sample; of logits, the probability of white.

    Raises:
        InspectError: the model makes no image.
    """
    if head.task != "image":
        raise InspectError("This model does not answer with an image.", "此模型的答案不是图像。")
    output = inspector.value(sample, head.end)[0]
    if image_range(inspector, head.end) == (-math.inf, math.inf):
        output = output.sigmoid()
    against = head.target or held_against(inspector, head.end)
    targets = inspector.values(sample).get(against) if against else None
    entered = _entered(inspector, sample, head)
    error = None if targets is None else float((output - targets[0]).square().mean())
    clipped = output.clamp(0, 1) if targets is None or _in_unit_range(targets) else output
    return Reconstruction(
        picture(entered.numpy()),
        None if targets is None else picture(targets[0].numpy()),
        picture(clipped.numpy()),
        error,
    )


def _in_unit_range(x: torch.Tensor) -> bool:
    return bool(x.min() >= 0 and x.max() <= 1)


def _entered(inspector: Inspector, sample: Sample, head: Head) -> torch.Tensor:
    """The last image of the data, transformed, on the way to the answer; it may have any number of channels."""
    compiled, found = inspector.compiled, None
    for path in compiled.ancestors([head.end]):
        for port in compiled.report.nodes[path].outputs:
            given = compiled.flat.nodes[path].component.kind in ("dataset", "transform")
            if given and inspector.layout.axes((path, port)) == ("B", "C", "H", "W"):
                found = inspector.value(sample, (path, port))[0]
    if found is None:
        raise InspectError("This model's image is not made of an image.", "此模型的图像并非由图像生成。")
    return found
