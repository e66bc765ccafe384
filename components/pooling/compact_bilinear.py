"""Compact bilinear pooling: products of all pairs of channels, sketched in a vector of chosen length."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.pooling._products import check_positions, signed_root
from components.registry import component
from components.spec import Count, Dims, Inferred, Ports, example


@component(
    id="pool_compact_bilinear",
    kind="layer",
    family="Pooling",
    name="Compact bilinear pooling (tensor sketch)",
    name_zh="紧凑双线性池化",
    help_zh="用张量草图近似双线性池化，输出维数可自行设定，远小于两路通道数之积。",
    source="Gao et al., Compact Bilinear Pooling, arXiv 1511.06062",
    keywords="tensor sketch count sketch fft second order cbp 张量草图 二阶 细粒度",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), y=(2, 4, 11), out_features=9),
        example(x=(2, 3, 5, 7), y=(2, 4, 5, 7), out_features=8, normalize=False),
    ),
)
class CompactBilinearPooling(nn.Module):
    r"""Sketches the outer product of two feature vectors and sums it over all positions.

    $$z = \sum_p \mathrm{FFT}^{-1}\big( \mathrm{FFT}(\psi_1 x_p) \odot \mathrm{FFT}(\psi_2 y_p) \big), \quad
    (\psi x)_d = \sum_{i: h(i) = d} s(i)\, x_i$$

    Args:
        x_channels: channels of the first map.
        y_channels: channels of the second map.
        out_features: length D of the sketch; a longer one is more exact.
        normalize: takes the signed square root and scales each sample to length one.

    Shape:
        x: (B, x_channels, *), 1 to 3 spatial axes.
        y: (B, y_channels, *), the same spatial axes.
        z: (B, out_features).

    Raises:
        ValueError: maps of different sizes.

    Source: Gao et al., arXiv 1511.06062, the tensor sketch with fixed random places h and signs s; the sum over positions
    comes before the sketch, which is the same.
    """

    x_places: Tensor
    x_signs: Tensor
    y_places: Tensor
    y_signs: Tensor

    def __init__(
        self,
        x_channels: Annotated[int, Field(ge=1), Inferred("x", axis=1)],
        y_channels: Annotated[int, Field(ge=1), Inferred("y", axis=1)],
        out_features: Count = 1024,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        self.out_features, self.normalize = out_features, normalize
        for name, channels in (("x", x_channels), ("y", y_channels)):
            self.register_buffer(f"{name}_places", torch.randint(out_features, (channels,)))
            self.register_buffer(f"{name}_signs", torch.randint(2, (channels,)) * 2.0 - 1.0)

    def forward(
        self,
        x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")],
        y: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")],
    ) -> Annotated[Tensor, Ports(z="B F")]:
        check_positions(x, y)
        # The product of two spectra is the convolution of the sketches: each pair of channels (i, j) goes to the place
        # h(i) + h(j). Summed over the positions first, that takes one product of matrices and no transform.
        products = (x.flatten(2) * self.x_signs[:, None]) @ (y.flatten(2) * self.y_signs[:, None]).mT  # (B, Cx, Cy)
        places = (self.x_places[:, None] + self.y_places) % self.out_features
        z = products.new_zeros(x.shape[0], self.out_features).index_add(1, places.flatten(), products.flatten(1))
        return signed_root(z) if self.normalize else z
