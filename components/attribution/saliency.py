"""The saliency map: how strongly a class's score changes with each pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.attribution._score import Score, check_logits, class_score, gradient
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub

Show = Literal["absolute", "signed", "times_input"]


def saliency(score: Score, x: Tensor, show: Show = "absolute") -> Tensor:
    """The gradient of each sample's score at x (B, *): its magnitude, its sign too, or times the input."""
    found = gradient(score, x)
    return found.abs() if show == "absolute" else found if show == "signed" else found * x


@component(
    id="vis_saliency",
    kind="visualizer",
    family="CNN visualization",
    name="Saliency map (vanilla gradient)",
    name_zh="显著性图",
    help_zh="类别得分对每个像素的梯度：大小、带符号，或再乘以输入。",
    source="Simonyan et al., Deep Inside Convolutional Networks, arXiv 1312.6034",
    keywords="attribution explain gradient sensitivity 归因 解释 梯度 敏感度",
    tags=("batch_independent",),
    examples=(
        example(
            x=(3, 2, 6, 5), target=ints(3, high=4),
            model=sub("conv_standard", in_channels=2, out_channels=4, kernel_size=3,
                      then=sub("act_relu", then=sub("pool_global_avg", keepdim=False))),
        ),
        example(
            x=(2, 3, 4, 7), show="times_input",
            model=sub("op_flatten", then=sub("linear", in_features=84, out_features=6,
                      then=sub("act_relu", then=sub("linear", in_features=6, out_features=5)))),
        ),
    ),
    xfail={"gradient": "a map is a constant for what follows"},
)  # fmt: skip
class Saliency(nn.Module):
    r"""The gradient of a class's score with respect to the image.

    $$M = \left| \frac{\partial f_y(x)}{\partial x} \right|$$

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        show: the magnitude, the gradient with its sign, or the gradient times the input.
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), not negative where the magnitude is shown.

    Source: Simonyan et al., arXiv 1312.6034, section 3. The channels stay apart; the paper shows the greatest of them.
    """

    form = "maps"

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B C H W", "logits: B K")],
        show: Show = "absolute",
        every: Count = 5,
        count: Count = 16,
    ) -> None:
        super().__init__()
        self.model, self.every, self.count = model, every, count
        self.show: Show = show

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], target: Annotated[Tensor, Dims("B", dtype="int")] | None = None
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return torch.empty_like(x)
        return saliency(class_score(self.model, x, target), x, self.show)

    def extra_repr(self) -> str:
        return f"show={self.show}, every={self.every}, count={self.count}"
