"""SmoothGrad: the gradient, averaged over noisy copies of the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._score import Score, check_logits, class_score, gradient
from components.registry import component
from components.spec import Block, Count, Dims, NonNegativeFloat, Ports, example, ints, sub


def smoothgrad(
    score: Score, x: Tensor, sigma: float, samples: int, at_once: int = 1, ranges: Tensor | None = None
) -> Tensor:
    """The mean gradient (B, *) over copies of x with normal noise from torch's global generator.

    Args:
        sigma: the noise's standard deviation, in parts of the range of the values.
        samples: number of noisy copies.
        at_once: how many of them run together.
        ranges: that range, for values whose units differ; broadcasts to x. That of each sample's values where None.
    """
    if ranges is None:
        flat = x.flatten(1)
        ranges = (flat.amax(1) - flat.amin(1)).view(-1, *[1] * (x.dim() - 1))
    spread = sigma * ranges
    total = torch.zeros_like(x)
    for first in range(0, samples, at_once):
        copies = min(at_once, samples - first)
        noise = torch.randn(copies, *x.shape, device=x.device, dtype=x.dtype)
        total += gradient(score, (x + spread * noise).flatten(0, 1)).unflatten(0, (copies, len(x))).sum(0)
    return total / samples


@component(
    id="vis_smoothgrad",
    kind="visualizer",
    family="CNN visualization",
    name="SmoothGrad",
    name_zh="平滑梯度（SmoothGrad）",
    help_zh="给图像多次加噪声，平均所得的梯度，去掉显著图中的杂乱斑点。",
    source="Smilkov et al., SmoothGrad: removing noise by adding noise, arXiv 1706.03825",
    keywords="attribution explain gradient noise average 归因 解释 梯度 噪声 平均",
    tags=("stochastic", "random_in_evaluation"),
    examples=(
        example(
            x=(3, 2, 6, 5), target=ints(3, high=4), samples=2,
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3,
                      then=sub("act_relu", then=sub("pool_global_avg", keepdim=False))),
        ),
        example(
            x=(2, 3, 4, 7), sigma=0.3, samples=3,
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=6,
                      then=sub("act_relu", then=sub("linear", in_features=6, out_features=5)))),
        ),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class SmoothGrad(nn.Module):
    r"""Averages the gradient of a class's score over noisy copies of the image.

    $$M = \frac{1}{n} \sum_{k=1}^n \nabla f_y(x + \varepsilon_k), \quad \varepsilon_k \sim \mathcal{N}(0, \sigma^2 (\max x - \min x)^2)$$

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        sigma: standard deviation of the noise, in parts of the range of an image's values.
        samples: number n of noisy copies.
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Smilkov et al., arXiv 1706.03825, section 3. The gradient keeps its sign.
    """

    form = "maps"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "logits: B K")],
        sigma: NonNegativeFloat = 0.15,
        samples: Count = 25,
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.model, self.sigma, self.samples, self.every, self.count = model, sigma, samples, every, count

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return torch.empty_like(x)
        return smoothgrad(class_score(self.model, x, target), x, self.sigma, self.samples)

    def extra_repr(self) -> str:
        return f"sigma={self.sigma}, samples={self.samples}, every={self.every}, count={self.count}"
