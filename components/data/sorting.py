"""Numbers to sort: a synthetic task whose answers are positions of the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from components.data._base import ArrayDataset, Seed, Share, TensorSpec
from components.registry import component
from components.rules import require
from components.spec import Count, Dims
from components.targets import IGNORE_INDEX

Length = Annotated[int, Field(ge=2, le=1000)]


@component(
    id="data_sorting",
    kind="dataset",
    family="Data",
    name="Numbers to sort (synthetic)",
    name_zh="待排序的数（合成）",
    help_zh="随机生成的数列，目标是按从小到大的次序指出各数的位置；用于指针网络与集合模型。",
    source="Vinyals et al., Order Matters: Sequence to sequence for sets, arXiv 1511.06391",
    outputs={"x": "B T C", "pad": Dims("B T", dtype="bool"), "y": Dims("B T", dtype="int")},
    keywords="sort order permutation pointer synthetic offline 排序 排列 指针 合成 离线",
    examples=({"min_length": 3, "length": 5, "samples": 40}, {"min_length": 4, "length": 4, "samples": 20}),
)
class NumbersToSort(ArrayDataset):
    """Random numbers and the positions that sort them. All samples are generated: nothing here was measured.

    Each sample has its own length, any from the least to the greatest equally often; its numbers are uniform in
    [0, 1). Guessing finds the order of n numbers once in n! times.

    Args:
        min_length: numbers of a sample at least.
        length: numbers of a sample at most.
        samples: number of samples.
        seed: the same seed gives the same samples.
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, length, 1) float32, zero behind the last number.
        pad: (B, length) bool, True there.
        y: (B, length) int64: the position of the smallest number, of the second smallest ...; -100 behind the last.

    Raises:
        ValueError: min_length is greater than length.

    Source: generated, as in section 4 of Vinyals et al., arXiv 1511.06391.
    """

    modality = "series"

    def __init__(
        self,
        min_length: Length = 5,
        length: Length = 10,
        samples: Count = 10_000,
        seed: Seed = 0,
        valid_share: Share = 0.1,
        test_share: Share = 0.1,
        split_seed: Seed = 0,
    ) -> None:
        rule = (f"at most length ({length})", f"不大于 length（{length}）的数")
        require(min_length <= length, "data_sorting", "min_length", rule, min_length)
        super().__init__(valid_share, test_share, split_seed)
        self.min_length, self.length, self.samples, self.seed = min_length, length, samples, seed

    def spec(self) -> dict[str, TensorSpec]:
        return {
            "x": TensorSpec(("B", self.length, 1)),
            "pad": TensorSpec(("B", self.length), "bool"),
            "y": TensorSpec(("B", self.length), "int64", high=self.length),
        }

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        rng = np.random.default_rng(self.seed)
        numbers = rng.random((self.samples, self.length), dtype=np.float32)
        lengths = rng.integers(self.min_length, self.length, self.samples, endpoint=True)
        pad = np.arange(self.length) >= lengths[:, None]
        order = np.where(pad, np.inf, numbers).argsort(axis=1, kind="stable")
        return {
            "x": np.where(pad, np.float32(0), numbers)[..., None],
            "pad": pad,
            "y": np.where(pad, IGNORE_INDEX, order),
        }
