"""What keeps the runs behind a picture small, whatever values a node has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def largest(values: Mapping[str, Any]) -> int:
    """The largest whole number among parameter values, those in lists included; 0 where there is none."""
    numbers = (item for value in values.values() for item in (value if isinstance(value, list | tuple) else (value,)))
    return max((abs(number) for number in numbers if isinstance(number, int)), default=0)
