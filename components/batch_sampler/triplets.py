"""Batches of triplets."""

from __future__ import annotations

import torch
from torch import Tensor

from components.batch_sampler._classes import Classes, require_classes, require_room
from components.registry import component
from components.spec import example


@component(
    id="sampler_triplets",
    kind="sampler",
    family="Metric learning",
    name="Triplet sampler",
    name_zh="三元组采样器",
    help_zh="每批由三元组组成：依次放所有锚点、所有同类正例、所有异类负例。",
    source="Schroff, Kalenichenko & Philbin, FaceNet, arXiv 1503.03832",
    inputs={},
    outputs={},
    tags=("batches",),
    keywords="triplet sampler anchor positive negative siamese 三元组 锚点 正例 负例 采样",
    examples=(example(),),
)
class TripletSampler:
    """Fills each batch with triplets: the anchors, then a sample of the class of each, then one of another class.

    In an epoch each sample of known class is an anchor once. Positives are drawn evenly from the anchor's class
    (another sample, where the class has one), negatives from all other classes.

    Raises:
        ValueError: the batch size is below 3, or the data have only one class.

    Source: Schroff et al., arXiv 1503.03832, section 3; without their choice of hard triplets.
    """

    def batches(self, labels: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The samples of each batch of an epoch; ``labels`` (N,), -100 where unknown."""
        require_room(batch_size, 3, "sampler_triplets")
        classes = Classes(labels)
        require_classes(len(classes.sizes), 2, "sampler_triplets")
        found = []
        for anchor in torch.randperm(len(classes.samples), generator=generator).split(batch_size // 3):
            roles = [anchor, classes.like(anchor, generator), classes.other(anchor, generator)]
            found.append(classes.samples[torch.cat(roles)])
        return found
