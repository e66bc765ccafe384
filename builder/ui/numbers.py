"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Sequence


def short(value: float) -> str:
    """Three digits and a unit: ``156``, ``61.7 K``, ``1.2 M``."""
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K")):
        if value >= limit * 0.9995:
            scaled = value / limit
            digits = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2
            text = f"{scaled:.{digits}f}"
            return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"
    return f"{value:g}"


def size(number: float) -> str:
    """Bytes: ``13.8 KB``."""
    text = short(number)
    return f"{text}B" if " " in text else f"{text} B"


def shape(axes: Sequence[int | str]) -> str:
    """A shape without spaces, as it stands on a node: ``(B,6,28,28)``."""
    return "(" + ",".join(map(str, axes)) + ")"
