"""Vectors of length one."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="op_l2_normalize",
    kind="op",
    family="Tensor",
    name="L2 normalise",
    name_zh="L2 归一化",
    help_zh="沿一个维度把向量除以其长度，只留下方向；内积即成为余弦相似度。",
    source="Schroff et al., FaceNet, arXiv 1503.03832 (for embeddings)",
    keywords="l2 normalize unit sphere cosine embedding 单位向量 余弦 嵌入",
    examples=(example(x=(2, 5)), example(x=(2, 3, 5), dim=1)),
)
def l2_normalize(
    x: Annotated[Tensor, Dims("*")], *, dim: int = -1, eps: PositiveFloat = 1e-12
) -> Annotated[Tensor, Dims("*")]:
    r"""Divides the vectors along an axis by their Euclidean length.

    $$y = x / \max(\lVert x \rVert_2, \epsilon)$$

    Args:
        dim: the axis along which a vector lies.
        eps: the least length by which it divides.

    Shape:
        x: (*), any shape.
        y: the same, with vectors of length 1.

    Source: torch.nn.functional.normalize; on embeddings, Schroff et al., arXiv 1503.03832.
    """
    return F.normalize(x, dim=dim, eps=eps)
