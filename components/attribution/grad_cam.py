"""Grad-CAM: feature maps, weighted by how the score depends on them."""

from __future__ import annotations

from torch import Tensor

from components.attribution._cam import EXAMPLES, LayerMap
from components.attribution._score import Score, class_score, gradient
from components.registry import component


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
    examples=EXAMPLES,
    xfail={"gradient": "a map is a constant for what follows"},
)
class GradCAM(LayerMap):
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

    def explain(self, x: Tensor, maps: Tensor, target: Tensor | None) -> Tensor:
        return grad_cam(class_score(self.head, maps, target), maps)
