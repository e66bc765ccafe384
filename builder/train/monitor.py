"""What the outside sees of a run while it trains, and what it asks of it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

from builder.train.errors import TrainError
from builder.train.run import Best, Run, State, Status

STATUS_SECONDS = 0.5  # between two writings of the status


class Stopped(Exception):
    """Someone asked to stop before the training began."""


class Monitor:
    """Writes the status of a run and reads the requests, in the process that leads.

    Args:
        run: the folder.
        leads: whether this process writes it.
        epochs: of the whole training; what the status says where None.
        resume: whether the run goes on from where its status says it is.
    """

    def __init__(self, run: Run, leads: bool, epochs: int | None = None, resume: bool = False) -> None:
        self.run, self.leads = run, leads
        self.status = run.status() if resume else Status()
        self.status.pid, self.status.error, self.status.eta = os.getpid(), None, None
        if epochs is not None:
            self.status.epochs = epochs
        self.interrupted = False
        self._spent = self._before = 0.0
        self._since: float | None = None
        self._first_step = 0
        self._next = 0.0

    # -------------------------------------------------------------- the clock of the training

    def begin(self, steps_per_epoch: int, step: int, seconds: float) -> None:
        """Starts the clock, at ``seconds`` of training that lie behind."""
        self.status.steps_per_epoch, self._first_step = steps_per_epoch, step
        self._spent = self._before = seconds
        self._since = time.perf_counter()
        self.status.activity = self.status.activity_zh = ""

    def seconds(self) -> float:
        """Time in training so far, without pauses."""
        return self._spent + (time.perf_counter() - self._since if self._since is not None else 0.0)

    @contextlib.contextmanager
    def standing(self) -> Iterator[None]:
        """The clock stands within."""
        self._spent, self._since = self.seconds(), None
        yield
        self._since = time.perf_counter()

    # -------------------------------------------------------------- the status

    def tell(self, activity: str, activity_zh: str, at_once: bool = True) -> None:
        """Says what is done before the training begins; Stopped where someone asks to stop meanwhile.

        Not ``at_once`` means: where the last time is a while ago.
        """
        if not at_once and time.perf_counter() < self._next:
            return
        self.status.activity, self.status.activity_zh = activity, activity_zh
        self._write("starting")
        if self.request() == "stop":
            raise Stopped

    def stop(self) -> None:
        """Says that the training ended before it began."""
        self.status.activity = self.status.activity_zh = ""
        self._write("stopped")

    def show(
        self,
        state: State,
        epoch: int,
        position: int,
        step: int,
        best: Best | None,
        ended_by: str = "",
        at_once: bool = True,
    ) -> None:
        """Says how far the training is; not ``at_once`` means: where the last time is a while ago."""
        if not at_once and time.perf_counter() < self._next:
            return
        status = self.status
        status.epoch, status.position, status.step, status.best, status.ended_by = epoch, position, step, best, ended_by
        status.seconds = round(self.seconds(), 3)
        done, left = step - self._first_step, (status.epochs - epoch) * status.steps_per_epoch - position
        status.eta = round((self.seconds() - self._before) / done * left, 1) if done and state == "running" else None
        self._write(state)

    def fail(self, error: TrainError) -> None:
        """Says why the training has ended."""
        self.status.eta, self.status.error = None, error.to_json()
        self._write("failed")

    def _write(self, state: State) -> None:
        if self.leads:
            self._next = time.perf_counter() + STATUS_SECONDS
            self.status.state, self.status.heartbeat = state, time.time()
            self.run.write_status(self.status)

    # -------------------------------------------------------------- requests

    def request(self) -> str:
        """What is asked for, by a signal or through the run folder; empty for nothing."""
        if not self.leads:
            return ""
        return "stop" if self.interrupted else self.run.requested() or ""

    @contextlib.contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """SIGTERM and the first Ctrl-C ask to stop, with a checkpoint; a second Ctrl-C interrupts."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may set handlers: who trains in another one asks through the folder
            return

        def stop(number: int, frame: Any) -> None:
            self.interrupted = True
            signal.signal(number, before[number])

        before: dict[int, Any] = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
