"""The fast Fourier convolution: some channels are convolved locally, others at the frequencies of the whole image."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.convolution._fourier import SpectralTransform
from components.convolution._nd import require_odd
from components.errors import InputError
from components.registry import component
from components.rules import require
from components.spec import Count, Dims, DropRate, Inferred, Ports, example


@component(
    id="conv_fast_fourier",
    kind="layer",
    family="Convolution",
    name="Fast Fourier convolution (FFC)",
    name_zh="快速傅里叶卷积",
    help_zh="局部通道做普通卷积，全局通道在频域中逐频率混合通道，一层即可看到整幅图像，两条支路互相交换信息。",
    source="Chi et al., Fast Fourier Convolution, NeurIPS 2020",
    keywords="ffc fourier frequency spectral global lama inpainting 傅里叶 频域 全局 图像修复",
    examples=(
        example(x_l=(2, 3, 6, 8), out_channels=7),
        example(x_l=(3, 4, 6, 8), x_g=(3, 5, 6, 8), out_channels=11, ratio=0.75, local_fourier=True),
        example(x_l=(3, 4, 7, 5), x_g=(3, 6, 7, 5), out_channels=9, kernel_size=1, bias=False),
        example(x_l=(2, 4, 7, 5), out_channels=6, ratio=0.0),
    ),
)
class FastFourierConv(nn.Module):
    r"""Convolves local channels around each position and global ones over the whole image, and lets both exchange.

    $$y^l = f_{ll}(x^l) + f_{gl}(x^g), \quad y^g = f_{lg}(x^l) + \mathcal{S}(x^g), \quad
    \mathcal{S}(x) = V \big(u + \mathcal{F}^{-1} g(\mathcal{F} u)\big),\; u = \mathrm{ReLU}(\mathrm{BN}(U x))$$

    Here g mixes the real and imaginary parts of all channels at each frequency (a 1 x 1 convolution, batch normalization,
    ReLU). The first layer of a network has no x_g; with ratio 0 a layer gives no y_g.

    Args:
        in_channels: local channels of the input.
        global_channels: global channels of the input; 0 where there are none.
        out_channels: channels of both outputs together.
        kernel_size: taps of the local filters along each side, an odd number.
        ratio: share of the output channels that are global, rounded down to whole channels.
        local_fourier: also transforms the four quarters of the image, with a fourth of the channels; needs a multiple of
            8 global channels, and an even height and width.
        bias: adds a learned offset per output channel.

    Shape:
        x_l: (B, in_channels, H, W); x_g: (B, global_channels, H, W).
        y_l: (B, out_channels - g, H, W), where g = floor(ratio out_channels).
        y_g: (B, g, H, W); nothing where g is 0.

    Raises:
        ValueError: an even kernel_size; x_g not of the size of x_l; sizes that local_fourier cannot divide.

    Source: Chi et al., NeurIPS 2020, equations 1 to 3, without the normalization and activation behind both sums. The
    ReLU acts on real and imaginary parts, so that the branch does not commute with shifts of the image.
    """

    def __init__(
        self,
        in_channels: Annotated[int, Field(ge=1), Inferred("x_l", axis=1)],
        global_channels: Annotated[int, Field(ge=0), Inferred("x_g", axis=1)] = 0,
        out_channels: Count = 32,
        kernel_size: Count = 3,
        ratio: DropRate = 0.5,
        local_fourier: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        require_odd("conv_fast_fourier", 2, kernel_size)
        wide = int(ratio * out_channels)
        rule = (
            f"false where the global output channels ({wide}) are no multiple of 8",
            f"false（全局输出通道数 {wide} 不是 8 的倍数）",
        )
        require(not local_fourier or wide % 8 == 0, "conv_fast_fourier", "local_fourier", rule, local_fourier)
        narrow, same = out_channels - wide, kernel_size // 2
        self.local_fourier = local_fourier
        self.local_to_local = nn.Conv2d(in_channels, narrow, kernel_size, padding=same, bias=bias)
        self.local_to_global = nn.Conv2d(in_channels, wide, kernel_size, padding=same, bias=bias) if wide else None
        self.global_to_local = self.spectral = None
        if global_channels:
            self.global_to_local = nn.Conv2d(global_channels, narrow, kernel_size, padding=same, bias=False)
            self.spectral = SpectralTransform(global_channels, wide, local_fourier) if wide else None

    def forward(
        self, x_l: Annotated[Tensor, Dims("B C H W")], x_g: Annotated[Tensor, Dims("B C H W")] | None = None
    ) -> Annotated[tuple[Tensor, Tensor | None], Ports(y_l="B C H W", y_g="B C H W")]:
        self.check(x_l, x_g)
        y_l = self.local_to_local(x_l)
        if x_g is not None and self.global_to_local is not None:
            y_l = y_l + self.global_to_local(x_g)
        if self.local_to_global is None:
            return y_l, None
        y_g = self.local_to_global(x_l)
        if x_g is not None and self.spectral is not None:
            y_g = y_g + self.spectral(x_g)
        return y_l, y_g

    def check(self, x_l: Tensor, x_g: Tensor | None) -> None:
        """InputError where the sizes do not go together."""
        if x_g is None:
            return
        if x_g.shape[2:] != x_l.shape[2:]:
            raise InputError(
                f"x_l and x_g must have the same height and width. Got {tuple(x_l.shape)} and {tuple(x_g.shape)} instead.",
                f"x_l 与 x_g 的高和宽必须相同，收到：{tuple(x_l.shape)} 和 {tuple(x_g.shape)}。",
            )
        if self.local_fourier and (x_g.shape[2] % 2 or x_g.shape[3] % 2):
            raise InputError(
                f"With local_fourier, x_g must have an even height and width. Got {tuple(x_g.shape)} instead.",
                f"启用 local_fourier 时，x_g 的高和宽必须为偶数，收到：{tuple(x_g.shape)}。",
            )
