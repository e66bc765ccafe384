"""Taking away what was built: standalone Python, a project, weights, pt2 and ONNX, each checked before it is given."""

from builder.export.api import Format, export
from builder.export.errors import ExportError
from builder.export.model import ModelSource, model_source
from builder.export.result import ExportResult

__all__ = ["ExportError", "ExportResult", "Format", "ModelSource", "export", "model_source"]
