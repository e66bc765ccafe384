"""One turn of an optimizer that computes more or less, according to who has acted before it in the step."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from builder.export.computing import Piece

Block = Callable[[Sequence[Piece]], list[str]]


class Cases:
    """The ways in which optimizers meet, each as the truth of some names in the script."""

    def __init__(self, flags: Sequence[Mapping[str, bool]]) -> None:
        self.flags = flags

    def merged(self, pieces: Sequence[Sequence[Piece]], block: Block) -> list[str]:
        """The lines for all cases: those that are in some cases only stand behind a condition.

        Args:
            pieces: what is computed, by case.
            block: pieces as lines.
        """
        merged = self._one_order(pieces)
        if merged is None:
            return self._branches(pieces, block)
        lines: list[str] = []
        whole = [p for p in merged if self._where(p, pieces) == self._everywhere]
        plain = [p for p in whole if all(q.plain for c in pieces for q in c if q.items == p.items)]
        shared = {p.items: Piece(p.items, p.lines, p in plain) for p in merged}
        for where, group in itertools.groupby(merged, key=lambda p: self._where(p, pieces)):
            inner = block([shared[p.items] for p in group])
            if where != self._everywhere:
                inner = [f"if {self.condition(where)}:", *(f"    {line}" for line in inner)]
            lines += inner
        return lines

    @property
    def _everywhere(self) -> frozenset[int]:
        return frozenset(range(len(self.flags)))

    def _where(self, piece: Piece, pieces: Sequence[Sequence[Piece]]) -> frozenset[int]:
        return frozenset(i for i, case in enumerate(pieces) if any(p.items == piece.items for p in case))

    def _one_order(self, pieces: Sequence[Sequence[Piece]]) -> list[Piece] | None:
        """All pieces in one order that is every case's; None where there is none, or a call differs."""
        lines: dict[tuple[str, ...], tuple[str, ...]] = {}
        for piece in itertools.chain(*pieces):
            if lines.setdefault(piece.items, piece.lines) != piece.lines:
                return None
        waiting = [list(case) for case in pieces]
        found: list[Piece] = []
        while any(waiting):
            heads = [case[0] for case in waiting if case]
            free = [
                head for head in heads
                if all(head.items not in [p.items for p in case[1:]] for case in waiting)
            ]  # fmt: skip
            if not free:
                return None
            found.append(free[0])
            for case in waiting:
                if case and case[0].items == free[0].items:
                    case.pop(0)
        return found

    def _branches(self, pieces: Sequence[Sequence[Piece]], block: Block) -> list[str]:
        """Each case's lines behind its condition."""
        lines: list[str] = []
        for number, case in enumerate(pieces):
            words = [name if value else f"not {name}" for name, value in self.flags[number].items()]
            head = "else:" if number and number == len(pieces) - 1 else f"if {' and '.join(words)}:"
            head = f"el{head}" if number and head.startswith("if") else head
            lines += [head, *(f"    {line}" for line in block(case))]
        return lines

    def condition(self, where: frozenset[int]) -> str:
        """The shortest condition that holds in exactly these cases: one name, two joined, or each case by itself."""
        names = list(self.flags[0])
        literals = [(name, True) for name in names] + [(name, False) for name in names]

        def words(name: str, value: bool) -> str:
            return name if value else f"not {name}"

        for name, value in literals:
            if where == {i for i, f in enumerate(self.flags) if f[name] == value}:
                return words(name, value)
        for (a, x), (b, y) in itertools.combinations(literals, 2):
            if where == {i for i, f in enumerate(self.flags) if f[a] == x and f[b] == y}:
                return f"{words(a, x)} and {words(b, y)}"
            if where == {i for i, f in enumerate(self.flags) if f[a] == x or f[b] == y}:
                return f"{words(a, x)} or {words(b, y)}"
        return " or ".join(f"({' and '.join(words(n, v) for n, v in self.flags[i].items())})" for i in sorted(where))
