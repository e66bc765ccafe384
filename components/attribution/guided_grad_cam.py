"""Guided Grad-CAM: the fine lines of guided backpropagation where Grad-CAM is warm."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from components.attribution._cam import EXAMPLES, LayerMap
from components.attribution._maps import enlarged, maps_of
from components.attribution._relu_rule import rule_gradient
from components.attribution._score import Score, check_logits, class_score
from components.attribution.grad_cam import grad_cam
from components.registry import component
from components.spec import Dims, Ports


def guided_grad_cam(score: Score, x: Tensor, map_score: Score, maps: Tensor) -> Tensor:
    """Guided backpropagation (B, C, H, W) of the image's score, times Grad-CAM of the maps' score, enlarged."""
    return rule_gradient(score, x, "guided") * enlarged(grad_cam(map_score, maps), x)


@component(
    id="vis_guided_grad_cam",
    kind="visualizer",
    family="CNN visualization",
    name="Guided Grad-CAM",
    name_zh="引导 Grad-CAM",
    help_zh="引导反向传播图与放大后的 Grad-CAM 图逐像素相乘：既精细又针对类别。",
    source="Selvaraju et al., Grad-CAM, arXiv 1610.02391",
    keywords="attribution explain class activation gradient 归因 解释 类激活 梯度",
    tags=("batch_independent",),
    examples=EXAMPLES,
    xfail={"gradient": "a map is a constant for what follows"},
)
class GuidedGradCAM(LayerMap):
    r"""The product of guided backpropagation and of the enlarged Grad-CAM of a layer.

    $$M = G \odot \mathrm{up}(M_{\mathrm{Grad\text{-}CAM}})$$

    Args:
        backbone: the first part of the classifier, from images to the feature maps that are weighted.
        head: the rest of it, from these maps to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Selvaraju et al., arXiv 1610.02391, section 3.2; enlarged bilinearly.
    """

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            maps = self.backbone(x)
            check_logits(self.head(maps))
            return torch.empty_like(x)
        maps = maps_of(self.backbone, x)
        score = class_score(lambda points: self.head(self.backbone(points)), x, target)
        return guided_grad_cam(score, x, class_score(self.head, maps, target), maps)
