"""The shape and dtype of a tensor before it exists. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorSpec:
    """What a port carries: ``TensorSpec(("B", 3, 32, 32), "float32")``.

    Args:
        shape: sizes; a name stands for an axis whose size varies ("B" samples, "N" nodes, "E" edges, "T" steps).
        dtype: torch's name of the element type, such as ``float32``, ``int64`` or ``bool``.
        high: for integers that are class indices or token ids, all of them lie in [0, high) (or are -100, ignored).
    """

    shape: tuple[int | str, ...]
    dtype: str = "float32"
    high: int | None = None

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.shape))}) {self.dtype}"
