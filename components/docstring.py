"""The parts of a component's docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Doc:
    """The parts of a component's docstring."""

    summary: str = ""
    body: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    shape: str = ""
    raises: str = ""
    source: str = ""


_SECTION = re.compile(r"^(Args|Shape|Raises|Source|Returns|Example):[ ]*(.*)$")


def parse_doc(text: str | None) -> Doc:
    """Splits a docstring into summary, body (with the formula), Args, Shape, Raises and Source."""
    lines = inspect.cleandoc(text or "").splitlines()
    summary = lines[0] if lines else ""
    parts: dict[str, list[str]] = {"body": []}
    current = "body"
    for line in lines[1:]:
        head = _SECTION.match(line)
        if head:
            current = head[1].lower()
            parts[current] = [head[2]] if head[2] else []
        else:
            parts[current].append(line)
    args: dict[str, str] = {}
    name = None
    for line in parts.get("args", []):
        entry = re.match(r"^    (\w+): (.*)$", line)
        if entry:
            name = entry[1]
            args[name] = entry[2].strip()
        elif name and line.strip():
            args[name] += " " + line.strip()

    def joined(key: str) -> str:
        return inspect.cleandoc("\n".join(parts.get(key, []))).strip()

    return Doc(summary, joined("body"), args, joined("shape"), joined("raises"), joined("source"))


def port_texts(shape: str) -> dict[str, str]:
    """What the Shape section says of each port, in lines such as ``x: (B, T); mask: (T, T).`` or ``a, b: (B,).``"""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in re.sub(r"; (?=\w+(?:, \w+)*: \()", "\n", shape).splitlines():
        entry = re.match(r"^(\w+(?:, \w+)*): (.*)$", line)
        if entry:
            names = entry[1].split(", ")
            found |= dict.fromkeys(names, entry[2].strip())
        else:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
