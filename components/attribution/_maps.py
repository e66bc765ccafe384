"""Feature maps of an image, and maps as large as it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from components.errors import InputError


def maps_of(backbone: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The feature maps of images, as constants; InputError where they are none."""
    with torch.no_grad():
        maps = backbone(x)
    if maps.dim() != 4:
        raise InputError(
            f"The backbone must give feature maps (B, C, H, W). Got the shape {tuple(maps.shape)} instead.",
            f"backbone 应输出形状为 (B, C, H, W) 的特征图，收到的形状为 {tuple(maps.shape)}。",
        )
    return maps


def enlarged(map: Tensor, x: Tensor) -> Tensor:
    """A map (B, h, w) with the rows and columns of the image, (B, 1, H, W)."""
    return F.interpolate(map.unsqueeze(1), x.shape[2:], mode="bilinear", align_corners=False)
