"""Weights that turn vectors without stretching them."""

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import PositiveFloat


@component(
    id="init_orthogonal",
    kind="init",
    family="Initialization",
    name="Orthogonal",
    name_zh="正交初始化",
    help_zh="权重矩阵为随机正交矩阵，保持向量长度；常用于循环网络。",
    source="Saxe et al., Exact solutions to the nonlinear dynamics of learning, arXiv 1312.6120",
    inputs={},
    outputs={},
    keywords="rotation isometry qr recurrent 正交 旋转",
)
class Orthogonal:
    r"""Draws a random orthogonal matrix; a kernel is one matrix with a row per output channel.

    $$W W^\top = g^2 I \text{ or } W^\top W = g^2 I$$

    Args:
        gain: factor g by which the matrix stretches vectors.

    Source: Saxe et al., arXiv 1312.6120; torch.nn.init.orthogonal_.
    """

    def __init__(self, gain: PositiveFloat = 1.0) -> None:
        self.gain = gain

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight``, (out, in, *kernel), and returns it."""
        return nn.init.orthogonal_(weight, self.gain, generator)
