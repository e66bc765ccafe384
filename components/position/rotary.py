"""Rotary positions: queries and keys are turned by an angle that grows with their position."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.spec import Dims, Ports, PositiveFloat, example


def rotate(x: Tensor, base: float) -> Tensor:
    """Turns each pair of neighbouring features of x (B, h, T, d) by its position times its frequency."""
    steps, features = x.shape[-2:]
    t = torch.arange(steps, device=x.device, dtype=torch.float32)
    even = torch.arange(0, features, 2, device=x.device, dtype=torch.float32)
    angle = t[:, None] * torch.exp(even * (-math.log(base) / features))  # (T, d / 2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)


@component(
    id="pe_rope",
    kind="layer",
    family="Position encoding",
    name="Rotary position embedding (RoPE)",
    name_zh="旋转式位置编码 RoPE",
    help_zh="按位置旋转查询和键，使它们的内积只取决于相对距离；接在拆分注意力头之后、缩放点积注意力之前。",
    source="Su et al., RoFormer, arXiv 2104.09864",
    keywords="rotary relative position rope roformer 旋转 位置",
    tags=("batch_independent", "causal"),
    examples=(
        example(q=(2, 3, 5, 8), k=(2, 3, 5, 8)),
        example(q=(2, 3, 5, 8), k=(2, 3, 7, 8), base=100.0),
    ),
)
class RotaryPosition(nn.Module):
    r"""Turns pairs of features of queries and keys, so that their products depend on their distance only.

    $$\begin{pmatrix} q'_{2i} \\ q'_{2i+1} \end{pmatrix} = R(t \, b^{-2i/d})
    \begin{pmatrix} q_{2i} \\ q_{2i+1} \end{pmatrix}, \quad R(a) \text{ the rotation by } a$$

    Args:
        base: the base b of the frequencies.

    Shape:
        q: (B, h, T, d); k: (B, h, S, d), with an even d.
        q, k: unchanged.

    Raises:
        ValueError: d is odd.

    Source: Su et al., arXiv 2104.09864, equation 34; neighbouring features form a pair, as in the paper.
    """

    def __init__(self, base: PositiveFloat = 10000.0) -> None:
        super().__init__()
        self.base = base

    def forward(
        self, q: Annotated[Tensor, Dims("B h T d")], k: Annotated[Tensor, Dims("B h T d")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(q="B h T d", k="B h T d")]:
        for name, x in (("q", q), ("k", k)):
            if x.shape[-1] % 2:
                raise InputError(
                    f"The features of a head must be even to form pairs. Got {x.shape[-1]} at {name} instead.",
                    f"每个头的特征数必须为偶数才能成对旋转，{name} 收到：{x.shape[-1]}。",
                )
        return rotate(q, self.base), rotate(k, self.base)

    def extra_repr(self) -> str:
        return f"base={self.base}"
