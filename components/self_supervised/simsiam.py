"""SimSiam's loss: each view's prediction meets the other view's projection."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example

Vectors = Annotated[Tensor, Dims("B D")]


@component(
    id="ssl_simsiam",
    kind="loss",
    family="Contrastive learning",
    name="SimSiam",
    name_zh="SimSiam",
    help_zh="两个视图互相预测对方的投影（负余弦相似度），投影一侧停止梯度；既无负样本也无滑动平均网络。",
    source="Chen & He, Exploring Simple Siamese Representation Learning, arXiv 2011.10566",
    keywords="simsiam self-supervised siamese stop gradient cosine 自监督 孪生 停止梯度 余弦",
    examples=(
        example(p1=(5, 3), z2=(5, 3), p2=(5, 3), z1=(5, 3)),
        example(p1=(4, 2), z2=(4, 2), p2=(4, 2), z1=(4, 2), stop_gradient=False),
    ),
    xfail={"gradient-0": "the projections are constants: without that all vectors become one"},
)
class SimSiamLoss(nn.Module):
    r"""The mean negative cosine between the prediction of one view and the projection of the other, both ways.

    $$\ell = -\tfrac{1}{2} \cos(p_1, \mathrm{sg}(z_2)) - \tfrac{1}{2} \cos(p_2, \mathrm{sg}(z_1))$$

    Args:
        stop_gradient: treats the projections as constants; without it the vectors collapse to a single one.

    Shape:
        p1, p2: (B, D), what the predictor makes of the projection of view 1 and of view 2.
        z1, z2: (B, D), the projections.
        loss: a scalar from -1 to 1.

    Source: Chen & He, arXiv 2011.10566, equations 3 and 4.
    """

    def __init__(self, stop_gradient: bool = True) -> None:
        super().__init__()
        self.stop_gradient = stop_gradient

    def forward(self, p1: Vectors, z2: Vectors, p2: Vectors, z1: Vectors) -> Tensor:
        if self.stop_gradient:
            z1, z2 = z1.detach(), z2.detach()
        return -(F.cosine_similarity(p1, z2, dim=-1).mean() + F.cosine_similarity(p2, z1, dim=-1).mean()) / 2

    def extra_repr(self) -> str:
        return f"stop_gradient={self.stop_gradient}"
