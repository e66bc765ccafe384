"""The deformable convolution: each tap reads where an offset sends it, between the samples."""

from collections.abc import Callable
from typing import Annotated

from torch import Tensor, nn

from components.convolution._nd import check_convolution
from components.errors import InputError
from components.registry import component
from components.spec import Count, Dims, InChannels, NonNegativeSize, Size, Tensors, example


@component(
    id="conv_deformable",
    kind="layer",
    family="Convolution",
    name="Deformable convolution (v1, and v2 with modulation)",
    name_zh="可变形卷积",
    help_zh="每个采样点按偏移量移动后双线性取值（v1）；再接入掩码即可调节各点的强度（v2）。偏移量通常由另一个卷积预测。",
    source="Dai et al., Deformable Convolutional Networks, arXiv 1703.06211; Zhu et al., Deformable ConvNets v2, 1811.11168",
    keywords="dcn dcnv2 offset modulation bilinear detection 偏移 调制 双线性插值 检测",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), offset=(2, 18, 7, 9), out_channels=5),
        example(
            x=(2, 4, 9, 11), offset=(2, 24, 5, 11), mask=Tensors((2, 12, 5, 11), "probability"), out_channels=6,
            kernel_size=(3, 2), stride=(2, 1), padding=(1, 1), dilation=(1, 2), groups=2, bias=False,
        ),
    ),
    xfail={"mixed_precision": "torchvision's kernel for CPUs has no bfloat16"},
)  # fmt: skip
class DeformableConv(nn.Conv2d):
    r"""Convolves with taps that are moved by offsets and weakened by a mask, at each position anew.

    $$y(p) = b + \sum_t w(t)\, m_t(p)\, x\big(p + t + \Delta_t(p)\big)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: taps of a filter along each spatial axis.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border.
        dilation: distance between two taps of the filter before they move, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset b per output channel.

    Shape:
        x: (B, C, H, W).
        offset: (B, 2 G k_h k_w, H', W'), for each tap row by row how far it moves down and right, in samples; G groups
            of input channels move apart.
        mask: (B, G k_h k_w, H', W'), the factor of each tap, in [0, 1] as a rule; 1 where absent.
        y: (B, out_channels, H', W'); each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups; offsets or a mask of another shape.

    Source: Dai et al., arXiv 1703.06211; with a mask Zhu et al., arXiv 1811.11168; torchvision.ops.deform_conv2d.
    """

    padding: tuple[int, int]  # type: ignore[assignment]  # never a word here

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: NonNegativeSize = 0,
        dilation: Size = 1,
        groups: Count = 1,
        bias: bool = True,
    ) -> None:
        check_convolution(
            "conv_deformable", 2, kernel_size=kernel_size, stride=stride, padding=padding,
            dilation=dilation, groups=groups, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)  # type: ignore[arg-type]
        from torchvision.ops import deform_conv2d  # late: torchvision takes as long to load as all components

        self.convolve: Callable[..., Tensor] = deform_conv2d

    def forward(  # type: ignore[override]
        self,
        x: Annotated[Tensor, Dims("B C H W")],
        offset: Annotated[Tensor, Dims("B K H W")],
        mask: Annotated[Tensor, Dims("B K H W")] | None = None,
    ) -> Annotated[Tensor, Dims("B C H W")]:
        self.check("offset", x, offset, 2)
        if mask is not None:
            self.check("mask", x, mask, 1)
        return self.convolve(x, offset, self.weight, self.bias, self.stride, self.padding, self.dilation, mask)

    def check(self, port: str, x: Tensor, moved: Tensor, values: int) -> None:
        """InputError unless a port brings ``values`` values for each tap, in G groups, for each position of y."""
        taps = values * self.kernel_size[0] * self.kernel_size[1]
        height, width = (
            (size + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
            for size, padding, dilation, taps, stride in zip(
                x.shape[2:], self.padding, self.dilation, self.kernel_size, self.stride, strict=True
            )
        )
        shape = tuple(moved.shape)
        groups = shape[1] // taps
        if shape[1] % taps or not groups or x.shape[1] % groups or shape != (x.shape[0], shape[1], height, width):
            raise InputError(
                f"The {port} needs a multiple of {taps} channels, and the size of the output: "
                f"({x.shape[0]}, {taps} G, {height}, {width}), where G divides the {x.shape[1]} channels of x. "
                f"Got {shape} instead.",
                f"{port} 的通道数须为 {taps} 的倍数，尺寸须与输出相同：({x.shape[0]}, {taps} G, {height}, {width})，"
                f"其中 G 能整除 x 的 {x.shape[1]} 个通道。收到：{shape}。",
            )
