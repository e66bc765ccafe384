"""A component and what it is timed against: both sides are built from names and arguments, and take the same input."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from components.spec import Tensors

Given = tuple[int, ...] | Tensors | Callable[[torch.Generator], Tensor]
"""A tensor: a shape of normal numbers, a recipe, or what draws it."""

Inputs = Mapping[str, Given | list[Given]]
"""By port; several tensors at a variadic one."""


@dataclass(frozen=True)
class Size:
    """The batch, channels and side of the square maps that both sides take."""

    batch: int
    channels: int
    side: int

    @property
    def image(self) -> tuple[int, ...]:
        return (self.batch, self.channels, self.side, self.side)

    @property
    def tokens(self) -> tuple[int, ...]:
        return (self.batch, 4 * self.side, 4 * self.channels)


@dataclass(frozen=True)
class Peer:
    """The other side: the name that the table shows, and how it is built (from the weights, where it is an optimizer)."""

    name: str
    build: Callable[..., Any]


@dataclass(frozen=True)
class Pair:
    """A component with the parameters that it is timed with, and its peer.

    Args:
        peer: the other side.
        same: both compute the same; otherwise the peer is the plain layer that stands in its place elsewhere.
        inputs: by port, in the order of the ports; both sides take these.
        takes: the ports that the peer takes; all where it is None.
        params: of the component; what follows from the inputs need not be among them.
        parametrizes: the component changes the weight of a convolution, which is what runs.
        note: what makes the component much slower than its peer.
    """

    peer: Peer
    same: bool
    inputs: Inputs
    takes: tuple[str, ...] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    parametrizes: bool = False
    note: str = ""


def new(name: str, *args: Any, **kwargs: Any) -> Peer:
    """A class or function of a library, called with these arguments (behind those that only a run brings)."""
    return Peer(name.replace(":", "."), lambda *runtime: pkgutil.resolve_name(name)(*runtime, *args, **kwargs))


def function(name: str, **settings: Any) -> Peer:
    """A function of a library that takes the inputs themselves."""
    return Peer(name, lambda: lambda *inputs: pkgutil.resolve_name(name)(*inputs, **settings))


class Layers:
    """Writes the pairs of a topic whose components take one input ``x`` of one shape, unless ``inputs`` says otherwise."""

    def __init__(self, *x: int) -> None:
        self.inputs: Inputs = {"x": x}

    def same(self, peer: Peer, *, inputs: Inputs | None = None, note: str = "", **params: Any) -> Pair:
        """A pair of two that compute the same."""
        return Pair(peer, True, inputs or self.inputs, params=params, note=note)

    def plain(
        self,
        peer: Peer,
        *,
        inputs: Inputs | None = None,
        takes: tuple[str, ...] | None = None,
        note: str = "",
        **params: Any,
    ) -> Pair:
        """A component beside a plain layer, which takes the first input alone where ``takes`` is not given."""
        inputs = inputs or self.inputs
        return Pair(peer, False, inputs, takes or tuple(inputs)[:1], params, note=note)
