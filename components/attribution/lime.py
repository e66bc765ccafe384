"""LIME: a linear model of what happens when parts of the image are hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.attribution._score import Score, check_logits, class_score, scores_without
from components.attribution._superpixels import superpixels
from components.registry import component
from components.spec import Block, Count, Dims, NonNegativeFloat, Ports, PositiveFloat, example, ints, sub


def lime(
    score: Score,
    x: Tensor,
    segments: Tensor,
    baseline: Tensor,
    num_segments: int,
    samples: int,
    kernel_width: float = 0.25,
    ridge: float = 0.01,
    at_once: int = 1,
) -> Tensor:
    """The weight (B, S) of each segment in a linear model of the score around x (B, *).

    Segments are hidden at random, drawn from torch's global generator. The model is a ridge regression on which of
    them are there; a sample counts by the kernel of its cosine distance from the whole.

    Args:
        segments: the segment of each value, from 0 to S - 1, (B, *) or what broadcasts to it.
        baseline: what stands in the place of hidden values, like x.
        samples: number of samples; the first is x itself.
        kernel_width: of the exponential kernel, in units of the distance.
        ridge: weight of the coefficients' squares.
        at_once: how many samples run together.
    """
    there = torch.rand(samples, num_segments, device=x.device) < 0.5
    there[0] = True
    seen = torch.cat(
        [
            scores_without(score, x, ~part[:, segments], baseline, at_once)  # (m, B, *) are gone
            for part in there.split(at_once)
        ]
    )
    z = there.to(torch.float64)
    distance = 1 - z.mean(1).sqrt()  # of 0/1 vectors from all ones
    kernel = torch.exp(-(distance**2) / kernel_width**2)
    share = (kernel / kernel.sum()).unsqueeze(1)
    z, y = z - (share * z).sum(0), seen.double() - (share * seen).sum(0)
    weighted = kernel.unsqueeze(1) * z
    normal = z.T @ weighted + ridge * torch.eye(num_segments, device=x.device, dtype=torch.float64)
    return torch.linalg.lstsq(normal, weighted.T @ y, driver="gelsd" if x.device.type == "cpu" else None).solution.T.to(
        x.dtype
    )


def mean_colours(x: Tensor, segments: Tensor, num_segments: int) -> Tensor:
    """The images (B, C, H, W) in which each pixel has the mean colour of its segment (B, H, W)."""
    belongs = torch.nn.functional.one_hot(segments.flatten(1), num_segments).to(x)  # (B, HW, S)
    means = x.flatten(2) @ belongs / belongs.sum(1, keepdim=True).clamp(min=1)  # (B, C, S)
    return (means @ belongs.transpose(1, 2)).view_as(x)


@component(
    id="vis_lime",
    kind="visualizer",
    family="CNN visualization",
    name="LIME",
    name_zh="LIME 局部线性解释",
    help_zh="随机遮住若干超像素，用加权线性模型拟合得分的变化；每个超像素的系数就是它的贡献。",
    source="Ribeiro et al., Why Should I Trust You?, arXiv 1602.04938",
    keywords="attribution explain surrogate superpixel perturbation model-agnostic 归因 解释 代理模型 超像素 扰动",
    tags=("stochastic", "random_in_evaluation"),
    examples=(
        example(
            x=(3, 2, 6, 5), segments=ints(3, 6, 5, high=4), target=ints(3, high=4), grid=(2, 2), samples=12,
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3,
                      then=sub("pool_global_avg", keepdim=False)),
        ),
        example(
            x=(2, 3, 4, 7), grid=(2, 3), samples=9, hide="zero",
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=5)),
        ),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class LIME(nn.Module):
    r"""Explains the score of a class by a linear model of which parts of the image can be seen.

    $$w = \arg\min_w \sum_z \pi(z)\, \big(f_y(h(z)) - w^\top z - w_0\big)^2 + \lambda \lVert w \rVert^2, \quad
    \pi(z) = \exp\big(-(1 - \cos(z, 1))^2 / \sigma^2\big)$$

    where $z \in \{0, 1\}^S$ says which segments are seen and $h$ hides the others.

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        grid: rows and columns of the grid that the superpixels grow from; their product is the number S of segments.
        samples: number of images with parts hidden.
        hide: what a hidden segment becomes: its mean colour, or zero.
        kernel_width: the width σ of the kernel, in units of the cosine distance.
        ridge: the weight λ of the coefficients' squares.
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        segments: (B, H, W), the segment of each pixel, from 0 to S - 1; superpixels without it.
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, H, W), the weight of each pixel's segment.
        weights: (B, S), the weights of the segments; about 0 for one without pixels.

    Source: Ribeiro et al., arXiv 1602.04938, section 3; all segments take part, by ridge regression instead of K-LASSO.
        Superpixels as in Achanta et al., SLIC, TPAMI 2012.
    """

    form = "maps"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "logits: B K")],
        grid: tuple[Count, Count] = (6, 6),
        samples: Count = 400,
        hide: Literal["mean", "zero"] = "mean",
        kernel_width: PositiveFloat = 0.25,
        ridge: NonNegativeFloat = 0.01,
        every: Count = 5,
        count: Count = 4,
    ) -> None:
        super().__init__()
        self.model, self.grid, self.samples, self.hide = model, grid, samples, hide
        self.kernel_width, self.ridge, self.every, self.count = kernel_width, ridge, every, count

    def forward(
        self,
        x: Annotated[Tensor, Dims("B C H W")],
        segments: Annotated[Tensor, Dims("B H W", dtype="int")] | None = None,
        target: Annotated[Tensor, Dims("B", dtype="int")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(map="B H W", weights="B S")]:
        rows, columns = self.grid
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return x.new_empty(len(x), *x.shape[2:]), x.new_empty(len(x), rows * columns)
        parts = superpixels(x, rows, columns) if segments is None else segments
        baseline = mean_colours(x, parts, rows * columns) if self.hide == "mean" else torch.zeros_like(x)
        weights = lime(
            class_score(self.model, x, target), x, parts.unsqueeze(1), baseline, rows * columns, self.samples,
            self.kernel_width, self.ridge,
        )  # fmt: skip
        return weights.gather(1, parts.flatten(1)).view_as(parts), weights

    def extra_repr(self) -> str:
        return f"grid={self.grid}, samples={self.samples}, hide={self.hide!r}, every={self.every}, count={self.count}"
