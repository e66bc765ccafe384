"""A data set that brings any tensors, so that a whole graph can be made of every example."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from components import registry
from components.spec import Dims, read_component
from components.tensor_spec import TensorSpec

MOST = 12


class Given:
    """Ports of given shapes and dtypes.

    Args:
        tensors: (shape, dtype) of each port.
    """

    def __init__(self, tensors: tuple[tuple[tuple[int, ...], str], ...] = ()) -> None:
        self.tensors = tensors

    def spec(self) -> dict[str, TensorSpec]:
        return {f"t{i}": TensorSpec(tuple(shape), dtype) for i, (shape, dtype) in enumerate(self.tensors)}


@pytest.fixture(scope="session", autouse=True)
def given_data() -> Iterator[str]:
    """The id of a data set of this suite; ``params={"tensors": [[shape, dtype], ...]}`` sets its ports t0, t1 ..."""
    entry = read_component(
        Given,
        id="data_given",
        kind="dataset",
        family="Data",
        name="Given",
        name_zh="给定",
        help_zh="给定的张量。",
        source="none",
        outputs={f"t{i}": Dims("*", dtype="any") for i in range(MOST)},
    )
    registry.all_components()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._COMPONENTS, entry.id, entry)
        yield entry.id


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are faster on one core, and their sums come in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
