"""MaxDropout: the strongest values are set to zero in training."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, DropRate, example


@component(
    id="drop_maxdropout",
    kind="layer",
    family="Dropout",
    name="MaxDropout (and Max-Drop)",
    name_zh="MaxDropout 最大值失活",
    help_zh="训练时丢弃激活最强的值，迫使网络从较弱的单元学习；可逐值判断，也可整体丢弃每张特征图的最大值。",
    source="do Santos et al., MaxDropout, arXiv 2007.13723; Park & Kwak, ACCV 2016",
    keywords="max-drop strongest activation regularization 最强激活 正则化",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(3, 7)),
        example(x=(2, 3, 5, 7), p=0.4),
        example(x=(2, 3, 4, 5), mode="map", p=0.5),
        example(x=(2, 3, 11), mode="map", p=0.5),
    ),
)
class MaxDropout(nn.Module):
    r"""In training, sets the strongest values to zero.

    $$y = x \odot \left[\frac{x - \min x}{\max x - \min x} \le 1 - u\right], \quad u \sim \mathcal{U}(0, p)$$

    This is ``value``: u is drawn for each sample, and the range is that of the sample. With ``map`` (Max-Drop) the
    largest value of each feature map is dropped with probability p, and nothing else.

    Args:
        p: for ``value`` the greatest part of the range, from the top, that is dropped; for ``map`` the probability.
        mode: ``value`` (MaxDropout) or ``map`` (Max-Drop).

    Shape:
        x: (B, C, *); with ``map`` a map is all that stands behind the axis C.
        y: the same; in evaluation x itself.

    Source: do Santos et al., arXiv 2007.13723, algorithm 1, with the range of each sample in place of that of the batch;
    Park & Kwak, ACCV 2016, its feature-wise form.
    """

    def __init__(self, p: DropRate = 0.3, mode: Literal["value", "map"] = "value") -> None:
        super().__init__()
        self.p, self.mode = p, mode

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        if not self.training:
            return x
        if self.mode == "map":
            flat = x.flatten(2) if x.dim() > 2 else x.unsqueeze(2)
            top = flat == flat.amax(2, keepdim=True)
            dropped = top & (torch.rand((*x.shape[:2], 1), device=x.device) < self.p)
        else:
            flat = x.flatten(1)
            low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
            bound = 1 - self.p * torch.rand((len(x), 1), device=x.device)
            dropped = flat - low > bound * (high - low)
        return x.masked_fill(dropped.view_as(x), 0.0)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode!r}"
