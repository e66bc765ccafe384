"""A file that a process holds for as long as it lives: who else looks sees whether there is still someone at work."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

VARIABLE = "LAYERLOOM_RUN_LOCK"
"""Names the open file to a process that was started to work under the lock of who started it."""


def hold(path: Path) -> int | None:
    """Holds a lock file until it is closed or the process ends, however it ends; the open file.

    None where another process has it. A process that was started for this takes over the lock of who started it.
    """
    inherited = os.environ.pop(VARIABLE, "")
    if inherited:
        os.set_inheritable(int(inherited), False)
        return int(inherited)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + 1.0  # a reader holds the lock for an instant when it looks
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError:
            if time.monotonic() > deadline:
                os.close(handle)
                return None
            time.sleep(0.02)


def locked(path: Path) -> bool:
    """Whether a living process holds the lock file."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
