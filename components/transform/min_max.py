"""Min-max normalisation: values are scaled to a fixed range."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.rules import require
from components.spec import Dims, InChannels, InFeatures, example
from components.transform._groups import Per, along, rows


@component(
    id="dnorm_min_max",
    kind="transform",
    family="Data transform",
    name="Min-max normalisation",
    name_zh="最小-最大值归一化",
    help_zh="用训练集的最小值和最大值，把数据线性缩放到指定区间。",
    source="Classical; Han, Kamber & Pei, Data Mining, 2011",
    keywords="minmax scaler rescale normalise data 数据 归一化 缩放",
    tags=("batch_independent",),
    examples=(example(x=(5, 3)), example(x=(2, 3, 5, 7), range=[-1.0, 1.0]), example(x=(2, 7, 3), per="feature")),
)
class MinMax(nn.Module):
    r"""Maps the smallest and largest value of the training data to the ends of a range.

    $$y = a + (b - a)\,\frac{x - x_{\min}}{x_{\max} - x_{\min}}$$

    ``fit`` measures both once, on the training split; they are kept with the weights. Before that they are 0 and 1.
    Values beyond them leave the range. A constant channel becomes a.

    Args:
        in_channels: size of axis 1.
        in_features: size of the last axis.
        per: what has a smallest and largest value of its own: each entry of axis 1 (a column of a table, a colour of an
            image), each entry of the last axis (a feature of a sequence), or all values together.
        range: the ends a and b, a below b.

    Shape:
        x: (B, C, *).
        y: the same.

    Raises:
        ParameterError: the range does not rise.

    Source: as sklearn.preprocessing.MinMaxScaler.
    """

    low: Tensor
    high: Tensor

    def __init__(
        self,
        in_channels: InChannels,
        in_features: InFeatures,
        per: Per = "channel",
        range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        super().__init__()
        rule = ("a list of 2 items, the first below the second", "两项的列表，且第一项小于第二项")
        require(range[0] < range[1], "dnorm_min_max", "range", rule, range)
        self.per: Per = per
        self.range = range
        size = {"channel": in_channels, "feature": in_features, "all": 1}[per]
        self.register_buffer("low", torch.zeros(size))
        self.register_buffer("high", torch.ones(size))

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Measures the smallest and largest values of x (B, C, *)."""
        low, high = torch.aminmax(rows(x, self.per), dim=0)
        self.low.copy_(low)
        self.high.copy_(high)

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        span = self.high - self.low
        span = torch.where(span == 0, torch.ones_like(span), span)
        a, b = self.range
        return (x - along(self.low, x, self.per)) / along(span / (b - a), x, self.per) + a

    def extra_repr(self) -> str:
        return f"{len(self.low)}, per={self.per!r}, range={self.range}"
