"""The fixed position encoding of the first Transformer."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="pe_sinusoidal",
    kind="layer",
    family="Position encoding",
    name="Sinusoidal position encoding",
    name_zh="三角函数式位置编码",
    help_zh="给每个位置加上不同频率的正弦与余弦，使模型知道顺序；没有参数，长度不限。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762",
    keywords="sine cosine absolute position pe 位置 正弦",
    tags=("batch_independent", "causal"),
    examples=(example(x=(2, 5, 8)), example(x=(2, 5, 7), base=100.0)),
)
class SinusoidalPosition(nn.Module):
    r"""Adds sines and cosines of the position, at wavelengths from 2 pi to 2 pi base.

    $$p_{t,2i} = \sin(t / b^{2i/C}), \quad p_{t,2i+1} = \cos(t / b^{2i/C})$$

    Args:
        base: the base b of the wavelengths.

    Shape:
        x: (B, T, C).
        y: (B, T, C).

    Source: Vaswani et al., arXiv 1706.03762, section 3.5.
    """

    def __init__(self, base: PositiveFloat = 10000.0) -> None:
        super().__init__()
        self.base = base

    def forward(self, x: Annotated[Tensor, Dims("B T C")]) -> Annotated[Tensor, Dims("B T C")]:
        steps, features = x.shape[1:]
        t = torch.arange(steps, device=x.device, dtype=torch.float32)
        even = torch.arange(0, features, 2, device=x.device, dtype=torch.float32)
        angle = t[:, None] * torch.exp(even * (-math.log(self.base) / features))  # (T, ceil(C / 2))
        table = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)[:, :features]  # sine, cosine, sine, ...
        return x + table.to(x.dtype)

    def extra_repr(self) -> str:
        return f"base={self.base}"
