"""Standout: a layer whose units decide by their own input how likely they are kept."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, InFeatures, example


@component(
    id="drop_standout",
    kind="layer",
    family="Dropout",
    name="Standout (adaptive dropout)",
    name_zh="Standout 自适应失活",
    help_zh="全连接加 ReLU，每个单元的保留概率由自身的输入决定：激活越强越可能保留。",
    source="Ba & Frey, Adaptive dropout for training deep neural networks, NeurIPS 2013",
    keywords="adaptive dropout belief network linear relu 自适应 保留概率",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(3, 7), out_features=5), example(x=(2, 3, 7), out_features=6, alpha=0.5, beta=1.0)),
)
class Standout(nn.Module):
    r"""A linear layer with a rectifier whose units are kept with a probability that grows with their input.

    $$y = m \odot \mathrm{ReLU}(a), \quad a = x W^\top + b, \quad
    m_i \sim \mathrm{Bernoulli}(\pi_i), \; \pi = \mathrm{sigmoid}(\alpha a + \beta)$$

    Evaluation takes the mean, $\pi \odot \mathrm{ReLU}(a)$. With alpha and beta 0 it is dropout with probability 1/2.

    Args:
        in_features: size of the last axis of the input.
        out_features: number of units.
        alpha: how much the input of a unit counts for its probability.
        beta: offset; larger for more units that are kept.

    Shape:
        x: (B, *, in_features).
        y: (B, *, out_features).

    Source: Ba & Frey, NeurIPS 2013, section 3.2: the belief network takes its weights from the layer. No gradient flows
    through the probabilities in training.
    """

    def __init__(
        self, in_features: InFeatures, out_features: Count = 64, alpha: float = 1.0, beta: float = 0.0
    ) -> None:
        super().__init__()
        self.alpha, self.beta = alpha, beta
        self.linear = nn.Linear(in_features, out_features)

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        a = self.linear(x)
        kept = torch.sigmoid(self.alpha * a + self.beta)
        if self.training:
            kept = torch.bernoulli(kept.detach())
        return kept * a.relu()

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}, beta={self.beta}"
