"""Occlusion: how far the score falls where a patch of the image is covered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._score import Score, check_logits, class_score, scores_without
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub


def occlusion(score: Score, x: Tensor, gone: Tensor, baseline: Tensor, at_once: int = 1) -> Tensor:
    """The mean fall (B, *) of the score over the patches that cover a value.

    Args:
        gone: which values a patch covers, (M, 1, *) of booleans that broadcast to (M, B, *).
        baseline: what stands in their place, like x.
        at_once: how many patches run together.
    """
    with torch.no_grad():
        falls = score(x) - scores_without(score, x, gone, baseline, at_once)  # (M, B)
        covered = gone.to(x)
        total = (falls.view(*falls.shape, *[1] * (x.dim() - 1)) * covered).sum(0)
        return (total / covered.sum(0).clamp(min=1)).expand_as(x)


def patches(height: int, width: int, window: int, stride: int) -> Tensor:
    """The places (M, 1, 1, H, W) of a square patch that slides over an image; the last ones are cut at the border."""
    rows, columns = bands(height, window, stride), bands(width, window, stride)
    return (rows[:, None, :, None] & columns[None, :, None, :]).flatten(0, 1)[:, None, None]


def bands(size: int, window: int, stride: int) -> Tensor:
    """Which of a row of values each place of a window covers, (M, size)."""
    count = max(0, -(-(size - window) // stride)) + 1
    first, place = stride * torch.arange(count)[:, None], torch.arange(size)
    return (place >= first) & (place < first + window)


@component(
    id="vis_occlusion",
    kind="visualizer",
    family="CNN visualization",
    name="Occlusion sensitivity",
    name_zh="遮挡敏感度",
    help_zh="用方块依次遮住图像各处，看类别得分下降多少；重叠处取平均。",
    source="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, arXiv 1311.2901",
    keywords="attribution explain perturbation patch ablation 归因 解释 扰动 遮挡",
    tags=("batch_independent",),
    examples=(
        example(
            x=(3, 2, 6, 5), target=ints(3, high=4), window=2, stride=1,
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3,
                      then=sub("act_relu", then=sub("pool_global_avg", keepdim=False))),
        ),
        example(
            x=(2, 3, 4, 7), window=3, stride=2, value=0.5,
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=6,
                      then=sub("act_relu", then=sub("linear", in_features=6, out_features=5)))),
        ),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class Occlusion(nn.Module):
    r"""The fall of a class's score where a square patch covers the image, averaged over the patches at a pixel.

    $$M_p = \frac{1}{|\{w \ni p\}|} \sum_{w \ni p} \big(f_y(x) - f_y(x_{\setminus w})\big)$$

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        window: side of the patch, in pixels.
        stride: step of the patch, in pixels.
        value: what the covered pixels become.
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Zeiler & Fergus, arXiv 1311.2901, section 4.2. The map holds the fall of the score, not what is left of it.
    """

    form = "maps"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "logits: B K")],
        window: Count = 4,
        stride: Count = 2,
        value: float = 0.0,
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.model, self.window, self.stride, self.value, self.every, self.count = (
            model,
            window,
            stride,
            value,
            every,
            count,
        )

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return torch.empty_like(x)
        gone = patches(x.shape[2], x.shape[3], self.window, self.stride).to(x.device)
        return occlusion(class_score(self.model, x, target), x, gone, torch.full_like(x, self.value))

    def extra_repr(self) -> str:
        return f"window={self.window}, stride={self.stride}, value={self.value}, every={self.every}, count={self.count}"
