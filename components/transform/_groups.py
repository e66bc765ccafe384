"""Which values share a statistic: those of a channel, of a feature, or all of them."""

from typing import Literal

from torch import Tensor

Per = Literal["channel", "feature", "all"]


def rows(x: Tensor, per: Per) -> Tensor:
    """The values (M, size) of x (B, C, *), one column for each group: axis 1, the last axis, or everything."""
    if per == "all":
        return x.reshape(-1, 1)
    return x.movedim(1, -1).flatten(0, -2) if per == "channel" else x.flatten(0, -2)


def along(statistic: Tensor, x: Tensor, per: Per) -> Tensor:
    """A statistic (size,) in the shape that broadcasts against x."""
    return statistic.view(-1, *[1] * (x.dim() - 2)) if per == "channel" else statistic
