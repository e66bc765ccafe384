"""The normalisation of products of channels."""

import torch.nn.functional as F
from torch import Tensor


def signed_root(z: Tensor) -> Tensor:
    """The signed square root of vectors (B, F), scaled to length one; 1e-10 keeps the gradient finite at zero."""
    return F.normalize(z * (z.abs() + 1e-10).rsqrt())
