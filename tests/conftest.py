"""What several suites share: a data set that brings tensors of any shape, so that graphs of every form can be made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from components import registry
from components.spec import Dims, read_component
from components.tensor_spec import TensorSpec

PORTS = ("x", "y", "z", "mask", "pad", "edge_index", "q", "k", "v", "h0", *(f"t{i}" for i in range(12)))


class Given:
    """Ports of given shapes, dtypes and ranges; axes that are named vary.

    Args:
        tensors: (port, shape, dtype, high) of each port, high being 0 where there is none.
    """

    def __init__(self, tensors: tuple[tuple[str, tuple[int | str, ...], str, int], ...] = ()) -> None:
        self.tensors = tensors

    def spec(self) -> dict[str, TensorSpec]:
        return {port: TensorSpec(tuple(shape), dtype, high or None) for port, shape, dtype, high in self.tensors}


@pytest.fixture(scope="module")
def given_data() -> Iterator[None]:
    """``data_given`` is a component while the tests of one module run, so that no other module meets it."""
    entry = read_component(
        Given, id="data_given", kind="dataset", family="Data", name="Given", name_zh="给定", help_zh="给定的张量。",
        source="none", outputs={port: Dims("*", dtype="any") for port in PORTS},
    )  # fmt: skip
    registry.all_components()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._COMPONENTS, entry.id, entry)
        yield


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Small tensors are faster on one core, and their sums come in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
