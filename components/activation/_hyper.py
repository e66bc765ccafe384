"""The small network that reads a whole sample and gives the coefficients of its activation."""

from torch import nn


def hyper_network(channels: int, reduction: int, outputs: int) -> nn.Module:
    """From the means of the channels (B, channels) to coefficients (B, outputs) in (-1, 1)."""
    middle = max(1, channels // reduction)
    # 2 sigmoid(2 x) - 1 = tanh(x): the factor is left to the weights.
    return nn.Sequential(nn.Linear(channels, middle), nn.ReLU(), nn.Linear(middle, outputs), nn.Tanh())
