"""Weight excitation: attention of a convolution to its own weights."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.convolution._experts import bottleneck
from components.convolution._kernel import KernelConv
from components.convolution._nd import check_convolution
from components.registry import component
from components.rules import per_axis
from components.spec import Count, Dims, InChannels, Padding, Size, SpatialDims, example


@component(
    id="attn_weight_excitation",
    kind="layer",
    family="Other CNN attention",
    name="Weight excitation (WE) convolution",
    name_zh="权重激励卷积 WE",
    help_zh="训练时按位置和幅值给卷积核自身的权重加注意力；推理时可把结果并入一个普通卷积，不增加计算。",
    source="Quader et al., Weight Excitation, ECCV 2020",
    keywords="we lwe mwe weight attention reparameterization 权重 注意力 重参数化",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5, magnitude=False, reduction=1),
        example(x=(2, 6, 9, 11), out_channels=4, stride=2, padding=1, groups=2, reduction=2),
        example(x=(2, 3, 5, 6, 7), out_channels=4, kernel_size=(3, 1, 2), location=False, eps=0.05, bias=False),
    ),
)
class WeightExcitationConv(KernelConv):
    r"""Convolves with weights that were raised by where they stand and by how large they are.

    $$u_{o,c} = m_{o,c}\, w_{o,c}, \quad m_o = \sigma\big(V\, \mathrm{ReLU}(U\, \bar w_o)\big), \quad
    k = \frac{M}{2} \ln \frac{1 + u / M}{1 - u / M}, \quad M = (1 + \epsilon) \max |u|$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset per output channel.
        location: multiplies the taps of each pair of channels by m; else u is w.
        magnitude: raises large weights by the logarithm; else k is u.
        reduction: how many times fewer units than input channels lie between U and V; four at least.
        eps: by how much M lies above the largest weight; less lets large weights grow faster.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Quader et al., ECCV 2020, sections 3.2 and 3.3; M is a constant to the gradient. The paper first standardises
    w, which a parametrisation of the node can do.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: Count = 1,
        bias: bool = True,
        location: bool = True,
        magnitude: bool = True,
        reduction: Count = 16,
        eps: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1,
        dims: SpatialDims = 2,
    ) -> None:
        check_convolution(
            "attn_weight_excitation", dims, kernel_size=kernel_size, stride=stride, padding=padding,
            dilation=dilation, groups=groups, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        inputs = in_channels // groups
        shape = (out_channels, inputs, *per_axis(kernel_size, dims))
        super().__init__(shape, bias, stride, padding, dilation, groups)
        self.location = None
        if location:
            attention = bottleneck(inputs, reduction, inputs)
            nn.init.zeros_(attention[0].bias)  # type: ignore[arg-type]  # means of weights are small beside a random offset
            self.location = nn.Sequential(attention, nn.Sigmoid())
        self.magnitude, self.eps = magnitude, eps

    def kernel(self) -> Tensor:
        """The kernel (O, C / groups, *) of an ordinary convolution that does the same."""
        weight = self.weight
        if self.location is not None:
            shares = self.location(weight.flatten(2).mean(2))
            weight = weight * shares.view(*shares.shape, *[1] * (weight.dim() - 2))
        if self.magnitude:
            highest = (1 + self.eps) * weight.detach().abs().max().clamp(min=torch.finfo(weight.dtype).tiny)
            weight = highest * torch.atanh(weight / highest)
        return weight

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        return self.convolve(x, self.kernel(), self.bias)
