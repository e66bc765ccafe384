"""Training: the loop, the worker process and the run folder. Reading runs and starting workers imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.train.errors import TrainError
from builder.train.overrides import override
from builder.train.run import Best, History, Run, Status, runs
from builder.train.shown import Generated, generated
from builder.train.worker import kill, resume, start

if TYPE_CHECKING:
    from builder.train.evaluation import evaluate
    from builder.train.journal import event_line
    from builder.train.loop import train

__all__ = [
    "Best",
    "Generated",
    "History",
    "Run",
    "Status",
    "TrainError",
    "evaluate",
    "event_line",
    "generated",
    "kill",
    "override",
    "resume",
    "runs",
    "start",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "train":
        from builder.train.loop import train

        return train
    if name == "evaluate":
        from builder.train.evaluation import evaluate

        return evaluate
    if name == "event_line":
        from builder.train.journal import event_line

        return event_line
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
