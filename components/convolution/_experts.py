"""Several kernels for one convolution, mixed anew for each sample, and what the mixtures are decided from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from components.convolution._kernel import KernelConv
from components.convolution._nd import check_convolution
from components.rules import per_axis


class ExpertConv(KernelConv):
    """K kernels (K, O, C / groups, *) with biases (K, O); every sample meets a mixture of them."""

    def __init__(
        self,
        component: str,
        dims: int,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...],
        padding: int | tuple[int, ...] | str,
        dilation: int | tuple[int, ...],
        groups: int,
        bias: bool,
        num_experts: int,
    ) -> None:
        check_convolution(
            component, dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
            groups=groups, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        shape = (out_channels, in_channels // groups, *per_axis(kernel_size, dims))
        super().__init__(shape, bias, stride, padding, dilation, groups, copies=num_experts)

    def mix(self, shares: Tensor) -> tuple[Tensor, Tensor | None]:
        """Kernels (B, O, C / groups, *) and biases (B, O) for shares (B, K), or (B, O, K) by output channel."""
        if shares.dim() == 2:
            shares = shares.unsqueeze(1).expand(-1, self.weight.shape[1], -1)
        kernels = torch.einsum("bok,ko...->bo...", shares, self.weight)
        return kernels, None if self.bias is None else torch.einsum("bok,ko->bo", shares, self.bias)

    def convolve_mixed(self, x: Tensor, shares: Tensor) -> Tensor:
        """x (B, C, *) under the mixtures of these shares."""
        return self.convolve_each(x, *self.mix(shares))


def pooled(x: Tensor) -> Tensor:
    """The mean (B, C) of each channel of x (B, C, *)."""
    return x.flatten(2).mean(2)


def narrowed(in_channels: int, reduction: int) -> int:
    """The units of a bottleneck: in_channels / reduction, four at least."""
    return max(in_channels // reduction, 4)


def bottleneck(in_channels: int, reduction: int, outputs: int) -> nn.Sequential:
    """Two linear layers with a narrower one between them."""
    hidden = narrowed(in_channels, reduction)
    return nn.Sequential(nn.Linear(in_channels, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
