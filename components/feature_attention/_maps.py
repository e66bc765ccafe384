"""What attention modules on feature maps share: their ports, squeezing and spreading, maps as tokens."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor, nn

from components.spec import Dims

Image = Annotated[Tensor, Dims("B C H W")]
Maps = Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]


def reduced(channels: int, reduction: int) -> int:
    """The channels divided by the reduction, at least 1."""
    return max(1, channels // reduction)


def squeeze(x: Tensor) -> Tensor:
    """The mean of each channel over its positions: (B, C, *) to (B, C)."""
    return x.flatten(2).mean(-1)


def spread(gate: Tensor, x: Tensor) -> Tensor:
    """A gate (B, C) with axes of size 1 behind it, as many as x has positions' axes."""
    return gate.reshape(*gate.shape, *[1] * (x.dim() - 2))


def two_layers(in_features: int, hidden: int, out_features: int, bias: bool = True) -> nn.Sequential:
    """A perceptron with one hidden layer and ReLU."""
    return nn.Sequential(nn.Linear(in_features, hidden, bias), nn.ReLU(), nn.Linear(hidden, out_features, bias))


def two_convolutions(channels: int, hidden: int) -> nn.Sequential:
    """A perceptron with one hidden layer and ReLU at each position of an image."""
    return nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))


def two_normalised_convolutions(channels: int, hidden: int) -> nn.Sequential:
    """The same with batch normalisation behind both layers, which makes offsets needless."""
    return nn.Sequential(
        nn.Conv2d(channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU(),
        nn.Conv2d(hidden, channels, 1, bias=False), nn.BatchNorm2d(channels),
    )  # fmt: skip


def to_tokens(x: Tensor) -> Tensor:
    """The positions as a sequence: (B, C, *) to (B, N, C)."""
    return x.flatten(2).mT


def to_maps(tokens: Tensor, x: Tensor) -> Tensor:
    """A sequence of positions as maps with the spatial axes of x: (B, N, C) to (B, C, *)."""
    return tokens.mT.unflatten(2, x.shape[2:])


def start_at_zero(layer: nn.Linear) -> nn.Linear:
    """The layer with zeros for weights and offsets, so that the branch that ends in it adds nothing at first."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
