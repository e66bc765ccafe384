"""Durations and moments as people read them, in both languages."""

from __future__ import annotations

import time

_UNITS = {"en": (" s", " min", " h", " d"), "zh": (" 秒", " 分", " 小时", " 天")}


def duration(seconds: float, language: str) -> str:
    """``0.8 s``, ``42 s``, ``3 min 20 s``, ``1 h 05 min``, ``2 d 3 h``."""
    second, minute, hour, day = _UNITS[language]
    if seconds < 9.95:
        return f"{seconds:.1f}{second}"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{second}"
    if whole < 3600:
        return f"{whole // 60}{minute} {whole % 60:02d}{second}"
    whole = round(seconds / 60)
    if whole < 24 * 60:
        return f"{whole // 60}{hour} {whole % 60:02d}{minute}"
    whole = round(seconds / 3600)
    return f"{whole // 24}{day} {whole % 24}{hour}"


def moment(stamp: float, language: str, now: float | None = None) -> str:
    """A moment: the time today, else the day with the time, with the year where it is another one."""
    if not stamp:
        return ""
    then, present = time.localtime(stamp), time.localtime(now)
    clock = time.strftime("%H:%M", then)
    if then[:3] == present[:3]:
        return f"今天 {clock}" if language == "zh" else f"today {clock}"
    day = time.strftime("%m-%d" if then.tm_year == present.tm_year else "%Y-%m-%d", then)
    return f"{day} {clock}"
