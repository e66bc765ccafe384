"""What norms over channels share: a vector of one value a channel, in the shape that meets an input."""

from typing import Annotated, Literal

from torch import Tensor

from components.spec import Inferred

# Unlike a convolution, a norm over the batch also takes vectors, which have no spatial axis.
SpatialOrNone = Annotated[Literal[0, 1, 2, 3], Inferred("x", rank_minus=2)]


def on_channels(vector: Tensor, x: Tensor) -> Tensor:
    """A vector (C,) in the shape (1, C, 1, ...) that broadcasts against x (B, C, *)."""
    return vector.view(1, -1, *[1] * (x.dim() - 2))


def channel_rows(x: Tensor) -> Tensor:
    """All values of each channel of x (B, C, *) in a row (C, M)."""
    return x.transpose(0, 1).flatten(1)
