"""Batches in which rare classes occur as often as common ones."""

from __future__ import annotations

import torch
from torch import Tensor

from components.batch_sampler._classes import Classes, require_classes
from components.registry import component
from components.spec import Probability, example


@component(
    id="lt_class_balanced_sampler",
    kind="sampler",
    family="Long-tailed learning",
    name="Class-balanced sampler",
    name_zh="类别均衡采样器",
    help_zh="有放回地抽样：先按类别抽取，再在类内等概率抽取，使稀有类别与常见类别出现得一样多。",
    source="Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, arXiv 1910.09217",
    inputs={},
    outputs={},
    tags=("batches",),
    keywords="long tail imbalance balanced sampling oversampling rare class 长尾 不平衡 过采样 均衡",
    examples=(example(), example(power=0.5)),
)
class ClassBalancedSampler:
    r"""Draws each sample with replacement: first the class, then evenly one of its samples.

    $$p_j = n_j^q / \sum_i n_i^q$$

    for a class of n samples. An epoch draws as many samples as there are of known class.

    Args:
        power: q; 0 makes all classes equally frequent, 1/2 is square-root sampling, 1 leaves all samples as frequent
            as they are.

    Raises:
        ValueError: no class is known.

    Source: Kang et al., arXiv 1910.09217, equation 1.
    """

    def __init__(self, power: Probability = 0.0) -> None:
        self.power = power

    def batches(self, labels: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The samples of each batch of an epoch; ``labels`` (N,), -100 where unknown."""
        classes = Classes(labels)
        require_classes(len(classes.sizes), 1, "lt_class_balanced_sampler")
        count = len(classes.samples)
        share = classes.sizes.double() ** (self.power - 1)  # of one sample of the class
        drawn = torch.multinomial(share[classes.of], count, replacement=True, generator=generator)
        return list(classes.samples[drawn].split(batch_size))
