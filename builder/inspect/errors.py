"""What cannot be shown, in English and Chinese."""

from __future__ import annotations


class InspectError(ValueError):
    """A sample or view that is not possible; ``message`` and ``message_zh`` are for people, ``node`` is a path."""

    def __init__(self, message: str, message_zh: str, node: str = "") -> None:
        self.message, self.message_zh, self.node = message, message_zh, node
        super().__init__(message)

    def text(self, language: str) -> str:
        return self.message_zh if language == "zh" else self.message
