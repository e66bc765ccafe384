"""Gated linear units: one projection of the input opens and closes another."""

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, InFeatures, example

GATES = {"sigmoid": torch.sigmoid, "relu": F.relu, "gelu": F.gelu, "silu": F.silu}


@component(
    id="act_glu",
    kind="layer",
    family="Activation",
    name="Gated linear unit (GLU, ReGLU, GEGLU, SwiGLU)",
    name_zh="GLU 门控线性单元",
    help_zh="一个线性投影作门控，乘到另一个投影上；门控取 SiLU 即 SwiGLU，常用于大语言模型。",
    source="Dauphin et al., Language Modeling with Gated CNNs, arXiv 1612.08083; Shazeer, arXiv 2002.05202",
    keywords="glu reglu geglu swiglu gate transformer llama 门控",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5), out_features=4),
        example(x=(2, 3, 5), out_features=6, gate="silu", bias=False),
        example(x=(2, 3, 4, 5), out_features=6, gate="gelu"),
        example(x=(3, 5), out_features=8, gate="relu"),
    ),
)
class GatedLinearUnit(nn.Module):
    r"""Multiplies a projection of the input by a function of another projection.

    $$y = (W x + b) \odot g(V x + c)$$

    Args:
        in_features: features of the input.
        out_features: features of the output.
        gate: function g: ``sigmoid`` is GLU, ``relu`` ReGLU, ``gelu`` GEGLU, ``silu`` SwiGLU.
        bias: adds the learned offsets b and c.

    Shape:
        x: (B, *, in_features).
        y: (B, *, out_features).

    Source: Dauphin et al., arXiv 1612.08083; Shazeer, arXiv 2002.05202, who leaves the offsets out.
    """

    def __init__(
        self,
        in_features: InFeatures,
        out_features: Count = 32,
        gate: Literal["sigmoid", "relu", "gelu", "silu"] = "sigmoid",
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, 2 * out_features, bias)
        self.gate = GATES[gate]

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        value, gate = self.linear(x).chunk(2, dim=-1)
        return value * self.gate(gate)
