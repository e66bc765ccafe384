"""Weights whose scale suits rectifiers."""

from typing import Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import NonNegativeFloat

FILLS = {"uniform": nn.init.kaiming_uniform_, "normal": nn.init.kaiming_normal_}


@component(
    id="init_kaiming",
    kind="init",
    family="Initialization",
    name="Kaiming (He)",
    name_zh="Kaiming 初始化（He）",
    help_zh="针对 ReLU 类激活确定方差，使很深的网络中信号大小不变。",
    source="He et al., Delving Deep into Rectifiers, arXiv 1502.01852",
    inputs={},
    outputs={},
    keywords="he msra uniform normal relu fan",
)
class Kaiming:
    r"""Draws weights whose variance keeps signals of equal size through layers of rectifiers.

    $$\mathrm{Var}[w] = \frac{2}{(1 + a^2)\, \mathrm{fan}}$$

    Args:
        distribution: ``normal`` or ``uniform``, of the same variance.
        mode: the fan: ``fan_in`` keeps the size of signals forward, ``fan_out`` that of gradients backward.
        negative_slope: slope a of the rectifier's negative side; 0 for ReLU.

    Source: He et al., arXiv 1502.01852; torch.nn.init.kaiming_normal_.
    """

    def __init__(
        self,
        distribution: Literal["normal", "uniform"] = "normal",
        mode: Literal["fan_in", "fan_out"] = "fan_in",
        negative_slope: NonNegativeFloat = 0.0,
    ) -> None:
        self.distribution, self.negative_slope = distribution, negative_slope
        self.mode: Literal["fan_in", "fan_out"] = mode

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight``, (out, in, *kernel), and returns it."""
        return FILLS[self.distribution](weight, self.negative_slope, self.mode, "leaky_relu", generator)
