"""Weights that hand the input through."""

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import PositiveFloat


@component(
    id="init_identity",
    kind="init",
    family="Initialization",
    name="Identity",
    name_zh="恒等初始化",
    help_zh="初始时该层原样传递输入：矩阵为单位阵，卷积核只有中心为 1。",
    source="Le et al., A simple way to initialize recurrent networks of rectified linear units, arXiv 1504.00941",
    inputs={},
    outputs={},
    keywords="eye dirac irnn 单位矩阵",
)
class Identity:
    r"""Lets a layer begin as the identity: ones on the diagonal of a matrix, or at the centre of a kernel.

    $$W_{o,i} = g\, [o = i]$$

    Args:
        gain: factor g by which the layer multiplies its input.

    Raises:
        ValueError: a weight of other than two to five axes.

    Source: Le et al., arXiv 1504.00941; for kernels torch.nn.init.dirac_, for matrices torch.nn.init.eye_.
    """

    def __init__(self, gain: PositiveFloat = 1.0) -> None:
        self.gain = gain

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight``, (out, in, *kernel), and returns it; draws nothing. Odd kernels give the exact identity."""
        fill = nn.init.eye_ if weight.dim() == 2 else nn.init.dirac_
        with torch.no_grad():
            return fill(weight).mul_(self.gain)
