"""How far a long computation is, told to whoever listens."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
Listener = Callable[[float], None]

_LISTENER: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("listener", default=None)


@contextlib.contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """Within, the listener is told the share that is done, 0 to 1, of what ``telling`` goes through."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def telling(items: Sequence[T]) -> Iterator[T]:
    """The items one by one; the listener is told of each that is done."""
    listener = _LISTENER.get()
    for number, item in enumerate(items, 1):
        yield item
        if listener is not None:
            listener(number / len(items))
