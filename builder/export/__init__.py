"""Taking away what was built: standalone Python, a project, weights, pt2 and ONNX, each checked before it is given.

Importing this imports no torch: what writes waits until it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.export.errors import ExportError
from builder.export.result import ExportResult

if TYPE_CHECKING:
    from builder.export.api import Format, export
    from builder.export.model import ModelSource, model_source

__all__ = ["ExportError", "ExportResult", "Format", "ModelSource", "export", "model_source"]


def __getattr__(name: str) -> Any:
    if name in ("Format", "export"):
        from builder.export import api

        return getattr(api, name)
    if name in ("ModelSource", "model_source"):
        from builder.export import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
