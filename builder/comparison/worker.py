"""A comparison in a process of its own: it runs apart from whoever started it, and outlives them. Imports no torch."""

from __future__ import annotations

import os
from pathlib import Path

from builder.comparison.folder import ComparisonFolder, Progress
from builder.comparison.plan import Plan
from builder.graph import Graph
from builder.train import TrainError
from builder.train.worker import spawn


def start(graph: Graph, plan: Plan, out: str | Path) -> ComparisonFolder:
    """Starts a comparison in a new folder. Whether every variant compiles the process finds out: see its progress.

    Raises:
        TrainError: the folder holds one already, or cannot be written.
    """
    folder = ComparisonFolder(out)
    if folder.exists:
        raise TrainError(
            f"The folder '{out}' already holds a comparison. Choose another, or go on with it.",
            f"文件夹“{out}”中已有一次比较。请另选文件夹，或继续该比较。",
        )
    lock = folder.lock()
    try:
        folder.prepare(graph, plan)
        _spawn(folder, lock)
    finally:
        os.close(lock)
    return folder


def go_on(folder: ComparisonFolder) -> None:
    """Goes on with a comparison that was stopped, failed or died, in a process of its own.

    Raises:
        TrainError: another process is at it.
    """
    lock = folder.lock()
    try:
        _spawn(folder, lock)
    finally:
        os.close(lock)


def _spawn(folder: ComparisonFolder, lock: int) -> None:
    folder.clear_request()
    folder.write(Progress("starting", total=len(folder.plan().runs(folder.graph()))))
    arguments = ["compare", str(folder.file("graph.json")), "--out", str(folder.path), "--resume"]
    spawn(arguments, folder.file("log.txt"), lock)
