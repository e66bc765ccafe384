"""Axes whose size varies (samples, nodes, edges) stand as primes while shapes propagate, and are named again after.

Each axis has two primes, its own and a twin. A size that follows from an axis differs between a run with the primes and
one with the twins; a plain size does not, however large it is. The two values also tell exactly how the size follows:
``2*N``, ``N+1``, ``T/2``.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

# Large against sizes that occur; products of several with many features still fit into 63 bits.
_STARTS = (100_003, 40_009, 50_021, 60_013, 70_001, 80_021, 90_001, 110_017)
# A prime and its twin leave the same rest under the divisors that strides have, so that rounding treats both alike.
# They lie a prime number of periods apart, another for each axis and more than MAX_DENOMINATOR: so that the step of one
# axis never looks like a fraction of another's.
_PERIOD = 240
_STEPS = (37, 41, 43, 47, 53, 59, 61, 67)
MAX_DENOMINATOR = 32
MAX_OFFSET = 20_000
UNKNOWN = "?"

Twin = tuple[int, int]


class ClashError(Exception):
    """A plain size equals one that follows from an axis, by chance: other primes tell them apart."""


class Symbols:
    """The named axes of one graph.

    Args:
        taken: plain sizes that stand in the graph; no prime divides one of them.
        attempt: another number gives other primes.
    """

    def __init__(self, taken: Iterable[int] = (), attempt: int = 0) -> None:
        self._shift = 1000 * attempt
        self._taken = [size for size in set(taken) if size >= min(_STARTS)]
        self.prime: dict[str, int] = {}
        self.twin: dict[int, int] = {}  # the twin of each size that is known to follow from an axis
        self._names: dict[int, str] = {}

    # -------------------------------------------------------------- from names to numbers

    def number(self, axis: int | str) -> int:
        """The size that stands for an axis; a plain size stands for itself."""
        if isinstance(axis, int):
            return axis
        if axis not in self.prime:
            if len(self.prime) == len(_STARTS):
                raise ValueError(f"A graph can have at most {len(_STARTS)} axes of unknown size.")
            index = len(self.prime)
            prime = _STARTS[index] + self._shift
            while not (self._free(prime) and self._free(prime + _PERIOD * _STEPS[index])):
                prime += 1
            self.prime[axis], self.twin[prime], self._names[prime] = prime, prime + _PERIOD * _STEPS[index], axis
        return self.prime[axis]

    def numbers(self, shape: Sequence[int | str]) -> tuple[int, ...]:
        return tuple(self.number(axis) for axis in shape)

    def _free(self, number: int) -> bool:
        """Whether a number is prime and no taken size a multiple of it."""
        return _is_prime(number) and all(size % number for size in self._taken)

    # -------------------------------------------------------------- telling sizes apart

    def varies(self, size: int) -> bool:
        """Whether a size follows from an axis."""
        return size in self.twin

    def fresh(self, shape: Sequence[int], inputs: Sequence[Sequence[int]]) -> Iterator[int]:
        """Sizes that may follow from an axis and that no input has (as often): a run with the twins tells."""
        limit = min(self.prime.values(), default=2**63) // MAX_DENOMINATOR
        for size in shape:
            if size >= limit and shape.count(size) > max((given.count(size) for given in inputs), default=0):
                yield size

    def twins(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of the run with the twins."""
        return tuple(self.twin.get(size, size) for size in shape)

    def learn(self, shape: Sequence[int], twins: Sequence[int]) -> None:
        """Remembers which sizes of a shape vary, from the same shape with the twins.

        Raises:
            ClashError: one of the sizes is known to follow from the axes in another way.
        """
        for size, twin in zip(shape, twins, strict=True):
            if self.twin.get(size, twin) != twin:
                raise ClashError
            if size != twin:
                self.twin[size] = twin

    def learn_multiples(self, shape: Sequence[int]) -> None:
        """Remembers multiples of axes as such: no prime divides a plain size that stands in the graph."""
        for size in shape:
            rest, twin = size, 1
            for prime in self.prime.values():
                while rest % prime == 0 and rest:
                    rest, twin = rest // prime, twin * self.twin[prime]
            if rest != size:
                self.twin.setdefault(size, twin * rest)

    # -------------------------------------------------------------- from numbers to names

    def name(self, size: int) -> int | str:
        """How a size follows from the axes: ``"B"``, ``"2*N"``, ``"N+1"``, ``"T/2"``; a plain size itself."""
        if size not in self.twin:
            return size
        if size not in self._names:
            self._names[size] = self._solve((size, self.twin[size])) or UNKNOWN
        return self._names[size]

    def names(self, shape: Sequence[int]) -> tuple[int | str, ...]:
        return tuple(self.name(size) for size in shape)

    def _solve(self, size: Twin, depth: int = 0) -> str | None:
        axes = [(name, (prime, self.twin[prime])) for name, prime in self.prime.items()]
        for name, axis in axes:  # a multiple, perhaps of another axis
            if size[0] % axis[0] == 0 and size[1] % axis[1] == 0:
                factor = (size[0] // axis[0], size[1] // axis[1])
                if factor[0] == factor[1]:
                    return name if factor[0] == 1 else f"{factor[0]}*{name}"
                other = self._solve(factor, depth + 1) if depth < 3 else None
                if other:
                    return f"{other}*{name}" if "+" not in other and "-" not in other else f"({other})*{name}"
        found = []
        for name, axis in axes:  # a linear function of one axis: two points give one for each, the true one is near
            slope = Fraction(size[0] - size[1], axis[0] - axis[1])
            offset = size[0] - slope * axis[0]
            if slope > 0 and slope.denominator <= MAX_DENOMINATOR and abs(offset) < MAX_OFFSET:
                found.append((abs(offset), _linear(name, slope, offset)))
        if found:
            return min(found)[1]
        for name, axis in axes:  # a sum of axes
            rest = (size[0] - axis[0], size[1] - axis[1])
            other = self._solve(rest, depth + 1) if depth < 3 and min(rest) > 0 else None
            if other:
                return f"{name}+{other}"
        return None

    def rename(self, text: str) -> str:
        """A message with the numbers that stand for axes turned back into names."""
        return re.sub(r"(?<![\d.])\d{4,}", lambda found: str(self.name(int(found[0]))), text)

    def per_sample(self, total: int, shapes: Iterable[Sequence[int]]) -> int:
        """A cost of the whole propagated batch, as the cost of one item of the first varying axis of the inputs."""
        for size in (size for shape in shapes for size in shape):
            if size in self.twin:
                axis = next((p for p in self.prime.values() if size % p == 0), None) or self._leading(size)
                return (2 * total + axis) // (2 * axis)
        return total

    def _leading(self, size: int) -> int:
        return max((prime for prime in self.prime.values() if prime <= size), default=size)

    def one(self, shape: Sequence[int]) -> int:
        """The values in a tensor of this shape where each varying axis counts once."""
        return math.prod(1 if size in self.twin else size for size in shape)


def _linear(name: str, slope: Fraction, offset: Fraction) -> str:
    top = name if slope.numerator == 1 else f"{slope.numerator}*{name}"
    rest = offset * slope.denominator
    if rest.denominator != 1:
        return UNKNOWN
    if rest:
        top += f"{int(rest):+d}"
    if slope.denominator == 1:
        return top
    return f"({top})/{slope.denominator}" if rest else f"{top}/{slope.denominator}"


@functools.cache
def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))
