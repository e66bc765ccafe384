"""Activation maximisation: the image that a unit answers to most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.attribution._ascent import best_image, total_variation
from components.errors import InputError
from components.registry import component
from components.rules import require
from components.spec import Block, Count, Dims, NonNegative, NonNegativeFloat, Ports, PositiveFloat, example, sub


def maximize(
    unit: Callable[[Tensor], Tensor],
    start: Tensor,
    steps: int,
    lr: float,
    l2: float = 0.0,
    smoothness: float = 0.0,
    roll: int = 0,
    bounds: tuple[float, float] | None = None,
) -> Tensor:
    """The image (B, C, H, W) for which the activation (B,) that ``unit`` gives, less its penalties, is great.

    Args:
        l2: weight of the sum of squares of the pixels.
        smoothness: weight of the mean squared difference of neighbouring pixels.
    """

    def loss(image: Tensor) -> Tensor:
        return l2 * image.square().sum((1, 2, 3)) + smoothness * total_variation(image) - unit(image)

    return best_image(loss, start, steps, lr, bounds, roll)


def activation_of(values: Tensor, unit: int) -> Tensor:
    """The mean activation (B,) of a channel or feature of values (B, C, *).

    Raises:
        InputError: there is no such channel.
    """
    if not (values.dim() >= 2 and unit < values.shape[1]):
        shape = tuple(values.shape)
        raise InputError(
            f"The unit {unit} needs values (B, C, *) with more than {unit} channels. Got the shape {shape} instead.",
            f"单元 {unit} 需要通道数大于 {unit} 的 (B, C, *) 值，收到的形状为 {shape}。",
        )
    return values[:, unit].flatten(1).mean(1) if values.dim() > 2 else values[:, unit]


@component(
    id="vis_activation_maximization",
    kind="visualizer",
    family="CNN visualization",
    name="Activation maximisation",
    name_zh="激活最大化（特征可视化）",
    help_zh="用梯度上升找出让某个单元（类别或通道）激活最强的图像。",
    source="Erhan et al., Visualizing Higher-Layer Features of a Deep Network, 2009",
    keywords="feature visualization dream unit channel preferred input 特征可视化 单元 通道 梯度上升",
    tags=("stochastic", "random_in_evaluation"),
    examples=(
        example(
            x=(3, 2, 6, 5), neuron=3, steps=2,
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3),
        ),
        example(
            x=(2, 3, 4, 7), steps=3, start="input", range=None, l2=0.1,
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=5)),
        ),
    ),
    xfail={"gradient": "an image that was found is a constant for what follows"},
)  # fmt: skip
class ActivationMaximization(nn.Module):
    r"""Climbs to an image for which a unit of the model is most active.

    $$x^* = \arg\max_x\; a_u(x) - \lambda \lVert x \rVert^2 - \tau\, \mathrm{TV}(x)$$

    Args:
        model: from images to classes (B, K) or to feature maps (B, C, h, w).
        neuron: the class or channel u, counted from 0; of a map its mean is meant.
        start: noise around the middle of the range, or the images that come in.
        steps: number of steps of Adam, whose learning rate falls to zero.
        lr: the learning rate at first, in units of a pixel's value.
        l2: the weight λ of the sum of squares.
        smoothness: the weight τ of the mean squared difference of neighbouring pixels.
        roll: how many pixels the image may move before each step, so that no single grid of pixels counts.
        range: the least and greatest value of a pixel; none for no bounds.
        every: epochs between two pictures.
        count: number of images.

    Shape:
        x: (B, C, H, W), where to start, or just how many images and how large.
        image: like x.

    Raises:
        ParameterError: the range does not rise.

    Source: Erhan, Bengio, Courville & Vincent, technical report 1341, Montréal 2009; the L2 penalty is that of Simonyan et
        al., arXiv 1312.6034, section 2.
    """

    form = "images"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "y: B K | B K h w")],
        neuron: NonNegative = 0,
        start: Literal["noise", "input"] = "noise",
        steps: Count = 128,
        lr: PositiveFloat = 0.05,
        l2: NonNegativeFloat = 0.0,
        smoothness: NonNegativeFloat = 0.0,
        roll: NonNegative = 0,
        range: tuple[float, float] | None = (0.0, 1.0),
        every: Count = 5,
        count: Count = 4,
    ) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first below the second", "两项的列表，且第一项小于第二项")
        require(range is None or range[0] < range[1], "vis_activation_maximization", "range", rule, range)
        self.model, self.neuron, self.start, self.steps, self.lr = model, neuron, start, steps, lr
        self.l2, self.smoothness, self.roll, self.range = l2, smoothness, roll, range
        self.every, self.count = every, count

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Ports(image="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            activation_of(self.model(x), self.neuron)
            return torch.empty_like(x)
        start = x
        if self.start == "noise":
            low, high = self.range or (-1.0, 1.0)
            start = (low + high) / 2 + 0.05 * (high - low) * torch.randn_like(x)
        return maximize(
            lambda image: activation_of(self.model(image), self.neuron), start, self.steps, self.lr, self.l2,
            self.smoothness, self.roll, self.range,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"neuron={self.neuron}, steps={self.steps}, lr={self.lr}, every={self.every}, count={self.count}"
