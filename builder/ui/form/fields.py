"""How a parameter is edited: which kind of field its type asks for, and values as text and back."""

from __future__ import annotations

import json
import math
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal

from components.spec import MISSING, Parameter

AUTO = "\0auto"  # the choice that gives an inferred parameter back to inference


@dataclass(frozen=True)
class Field:
    """One field of a form. ``kind`` is ``switch``, ``choice`` (with its choices) or ``text``; ``none`` says that empty means none."""

    kind: Literal["switch", "choice", "text"]
    choices: tuple[Any, ...] = ()
    none: bool = False
    number: bool = False


def field_for(parameter: Parameter) -> Field:
    """The field that a parameter's type asks for."""
    parts = alternatives(parameter.type)
    none = NoneType in parts
    rest = [p for p in parts if p is not NoneType]
    if rest == [bool] and not none and parameter.inferred is None:
        return Field("switch")
    if rest and all(_is_choice(p) for p in rest):
        choices = tuple(c for p in rest for c in ((True, False) if p is bool else typing.get_args(p)))
        return Field("choice", choices, none)
    return Field("text", none=none, number=all(p in (int, float) for p in rest))


def _is_choice(part: Any) -> bool:
    return part is bool or typing.get_origin(part) is Literal


def alternatives(type_: Any) -> list[Any]:
    """The types that a union offers, without their annotations."""
    origin = typing.get_origin(type_)
    if origin is Annotated:
        return alternatives(typing.get_args(type_)[0])
    if origin in (typing.Union, UnionType):
        return [a for part in typing.get_args(type_) for a in alternatives(part)]
    return [type_]


def format_value(value: Any) -> str:
    """A value as a person types it: ``3``, ``1e-05``, ``3, 5``, ``same``, ``(1, 2), (3, 4)``."""
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        items = [f"({format_value(v)})" if isinstance(v, list | tuple) and v else format_value(v) for v in value]
        return ", ".join(items) + ("," if len(items) == 1 else "") if items else "()"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def parse_value(text: str, parameter: Parameter) -> Any:
    """What a person typed, as a value; whether it keeps the parameter's rule is for the check to say.

    A text parameter takes the text as it is. For all others numbers, ``true``/``false``, lists (``3, 5``) and JSON objects are
    recognised; anything else stays a word. Empty is None.
    """
    stripped = text.strip()
    parts = alternatives(parameter.type)
    if str in parts and not _reads_as_number(stripped, parts):
        return text if stripped or NoneType not in parts else None
    if not stripped:
        return None
    value = _parse(_plain(stripped))
    if isinstance(value, int) and not isinstance(value, bool) and float in parts and int not in parts:
        return float(value)
    if isinstance(value, float) and value.is_integer() and float not in parts and int in parts and abs(value) < 2**53:
        return int(value)  # 1e3 typed for a count
    return value


def _reads_as_number(text: str, parts: Sequence[Any]) -> bool:
    return any(p in (int, float) for p in parts) and bool(_NUMBER.fullmatch(text))


def _plain(text: str) -> str:
    """Full-width punctuation, as Chinese keyboards give it, in its plain form."""
    return text.translate(str.maketrans("，（）［］；。－", ",()[];.-"))


def _parse(text: str) -> Any:
    text = text.strip()
    if text.startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    items = _split(text)
    if items is None:
        return text
    if len(items) > 1 or text.endswith(","):
        return [_parse(item) for item in items if item.strip()]
    if (text[0], text[-1]) in (("(", ")"), ("[", "]")):
        inner = _split(text[1:-1])
        return text if inner is None else [_parse(item) for item in inner if item.strip()]
    return _word(text)


def _split(text: str) -> list[str] | None:
    """The items between commas that stand outside brackets; None where brackets do not match."""
    items, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        if letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
            if depth < 0:
                return None
        elif letter == "," and depth == 0:
            items.append(text[start:index])
            start = index + 1
    return None if depth else [*items, text[start:]]


def _word(text: str) -> Any:
    low = text.lower()
    if low in ("true", "false", "是", "否"):
        return low in ("true", "是")
    if low in ("none", "null", "无"):
        return None
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text) if len(text) < 20 else text
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else text
    return text
