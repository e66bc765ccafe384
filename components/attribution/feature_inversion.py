"""Feature inversion: an image that gives the same features as the one it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._ascent import best_image, total_variation
from components.registry import component
from components.rules import require
from components.spec import Block, Count, Dims, NonNegativeFloat, Ports, PositiveFloat, example, sub


def invert(
    features: Callable[[Tensor], Tensor],
    x: Tensor,
    start: Tensor,
    steps: int,
    lr: float,
    smoothness: float = 0.0,
    bounds: tuple[float, float] | None = None,
) -> Tensor:
    """An image like x (B, C, H, W), found from ``start``, whose features (B, *) are those of x.

    Args:
        smoothness: weight of the mean squared difference of neighbouring pixels, beside the error relative to the
            features' energy.
    """
    with torch.no_grad():
        wanted = features(x).flatten(1)
        energy = wanted.square().sum(1).clamp(min=1e-12)

    def loss(image: Tensor) -> Tensor:
        error = (features(image).flatten(1) - wanted).square().sum(1) / energy
        return error + smoothness * total_variation(image)

    return best_image(loss, start, steps, lr, bounds)


@component(
    id="vis_feature_inversion",
    kind="visualizer",
    family="CNN visualization",
    name="Feature inversion",
    name_zh="特征反演",
    help_zh="从某层特征重建图像：特征相同而细节不同之处，就是该层丢弃的信息。",
    source="Mahendran & Vedaldi, Understanding Deep Image Representations by Inverting Them, arXiv 1412.0035",
    keywords="reconstruct representation invariance features 重建 表示 不变性",
    tags=("stochastic", "random_in_evaluation"),
    examples=(
        example(
            x=(3, 2, 6, 5), steps=2,
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3, then=sub("act_relu")),
        ),
        example(
            x=(2, 3, 4, 7), steps=3, range=None, smoothness=0.1,
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=5)),
        ),
    ),
    xfail={"gradient": "an image that was found is a constant for what follows"},
)  # fmt: skip
class FeatureInversion(nn.Module):
    r"""Looks for an image with the same features as the given one: what it has lost, the features do not hold.

    $$x^* = \arg\min_z \frac{\lVert \Phi(z) - \Phi(x) \rVert^2}{\lVert \Phi(x) \rVert^2} + \tau\, \mathrm{TV}(z)$$

    Args:
        model: the part of a network that gives the features Φ, of any shape.
        steps: number of steps of Adam from noise, with a learning rate that falls to zero.
        lr: the learning rate at first, in units of a pixel's value.
        smoothness: the weight τ of the mean squared difference of neighbouring pixels.
        range: the least and greatest value of a pixel; none for no bounds.
        every: epochs between two pictures.
        count: number of validation samples that are inverted.

    Shape:
        x: (B, C, H, W).
        image: like x.

    Raises:
        ParameterError: the range does not rise.

    Source: Mahendran & Vedaldi, arXiv 1412.0035, section 2; with Adam instead of momentum, bounds instead of the α-norm, and
        the total variation with β = 2.
    """

    form = "images"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "features: B *")],
        steps: Count = 200,
        lr: PositiveFloat = 0.05,
        smoothness: NonNegativeFloat = 0.01,
        range: tuple[float, float] | None = (0.0, 1.0),
        every: Count = 5,
        count: Count = 8,
    ) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first below the second", "两项的列表，且第一项小于第二项")
        require(range is None or range[0] < range[1], "vis_feature_inversion", "range", rule, range)
        self.model, self.steps, self.lr, self.smoothness = model, steps, lr, smoothness
        self.range, self.every, self.count = range, every, count

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Ports(image="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            self.model(x)
            return torch.empty_like(x)
        low, high = self.range or (-1.0, 1.0)
        start = (low + high) / 2 + 0.05 * (high - low) * torch.randn_like(x)
        return invert(self.model, x, start, self.steps, self.lr, self.smoothness, self.range)

    def extra_repr(self) -> str:
        return f"steps={self.steps}, lr={self.lr}, smoothness={self.smoothness}, every={self.every}, count={self.count}"
