"""What the pooling layers of products of channels share."""

import torch.nn.functional as F
from torch import Tensor

from components.errors import InputError


def check_positions(x: Tensor, y: Tensor) -> None:
    """InputError unless two maps (B, C, *) have the same positions."""
    if x.shape[2:] != y.shape[2:]:
        raise InputError(
            f"x and y must have the same spatial axes. Got {tuple(x.shape)} and {tuple(y.shape)} instead.",
            f"x 与 y 的空间维度必须相同，收到：{tuple(x.shape)} 和 {tuple(y.shape)}。",
        )


def signed_root(z: Tensor) -> Tensor:
    """The signed square root of vectors (B, F), scaled to length one; 1e-10 keeps the gradient finite at zero."""
    return F.normalize(z * (z.abs() + 1e-10).rsqrt())
