"""The errors of data sets, each in English and Chinese. Imports no torch."""

from __future__ import annotations


class DataError(ValueError):
    """Data that cannot be used as they are: ``message`` and ``message_zh`` name the file, the place and the rule."""

    def __init__(self, message: str, message_zh: str) -> None:
        self.message, self.message_zh = message, message_zh
        super().__init__(message)


class DataUnavailableError(DataError):
    """Data that are not here: a package that is not installed, a missing file, a download that failed."""
