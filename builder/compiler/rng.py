"""Random numbers that leave the global generator as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_LOCK = threading.RLock()


@contextmanager
def isolated_rng(seed: int) -> Iterator[None]:
    """Inside, PyTorch draws on the CPU as after ``torch.manual_seed(seed)``; afterwards as if nothing had been drawn.

    One thread at a time: the generator is the process's, and torch's own initialisation draws from it.
    """
    with _LOCK:
        state = torch.default_generator.get_state()
        torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            torch.default_generator.set_state(state)
