"""Grad-CAM++: Grad-CAM with weights for every place of a map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._maps import maps_of
from components.attribution._score import Score, check_logits, class_score, gradient
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub


def grad_cam_pp(score: Score, maps: Tensor) -> Tensor:
    """The map (B, h, w) of what in the feature maps (B, C, h, w) speaks for the score, a function of them."""
    slope = gradient(score, maps)
    below = 2 * slope**2 + maps.sum((2, 3), keepdim=True) * slope**3
    share = torch.where(below != 0, slope**2 / torch.where(below != 0, below, torch.ones_like(below)), 0.0)
    weights = (share * slope.relu()).sum((2, 3), keepdim=True)
    return (weights * maps).sum(1).relu()


@component(
    id="vis_grad_cam_pp",
    kind="visualizer",
    family="CNN visualization",
    name="Grad-CAM++",
    name_zh="Grad-CAM++",
    help_zh="对每个位置的正梯度加权后再汇总，能更好地覆盖同一类别的多个物体。",
    source="Chattopadhyay et al., Grad-CAM++, arXiv 1710.11063",
    keywords="attribution explain class activation heat map 归因 解释 类激活 热力图",
    tags=("batch_independent",),
    examples=(
        example(
            x=(3, 2, 6, 5), target=ints(3, high=5),
            backbone=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3, then=sub("act_relu")),
            head=sub("pool_global_avg", keepdim=False, then=sub("linear", in_features=4, out_features=5)),
        ),
        example(
            x=(2, 3, 4, 7),
            backbone=sub("conv_standard", in_channels=3, out_channels=2, kernel_size=2, stride=2),
            head=sub("op_flatten", then=sub("linear", in_features=12, out_features=4)),
        ),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class GradCAMPlusPlus(nn.Module):
    r"""Grad-CAM whose channel weights count each place of a map by how far the score depends on it.

    $$M = \mathrm{ReLU}\Big(\sum_k w_k A^k\Big), \quad w_k = \sum_{ij} \alpha^k_{ij}\, \mathrm{ReLU}(g^k_{ij}), \quad
    \alpha^k_{ij} = \frac{(g^k_{ij})^2}{2 (g^k_{ij})^2 + \sum_{ab} A^k_{ab} (g^k_{ij})^3}$$

    with $g$ the gradient of the score at the maps.

    Args:
        backbone: the first part of the classifier, from images to the feature maps that are weighted.
        head: the rest of it, from these maps to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, h, w), not negative, as large as the maps of the backbone.

    Source: Chattopadhyay et al., arXiv 1710.11063, section 3.2. The factor exp(f) > 0 of the paper's score, the same for the
        whole map, is left out.
    """

    form = "maps"

    def __init__(
        self,
        backbone: Annotated[Callable[..., Tensor], Block("x: B C H W", "maps: B D h w")],
        head: Annotated[Callable[..., Tensor], Block("maps: B D h w", "logits: B K")],
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.backbone, self.head, self.every, self.count = backbone, head, every, count

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            maps = self.backbone(x)
            check_logits(self.head(maps))
            return maps.new_empty(len(maps), *maps.shape[2:])
        maps = maps_of(self.backbone, x)
        return grad_cam_pp(class_score(self.head, maps, target), maps)

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"
