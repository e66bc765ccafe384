"""Stochastic depth: residual branches are left out at random in training."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Probability, example


@component(
    id="reg_stochastic_depth",
    kind="layer",
    family="Regularization",
    name="Stochastic depth (drop path)",
    name_zh="随机深度（Drop Path）",
    help_zh="训练时为每个样本随机跳过残差分支，其余样本放大该分支；评估时为普通残差相加。",
    source="Huang et al., Deep Networks with Stochastic Depth, arXiv 1603.09382",
    keywords="droppath residual skip layer dropout survival 残差 跳过 存活概率",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(7, 3), residual=(7, 3)),
        example(x=(5, 3, 4), residual=(5, 3, 4), p=0.5),
    ),
)
class StochasticDepth(nn.Module):
    r"""In training, leaves out the branch of random samples and enlarges that of the others; else adds it.

    $$y_n = x_n + \frac{m_n}{1 - p} F(x)_n, \quad m_n \sim \mathrm{Bernoulli}(1 - p)$$

    Args:
        p: probability that a sample goes without the branch; grows with the depth of the layer in the paper.

    Shape:
        x: (B, *).
        residual: like x, what the branch F made of it.
        y: the same; in evaluation the sum.

    Source: Huang et al., arXiv 1603.09382, equation 2, scaled in training in place of evaluation and drawn for each
    sample; torchvision.ops.StochasticDepth in its mode row.
    """

    def __init__(self, p: Probability = 0.2) -> None:
        super().__init__()
        self.p = p

    def forward(
        self, x: Annotated[Tensor, Dims("B *")], residual: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[Tensor, Dims("B *")]:
        if not self.training or self.p == 0:
            return x + residual
        if self.p == 1:
            return x + 0 * residual
        kept = torch.rand((len(x), *[1] * (x.dim() - 1)), device=x.device) >= self.p
        return x + residual * (kept / (1 - self.p))

    def extra_repr(self) -> str:
        return f"p={self.p}"
