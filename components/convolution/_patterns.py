"""Convolutions whose kernel is a sum of fixed patterns, one for each weight: differences of samples, for example."""

from __future__ import annotations

import torch
from torch import Tensor

from components.convolution._kernel import KernelConv
from components.convolution._nd import check_convolution


class PatternConv(KernelConv):
    """Convolves with the sum of the patterns (n, *), each times its weight.

    Args:
        patterns: (n, *), the kernel that each of the n weights of a pair of channels stands for.
        axes: the shape of these n weights.
    """

    patterns: Tensor

    def __init__(
        self,
        component: str,
        dims: int,
        patterns: Tensor,
        axes: tuple[int, ...],
        in_channels: int,
        out_channels: int,
        stride: int | tuple[int, ...],
        padding: int | tuple[int, ...] | str,
        dilation: int | tuple[int, ...],
        groups: int,
        bias: bool,
    ) -> None:
        check_convolution(
            component, dims, kernel_size=tuple(patterns.shape[1:]), stride=stride, padding=padding, dilation=dilation,
            groups=groups, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        super().__init__((out_channels, in_channels // groups, *axes), bias, stride, padding, dilation, groups)
        self.register_buffer("patterns", patterns, persistent=False)

    def kernel(self) -> Tensor:
        """The kernel (O, C / groups, *) of an ordinary convolution that does the same."""
        return torch.tensordot(self.weight.flatten(2), self.patterns, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolve(x, self.kernel(), self.bias)


def minus_centre(taps: Tensor, theta: float) -> Tensor:
    """Patterns (n, *) that also take theta times their sum from the sample in the middle; odd sizes."""
    centre = torch.zeros(taps.shape[1:]).flatten()
    centre[centre.numel() // 2] = theta
    return taps - taps.flatten(1).sum(1).view(-1, *[1] * (taps.dim() - 1)) * centre.view(taps.shape[1:])
