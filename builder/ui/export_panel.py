"""Taking a model away: formats, the check of each file against the model in the app, and the download."""

from __future__ import annotations

from builder.graph import Graph
from builder.train import Run


def open_dialog(source: Run | Graph) -> None:
    """Opens the dialog for a run's best weights, or for an untrained graph."""
    raise NotImplementedError
