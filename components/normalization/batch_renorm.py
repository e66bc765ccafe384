"""Batch renormalization: batch normalization that agrees with what evaluation does."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.channels import channel_rows, per_channel
from components.registry import component
from components.scheduled import Scheduled
from components.spec import Dims, InChannels, NonNegativeFloat, PositiveFloat, Probability, example


@component(
    id="norm_batch_renorm",
    kind="layer",
    family="Feature normalization",
    name="Batch renormalization",
    name_zh="批重归一化",
    help_zh="在批归一化上加一个有界的修正，使训练时的输出接近评估时的输出；批次小或样本相关时更稳。",
    source="Ioffe, Batch Renormalization, arXiv 1702.03275",
    schedules=("schedule",),
    keywords="brn renorm small minibatch running statistics 小批量 滑动统计量",
    examples=(example(x=(5, 3)), example(x=(4, 3, 7), r_max=1.5, d_max=0.5), example(x=(2, 3, 5, 7), momentum=0.3)),
)
class BatchRenorm(Scheduled):
    r"""Batch normalization with a correction towards the running statistics, within bounds.

    $$y = \gamma \left(\frac{x - \mu_B}{\sigma_B}\, r + d\right) + \beta, \quad
    r = \mathrm{clip}_{[1/r_{max}, r_{max}]}\!\frac{\sigma_B}{\sigma}, \quad
    d = \mathrm{clip}_{[-d_{max}, d_{max}]}\!\frac{\mu_B - \mu}{\sigma}$$

    r and d are constants for the gradient. Within the bounds the training output is what the running statistics give.

    Args:
        num_features: channels of the input.
        r_max: greatest correction of the scale; 1 for none.
        d_max: greatest correction of the mean, in standard deviations; 0 for none.
        eps: added to the variance, against division by zero.
        momentum: share of the new batch in the running mean and standard deviation.

    Shape:
        x: (B, C, *), channels on axis 1.
        schedule: how far the bounds are open: at 0 this is batch normalization, at 1 (where nothing is wired) the
            bounds are r_max and d_max.
        y: the same as x.

    Source: Ioffe, arXiv 1702.03275, algorithm 1; the paper opens the bounds over the first steps of the training.
    """

    running_mean: Tensor
    running_std: Tensor

    def __init__(
        self,
        num_features: InChannels,
        r_max: Annotated[float, Field(ge=1.0)] = 3.0,
        d_max: NonNegativeFloat = 5.0,
        eps: PositiveFloat = 1e-5,
        momentum: Probability = 0.01,
    ) -> None:
        super().__init__()
        self.r_max, self.d_max, self.eps, self.momentum = r_max, d_max, eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_std", torch.ones(num_features))

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        x = x.to(self.running_mean.dtype)  # mixed precision: statistics of half precision would be too coarse
        if self.training:
            var, mean = torch.var_mean(channel_rows(x), 1, correction=0)
            std = (var + self.eps).sqrt()
            with torch.no_grad():
                r_max, d_max = 1 + self.factor * (self.r_max - 1), self.factor * self.d_max
                r = (std / self.running_std).clamp(1 / r_max, r_max)
                d = ((mean - self.running_mean) / self.running_std).clamp(-d_max, d_max)
                self.running_mean.lerp_(mean, self.momentum)
                self.running_std.lerp_(std, self.momentum)
            scale, shift = r / std, d - mean * r / std
        else:
            scale = 1 / self.running_std
            shift = -self.running_mean * scale
        scale, shift = self.weight * scale, self.weight * shift + self.bias
        return x * per_channel(scale, x) + per_channel(shift, x)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, r_max={self.r_max}, d_max={self.d_max}"
