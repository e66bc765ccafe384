"""Small classic tables that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from components.data._base import ArrayDataset, Modality, Seed, Share, TensorSpec
from components.data._packages import CORE, missing_package
from components.registry import component
from components.spec import Dims


@cache
def read_table(loader: str, **options: Any) -> tuple[NDArray[np.float32], NDArray[Any], tuple[str, ...]]:
    """Values (B, F), target (B,) and column names of a table that a loader of scikit-learn reads."""
    try:
        from sklearn import datasets
    except ImportError:
        raise missing_package("scikit-learn", CORE) from None
    table = getattr(datasets, loader)(**options)
    return table.data.astype(np.float32), table.target, tuple(map(str, table.feature_names))


class ClassTable(ArrayDataset):
    """A table whose last column is a class."""

    modality: ClassVar[Modality] = "table"
    loader: ClassVar[str]
    num_features: ClassVar[int]

    def spec(self) -> dict[str, TensorSpec]:
        return {
            "x": TensorSpec(("B", self.num_features)),
            "y": TensorSpec(("B",), "int64", high=len(self.classes or ())),
        }

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        x, y, _ = read_table(self.loader)
        return {"x": x, "y": y.astype(np.int64)}

    @property
    def info(self) -> dict[str, Any]:
        return {"features": list(read_table(self.loader)[2])}


TABLE = {"x": "B C", "y": Dims("B", dtype="int")}


@component(
    id="data_iris",
    kind="dataset",
    family="Data",
    name="Iris (3 flowers)",
    name_zh="鸢尾花",
    help_zh="150 朵鸢尾花的 4 个尺寸，分为 3 个品种。",
    source="Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 1936",
    outputs=TABLE,
    keywords="iris tabular classification 表格 分类",
    examples=({},),
)
class Iris(ClassTable):
    """150 iris flowers: 4 lengths in centimetres, 3 species of 50 flowers each.

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 4) float32, in centimetres.
        y: (B,) int64, the species.

    Source: Fisher 1936; from scikit-learn (BSD-3-Clause).
    """

    loader = "load_iris"
    num_features = 4
    classes = ("setosa", "versicolor", "virginica")

    def __init__(self, valid_share: Share = 0.2, test_share: Share = 0.2, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)


@component(
    id="data_wine",
    kind="dataset",
    family="Data",
    name="Wine (3 cultivars)",
    name_zh="葡萄酒",
    help_zh="178 种葡萄酒的 13 项化学指标，分为 3 个葡萄品种。",
    source="Aeberhard & Forina, Wine, UCI Machine Learning Repository 1992",
    outputs=TABLE,
    keywords="wine tabular classification 表格 分类",
    examples=({},),
)
class Wine(ClassTable):
    """178 wines: 13 chemical measurements on very different scales, 3 grape cultivars.

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 13) float32, in the units of each measurement.
        y: (B,) int64, the cultivar.

    Source: Aeberhard & Forina 1992; from scikit-learn (BSD-3-Clause).
    """

    loader = "load_wine"
    num_features = 13
    classes = ("class_0", "class_1", "class_2")

    def __init__(self, valid_share: Share = 0.2, test_share: Share = 0.2, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)


@component(
    id="data_breast_cancer",
    kind="dataset",
    family="Data",
    name="Breast cancer (2 diagnoses)",
    name_zh="乳腺癌诊断",
    help_zh="569 例细胞核影像的 30 个特征，判断良性或恶性。",
    source="Street, Wolberg & Mangasarian, Nuclear feature extraction for breast tumor diagnosis, 1993",
    outputs=TABLE,
    keywords="cancer medical tabular classification 医学 表格 分类",
    examples=({},),
)
class BreastCancer(ClassTable):
    """569 tumours: 30 measurements of cell nuclei, malignant (212) or benign (357).

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 30) float32, in the units of each measurement.
        y: (B,) int64: 0 malignant, 1 benign.

    Source: Street et al. 1993; from scikit-learn (BSD-3-Clause).
    """

    loader = "load_breast_cancer"
    num_features = 30
    classes = ("malignant", "benign")

    def __init__(self, valid_share: Share = 0.15, test_share: Share = 0.15, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)


@component(
    id="data_diabetes",
    kind="dataset",
    family="Data",
    name="Diabetes progression (regression)",
    name_zh="糖尿病病情进展（回归）",
    help_zh="442 位患者的 10 项指标，预测一年后的病情进展（数值）。",
    source="Efron, Hastie, Johnstone & Tibshirani, Least angle regression, Annals of Statistics 2004",
    outputs={"x": "B C", "y": "B C"},
    keywords="diabetes medical tabular regression 医学 表格 回归",
    examples=({},),
)
class Diabetes(ArrayDataset):
    """442 patients: 10 measurements, and a number for how far the disease went one year later.

    Neither side is scaled: standardise x, and y too where the loss should not be counted in units of the score.

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 10) float32, in the units of each measurement.
        y: (B, 1) float32, a score from 25 to 346.

    Source: Efron et al. 2004; from scikit-learn (BSD-3-Clause).
    """

    modality = "table"

    def __init__(self, valid_share: Share = 0.15, test_share: Share = 0.15, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", 10)), "y": TensorSpec(("B", 1))}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        x, y, _ = read_table("load_diabetes", scaled=False)
        return {"x": x, "y": y.astype(np.float32)[:, None]}

    @property
    def info(self) -> dict[str, Any]:
        return {"features": list(read_table("load_diabetes", scaled=False)[2])}
