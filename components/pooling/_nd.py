"""What the pooling layers share: rules on their windows, and the weighted mean of each."""

from __future__ import annotations

import torch
from torch import Tensor

from components.rules import per_axis, require, require_per_axis
from components.windows import windows


def check_window(
    component: str,
    dims: int,
    *,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None,
    padding: int | tuple[int, ...] = 0,
    dilation: int | tuple[int, ...] = 1,
) -> None:
    """Raises a ParameterError unless each value fits the axes and the padding is at most half of the window."""
    require_per_axis(component, dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    axes = zip(per_axis(padding, dims), per_axis(kernel_size, dims), strict=True)
    rule = (f"at most half of kernel_size ({kernel_size})", f"不大于 kernel_size（{kernel_size}）一半的数")
    require(all(2 * border <= size for border, size in axes), component, "padding", rule, padding)


def weighted_pool(
    x: Tensor,
    logits: Tensor,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None,
    padding: int | tuple[int, ...] = 0,
) -> Tensor:
    """The mean of each window of x, weighted by the softmax of the logits of that window; borders weigh nothing."""
    weights = torch.softmax(windows(logits, kernel_size, stride, padding, fill=float("-inf")), dim=0)
    return (weights * windows(x, kernel_size, stride, padding)).sum(0)
