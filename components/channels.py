"""Values of channels beside maps of any rank."""

from torch import Tensor


def per_channel(values: Tensor, x: Tensor) -> Tensor:
    """Values whose last axis is the channels, (C,) or (*, C), in the shape that broadcasts against x (B, C, *)."""
    return values.reshape(*values.shape, *[1] * (x.dim() - 2))


def channel_rows(x: Tensor) -> Tensor:
    """All values of each channel of x (B, C, *) in a row (C, M)."""
    return x.transpose(0, 1).flatten(1)
