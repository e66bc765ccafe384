"""Worker processes: a training runs apart from whoever started it, and outlives them. Imports no torch."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from builder.graph import Graph
from builder.train.errors import TrainError
from builder.train.lock import VARIABLE
from builder.train.plan import describe, plan
from builder.train.run import Run, Status

_HOUSE = Path(__file__).resolve().parents[2]


def start(
    graph: Graph | str | Path,
    out: str | Path,
    epochs: int | None = None,
    seed: int | None = None,
    overrides: Iterable[str] = (),
    devices: int = 1,
    nodes: int = 1,
    precision: str = "32-true",
) -> Run:
    """Starts a new run in a process of its own; the arguments are those of ``train``.

    Raises:
        TrainError: the folder holds a run already, or cannot be written.
        GraphError: the graph is not one, or a value cannot be set. Whether it compiles the worker finds out: see the
            status.
    """
    overrides = list(overrides)
    planned = plan(graph, epochs, seed, overrides)
    run = Run(out)
    lock = run.lock()
    try:
        options = {"overrides": overrides, "devices": devices, "nodes": nodes, "precision": precision}
        Run.create(out, planned, describe(planned, graph, options))
        _spawn(run, lock, [])
    finally:
        os.close(lock)
    return run


def resume(run: Run | str | Path, epochs: int | None = None) -> Run:
    """Goes on with a run that was stopped or died, in a process of its own; to more ``epochs`` where given.

    Raises:
        TrainError: there is no run, or it is being trained.
    """
    run = run if isinstance(run, Run) else Run(run)
    if not run.exists:
        raise TrainError(f"There is no run in '{run.path}' to resume.", f"“{run.path}”中没有可继续的训练。")
    lock = run.lock()
    try:
        run.clear_request()
        before = run.status()
        before.state, before.error, before.eta = "starting", None, None
        run.write_status(before)
        _spawn(run, lock, ["--resume", *(["--epochs", str(epochs)] if epochs is not None else [])])
    finally:
        os.close(lock)
    return run


def kill(run: Run) -> None:
    """Ends a worker that does not react to ``request("stop")``; what came after its last checkpoint is lost."""
    status: Status = run.status()
    if status.alive and status.pid:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.kill(status.pid, signal.SIGKILL)


def _spawn(run: Run, lock: int, arguments: Sequence[str]) -> None:
    """Trains in a process of its own, in the same folder."""
    info = run.info()
    command = ["train", str(run.file("graph.json")), "--out", str(run.path)]
    for option in ("devices", "nodes", "precision"):
        command += [f"--{option}", str(info.get(option, 1 if option != "precision" else "32-true"))]
    spawn([*command, *arguments], run.file("log.txt"), lock)


def spawn(arguments: Sequence[str], log: Path, lock: int) -> None:
    """Runs ``python -m builder`` detached; what it prints goes to the log, and it holds the lock from its birth on."""
    paths = [str(_HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        VARIABLE: str(lock),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
    }
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "builder", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(lock,),
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie behind
