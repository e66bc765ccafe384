"""Adaptive batch normalization: each domain has statistics of its own, all of them share the weights."""

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from components.channels import per_channel
from components.registry import component
from components.spec import Count, Dims, InChannels, PositiveFloat, Probability, example, ints


@component(
    id="norm_adabn",
    kind="layer",
    family="Feature normalization",
    name="Adaptive batch normalization (AdaBN)",
    name_zh="自适应批归一化 AdaBN",
    help_zh="源域与目标域各用自己的批统计量，其余权重共享：目标域不需要标签，换统计量即可完成域适应。",
    source="Li et al., Revisiting Batch Normalization For Practical Domain Adaptation, arXiv 1603.04779",
    keywords="adabn domain adaptation statistics transfer 域适应 迁移 统计量",
    examples=(
        example(x=(7, 3), domain=ints(7, high=2)),
        example(x=(6, 3, 5), domain=ints(6, high=3), num_domains=3, momentum=0.3),
        example(x=(5, 3, 4, 6), domain=ints(5, high=2), eps=1e-3),
    ),
)
class AdaptiveBatchNorm(nn.Module):
    r"""Standardises each channel with the statistics of the domain that a sample belongs to.

    $$y_n = \gamma\, \frac{x_n - \mathrm{E}[x \mid d_n]}{\sqrt{\mathrm{Var}[x \mid d_n] + \epsilon}} + \beta$$

    Where the loss reads the samples of the source domain alone, those of the target domain change nothing but its
    statistics, so that a network is adapted without labels. With one domain it is batch normalization.

    Args:
        num_features: channels of the input.
        num_domains: number of domains, such as 2 for source and target.
        eps: added to the variance, against division by zero.
        momentum: share of the new batch in the running statistics of a domain that occurs in it.

    Shape:
        x: (B, C, *), channels on axis 1.
        domain: (B,), integers in [0, num_domains): the domain of each sample.
        y: the same as x.

    Raises:
        IndexError: a domain that lies outside [0, num_domains).

    Source: Li et al., arXiv 1603.04779, algorithm 1, with running statistics of each domain in place of a pass over the
    target data after the training.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self,
        num_features: InChannels,
        num_domains: Count = 2,
        eps: PositiveFloat = 1e-5,
        momentum: Probability = 0.1,
    ) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_domains, num_features))
        self.register_buffer("running_var", torch.ones(num_domains, num_features))

    def forward(
        self, x: Annotated[Tensor, Dims("B C *")], domain: Annotated[Tensor, Dims("B", dtype="int")]
    ) -> Annotated[Tensor, Dims("B C *")]:
        x = x.to(self.running_mean.dtype)  # mixed precision: statistics of half precision would be too coarse
        flat = x.flatten(2) if x.dim() > 2 else x.unsqueeze(2)  # (B, C, M)
        if self.training:
            every = torch.arange(len(self.running_mean), device=x.device)
            member = (domain == every[:, None]).to(x.dtype)[..., None]  # (K, B, 1)
            count = member.sum(1) * flat.shape[2]
            mean = (member * flat.sum(2)).sum(1) / count.clamp(min=1)  # (K, C); a product of matrices may be coarser
            var = (member * (flat - F.embedding(domain, mean)[..., None]).square().sum(2)).sum(1) / count.clamp(min=1)
            with torch.no_grad():
                share = self.momentum * (count > 0).to(x.dtype)
                self.running_mean.lerp_(mean, share)
                self.running_var.lerp_(var * count / (count - 1).clamp(min=1), share)
        else:
            mean, var = self.running_mean, self.running_var
        mean, scale = F.embedding(domain, mean), F.embedding(domain, (var + self.eps).rsqrt())  # (B, C)
        y = (x - per_channel(mean, x)) * per_channel(scale, x)
        return y * per_channel(self.weight, x) + per_channel(self.bias, x)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, num_domains={len(self.running_mean)}, eps={self.eps}, momentum={self.momentum}"
