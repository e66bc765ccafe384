"""Generalized batch normalization: other measures of centre and spread than mean and standard deviation."""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from components.normalization._running import RunningNorm
from components.registry import component
from components.spec import Dims, InChannels, PositiveFloat, Probability, example


@component(
    id="norm_generalized_batch",
    kind="layer",
    family="Feature normalization",
    name="Generalized batch normalization (GBN)",
    name_zh="广义批归一化 GBN",
    help_zh="批归一化的推广：用风险理论中其他成对的偏差度量与统计量代替标准差与均值，例如适合 ReLU 的超分位数偏差。",
    source="Yuan et al., Generalized Batch Normalization, arXiv 1812.03271",
    keywords="gbn deviation measure superquantile cvar risk quantile range 偏差 分位数 风险",
    examples=(
        example(x=(5, 3)),
        example(x=(4, 3, 7), deviation="standard", momentum=0.3),
        example(x=(2, 3, 5, 7), deviation="range"),
        example(x=(4, 3, 5), deviation="worst_case", eps=1e-3),
    ),
)
class GeneralizedBatchNorm(RunningNorm):
    r"""Centres each channel by a statistic S and divides it by the deviation measure D that belongs to it.

    $$y = \gamma\, \frac{x - S(x)}{D(x) + \epsilon} + \beta$$

    | deviation | S | D |
    |---|---|---|
    | standard | mean | standard deviation |
    | superquantile | quantile at alpha | mean of the values above it, less the mean |
    | range | middle of the range | half of the range |
    | worst_case | maximum | maximum less the mean |

    The superquantile deviation at alpha 1/2 is the mean absolute deviation from the median.

    Args:
        num_features: channels of the input.
        deviation: the pair of S and D.
        alpha: share of the values below the quantile of the superquantile deviation.
        eps: added to the deviation, against division by zero.
        momentum: share of the new batch in the running S and D.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: the same.

    Source: Yuan et al., arXiv 1812.03271; the pairs, Rockafellar & Uryasev, The fundamental risk quadrangle, 2013. The
    quantile is the least value that at least the share alpha of the values does not exceed.
    """

    def __init__(
        self,
        num_features: InChannels,
        deviation: Literal["superquantile", "standard", "range", "worst_case"] = "superquantile",
        alpha: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5,
        eps: PositiveFloat = 1e-5,
        momentum: Probability = 0.1,
    ) -> None:
        super().__init__(num_features, eps, momentum)
        self.deviation, self.alpha = deviation, alpha

    def statistics(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        mean = rows.mean(1)
        if self.deviation == "standard":  # a norm, unlike a root, has a gradient where a channel is constant
            return mean, torch.linalg.vector_norm(rows - mean[:, None], dim=1) / math.sqrt(rows.shape[1])
        if self.deviation == "range":
            low, high = rows.amin(1), rows.amax(1)
            return (high + low) / 2, (high - low) / 2
        if self.deviation == "worst_case":
            high = rows.amax(1)
            return high, high - mean
        quantile = rows.kthvalue(math.ceil(self.alpha * rows.shape[1]), 1).values
        above = (rows - quantile[:, None]).relu().mean(1) / (1 - self.alpha)
        return quantile, quantile + above - mean

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        return super().forward(x)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, deviation={self.deviation!r}, alpha={self.alpha}"
