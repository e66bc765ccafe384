"""DropConnect: random weights of a linear layer are set to zero in training."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, DropRate, InFeatures, example


@component(
    id="drop_connect",
    kind="layer",
    family="Dropout",
    name="DropConnect (linear)",
    name_zh="DropConnect 全连接",
    help_zh="训练时为每个样本随机断开全连接层的部分连接（权重置零）；评估时为普通全连接层。",
    source="Wan et al., Regularization of Neural Networks using DropConnect, ICML 2013",
    keywords="weight dropout dense linear connection 权重失活 连接",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(3, 7), out_features=5), example(x=(2, 3, 7), out_features=5, p=0.2, bias=False)),
)
class DropConnect(nn.Module):
    r"""A linear layer that, in training, loses other weights for each sample; the rest is enlarged.

    $$y_n = x_n \left(\frac{M_n \odot W}{1 - p}\right)^{\!\top} + b, \quad M_{n,ij} \sim \mathrm{Bernoulli}(1 - p)$$

    It needs memory for a copy of the weights for each sample.

    Args:
        in_features: size of the last axis of the input.
        out_features: size of the last axis of the output.
        p: probability that a weight is dropped.
        bias: adds the offset b, which is never dropped.

    Shape:
        x: (B, *, in_features).
        y: (B, *, out_features).

    Source: Wan et al., ICML 2013, algorithm 1. Evaluation uses the mean of the weights in place of the paper's Gaussian
    sampling; the weights are scaled in training instead, and offsets are kept.
    """

    def __init__(self, in_features: InFeatures, out_features: Count = 64, p: DropRate = 0.5, bias: bool = True) -> None:
        super().__init__()
        self.p = p
        self.linear = nn.Linear(in_features, out_features, bias)

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        if not self.training or self.p == 0:
            return self.linear(x)
        weight = self.linear.weight
        masks = (torch.rand((len(x), *weight.shape), device=x.device) >= self.p).to(weight.dtype) / (1 - self.p)
        y = torch.einsum("boi,b...i->b...o", masks * weight, x)
        return y if self.linear.bias is None else y + self.linear.bias

    def extra_repr(self) -> str:
        return f"p={self.p}"
