"""Axes whose size varies (batch, nodes, edges) stand as large primes while shapes propagate, and are named again after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# A size that is a multiple of one of these can only have come from its axis. Memory is no concern: nothing is allocated.
_PRIMES = (10007, 20011, 30011, 40009, 50021, 60013, 70001, 80021)


class Symbols:
    """The named axes of one graph and the primes that stand for them."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.prime: dict[str, int] = {}
        for name in names:
            self.number(name)

    def number(self, axis: int | str) -> int:
        """The size that stands for an axis; a plain size stands for itself."""
        if isinstance(axis, int):
            return axis
        if axis not in self.prime:
            if len(self.prime) == len(_PRIMES):
                raise ValueError(f"A graph can have at most {len(_PRIMES)} axes of unknown size.")
            self.prime[axis] = _PRIMES[len(self.prime)]
        return self.prime[axis]

    def numbers(self, shape: Sequence[int | str]) -> tuple[int, ...]:
        return tuple(self.number(axis) for axis in shape)

    def name(self, size: int) -> int | str:
        """The axis that a propagated size means: ``"B"``, ``"2*B"``, ``"B+1"``, or the size itself."""
        if size < _PRIMES[0]:
            return size
        for name, prime in self.prime.items():
            if size % prime == 0:
                factor = self.name(size // prime)
                return name if factor == 1 else f"{factor}*{name}"
        for name, prime in self.prime.items():
            rest = self.name(size - prime) if size > prime else size
            if isinstance(rest, str) or 0 < rest < 4000:
                return f"{name}+{rest}"
        return size

    def names(self, shape: Sequence[int]) -> tuple[int | str, ...]:
        return tuple(size if size < _PRIMES[0] else self.name(size) for size in shape)

    def per_sample(self, total: int, shape: Sequence[int]) -> int:
        """A cost of the whole propagated batch, as the cost of one item of the first varying axis of ``shape``."""
        for size in shape:
            if size in self.prime.values():
                return round(total / size)
        return total
