"""How a ready-made module was constructed: the class and the arguments that its builder passed, read as it builds."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from torch import nn
from torch.optim import Optimizer

MISSING: Any = inspect.Parameter.empty
_RECORDED = (nn.Module, Optimizer)


@dataclass(frozen=True)
class Argument:
    """One argument of a call. ``keyword`` is empty for a positional one; one equal to ``default`` may be left out."""

    keyword: str
    value: Any
    default: Any = MISSING
    hint: str = ""

    @property
    def is_default(self) -> bool:
        """Whether leaving it out gives the same; 0.0 and 0 are the same, 1 and True are not."""
        if not self.keyword or isinstance(self.value, bool) != isinstance(self.default, bool):
            return False
        return type(self.value) is not Construction and bool(self.value == self.default)


@dataclass(frozen=True)
class Construction:
    """``target(*arguments)``: a class or function with the arguments in the order of its signature."""

    target: Callable[..., Any]
    arguments: Sequence[Argument]


def construction(target: Callable[..., Any], values: Mapping[str, Any]) -> Construction:
    """The call of a class or function of ours: its first argument by place if it is required, the rest by name."""
    found = []
    for parameter in inspect.signature(target).parameters.values():
        if parameter.name in values:
            keyword = parameter.name if found or parameter.default is not MISSING else ""
            found.append(Argument(keyword, values[parameter.name], parameter.default, parameter.name))
    return Construction(target, found)


def record(build: Callable[[], Any]) -> Construction:
    """Runs ``build`` and gives the constructor call of the module or optimizer that it returns, and of those within it.

    The call is read off the frame of ``__init__`` as it is entered: exactly what was passed, whatever the class keeps.
    """
    made: dict[int, dict[str, Any]] = {}  # the arguments hold their module, so no other takes its id

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_name == "__init__" and frame.f_code.co_argcount:
            values = dict(frame.f_locals)
            module = values.get(frame.f_code.co_varnames[0])
            if isinstance(module, _RECORDED):
                made.setdefault(id(module), values)  # the first is the class's own, its bases' follow

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        result = build()
    finally:
        sys.setprofile(before)
    return _construction(result, made)


def _construction(module: Any, made: Mapping[int, Mapping[str, Any]]) -> Construction:
    values = made[id(module)]
    found: list[Argument] = []
    for parameter in list(inspect.signature(type(module).__init__).parameters.values())[1:]:
        value = values[parameter.name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            found += [Argument("", _nested(v, made)) for v in value]
        elif parameter.kind is parameter.VAR_KEYWORD:
            found += [Argument(k, _nested(v, made), hint=k) for k, v in value.items()]
        else:
            # The first two required arguments, such as sizes of input and output, say by their place what they are.
            early = parameter.default is MISSING and len(found) < 2 and parameter.kind is not parameter.KEYWORD_ONLY
            keyword = "" if early else parameter.name
            found.append(Argument(keyword, _nested(value, made), parameter.default, parameter.name))
    return Construction(type(module), found)


def _nested(value: Any, made: Mapping[int, Mapping[str, Any]]) -> Any:
    return _construction(value, made) if isinstance(value, _RECORDED) else value


def is_plain_builder(function: ast.stmt) -> bool:
    """Whether a cleaned builder does nothing but return what a constructor gives."""
    body = [
        s for s in getattr(function, "body", []) if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
    ]
    return len(body) == 1 and isinstance(body[0], ast.Return)
