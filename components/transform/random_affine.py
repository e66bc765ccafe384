"""Random affine maps: images are turned, shifted and scaled in training."""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from components.registry import component
from components.rules import require
from components.spec import Dims, PositiveFloat, Probability, example


@component(
    id="aug_random_affine",
    kind="transform",
    family="Data transform",
    name="Random rotation, shift and scale",
    name_zh="随机旋转、平移与缩放",
    help_zh="训练时对每幅图像随机旋转、平移和缩放；评估时不变。",
    source="Simard, Steinkraus & Platt, Best practices for convolutional neural networks, ICDAR 2003",
    keywords="augmentation affine rotate rotation translate zoom image 数据增强 仿射 旋转 图像",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(4, 3, 5, 7)),
        example(x=(4, 3, 5, 7), degrees=30.0, translate=0.2, scale=[0.5, 1.5], padding_mode="border"),
    ),
)
class RandomAffine(nn.Module):
    r"""In training, turns, scales and shifts each image by amounts of its own, with bilinear interpolation.

    $$y(u) = x\!\left(\tfrac{1}{s} R_\theta^{\top} (u - t)\right)$$

    The turn $\theta$, the factor $s$ and the shift $t$ are uniform within their limits; $u$ is a place seen from the centre.

    Args:
        degrees: farthest turn to either side, in degrees.
        translate: farthest shift to either side, as a share of the height and of the width.
        scale: smallest and largest factor of size.
        padding_mode: what lies outside the image: zeros, or its border.

    Shape:
        x: (B, C, H, W).
        y: the same; in evaluation x itself.

    Raises:
        ParameterError: the largest scale is below the smallest.

    Source: Simard et al. 2003, without their elastic part; draws from torch's global generator.
    """

    def __init__(
        self,
        degrees: Annotated[float, Field(ge=0.0, le=180.0)] = 10.0,
        translate: Probability = 0.1,
        scale: tuple[PositiveFloat, PositiveFloat] = (1.0, 1.0),
        padding_mode: Literal["zeros", "border"] = "zeros",
    ) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first not above the second", "两项的列表，且第一项不大于第二项")
        require(scale[0] <= scale[1], "aug_random_affine", "scale", rule, scale)
        self.degrees, self.translate, self.scale, self.padding_mode = degrees, translate, scale, padding_mode

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        if not self.training:
            return x
        n, _, h, w = x.shape
        turn, size, down, right = torch.rand(4, n, device=x.device, dtype=x.dtype)
        angle = math.radians(self.degrees) * (2 * turn - 1)
        factor = self.scale[0] + (self.scale[1] - self.scale[0]) * size
        # Where each output pixel comes from: shift back, turn back, scale back; in units of half the height and width.
        cos, sin = angle.cos() / factor, angle.sin() / factor
        matrix = torch.stack([cos, sin * h / w, -sin * w / h, cos], dim=1).view(n, 2, 2)
        shift = 2 * self.translate * (2 * torch.stack([right, down], dim=1) - 1)  # (B, 2)
        theta = torch.cat([matrix, -matrix @ shift[:, :, None]], dim=2)  # (B, 2, 3)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode=self.padding_mode, align_corners=False)

    def extra_repr(self) -> str:
        return f"degrees={self.degrees}, translate={self.translate}, scale={self.scale}"
