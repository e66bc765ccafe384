"""Weighted channel dropout: weak channels are dropped more often than strong ones."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.channels import per_channel
from components.registry import component
from components.spec import Dims, DropRate, example


@component(
    id="drop_weighted_channel",
    kind="layer",
    family="Dropout",
    name="Weighted channel dropout (WCD)",
    name_zh="加权通道失活 WCD",
    help_zh="训练时按各通道的平均激活加权抽取要保留的通道，激活弱的通道更常被丢弃；评估时不起作用。",
    source="Hou & Wang, Weighted Channel Dropout for Regularization of Deep CNN, AAAI 2019",
    keywords="wcd channel selection weighted random sampling 通道 加权抽样",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(2, 9, 5), ratio=0.7),
        example(x=(2, 8, 3, 5), p=0.1),
        example(x=(2, 7, 3, 4, 5), ratio=0.5),
    ),
)
class WeightedChannelDropout(nn.Module):
    r"""In training, keeps a number of channels drawn by their mean activation, enlarged so that their sum stays.

    $$y_c = m_c\, \frac{\sum_j s_j}{\sum_j m_j s_j}\, x_c, \quad s_c = \mathrm{mean}(x_c)$$

    Channels are drawn one after the other without putting back, each with a probability in proportion to its score s.

    Args:
        ratio: share of the channels that is drawn.
        p: probability that a drawn channel is dropped all the same.

    Shape:
        x: (B, C, *), channels on axis 1 and at least one more axis; not negative, as behind a ReLU.
        y: the same; in evaluation x itself.

    Source: Hou & Wang, AAAI 2019, sections 3.1 and 3.2; the draw is that of Efraimidis & Spirakis 2006. A mean that is
    not positive counts as nearly zero.
    """

    def __init__(self, ratio: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8, p: DropRate = 0.0) -> None:
        super().__init__()
        self.ratio, self.p = ratio, p

    def forward(self, x: Annotated[Tensor, Dims("B C L *")]) -> Annotated[Tensor, Dims("B C L *")]:
        if not self.training:
            return x
        score = x.detach().flatten(2).mean(2).clamp(min=1e-6)  # (B, C)
        keys = torch.rand_like(score).log() / score
        drawn = keys.topk(max(1, round(self.ratio * x.shape[1])), 1).indices
        mask = torch.zeros_like(score).scatter(1, drawn, 1.0) * (torch.rand_like(score) >= self.p)
        mask = mask * score.sum(1, keepdim=True) / (mask * score).sum(1, keepdim=True).clamp(min=1e-6)
        return x * per_channel(mask, x)

    def extra_repr(self) -> str:
        return f"ratio={self.ratio}, p={self.p}"
