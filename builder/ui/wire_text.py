"""Texts of wires, of what fits at a port, and of the clipboard, in English and Chinese."""

from __future__ import annotations

WIRE_TEXTS: dict[str, tuple[str, str]] = {
    "suggest_search": ("What comes here?", "这里接什么？"),
    "suggest_wait": ("Looking for what fits…", "正在查找适合的组件…"),
    "suggest_none": ("Nothing that fits here is called “{query}”.", "没有适合此处且名为“{query}”的组件。"),
    "context_menu": ("What can be done here", "可执行的操作"),
    "paste_large": (
        "The clipboard holds more than 5 million characters, too much for a graph that is pasted.",
        "剪贴板内容超过 500 万字符，无法作为图粘贴。",
    ),
}
