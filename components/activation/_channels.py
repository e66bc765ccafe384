"""Parameters per channel beside maps of any rank."""

from torch import Tensor


def per_channel(values: Tensor, like: Tensor) -> Tensor:
    """Values whose last axis is the channels, (*, C), shaped to broadcast with ``like`` (B, C, *)."""
    return values.reshape(*values.shape, *[1] * (like.dim() - 2))
