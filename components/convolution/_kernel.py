"""Convolutions that compute their kernel before it slides: the same one for all samples, or one for each."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FUNCTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


class KernelConv(nn.Module):
    """Weights of any shape, and the settings with which the kernel that is made of them slides.

    Args:
        shape: of the weight.
        fan_in: values that an output is a sum of; weight and bias begin uniform within 1 / sqrt(fan_in), as torch's do.
        bias: the shape of the bias; None for none.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        fan_in: int,
        bias: tuple[int, ...] | None,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = None if bias is None else nn.Parameter(torch.empty(bias))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def convolve(self, x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        """x (B, C, *) under one kernel (O, C / groups, *)."""
        return FUNCTIONS[x.dim() - 2](x, kernel, bias, self.stride, self.padding, self.dilation, self.groups)


def convolve_each(
    x: Tensor,
    kernels: Tensor,
    biases: Tensor | None,
    stride: int | tuple[int, ...],
    padding: int | tuple[int, ...] | str,
    dilation: int | tuple[int, ...],
    groups: int = 1,
) -> Tensor:
    """Each sample of x (B, C, *) under its own kernel (B, O, C / groups, *), as one grouped convolution."""
    batch = x.shape[0]
    rows = None if biases is None else biases.flatten()
    y = FUNCTIONS[x.dim() - 2](
        x.flatten(0, 1).unsqueeze(0), kernels.flatten(0, 1), rows, stride, padding, dilation, groups * batch
    )
    return y.reshape(batch, -1, *y.shape[2:])
