"""Norms over the batch that centre and scale by statistics of their own, and keep running values of them."""

import torch
from torch import Tensor, nn

from components.channels import channel_rows, per_channel


class RunningNorm(nn.Module):
    """Subtracts a statistic of each channel over the batch, divides by another, then scales and shifts.

    A subclass says by ``statistics`` what they are. Evaluation uses the running values of both.
    """

    running_centre: Tensor
    running_scale: Tensor

    def __init__(self, num_features: int, eps: float, momentum: float) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_centre", torch.zeros(num_features))
        self.register_buffer("running_scale", torch.ones(num_features))

    def statistics(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """What is subtracted (C,) and the divisor (C,) for the values (C, M) of each channel."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.running_centre.dtype)  # mixed precision: statistics of half precision would be too coarse
        if self.training:
            centre, scale = self.statistics(channel_rows(x))
            with torch.no_grad():
                self.running_centre.lerp_(centre, self.momentum)
                self.running_scale.lerp_(scale, self.momentum)
        else:
            centre, scale = self.running_centre, self.running_scale
        y = (x - per_channel(centre, x)) / per_channel(scale + self.eps, x)
        return y * per_channel(self.weight, x) + per_channel(self.bias, x)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}, momentum={self.momentum}"
