"""The error of a component about what arrives at its ports. Imports no torch."""

from __future__ import annotations


class InputError(ValueError):
    """An input that the component cannot take; ``message`` and ``message_zh`` say what it expects and what came."""

    def __init__(self, message: str, message_zh: str) -> None:
        self.message, self.message_zh = message, message_zh
        super().__init__(message)
