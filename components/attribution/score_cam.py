"""Score-CAM: feature maps, weighted by the score of the image seen through each of them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from components.attribution._cam import EXAMPLES, LayerMap
from components.attribution._score import Score, class_score
from components.registry import component


def score_cam(score: Score, x: Tensor, maps: Tensor, at_once: int = 1) -> Tensor:
    """The map (B, h, w) of feature maps (B, C, h, w), each weighted by the score of the image x seen through it.

    Args:
        at_once: how many channels run together.
    """
    with torch.no_grad():
        seen = []
        for part in maps.movedim(1, 0).split(at_once):  # (c, B, h, w)
            large = F.interpolate(part, x.shape[2:], mode="bilinear", align_corners=False)
            low, high = large.amin((2, 3), keepdim=True), large.amax((2, 3), keepdim=True)
            masks = (large - low) / torch.where(high > low, high - low, torch.ones_like(high))
            through = x * masks.unsqueeze(2)  # (c, B, C, H, W)
            seen.append(score(through.flatten(0, 1)).unflatten(0, (len(part), len(x))))
        weights = torch.cat(seen).softmax(0).movedim(0, 1)  # (B, C)
        return (weights[:, :, None, None] * maps).sum(1).relu()


@component(
    id="vis_score_cam",
    kind="visualizer",
    family="CNN visualization",
    name="Score-CAM",
    name_zh="Score-CAM",
    help_zh="逐一用特征图遮罩图像，以所得类别得分的 softmax 为权重对特征图求和；不需要梯度。",
    source="Wang et al., Score-CAM: Score-Weighted Visual Explanations, arXiv 1910.01279",
    keywords="attribution explain class activation gradient-free mask 归因 解释 类激活 无梯度",
    tags=("batch_independent",),
    examples=EXAMPLES,
    xfail={"gradient": "a map is a constant for what follows"},
)
class ScoreCAM(LayerMap):
    r"""The feature maps of a layer, weighted by a class's score when the image is seen through each of them.

    $$M = \mathrm{ReLU}\Big(\sum_k \alpha_k A^k\Big), \quad \alpha = \mathrm{softmax}_k\, f_y\big(x \odot \mathrm{norm}(\mathrm{up}(A^k))\big)$$

    Args:
        backbone: the first part of the classifier, from images to the feature maps that are weighted.
        head: the rest of it, from these maps to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, h, w), not negative, as large as the maps of the backbone.

    Source: Wang et al., arXiv 1910.01279, algorithm 1. The score of the empty baseline cancels in the softmax.
    """

    def explain(self, x: Tensor, maps: Tensor, target: Tensor | None) -> Tensor:
        score = class_score(lambda points: self.head(self.backbone(points)), x, target)
        return score_cam(score, x, maps)
