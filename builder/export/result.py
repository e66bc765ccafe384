"""What an export gives back. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExportResult:
    """An exported file or folder that was checked against the model in the app.

    Args:
        path: the file or folder.
        format: of ``python``, ``project``, ``safetensors``, ``pt2`` and ``onnx``.
        checked: what was checked, in words; ``checked_zh`` in Chinese.
        max_difference: the largest difference from the model's outputs; None where they cannot be compared.
        weights: where the weights come from; ``weights_zh`` in Chinese.
    """

    path: Path
    format: str
    checked: str
    checked_zh: str
    max_difference: float | None
    weights: str
    weights_zh: str

    def to_json(self) -> dict[str, Any]:
        """The result as ``python -m builder export --json`` prints it."""
        return {
            "path": str(self.path),
            "format": self.format,
            "weights": self.weights,
            "checked": self.checked,
            "max_difference": self.max_difference,
        }
