"""Commands of our own command line that run beside the server, and what became of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

HOUSE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """The JSON that a command printed, and what went wrong in English and Chinese, empty where nothing did."""

    answer: dict[str, Any]
    error: str
    error_zh: str = ""


class Jobs:
    """Commands by key. One that is running is not started again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, tuple[subprocess.Popen[bytes], Any]] = {}

    def start(self, key: str, arguments: Sequence[str]) -> None:
        """Runs ``python -m builder`` with these arguments and ``--json``."""
        with self._lock:
            if key in self._running:
                return
            paths = [str(HOUSE), *filter(None, [os.environ.get("PYTHONPATH")])]
            output = tempfile.TemporaryFile()  # noqa: SIM115 (closed when its result is taken)
            process = subprocess.Popen(
                [sys.executable, "-m", "builder", *arguments, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            )
            self._running[key] = (process, output)

    def running(self, key: str) -> bool:
        """Whether this command runs, or has ended and nobody has taken its result."""
        return key in self._running

    def stop(self, key: str) -> None:
        """Ends a command; whatever it would have answered is lost."""
        with self._lock:
            found = self._running.pop(key, None)
        if found is not None:
            process, output = found
            with output:
                process.terminate()
                process.wait()

    def take(self, key: str) -> Result | None:
        """The result of a command that has ended, once; None where it runs or was never started."""
        with self._lock:
            found = self._running.get(key)
            if found is None or found[0].poll() is None:
                return None
            del self._running[key]
        process, output = found
        with output:
            output.seek(0)
            text = output.read().decode(errors="replace")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        answer = answer if isinstance(answer, dict) else {}
        if process.returncode == 0:
            return Result(answer, "")
        error = str(answer.get("error") or f"exit status {process.returncode}")
        problems = [str(p.get("message_zh") or "") for p in answer.get("errors") or () if isinstance(p, dict)]
        return Result({}, error, str(answer.get("error_zh") or "\n".join(filter(None, problems)) or error))


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The commands of this process."""
    return Jobs()
