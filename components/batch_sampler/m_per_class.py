"""The same number of samples from each of some classes in every batch."""

from __future__ import annotations

import torch
from torch import Tensor

from components.batch_sampler._classes import Classes, Deck, require_classes, require_room
from components.registry import component
from components.spec import Count, example


@component(
    id="sampler_m_per_class",
    kind="sampler",
    family="Metric learning",
    name="PK sampler (m per class)",
    name_zh="每类 m 个样本的采样器",
    help_zh="每批取 P 个类别，每类 K 个样本，使每个样本在批内都有同类和异类。",
    source="Hermans, Beyer & Leibe, In Defense of the Triplet Loss, arXiv 1703.07737",
    inputs={},
    outputs={},
    tags=("batches",),
    keywords="pk sampler balanced batch triplet mining class 采样 类别 三元组",
    examples=(example(), example(per_class=2)),
)
class PerClassSampler:
    """Fills each batch with P classes, drawn at random, and K samples of each.

    P is how often K goes into the batch size. A class gives all its samples before one comes again. An epoch has as
    many batches as the samples of known class would fill, and at least one.

    Args:
        per_class: K, samples of each class in a batch.

    Raises:
        ValueError: the batch size is below K, or the data have fewer than P classes.

    Source: Hermans et al., arXiv 1703.07737, section 2.
    """

    def __init__(self, per_class: Count = 4) -> None:
        self.per_class = per_class

    def batches(self, labels: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The samples (P K,) of each batch of an epoch, class by class; ``labels`` (N,), -100 where unknown."""
        require_room(batch_size, self.per_class, "sampler_m_per_class")
        classes, count = Classes(labels), batch_size // self.per_class
        decks = [Deck(samples, generator) for samples in classes.members()]
        require_classes(len(decks), count, "sampler_m_per_class")
        found = []
        for _ in range(max(1, len(classes.samples) // (count * self.per_class))):
            chosen = torch.randperm(len(decks), generator=generator)[:count].tolist()
            found.append(torch.cat([decks[c].draw(self.per_class) for c in chosen]))
        return found
