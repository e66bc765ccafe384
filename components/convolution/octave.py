"""The octave convolution: a part of the channels holds the low frequencies at half the size."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from components.convolution._nd import require_odd
from components.errors import InputError
from components.registry import component
from components.spec import Count, Dims, DropRate, Inferred, Ports, example


@component(
    id="conv_octave",
    kind="layer",
    family="Convolution",
    name="Octave convolution (OctConv)",
    name_zh="八度卷积",
    help_zh="把特征分为高频和低频两部分，低频部分尺寸减半，两者各自卷积并互相交换信息，省算力并扩大感受野。",
    source="Chen et al., Drop an Octave, arXiv 1904.05049",
    keywords="octconv octave frequency low high multi-scale 频率 高频 低频 多尺度",
    tags=("batch_independent",),
    examples=(
        example(x_h=(2, 3, 8, 6), out_channels=7),
        example(x_h=(2, 3, 8, 10), x_l=(2, 6, 4, 5), out_channels=8, alpha=0.25, kernel_size=5),
        example(x_h=(2, 3, 8, 10), x_l=(2, 6, 4, 5), out_channels=7, alpha=0.0, bias=False),
        example(x_h=(2, 3, 7, 9), out_channels=5, alpha=0.0),
    ),
)
class OctaveConv(nn.Module):
    r"""Convolves high and low frequencies each by itself, and adds to each what the other tells it.

    $$y^h = W^{hh} \star x^h + \mathrm{up}(W^{lh} \star x^l), \quad
    y^l = W^{ll} \star x^l + W^{hl} \star \mathrm{pool}(x^h)$$

    The first layer of a network has no x_l; the last one has alpha 0 and gives no y_l.

    Args:
        in_channels: channels of the high frequencies.
        low_channels: channels of the low frequencies; 0 where there are none.
        out_channels: channels of both outputs together.
        kernel_size: taps of a filter along each side, an odd number.
        alpha: share of the output channels that hold low frequencies, rounded down to whole channels.
        bias: adds a learned offset per output channel.

    Shape:
        x_h: (B, in_channels, H, W); x_l: (B, low_channels, H / 2, W / 2).
        y_h: (B, out_channels - low, H, W), where low = floor(alpha out_channels).
        y_l: (B, low, H / 2, W / 2); nothing where low is 0.

    Raises:
        ValueError: an even kernel_size; x_l not half as large as x_h; an odd size that would have to be halved.

    Source: Chen et al., arXiv 1904.05049, equation 4: averages of 2 x 2 on the way down, nearest neighbours on the way up.
    """

    def __init__(
        self,
        in_channels: Annotated[int, Field(ge=1), Inferred("x_h", axis=1)],
        low_channels: Annotated[int, Field(ge=0), Inferred("x_l", axis=1)] = 0,
        out_channels: Count = 32,
        kernel_size: Count = 3,
        alpha: DropRate = 0.5,
        bias: bool = True,
    ) -> None:
        super().__init__()
        require_odd("conv_octave", 2, kernel_size)
        low = int(alpha * out_channels)

        same = kernel_size // 2
        high = out_channels - low
        self.high_to_high = nn.Conv2d(in_channels, high, kernel_size, padding=same, bias=bias)
        self.high_to_low = nn.Conv2d(in_channels, low, kernel_size, padding=same, bias=bias) if low else None
        self.low_to_high = self.low_to_low = None
        if low_channels:
            self.low_to_high = nn.Conv2d(low_channels, high, kernel_size, padding=same, bias=False)
            self.low_to_low = nn.Conv2d(low_channels, low, kernel_size, padding=same, bias=False) if low else None

    def forward(
        self, x_h: Annotated[Tensor, Dims("B C H W")], x_l: Annotated[Tensor, Dims("B C H W")] | None = None
    ) -> Annotated[tuple[Tensor, Tensor | None], Ports(y_h="B C H W", y_l="B C H W")]:
        height, width = x_h.shape[2:]
        if x_l is not None and (height, width) != (2 * x_l.shape[2], 2 * x_l.shape[3]):
            raise InputError(
                f"x_l must be half as large as x_h along both sides. Got {tuple(x_l.shape)} and {tuple(x_h.shape)} instead.",
                f"x_l 的两边须为 x_h 的一半，收到：{tuple(x_l.shape)} 和 {tuple(x_h.shape)}。",
            )
        y_h = self.high_to_high(x_h)
        if x_l is not None and self.low_to_high is not None:
            y_h = y_h + F.interpolate(self.low_to_high(x_l), scale_factor=2, mode="nearest")
        if self.high_to_low is None:
            return y_h, None
        if height % 2 or width % 2:
            raise InputError(
                f"x_h must have an even height and width, so that y_l has half of each. Got {tuple(x_h.shape)} instead.",
                f"x_h 的高和宽必须为偶数，使 y_l 各取一半，收到：{tuple(x_h.shape)}。",
            )
        y_l = self.high_to_low(F.avg_pool2d(x_h, 2))
        if x_l is not None and self.low_to_low is not None:
            y_l = y_l + self.low_to_low(x_l)
        return y_h, y_l
