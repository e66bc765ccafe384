"""Weights whose scale balances the forward and the backward pass."""

from typing import Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import PositiveFloat

FILLS = {"uniform": nn.init.xavier_uniform_, "normal": nn.init.xavier_normal_}


@component(
    id="init_xavier",
    kind="init",
    family="Initialization",
    name="Xavier (Glorot)",
    name_zh="Xavier 初始化",
    help_zh="按输入和输出单元数确定方差，使信号与梯度逐层保持大小；适合 Tanh 和 Sigmoid。",
    source="Glorot & Bengio, Understanding the difficulty of training deep networks, AISTATS 2010",
    inputs={},
    outputs={},
    keywords="glorot uniform normal fan",
)
class Xavier:
    r"""Draws weights whose variance keeps signals and gradients of equal size from layer to layer.

    $$\mathrm{Var}[w] = \frac{2 g^2}{\mathrm{fan}_{in} + \mathrm{fan}_{out}}$$

    Args:
        distribution: ``uniform`` or ``normal``, of the same variance.
        gain: factor g of the standard deviation, for the nonlinearity that follows.

    Source: Glorot & Bengio, AISTATS 2010; torch.nn.init.xavier_uniform_.
    """

    def __init__(self, distribution: Literal["uniform", "normal"] = "uniform", gain: PositiveFloat = 1.0) -> None:
        self.distribution, self.gain = distribution, gain

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight``, (out, in, *kernel), and returns it."""
        return FILLS[self.distribution](weight, self.gain, generator)
