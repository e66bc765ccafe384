"""The adapter: a small bottleneck between the frozen layers of a pretrained network."""

from typing import Annotated, Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, Inferred, Ports, example


@component(
    id="peft_adapter",
    kind="layer",
    family="Parameter-efficient fine-tuning",
    name="Adapter",
    name_zh="适配器",
    help_zh="插在冻结网络各层之间的瓶颈小网络：先降维再升维并加回输入；初始为恒等映射，微调时只训练它。",
    source="Houlsby et al., Parameter-Efficient Transfer Learning for NLP, arXiv 1902.00751",
    keywords="bottleneck fine-tuning peft houlsby 瓶颈 微调",
    tags=("batch_independent",),
    examples=(
        example(h=(2, 5, 7), bottleneck=3),
        example(h=(2, 7), bottleneck=3, activation="relu"),
    ),
    xfail={
        "gradient": "what leads up is zero at the start, so that the adapter changes nothing: what leads down waits"
    },
)
class Adapter(nn.Module):
    r"""Adds what a narrow network makes of its input, nothing at first.

    $$h' = h + W_{up}\, \sigma(W_{down} h + b_{down}) + b_{up}$$

    Args:
        embed_dim: features D.
        bottleneck: features r in between; 2 D r + D + r weights learn.
        activation: the function between the two layers.

    Shape:
        h: (B, *, embed_dim), before and behind the adapter.

    Source: Houlsby et al., arXiv 1902.00751; W_up and b_up begin at zero exactly, in place of near zero.
    """

    def __init__(
        self,
        embed_dim: Annotated[int, Field(ge=1), Inferred("h", axis=-1)],
        bottleneck: Count = 8,
        activation: Literal["gelu", "relu"] = "gelu",
    ) -> None:
        super().__init__()
        self.activation: str = activation
        self.down = nn.Linear(embed_dim, bottleneck)
        self.up = nn.Linear(bottleneck, embed_dim)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, h: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Ports(h="B * C")]:
        return h + self.up({"gelu": F.gelu, "relu": F.relu}[self.activation](self.down(h)))
