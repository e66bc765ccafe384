"""Convolutions that compute their kernel before it slides: the same one for all samples, or one for each."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FUNCTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


class SlidingConv(nn.Module):
    """The settings with which kernels slide that are given at each call."""

    def __init__(
        self,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def convolve(self, x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        """x (B, C, *) under one kernel (O, C / groups, *)."""
        return FUNCTIONS[x.dim() - 2](x, kernel, bias, self.stride, self.padding, self.dilation, self.groups)

    def convolve_each(self, x: Tensor, kernels: Tensor, biases: Tensor | None) -> Tensor:
        """Each sample of x (B, C, *) under its own kernel (B, O, C / groups, *), as one grouped convolution."""
        batch = x.shape[0]
        rows = None if biases is None else biases.flatten()
        y = FUNCTIONS[x.dim() - 2](
            x.flatten(0, 1).unsqueeze(0), kernels.flatten(0, 1), rows,
            self.stride, self.padding, self.dilation, self.groups * batch,
        )  # fmt: skip
        return y.reshape(batch, -1, *y.shape[2:])


class KernelConv(SlidingConv):
    """Weights of any shape, of which a kernel is made.

    Weight and bias begin uniform within 1 / sqrt(weights of a filter), as torch's do.

    Args:
        shape: of the weight, a filter for each of the first axis.
        bias: adds a value for each filter.
        copies: how many such weights and biases there are, on an axis before the others; None for no such axis.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        bias: bool,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        copies: int | None = None,
    ) -> None:
        super().__init__(stride, padding, dilation, groups)
        leading = () if copies is None else (copies,)
        self.weight = nn.Parameter(torch.empty(*leading, *shape))
        self.bias = nn.Parameter(torch.empty(*leading, shape[0])) if bias else None
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
