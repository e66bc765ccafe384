"""What a run tells while it trains: ``metrics.jsonl``, TensorBoard events and a callback, from the same events.

A ``step`` event holds means over the steps since the one before, an ``epoch`` event those of the epoch and of the
validation data. Step events come by the clock, ever more rarely: a run of days leaves a file of a few megabytes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from builder.graph import write_atomic
from builder.train.run import Run

Report = Callable[[dict[str, Any]], None]

STEP_SECONDS = 0.5  # between two step events at first
STEP_EVENTS = 500  # after so many the time between them doubles
EPOCH_EVENTS = 2000  # so many epochs are all logged, later ones by the clock too
FLUSH_SECONDS = 0.5


class Journal:
    """Writes the events of one run.

    Args:
        run: its folder.
        report: called with each event.
        step: events after this step are forgotten: a resumed run makes them again.
    """

    def __init__(self, run: Run, report: Report | None = None, step: int = 0) -> None:
        self.path = run.file("metrics.jsonl")
        self.report = report
        kept = [event for event in run.events() if event.get("step", 0) <= step]
        self.counts = {kind: sum(event.get("event") == kind for event in kept) for kind in ("step", "epoch")}
        write_atomic(self.path, "".join(_line(event) for event in kept))
        self.file = self.path.open("a", encoding="utf-8")
        self.board = _board(run, step)
        self.pending: list[dict[str, Any]] = []
        self.flushed = self.last_step = self.last_epoch = time.perf_counter()

    def due(self, now: float) -> bool:
        """Whether a step event is wanted at this moment of the performance counter."""
        return now - self.last_step > STEP_SECONDS * 2 ** (self.counts["step"] // STEP_EVENTS)

    def step(self, event: Mapping[str, Any]) -> None:
        """Logs some steps."""
        self.last_step = time.perf_counter()
        self._add({"event": "step", **event})

    def epoch(self, event: Mapping[str, Any], last: bool = False) -> None:
        """Logs an epoch; where there are very many, some are left out, but not the ``last``."""
        now = time.perf_counter()
        if last or self.counts["epoch"] < EPOCH_EVENTS or now - self.last_epoch > 2 * STEP_SECONDS:
            self.last_epoch = now
            self._add({"event": "epoch", **event})

    def _add(self, event: dict[str, Any]) -> None:
        self.counts[event["event"]] += 1
        self.pending.append(_finite(event))
        if self.report is not None:
            self.report(self.pending[-1])
        if time.perf_counter() - self.flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Puts what is pending into the files."""
        for event in self.pending:
            self.file.write(_line(event))
            _to_board(self.board, event)
        self.pending.clear()
        self.file.flush()
        self.flushed = time.perf_counter()

    def close(self) -> None:
        self.flush()
        self.file.close()
        self.board.close()


def _line(event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _board(run: Run, step: int) -> Any:
    """A writer of TensorBoard events; what an earlier one wrote after ``step`` is marked as void."""
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # pyright: ignore[reportAttributeAccessIssue]
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    folder = run.file("tensorboard")
    folder.mkdir(exist_ok=True)
    writer = EventFileWriter(str(folder), max_queue_size=1000, flush_secs=10)
    if step:
        writer.add_event(Event(wall_time=time.time(), step=step + 1, session_log=SessionLog(status=SessionLog.START)))
    return writer


def _to_board(board: Any, event: Mapping[str, Any]) -> None:
    from tensorboard.compat.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]
    from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue]

    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in _scalars(event)]
    board.add_event(Event(wall_time=time.time(), step=event["step"], summary=Summary(value=values)))


def _scalars(event: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    prefix = "steps/" if event["event"] == "step" else ""
    for group, values in event.items():
        if isinstance(values, Mapping):
            yield from ((f"{prefix}{group}/{name}", value) for name, value in values.items() if value is not None)
    if event.get("samples_per_second") is not None:
        yield f"{prefix}samples_per_second", event["samples_per_second"]


def event_line(event: Mapping[str, Any]) -> str:
    """An event as one line for a terminal."""

    def figures(values: Mapping[str, Any]) -> str:
        return "  ".join(f"{name} {math.nan if value is None else value:.4g}" for name, value in values.items())

    valid = f"  valid: {figures(event['valid'])}" if event.get("valid") else ""
    best = "  (best)" if event.get("best") else ""
    return f"epoch {event['epoch']:<8g} train: {figures(event['train'])}{valid}{best}"
