"""Standardisation: values are shifted and scaled to mean 0 and standard deviation 1."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, InChannels, InFeatures, example
from components.transform._groups import Per, along, rows


@component(
    id="dnorm_standardize",
    kind="transform",
    family="Data transform",
    name="Standardisation (z-score)",
    name_zh="标准化（z 分数）",
    help_zh="用训练集的均值和标准差，把数据变为均值 0、标准差 1。",
    source="Classical; LeCun et al., Efficient BackProp, 1998",
    keywords="standardize zscore scaler normalise data 数据 归一化 缩放",
    tags=("batch_independent",),
    examples=(
        example(x=(5, 3)),
        example(x=(2, 3, 5, 7)),
        example(x=(2, 7, 3), per="feature"),
        example(x=(4, 3), per="all"),
    ),
)
class Standardize(nn.Module):
    r"""Subtracts the mean of the training data and divides by their standard deviation.

    $$y = \frac{x - \mu}{\sigma}$$

    ``fit`` measures both once, on the training split; they are kept with the weights. Before that the mean is 0 and the
    deviation 1. A constant channel is only shifted.

    Args:
        in_channels: size of axis 1.
        in_features: size of the last axis.
        per: what has a mean and deviation of its own: each entry of axis 1 (a column of a table, a colour of an image),
            each entry of the last axis (a feature of a sequence), or all values together.

    Shape:
        x: (B, C, *).
        y: the same.

    Source: as sklearn.preprocessing.StandardScaler, with the deviation of the whole training split (not n - 1).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, in_channels: InChannels, in_features: InFeatures, per: Per = "channel") -> None:
        super().__init__()
        self.per: Per = per
        size = {"channel": in_channels, "feature": in_features, "all": 1}[per]
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Measures mean and deviation of x (B, C, *)."""
        values = rows(x, self.per)
        std, mean = torch.std_mean(values, dim=0, correction=0)
        constant = values.amin(dim=0) == values.amax(dim=0)
        self.mean.copy_(mean)
        self.std.copy_(std.masked_fill(constant, 1.0))

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        return (x - along(self.mean, x, self.per)) / along(self.std, x, self.per)

    def extra_repr(self) -> str:
        return f"{len(self.mean)}, per={self.per!r}"
