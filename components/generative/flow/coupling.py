"""The affine coupling of Real NVP: one half of the values scales and shifts the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.spec import Block, Dims, Ports, PositiveFloat, example, sub


@component(
    id="flow_realnvp",
    kind="layer",
    family="Normalizing flow",
    name="Affine coupling (Real NVP)",
    name_zh="仿射耦合（Real NVP）",
    help_zh="保留一半的值，由它们经网络算出另一半的缩放与平移；可精确求逆。reverse 为逆变换，网络引用正向节点的网络即可采样。",
    source="Dinh et al., Density estimation using Real NVP, arXiv 1605.08803",
    keywords="normalizing flow invertible bijection nice glow 标准化流 可逆 耦合",
    examples=(
        example(
            x=(2, 6),
            network=sub("linear", in_features=6, out_features=12, then=sub("op_split", sections=2, dim=1)),
            mask="half",
            reverse=True,
        ),
        example(
            x=(2, 3, 4, 5),
            network=sub(
                "conv_standard",
                in_channels=3,
                out_channels=6,
                kernel_size=3,
                padding=1,
                then=sub("op_split", sections=2, dim=1),
            ),
        ),
    ),
)
class AffineCoupling(nn.Module):
    r"""Scales and shifts one part of the values by what a network makes of the other part.

    $$z = m x + (1 - m)\,(x\, e^{s(m x)} + t(m x)), \quad \log\det = \sum (1 - m)\, s(m x)$$

    The mask m is 1 where a value is kept. Two couplings with opposite masks, one behind the other, change all values.

    Args:
        network: sees the kept values, with zeros for the others; gives the log-scales and the shifts, each in the
            shape of x.
        mask: what is kept: a checkerboard over the axes behind the channels (every other value of a vector), or the
            first half of axis 1.
        flip: keep the other part.
        reverse: compute the inverse. A second node with reverse, whose network is that of the first one, undoes the first:
            a chain of them in the other order samples from the flow.
        limit: the log-scales are squeezed smoothly between minus and plus this number.

    Shape:
        x: (B, *).
        z: the same.
        logdet: (B,), the log-determinant of the Jacobian of what this node computes.

    Raises:
        ValueError: the network's outputs do not have the shape of x.

    Source: Dinh et al., arXiv 1605.08803, equations 7 to 9.
    """

    def __init__(
        self,
        network: Annotated[Callable[..., Any], Block("x: B *", "scale: B *, shift: B *")],
        mask: Literal["checkerboard", "half"] = "checkerboard",
        flip: bool = False,
        reverse: bool = False,
        limit: PositiveFloat = 2.0,
    ) -> None:
        super().__init__()
        self.network, self.mask, self.flip, self.reverse, self.limit = network, mask, flip, reverse, limit

    def forward(
        self, x: Annotated[Tensor, Dims("B C *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(z="B C *", logdet="B")]:
        kept = self._kept(x)
        scale, shift = self.network(x * kept)
        if scale.shape != x.shape or shift.shape != x.shape:
            got = f"{tuple(scale.shape)} and {tuple(shift.shape)}"
            raise InputError(
                f"The network of a coupling must give log-scales and shifts of shape {tuple(x.shape)}. Got {got} instead.",
                f"耦合层的网络必须输出形状为 {tuple(x.shape)} 的对数缩放与平移，"
                f"收到：{tuple(scale.shape)} 和 {tuple(shift.shape)}。",
            )
        scale = self.limit * torch.tanh(scale / self.limit) * ~kept
        shift = shift * ~kept
        logdet = scale.flatten(1).sum(1)
        if self.reverse:
            return (x - shift) * torch.exp(-scale), -logdet
        return x * torch.exp(scale) + shift, logdet

    def _kept(self, x: Tensor) -> Tensor:
        """The mask, in the shape of one sample."""
        shape = x.shape[1:]
        if self.mask == "half":
            kept = torch.arange(shape[0], device=x.device) < shape[0] // 2
            kept = kept.reshape(-1, *[1] * (len(shape) - 1)).expand(shape)
        else:
            index = torch.zeros((), dtype=torch.int64, device=x.device)
            for size in shape[min(1, len(shape) - 1) :]:
                index = index.unsqueeze(-1) + torch.arange(size, device=x.device)
            kept = (index % 2 == 0).expand(shape)
        return ~kept if self.flip else kept

    def extra_repr(self) -> str:
        return f"mask={self.mask!r}, flip={self.flip}, reverse={self.reverse}, limit={self.limit}"
