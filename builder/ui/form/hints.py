"""The tooltip of a parameter."""

from __future__ import annotations

from builder.ui.markdown import plain
from builder.ui.text import language, t
from components.spec import Parameter


def help_of(parameter: Parameter, in_block: bool = False) -> str:
    """The tooltip: what the parameter means, which values it takes, and its name in code."""
    rule = parameter.rule[1] if language() == "zh" else parameter.rule[0]
    meaning = parameter.description[:1].upper() + parameter.description[1:]
    parts = [
        plain(meaning),
        plain(t("rule", rule=rule)),
        plain(t("bind_hint")) if in_block else "",
        f"`{parameter.name}`",
    ]
    return "\n\n".join(part for part in parts if part)
