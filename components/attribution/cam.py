"""Class activation maps: what each place of the last feature maps adds to a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._score import check_logits
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub
from components.targets import IGNORE_INDEX


def cam(maps: Tensor, classifier: Callable[[Tensor], Tensor], target: Tensor | None = None) -> Tensor:
    """The map (B, h, w) of a class in feature maps (B, C, h, w) that are averaged and then classified.

    Args:
        classifier: the linear layer behind the average, from (B, C) to logits (B, K). Each place is classified alone,
            without the bias: the weights need not be known.
        target: (B,), the classes; the predicted ones where it is missing or -100.
    """
    with torch.no_grad():
        nothing = check_logits(classifier(maps.new_zeros(1, maps.shape[1])))
        places = classifier(maps.movedim(1, -1).flatten(0, 2)) - nothing
        every = places.unflatten(0, (len(maps), *maps.shape[2:]))  # (B, h, w, K)
        predicted = (every.mean((1, 2)) + nothing).argmax(1)
        chosen = predicted if target is None else target.where(target != IGNORE_INDEX, predicted)
        return every.gather(3, chosen.view(-1, 1, 1, 1).expand(*every.shape[:3], 1)).squeeze(3)


@component(
    id="vis_cam",
    kind="visualizer",
    family="CNN visualization",
    name="Class activation mapping (CAM)",
    name_zh="类激活映射（CAM）",
    help_zh="对“全局平均池化 + 线性层”的网络，按类别权重对最后的特征图加权求和，得到该类别所在的位置。",
    source="Zhou et al., Learning Deep Features for Discriminative Localization, arXiv 1512.04150",
    keywords="attribution explain class activation heat map gap 归因 解释 类激活 热力图",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 2, 6, 5), target=ints(3, high=4), classifier=sub("linear", in_features=2, out_features=4)),
        example(x=(2, 3, 4, 7), classifier=sub("linear", in_features=3, out_features=5)),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)
class CAM(nn.Module):
    r"""The feature maps before global average pooling, weighted as the linear layer behind it weighs them for a class.

    $$M_{ij} = \sum_k w_{yk}\, A^k_{ij}, \quad \frac{1}{hw} \sum_{ij} M_{ij} + b_y = f_y$$

    Args:
        classifier: the linear layer, from the averaged maps to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, h, w), the feature maps that are averaged.
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, h, w), signed.

    Source: Zhou et al., arXiv 1512.04150, section 2.
    """

    form = "maps"

    def __init__(
        self,
        classifier: Annotated[Callable[..., Tensor], Block("x: B C", "logits: B K")],
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.classifier, self.every, self.count = classifier, every, count

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B H W")]:
        return cam(x, self.classifier, target)

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"
