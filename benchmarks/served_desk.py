"""An app with desks of our own on it, for the measurements in a browser."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def served(workspace: Path, desks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The address of a running app; the graphs lie on desks of these ids (``?desk=<id>``).

    Raises:
        RuntimeError: the app did not start within 60 seconds.
    """
    folder = workspace / "autosave"
    folder.mkdir(parents=True)
    for id, graph in desks.items():
        desk = {"format": "layerloom-desk", "version": 1, "file": None, "changed_at": 1.0, "graph": graph}
        (folder / f"{id}.json").write_text(json.dumps(desk), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true",
    ]  # fmt: skip
    environment = {**os.environ, "LAYERLOOM_WORKSPACE": str(workspace), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _await(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The app did not start within 60 seconds.")


def quantile(times: list[float], share: float) -> float:
    """The value that this share of the times does not exceed."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]
