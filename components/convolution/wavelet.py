"""The wavelet convolution: small filters on the frequency bands of an image see far at little cost."""

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from components.convolution._nd import require_odd
from components.registry import component
from components.spec import Count, Dims, InChannels, example

HAAR = ((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1), (1, -1, -1, 1))  # of the four samples of a 2 x 2 square


@component(
    id="conv_wavelet",
    kind="layer",
    family="Convolution",
    name="Wavelet convolution (WTConv)",
    name_zh="小波卷积",
    help_zh="用 Haar 小波逐级分解图像，在各频带上做小核的逐通道卷积再重构，感受野随级数成倍增大而参数很少。",
    source="Finder et al., Wavelet Convolutions for Large Receptive Fields, arXiv 2407.05848",
    keywords="wtconv haar wavelet dwt depthwise large receptive field 小波 逐通道 感受野",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 8, 12)),
        example(x=(2, 4, 9, 11), levels=3, kernel_size=3),
        example(x=(2, 3, 7, 6), levels=2, bias=False),
    ),
)
class WaveletConv(nn.Module):
    r"""Convolves each channel, and each of its wavelet bands at several scales, and sums all of it.

    $$y = s_0 \odot (w_0 \star x + b) + z_1, \quad
    z_i = \mathrm{IWT}\big(s_i \odot (w_i \star \mathrm{WT}(x_{i-1})) + (z_{i+1}, 0, 0, 0)\big)$$

    Here x_0 = x, x_i is the low band of WT(x_{i-1}), and z is 0 behind the last level.

    Args:
        in_channels: channels of the input and of the output.
        kernel_size: taps of a filter along each side, an odd number; at level i it spans 2^i times as many samples.
        levels: how often the low band is divided again.
        bias: adds a learned offset b per channel.

    Shape:
        x, y: (B, C, H, W).

    Raises:
        ValueError: an even kernel_size.

    Source: Finder et al., arXiv 2407.05848, equations 5 to 8, with Haar wavelets; the scales s_i begin at 0.1, s_0 at 1.
    Where a side is odd, a zero is added to it before it is divided.
    """

    haar: Tensor

    def __init__(self, in_channels: InChannels, kernel_size: Count = 5, levels: Count = 1, bias: bool = True) -> None:
        super().__init__()
        require_odd("conv_wavelet", 2, kernel_size)

        def depthwise(channels: int, offset: bool) -> nn.Conv2d:
            return nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels, bias=offset)

        self.base = depthwise(in_channels, bias)
        self.base_scale = nn.Parameter(torch.ones(in_channels, 1, 1))
        self.bands = nn.ModuleList(depthwise(4 * in_channels, False) for _ in range(levels))
        self.scales = nn.ParameterList(torch.full((4 * in_channels, 1, 1), 0.1) for _ in range(levels))
        self.register_buffer("haar", torch.tensor(HAAR) / 2, persistent=False)

    def split(self, x: Tensor) -> Tensor:
        """The bands (B, C, 4, H / 2, W / 2) of x (B, C, H, W), the low one first; H and W are even."""
        return torch.einsum("fs,bcshw->bcfhw", self.haar, F.pixel_unshuffle(x, 2).unflatten(1, (-1, 4)))

    def join(self, bands: Tensor) -> Tensor:
        """The image of these bands: what ``split`` undoes. The transform is its own inverse."""
        return F.pixel_shuffle(torch.einsum("fs,bcfhw->bcshw", self.haar, bands).flatten(1, 2), 2)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        low, sizes, changed = x, [], []
        for convolution, scale in zip(self.bands, self.scales, strict=True):
            height, width = low.shape[2:]
            bands = self.split(F.pad(low, (0, width % 2, 0, height % 2)))
            changed.append((convolution(bands.flatten(1, 2)) * scale).unflatten(1, (-1, 4)))
            sizes.append((height, width))
            low = bands[:, :, 0]
        z = torch.zeros_like(low)
        for bands, (height, width) in zip(reversed(changed), reversed(sizes), strict=True):
            summed = torch.cat(((bands[:, :, 0] + z).unsqueeze(2), bands[:, :, 1:]), 2)
            z = self.join(summed)[:, :, :height, :width]
        return self.base_scale * self.base(x) + z
