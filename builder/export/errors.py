"""The error of an export, in English and Chinese. Imports no torch."""

from __future__ import annotations


class ExportError(ValueError):
    """A model that cannot be written as wanted; ``message`` and ``message_zh`` are for people, ``node`` is a path."""

    def __init__(self, message: str, message_zh: str, node: str = "") -> None:
        self.message, self.message_zh, self.node = message, message_zh, node
        super().__init__(message)
