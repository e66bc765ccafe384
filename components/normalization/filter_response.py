"""Filter response normalization: each map is divided by its root mean square, with a learned threshold behind it."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.channels import per_channel
from components.registry import component
from components.spec import Dims, InChannels, PositiveFloat, example


@component(
    id="norm_frn",
    kind="layer",
    family="Feature normalization",
    name="Filter response normalization (FRN)",
    name_zh="滤波响应归一化 FRN",
    help_zh="每个样本的每个通道除以自身的均方根，再接可学习阈值的线性单元 TLU；不依赖批次，可代替批归一化加 ReLU。",
    source="Singh & Krishnan, Filter Response Normalization Layer, arXiv 1911.09737",
    keywords="frn tlu thresholded linear unit batch-free 阈值 批无关",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 5, 7), threshold=False),
        example(x=(2, 3, 4, 5, 6), eps=1e-3),
    ),
)
class FilterResponseNorm(nn.Module):
    r"""Divides each map by its root mean square, scales and shifts it, and cuts it below a learned threshold.

    $$y = \max\!\left(\gamma\, \frac{x}{\sqrt{\nu^2 + \epsilon}} + \beta,\; \tau\right), \quad
    \nu^2 = \frac{1}{N} \sum_i x_i^2$$

    The mean is not subtracted. The threshold takes the place of a ReLU.

    Args:
        num_features: channels of the input.
        eps: added to the mean square, against division by zero.
        threshold: puts the thresholded linear unit (the max with tau) behind it; tau begins at 0.

    Shape:
        x: (B, C, *), channels on axis 1 and at least one more axis.
        y: the same.

    Source: Singh & Krishnan, arXiv 1911.09737, equations 1 to 4, with a constant epsilon.
    """

    def __init__(self, num_features: InChannels, eps: PositiveFloat = 1e-6, threshold: bool = True) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.tau = nn.Parameter(torch.zeros(num_features)) if threshold else None

    def forward(self, x: Annotated[Tensor, Dims("B C L *")]) -> Annotated[Tensor, Dims("B C L *")]:
        square = x.square().mean(tuple(range(2, x.dim())), keepdim=True)
        y = x * (square + self.eps).rsqrt() * per_channel(self.weight, x) + per_channel(self.bias, x)
        return y if self.tau is None else torch.maximum(y, per_channel(self.tau, x))

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}, threshold={self.tau is not None}"
