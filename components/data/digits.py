"""The 8x8 digits that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.data._base import ArrayDataset, Seed, Share, TensorSpec
from components.data._ink import Ink, block_counts
from components.data.tables import read_table
from components.registry import component
from components.spec import Dims


@component(
    id="data_digits",
    kind="dataset",
    family="Data",
    name="Digits 8x8",
    name_zh="手写数字 8x8",
    help_zh="1797 幅 8x8 的手写数字灰度图，10 类。",
    source="Alpaydin & Kaynak, Optical recognition of handwritten digits, UCI Machine Learning Repository 1998",
    outputs={"x": "B C H W", "y": Dims("B", dtype="int")},
    keywords="digits image classification 图像 分类",
    examples=({},),
)
class Digits(ArrayDataset):
    """1,797 handwritten digits of 8x8 pixels, about 180 of each.

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 1, 8, 8) float32 in [0, 1].
        y: (B,) int64, the digit.

    Source: Alpaydin & Kaynak 1998; from scikit-learn (BSD-3-Clause).
    """

    modality = "image"
    classes = tuple("0123456789")

    def __init__(self, valid_share: Share = 0.15, test_share: Share = 0.15, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", 1, 8, 8)), "y": TensorSpec(("B",), "int64", high=10)}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        pixels, y, _ = read_table("load_digits")
        return {"x": (pixels / np.float32(16)).reshape(-1, 1, 8, 8), "y": y.astype(np.int64)}

    def from_ink(self, ink: Ink) -> Ink:
        """A drawn digit as those of the data set."""
        return block_counts(ink)
