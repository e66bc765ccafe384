"""Batches of pairs, some of one class and some of two."""

from __future__ import annotations

import torch
from torch import Tensor

from components.batch_sampler._classes import Classes, require_classes, require_room
from components.registry import component
from components.spec import Probability, example


@component(
    id="sampler_pairs",
    kind="sampler",
    family="Metric learning",
    name="Pair sampler",
    name_zh="样本对采样器",
    help_zh="每批由样本对组成：先放所有第一个，再放所有第二个；同类对占给定比例。",
    source="Hadsell, Chopra & LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006",
    inputs={},
    outputs={},
    tags=("batches",),
    keywords="pair sampler siamese contrastive 样本对 孪生 采样",
    examples=(example(), example(positive_share=0.25)),
)
class PairSampler:
    """Fills each batch with pairs: the first half holds one sample of each, the second half the other.

    In an epoch each sample of known class is the first of a pair once. The second is drawn evenly from the same class
    (another sample, where the class has one) or from all other classes.

    Args:
        positive_share: share of the pairs that are of one class; rounded in each batch.

    Raises:
        ValueError: the batch size is below 2, or pairs of two classes are wanted and the data have one.

    Source: Hadsell et al. 2006.
    """

    def __init__(self, positive_share: Probability = 0.5) -> None:
        self.positive_share = positive_share

    def batches(self, labels: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The samples of each batch of an epoch; ``labels`` (N,), -100 where unknown."""
        require_room(batch_size, 2, "sampler_pairs")
        classes = Classes(labels)
        require_classes(len(classes.sizes), 2 if self.positive_share < 1 else 1, "sampler_pairs")
        found = []
        for first in torch.randperm(len(classes.samples), generator=generator).split(batch_size // 2):
            second = classes.like(first, generator)
            positive = round(self.positive_share * len(first))
            if positive < len(first):
                second[positive:] = classes.other(first[positive:], generator)
            found.append(classes.samples[torch.cat([first, second])])
        return found
