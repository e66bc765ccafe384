"""Inspectors of the small models, made once."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from builder.inspect import Inspector
from tests.inspect.graphs import ZOO


@functools.cache
def _inspector(name: str) -> Inspector:
    return Inspector(ZOO[name]())


@pytest.fixture(scope="session")
def zoo() -> Callable[[str], Inspector]:
    """The untrained model of a name in ``ZOO``."""
    return _inspector
