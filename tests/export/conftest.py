"""Every module of this suite has the data set of any shape, and one thread."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def suite(given_data: None, one_thread: None) -> None:
    pass
