"""A convolution along one axis of an image at a time: a column of taps, or a row of taps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from components.rules import per_axis

COLUMN, ROW = 0, 1


def along(axis: int, in_channels: int, out_channels: int, settings: Mapping[str, Any], **more: Any) -> nn.Conv2d:
    """The convolution along one axis (0: a column of taps, 1: a row) with what ``settings`` say for it.

    Args:
        settings: kernel_size, stride, padding and dilation, one value each or one for each axis.
        more: further arguments of the convolution.
    """
    own: dict[str, Any] = {}
    for name, rest in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
        value = settings[name]
        if not isinstance(value, str):
            value = tuple(v if a == axis else rest for a, v in enumerate(per_axis(value, 2)))
        own[name] = value
    return nn.Conv2d(in_channels, out_channels, **own, **more)
