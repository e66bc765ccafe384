"""What the fast Fourier convolution is made of: a mixture of channels at every frequency."""

import torch
from torch import Tensor, nn


class FourierUnit(nn.Module):
    """Mixes the real and imaginary parts of all channels at each frequency: (B, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            nn.Conv2d(2 * channels, 2 * channels, 1, bias=False), nn.BatchNorm2d(2 * channels), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        full = torch.promote_types(x.dtype, torch.float32)  # torch has no transform of bfloat16
        spectrum = torch.fft.rfft2(x.to(full), norm="ortho")
        parts = torch.stack((spectrum.real, spectrum.imag), 2).flatten(1, 2)  # (B, 2 C, H, W / 2 + 1)
        mixed = self.mix(parts).unflatten(1, (-1, 2)).to(full)
        return torch.fft.irfft2(torch.complex(mixed[:, :, 0], mixed[:, :, 1]), s=x.shape[2:], norm="ortho")


class SpectralTransform(nn.Module):
    """The global branch: (B, in_channels, H, W) to (B, out_channels, H, W), every position seeing the whole image."""

    def __init__(self, in_channels: int, out_channels: int, local_fourier: bool) -> None:
        super().__init__()
        middle = max(out_channels // 2, 1)
        self.reduce = nn.Sequential(nn.Conv2d(in_channels, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU())
        self.whole = FourierUnit(middle)
        self.quarters = FourierUnit(middle) if local_fourier else None
        self.expand = nn.Conv2d(middle, out_channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        y = x + self.whole(x)
        if self.quarters is not None:  # the four quarters of a fourth of the channels, as the channels of a small image
            few = x[:, : x.shape[1] // 4]
            halves = torch.cat(few.chunk(2, 2), 1)
            y = y + self.quarters(torch.cat(halves.chunk(2, 3), 1)).repeat(1, 1, 2, 2)
        return self.expand(y)
