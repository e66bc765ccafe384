"""ReZero: a residual branch that begins with no effect."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example


@component(
    id="norm_rezero",
    kind="layer",
    family="Feature normalization",
    name="ReZero / SkipInit",
    name_zh="ReZero / SkipInit 零起点残差",
    help_zh="残差分支乘以一个从 0 开始学习的标量再相加：初始时整块为恒等映射，不用归一化也能训练很深的网络。",
    source="Bachlechner et al., ReZero, arXiv 2003.04887; De & Smith, SkipInit, arXiv 2002.10444",
    keywords="residual skip connection scalar gate identity deep 残差 恒等",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 5), residual=(2, 3, 5)), example(x=(5, 3), residual=(5, 3), init=0.3)),
    xfail={"gradient-0": "the scale is zero at the start, so that the branch waits"},
)
class ReZero(nn.Module):
    r"""Adds a branch times a learned number, which begins at zero.

    $$y = x + \alpha\, F(x)$$

    Args:
        init: the first value of alpha.

    Shape:
        x: (B, *).
        residual: like x, what the branch F made of it.
        y: the same.

    Source: Bachlechner et al., arXiv 2003.04887, equation 1; De & Smith, arXiv 2002.10444, section 3.3.
    """

    def __init__(self, init: float = 0.0) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(init))

    def forward(
        self, x: Annotated[Tensor, Dims("B *")], residual: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[Tensor, Dims("B *")]:
        return x + self.alpha * residual
