"""What a parameter may be, in words: read from its type."""

from __future__ import annotations

import typing
from types import NoneType, UnionType
from typing import Annotated, Any, Literal

from pydantic.fields import FieldInfo

_BASE_NAMES = {
    int: ("an integer", "整数"),
    float: ("a number", "数字"),
    bool: ("true or false", "true 或 false"),
    str: ("a text", "文本"),
    NoneType: ("none", "空"),
    dict: ("a table of values", "键值表"),
}
_BOUNDS = {
    "ge": ("of at least {}", "不小于 {}"),
    "gt": ("greater than {}", "大于 {}"),
    "le": ("at most {}", "不大于 {}"),
    "lt": ("less than {}", "小于 {}"),
    "min_length": ("with at least {} items", "至少 {} 项"),
    "max_length": ("with at most {} items", "至多 {} 项"),
}


def describe_type(type_: Any) -> tuple[str, str]:
    """A parameter type in words, English and Chinese: ``an integer of at least 1``."""
    origin, args = typing.get_origin(type_), typing.get_args(type_)
    if origin is Annotated:
        en, zh = describe_type(args[0])
        parts = [p for extra in args[1:] if isinstance(extra, FieldInfo) for p in _bounds(extra)]
        if parts:
            en += " " + " and ".join(p[0] for p in parts)
            zh = "、".join(p[1] for p in parts) + "的" + zh
        return en, zh
    if origin is Literal:
        choices = ", ".join(repr(a) for a in args)
        return (f"one of {choices}", f"以下之一：{choices}") if len(args) > 1 else (choices, choices)
    if origin in (typing.Union, UnionType):
        both = [describe_type(a) for a in args]
        return " or ".join(b[0] for b in both), "或".join(b[1] for b in both)
    if origin is tuple:
        items = [a for a in args if a is not Ellipsis]
        en, zh = describe_type(items[0])
        if Ellipsis in args:
            return f"a list whose items are each {en}", f"列表（每项为{zh}）"
        return f"a list of {len(items)} items, each {en}", f"{len(items)} 项的列表（每项为{zh}）"
    name = str(getattr(type_, "__name__", type_))
    return _BASE_NAMES.get(type_, (name, name))


def _bounds(info: FieldInfo) -> list[tuple[str, str]]:
    found = []
    for constraint in info.metadata:
        for name, (en, zh) in _BOUNDS.items():
            bound = getattr(constraint, name, None)
            if bound is not None:
                found.append((en.format(bound), zh.format(bound)))
        pattern = getattr(constraint, "pattern", None)
        if pattern:
            found.append((f"matching {pattern}", f"符合 {pattern} "))
    return found
