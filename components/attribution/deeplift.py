"""DeepLIFT: differences from a reference, handed back through the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from components.attribution._rescale import RescaleMode
from components.attribution._score import Score, check_logits, class_score
from components.registry import component
from components.spec import Block, Count, Dims, Ports, example, ints, sub


def deeplift(score: Score, x: Tensor, baseline: Tensor) -> Tensor:
    """Contributions (B, *) of x to the score's difference from the baseline.

    ``score`` is asked for both at once: two copies of the batch, x and the baseline.
    """
    with RescaleMode(), torch.enable_grad():
        both = torch.cat((x, baseline)).detach().requires_grad_()
        (slopes,) = torch.autograd.grad(score(both)[: len(x)].sum(), both)
    return slopes[: len(x)] * (x - baseline)


@component(
    id="vis_deeplift",
    kind="visualizer",
    family="CNN visualization",
    name="DeepLIFT",
    name_zh="DeepLIFT",
    help_zh="与参考输入比较，把得分之差按 Rescale 规则逐层分配回像素；各项之和等于得分之差。",
    source="Shrikumar et al., Learning Important Features Through Propagating Activation Differences, arXiv 1704.02685",
    keywords="attribution explain rescale reference contribution 归因 解释 参考 贡献",
    tags=("batch_independent",),
    examples=(
        example(
            x=(3, 2, 6, 5), target=ints(3, high=4), baseline=(3, 2, 6, 5),
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
class DeepLift(nn.Module):
    r"""Hands the difference of a class's score from a reference back to the pixels, by the Rescale rule.

    $$M_i = (x_i - x'_i)\, m_i, \quad m^{(l)} = m^{(l+1)}\, \frac{g(a) - g(a')}{a - a'}$$

    at every activation g, where a gradient would take $g'(a)$; layers that are linear pass $m$ on as a gradient.

    Args:
        model: the classifier that is explained, from images to logits (B, K).
        every: epochs between two pictures.
        count: number of validation samples that are explained.

    Shape:
        x: (B, C, H, W).
        baseline: like x, the reference; zeros without it.
        target: (B,), the class to explain; the predicted one where it is missing or -100.
        map: (B, C, H, W), signed.

    Source: Shrikumar et al., arXiv 1704.02685, section 3.5.1 (Rescale). Max pooling hands its difference to the two maxima; products and normalisations over the input
        follow the gradient, so that sums may then differ from the score's change.
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
        self,
        x: Annotated[Tensor, Dims("B C H W")],
        baseline: Annotated[Tensor, Dims("B C H W")] | None = None,
        target: Annotated[Tensor, Dims("B", dtype="int")] | None = None,
    ) -> Annotated[Tensor, Ports(map="B C H W")]:
        if x.is_meta:  # shapes are being worked out, and those of the model have to fit
            check_logits(self.model(x))
            return torch.empty_like(x)
        reference = torch.zeros_like(x) if baseline is None else baseline
        return deeplift(class_score(self.model, x, target), x, reference)

    def extra_repr(self) -> str:
        return f"every={self.every}, count={self.count}"
