"""The deconvolutional network: back from a class to the pixels, through every ReLU with positive signals alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._relu_rule import rule_gradient
from components.attribution._score import check_logits, class_score
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub


@component(
    id="vis_deconvnet",
    kind="visualizer",
    family="CNN visualization",
    name="Deconvnet",
    name_zh="反卷积可视化",
    help_zh="把类别得分沿网络传回像素；经过每个 ReLU 时只留下正的信号，不管前向时输入的符号。",
    source="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, arXiv 1311.2901",
    keywords="attribution explain gradient deconvolution 归因 解释 反卷积 梯度",
    tags=("batch_independent",),
    examples=(
        example(
            x=(3, 2, 6, 5), target=ints(3, high=4),
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3,
                      then=sub("act_relu", then=sub("pool_global_avg", keepdim=False))),
        ),
        example(
            x=(2, 3, 4, 7),
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=6,
                      then=sub("act_relu", then=sub("linear", in_features=6, out_features=5)))),
        ),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class Deconvnet(nn.Module):
    r"""Goes back from the score of a class to the input, letting only positive signals through each ReLU.

    $$R^{(l)} = \max(0, R^{(l+1)})$$

    in place of the gradient's $\mathbb{1}[x^{(l)} > 0]\, R^{(l+1)}$; every other layer passes the gradient on.

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Zeiler & Fergus, arXiv 1311.2901, section 2.1. Max pooling sends signals to where the maximum stood.
    """

    form = "maps"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "logits: B K")],
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.model, self.every, self.count = model, every, count

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return torch.empty_like(x)
        return rule_gradient(class_score(self.model, x, target), x, "deconvnet")

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"
