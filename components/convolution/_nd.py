"""PyTorch's convolutions by number of spatial axes, and the rules between their parameters."""

from __future__ import annotations

from torch import nn

from components.rules import per_axis, require, require_divisor, require_per_axis

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


def check_convolution(
    component: str,
    dims: int,
    *,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...] = 1,
    padding: int | tuple[int, ...] | str = 0,
    dilation: int | tuple[int, ...] = 1,
    groups: int = 1,
    in_channels: int,
    out_channels: int,
) -> None:
    """Raises a ParameterError where the values do not go together."""
    require_per_axis(component, dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    require_divisor(component, "groups", groups, in_channels=in_channels, out_channels=out_channels)
    strided = max(stride) > 1 if isinstance(stride, tuple) else stride > 1
    rule = ("1 where padding is 'same'", "1（padding 为 'same' 时）")
    require(padding != "same" or not strided, component, "stride", rule, stride)


def require_odd(component: str, dims: int, kernel_size: int | tuple[int, ...]) -> None:
    """Raises a ParameterError where a kernel has no tap in the middle."""
    rule = ("odd along each axis, so that a tap stands in the middle", "各维度均为奇数（使中心有采样点）的值")
    require(all(size % 2 for size in per_axis(kernel_size, dims)), component, "kernel_size", rule, kernel_size)
