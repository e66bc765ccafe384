"""Whether two samples are of one class."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, example, ints
from components.targets import IGNORE_INDEX

Labels = Annotated[Tensor, Dims("B *", dtype="int")]


@component(
    id="op_same_class",
    kind="op",
    family="Metric learning",
    name="Same class",
    name_zh="是否同类",
    help_zh="比较两列标签：相同为 1，不同为 0；任一未知则为 -100。",
    source="Bromley et al., Signature Verification using a Siamese Time Delay Neural Network, NIPS 1993",
    keywords="equal compare labels pair verification 相等 比较 标签 样本对",
    tags=("batch_independent",),
    examples=(example(y1=ints(7, high=3), y2=ints(7, high=3)), example(y1=ints(2, 5, high=2), y2=ints(2, 5, high=2))),
)
def same_class(y1: Labels, y2: Labels) -> Labels:
    """Compares the labels of two samples: the target of a pair.

    Shape:
        y1, y2: (B, *), classes; -100 is unknown.
        y: (B, *), 1 where they are equal, 0 where not, -100 where one of them is unknown.

    Source: torch.eq; for pairs of a siamese network, Bromley et al. 1993.
    """
    unknown = (y1 == IGNORE_INDEX) | (y2 == IGNORE_INDEX)
    return (y1 == y2).to(torch.int64).masked_fill(unknown, IGNORE_INDEX)
