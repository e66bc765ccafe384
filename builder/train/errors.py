"""What goes wrong in a run, in words and at a node. Imports no torch."""

from __future__ import annotations

import re

_ASKED = re.compile(r"tried to allocate ([\d.]+) ?(\w+)", re.IGNORECASE)


class TrainError(ValueError):
    """A run that cannot start or go on: ``message`` and ``message_zh`` for people, and the path of the ``node``."""

    def __init__(self, message: str, message_zh: str, node: str = "") -> None:
        self.message, self.message_zh, self.node = message, message_zh, node
        super().__init__(f"{node}: {message}" if node else message)

    def to_json(self) -> dict[str, str]:
        """The error as a run's status holds it."""
        return {"node": self.node, "message": self.message, "message_zh": self.message_zh}


class NotFiniteError(TrainError):
    """A loss that is not finite any more."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on the processor or on an accelerator."""
    text = str(error)
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in text
        or "out of memory" in text.lower()
    )


def in_words(error: BaseException) -> tuple[str, str]:
    """An exception for people, in English and Chinese."""
    if is_out_of_memory(error):
        return _out_of_memory(error)
    if hasattr(error, "message") and hasattr(error, "message_zh"):
        return str(error.message), str(error.message_zh)  # type: ignore[attr-defined]
    text = str(error).strip() or type(error).__name__
    line = text.splitlines()[0].rstrip(".")[:300]
    if "more than 1 value per channel" in text:
        return (
            "Batch statistics need more than one value per channel, but the last batch has a single sample. "
            "Set drop_last at the data set, or change its batch_size.",
            "批统计要求每个通道有多于一个值，但最后一批只有一个样本。请在数据集上设置 drop_last，或更改 batch_size。",
        )
    return f"{type(error).__name__}: {line}.", f"{type(error).__name__}：{line}。"


def _out_of_memory(error: BaseException) -> tuple[str, str]:
    found = _ASKED.search(str(error))
    size = "" if found is None else f"{int(found[1]) / 1e9:.1f} GB" if found[2] == "bytes" else f"{found[1]} {found[2]}"
    asked, asked_zh = (f" when {size} more were asked for", f"（又请求 {size}）") if size else ("", "")
    return (
        f"Out of memory{asked}. Use a smaller batch_size, smaller inputs or fewer channels.",
        f"内存不足{asked_zh}。请减小 batch_size、输入尺寸或通道数。",
    )
