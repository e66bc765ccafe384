"""Grad-CAM++: Grad-CAM with weights for every place of a map."""

from __future__ import annotations

import torch
from torch import Tensor

from components.attribution._cam import EXAMPLES, LayerMap
from components.attribution._score import Score, class_score, gradient
from components.registry import component


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
    examples=EXAMPLES,
    xfail={"gradient": "a map is a constant for what follows"},
)
class GradCAMPlusPlus(LayerMap):
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

    def explain(self, x: Tensor, maps: Tensor, target: Tensor | None) -> Tensor:
        return grad_cam_pp(class_score(self.head, maps, target), maps)
