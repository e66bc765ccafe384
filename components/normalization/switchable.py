"""Switchable normalization: learns how much to trust the statistics of instance, layer and batch."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.channels import per_channel
from components.registry import component
from components.spec import Dims, InChannels, PositiveFloat, Probability, example


@component(
    id="norm_switchable",
    kind="layer",
    family="Feature normalization",
    name="Switchable normalization (SN)",
    name_zh="切换归一化 SN",
    help_zh="同时计算实例、层、批三种统计量，并学习它们各自的权重，自动选择合适的归一化方式。",
    source="Luo et al., Differentiable Learning-to-Normalize via Switchable Normalization, arXiv 1806.10779",
    keywords="sn switchnorm instance layer batch mixture 自适应 可切换",
    examples=(example(x=(4, 3, 7)), example(x=(4, 3, 5, 7), momentum=0.3), example(x=(2, 3, 4, 5, 6), eps=1e-3)),
)
class SwitchableNorm(nn.Module):
    r"""Standardises with a learned mixture of the statistics of instance, layer and batch normalization.

    $$y = \gamma\, \frac{x - \sum_k w_k \mu_k}{\sqrt{\sum_k w'_k \sigma_k^2 + \epsilon}} + \beta, \quad
    w = \mathrm{softmax}(\lambda),\; w' = \mathrm{softmax}(\lambda'), \; k \in \{in, ln, bn\}$$

    Args:
        num_features: channels of the input.
        eps: added to the mixed variance, against division by zero.
        momentum: share of the new batch in the running statistics of the batch, which evaluation uses.

    Shape:
        x: (B, C, *), channels on axis 1 and at least one more axis.
        y: the same.

    Source: Luo et al., arXiv 1806.10779, equations 3 to 5; running statistics in place of the average over some
    batches after the training.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: InChannels, eps: PositiveFloat = 1e-5, momentum: Probability = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.mean_logits = nn.Parameter(torch.ones(3))  # of instance, layer and batch
        self.var_logits = nn.Parameter(torch.ones(3))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Annotated[Tensor, Dims("B C L *")]) -> Annotated[Tensor, Dims("B C L *")]:
        x = x.to(self.running_mean.dtype)  # mixed precision: statistics of half precision would be too coarse
        var_in, mean_in = torch.var_mean(x.flatten(2), 2, correction=0)  # (B, C)
        spread_ln, mean_ln = torch.var_mean(mean_in, 1, correction=0, keepdim=True)
        var_ln = var_in.mean(1, keepdim=True) + spread_ln  # within and between; mean squares would cancel
        if self.training:
            spread_bn, mean_bn = torch.var_mean(mean_in, 0, correction=0)
            var_bn = var_in.mean(0) + spread_bn
            with torch.no_grad():
                self.running_mean.lerp_(mean_bn, self.momentum)
                self.running_var.lerp_(var_bn, self.momentum)
        else:
            mean_bn, var_bn = self.running_mean, self.running_var
        means, variances = self.mean_logits.softmax(0), self.var_logits.softmax(0)
        mean = means[0] * mean_in + means[1] * mean_ln + means[2] * mean_bn
        var = variances[0] * var_in + variances[1] * var_ln + variances[2] * var_bn
        y = (x - per_channel(mean, x)) * per_channel((var + self.eps).rsqrt(), x)
        return y * per_channel(self.weight, x) + per_channel(self.bias, x)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}, momentum={self.momentum}"
