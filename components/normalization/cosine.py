"""Cosine normalization: a linear layer that sees directions alone."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, InFeatures, PositiveFloat, example


@component(
    id="norm_cosine",
    kind="layer",
    family="Parameter normalization",
    name="Cosine normalization",
    name_zh="余弦归一化",
    help_zh="用输入与权重的余弦相似度代替点积，输出限制在 -1 到 1 之间，与输入和权重的大小无关。",
    source="Luo et al., Cosine Normalization, arXiv 1702.05870",
    keywords="cn cosine similarity linear dense bounded 余弦相似度 有界",
    tags=("batch_independent",),
    examples=(example(x=(2, 7), out_features=5), example(x=(2, 3, 7), out_features=4, eps=1e-6)),
)
class CosineLinear(nn.Module):
    r"""The cosine between the input and each row of a learned matrix, in place of their dot product.

    $$y_o = \frac{\langle w_o, x \rangle}{\lVert w_o \rVert\, \lVert x \rVert}$$

    Args:
        in_features: size of the last axis of the input.
        out_features: size of the last axis of the output.
        eps: least length by which a vector is divided.

    Shape:
        x: (B, *, in_features).
        y: (B, *, out_features), from -1 to 1.

    Source: Luo et al., arXiv 1702.05870, equation 5; the nonlinearity stands behind it, as a node of its own.
    """

    def __init__(self, in_features: InFeatures, out_features: Count = 64, eps: PositiveFloat = 1e-8) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Linear(in_features, out_features, bias=False).weight

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        return F.linear(F.normalize(x, dim=-1, eps=self.eps), F.normalize(self.weight, dim=-1, eps=self.eps))

    def extra_repr(self) -> str:
        return f"{self.weight.shape[1]}, {self.weight.shape[0]}, eps={self.eps}"
