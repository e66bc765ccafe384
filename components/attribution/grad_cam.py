"""Grad-CAM: feature maps, weighted by how the score depends on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from torch import Tensor, nn

from components.attribution._maps import maps_of
from components.attribution._score import Score, check_logits, class_score, gradient
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub


def grad_cam(score: Score, maps: Tensor) -> Tensor:
    """The map (B, h, w) of what in the feature maps (B, C, h, w) speaks for the score, a function of them."""
    weights = gradient(score, maps).mean((2, 3), keepdim=True)
    return (weights * maps).sum(1).relu()


@component(
    id="vis_grad_cam",
    kind="visualizer",
    family="CNN visualization",
    name="Grad-CAM",
    name_zh="Grad-CAM",
    help_zh="以类别得分对各通道的平均梯度为权重，对特征图求和并截去负值，显示支持该类别的区域。",
    source="Selvaraju et al., Grad-CAM, arXiv 1610.02391",
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
class GradCAM(nn.Module):
    r"""The feature maps of a layer, weighted by the mean gradient of a class's score, summed and cut at zero.

    $$M = \mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big), \quad \alpha_k = \frac{1}{hw} \sum_{ij} \frac{\partial f_y}{\partial A^k_{ij}}$$

    Args:
        backbone: the first part of the classifier, from images to the feature maps that are weighted.
        head: the rest of it, from these maps to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, h, w), not negative, as large as the maps of the backbone.

    Source: Selvaraju et al., arXiv 1610.02391, section 3.
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
        return grad_cam(class_score(self.head, maps, target), maps)

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"
