"""Data that stand in for real ones: random samples, and an input that only has a shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from components.data._base import ArrayDataset, Dataset, DataUnavailableError, Seed, Share, Split, SplitName, TensorSpec
from components.registry import component
from components.spec import Count, Dims

Classes = Annotated[int, Field(ge=1, le=100_000)]  # each has a name


@component(
    id="data_random",
    kind="dataset",
    family="Data",
    name="Random samples (synthetic)",
    name_zh="随机样本（合成）",
    help_zh="给定形状的随机数与随机类别，用于试验模型结构与速度，不含可学习的规律。",
    source="Standard normal numbers, numpy.random.Generator",
    outputs={"x": "B *", "y": Dims("B", dtype="int")},
    keywords="random synthetic noise 随机 合成 噪声",
    examples=({"shape": [3, 5, 7], "num_classes": 4, "samples": 30},),
)
class RandomSamples(ArrayDataset):
    """Normal random numbers with random classes: for trying shapes and measuring speed. There is nothing to learn.

    Args:
        shape: size of a sample, without the batch axis.
        num_classes: number of classes.
        samples: number of samples.
        seed: the same seed gives the same samples.
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, *shape) float32, standard normal.
        y: (B,) int64, uniform over the classes.

    Source: generated.
    """

    def __init__(
        self,
        shape: tuple[Count, ...] = (3, 32, 32),
        num_classes: Classes = 10,
        samples: Count = 256,
        seed: Seed = 0,
        valid_share: Share = 0.2,
        test_share: Share = 0.2,
        split_seed: Seed = 0,
    ) -> None:
        super().__init__(valid_share, test_share, split_seed)
        self.shape, self.num_classes, self.samples, self.seed = shape, num_classes, samples, seed
        self.classes = tuple(str(i) for i in range(num_classes))

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", *self.shape)), "y": TensorSpec(("B",), "int64", high=self.num_classes)}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        rng = np.random.default_rng(self.seed)
        x = rng.standard_normal((self.samples, *self.shape), dtype=np.float32)
        return {"x": x, "y": rng.integers(self.num_classes, size=self.samples)}


@component(
    id="data_input",
    kind="dataset",
    family="Data",
    name="Input (shape only)",
    name_zh="输入（仅形状）",
    help_zh="只声明形状与类型的占位输入，用于在没有数据时搭建模型；不能用于训练。",
    source="A placeholder of the graph",
    outputs={"x": Dims("B *", dtype="any")},
    keywords="input placeholder shape 输入 占位 形状",
    tags=("placeholder",),
    examples=({"shape": [3, 5, 7]}, {"shape": [6], "dtype": "int64"}),
)
class Input(Dataset):
    """An input with a shape and no data, for building a model before its data exist.

    Args:
        shape: size of a sample, without the batch axis.
        dtype: type of the values.

    Shape:
        x: (B, *shape) of this dtype.

    Raises:
        DataUnavailableError: on loading, because there is nothing to load.

    Source: a placeholder of the graph.
    """

    def __init__(
        self, shape: tuple[Count, ...] = (3, 32, 32), dtype: Literal["float32", "int64", "bool"] = "float32"
    ) -> None:
        self.shape = shape
        self.dtype: str = dtype

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", *self.shape), self.dtype)}

    def load(self, split: SplitName) -> Split:
        raise DataUnavailableError(
            f"An input (data_input) has a shape but no data, so that there is no split {split!r} to train on: "
            "put a data set in its place.",
            f"占位输入（data_input）只有形状，没有数据，无法加载“{split}”划分：请换成数据集节点。",
        )
