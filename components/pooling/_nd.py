"""Rules that the pooling layers share."""

from __future__ import annotations

from components.rules import per_axis, require, require_per_axis


def check_window(
    component: str,
    dims: int,
    *,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None,
    padding: int | tuple[int, ...],
    dilation: int | tuple[int, ...] = 1,
) -> None:
    """Raises a ParameterError unless each value fits the axes and the padding is at most half of the window."""
    require_per_axis(component, dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    axes = zip(per_axis(padding, dims), per_axis(kernel_size, dims), strict=True)
    rule = (f"at most half of kernel_size ({kernel_size})", f"不大于 kernel_size（{kernel_size}）一半的数")
    require(all(2 * border <= size for border, size in axes), component, "padding", rule, padding)
