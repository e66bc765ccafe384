"""Bilinear pooling: the products of all pairs of channels of two maps, summed over the positions."""

from typing import Annotated

import torch
from torch import Tensor

from components.pooling._products import check_positions, signed_root
from components.registry import component
from components.spec import Dims, Ports, example


@component(
    id="pool_bilinear",
    kind="layer",
    family="Pooling",
    name="Bilinear pooling",
    name_zh="双线性池化",
    help_zh="把两路特征图逐位置作外积再求和，刻画通道之间的配对关系；常用于细粒度分类。",
    source="Lin et al., Bilinear CNN Models for Fine-grained Visual Recognition, arXiv 1504.07889",
    keywords="outer product second order fine-grained bcnn 外积 二阶 细粒度",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), y=(2, 4, 11)),
        example(x=(2, 3, 5, 7), y=(2, 4, 5, 7), normalize=False),
    ),
)
def bilinear_pooling(
    x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")],
    y: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")],
    *,
    normalize: bool = True,
) -> Annotated[Tensor, Ports(z="B F")]:
    r"""Sums the outer product of two feature vectors over all positions.

    $$Z = \sum_{p} x_p\, y_p^\top, \quad
    z = \frac{u}{\lVert u \rVert_2}, \quad u = \mathrm{sign}(Z) \sqrt{|Z|}$$

    Args:
        normalize: takes the signed square root and scales each sample to length one.

    Shape:
        x: (B, C1, *), 1 to 3 spatial axes.
        y: (B, C2, *), the same spatial axes.
        z: (B, C1 * C2).

    Raises:
        ValueError: maps of different sizes.

    Source: Lin et al., arXiv 1504.07889. 1e-10 under the root keeps its gradient finite at zero.
    """
    check_positions(x, y)
    z = torch.bmm(x.flatten(2), y.flatten(2).transpose(1, 2)).flatten(1)
    return signed_root(z) if normalize else z
