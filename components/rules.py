"""Rules between parameters: a broken one raises a ParameterError that names the parameter, the rule and the value."""

from __future__ import annotations

from typing import Any

from components.spec import ParameterError


def require(holds: bool, component: str, parameter: str, rule: tuple[str, str], value: Any) -> None:
    """Raises unless ``holds``; ``rule`` says in English and Chinese what the value must be."""
    if not holds:
        raise ParameterError(component, parameter, rule, value)


def require_divisor(component: str, parameter: str, divisor: int, **counts: int) -> None:
    """Raises unless ``divisor`` divides each of the named counts."""
    for name, count in counts.items():
        rule = (f"a divisor of {name} ({count})", f"能整除 {name}（{count}）的数")
        require(count % divisor == 0, component, parameter, rule, divisor)


def require_per_axis(component: str, dims: int, **values: Any) -> None:
    """Raises unless each value that is a tuple has one item for each of the ``dims`` spatial axes."""
    rule = (
        f"one value, or a list of {dims} (one for each spatial axis)",
        f"一个值，或 {dims} 个值的列表（每个空间维度一个）",
    )
    for name, value in values.items():
        require(not isinstance(value, tuple) or len(value) == dims, component, name, rule, value)


def per_axis(value: int | tuple[int, ...], dims: int) -> tuple[int, ...]:
    """One item for each of the ``dims`` spatial axes."""
    return value if isinstance(value, tuple) else (value,) * dims
