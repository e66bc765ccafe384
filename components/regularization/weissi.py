"""Weight scale shifting invariant regularization: all layers of a network pay together."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, Ports, example

LEAST = 1e-12  # norm of which a logarithm is taken


@component(
    id="reg_weissi",
    kind="regularizer",
    family="Regularization",
    name="WEISSI (weight scale shifting invariance)",
    name_zh="WEISSI 权重尺度平移不变正则化",
    help_zh="惩罚各层权重范数之积，即网络整体的尺度：一层放大、另一层同倍缩小时不变。在优化器的设置中选择，同时作用于它训练的所有层。",
    source="Liu et al., Improve Generalization and Robustness of Neural Networks via Weight Scale Shifting Invariant Regularizations, arXiv 2008.02965",
    keywords="scale invariant homogeneous relu product of norms lipschitz penalty 尺度不变 齐次 范数之积 惩罚",
    tags=("weights",),
    examples=(
        example(w=[(5, 3), (2, 5)], strength=0.1),
        example(w=[(4, 3, 2), (3, 4), (2, 7)], strength=1.0, form="geometric_mean"),
    ),
)
class WEISSI(nn.Module):
    r"""Penalizes the product of the norms of all layers' weights.

    $$\ell = \lambda \prod_{l=1}^{L} \lVert W_l \rVert_F \quad \text{or} \quad
    \ell = \lambda \Big(\prod_{l=1}^{L} \lVert W_l \rVert_F\Big)^{1/L}$$

    Where ReLU or max pooling stands between layers, one may be scaled up and the next one down without any change of
    the function. L2 regularization only moves scales then; the product stays what it is, and it bounds the gradient of
    the network at its input.

    Args:
        strength: the factor lambda.
        form: the product itself, or its L-th root, which does not grow with the depth.

    Shape:
        w: any, one for each layer.
        loss: a scalar, to be added to the loss.

    Source: Liu et al., arXiv 2008.02965: its term of the network's whole norm, without those of single layers.
    """

    def __init__(
        self,
        strength: NonNegativeFloat = 1e-4,
        form: Literal["product", "geometric_mean"] = "product",
    ) -> None:
        super().__init__()
        self.strength = strength
        self.form: str = form

    def forward(self, *w: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Ports(loss="()")]:
        norms = torch.stack([weight.norm() for weight in w])
        return self.strength * (norms.prod() if self.form == "product" else norms.clamp_min(LEAST).log().mean().exp())

    def extra_repr(self) -> str:
        return f"strength={self.strength}, form={self.form}"
