"""Face or no face: the small subset of Labeled Faces in the Wild that comes with scikit-image."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.data._base import ArrayDataset, Seed, Share, TensorSpec
from components.data._packages import CORE, package_file
from components.registry import component
from components.spec import Dims


@lru_cache(maxsize=1)
def _read() -> Mapping[str, NDArray[Any]]:
    images = np.load(package_file("scikit-image", "skimage/data/lfw_subset.npy", CORE), allow_pickle=False)
    y = np.repeat([1, 0], 100)  # the file holds 100 faces, then 100 other patches
    return {"x": images[:, None].astype(np.float32), "y": y.astype(np.int64)}


@component(
    id="data_lfw",
    kind="dataset",
    family="Data",
    name="Face or no face (LFW subset)",
    name_zh="人脸与非人脸（LFW 子集）",
    help_zh="200 幅 25x25 灰度图，判断是否为人脸。",
    source="Huang et al., Labeled Faces in the Wild, University of Massachusetts 2007",
    outputs={"x": "B C H W", "y": Dims("B", dtype="int")},
    keywords="face lfw image classification offline 人脸 图像 分类 离线",
    examples=({},),
)
class FaceOrNot(ArrayDataset):
    """200 grey patches of 25x25 pixels: 100 show a face, 100 do not.

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 1, 25, 25) float32 in [0, 1].
        y: (B,) int64: 0 no face, 1 face.

    Source: Huang et al. 2007; the subset of scikit-image (BSD-3-Clause).
    """

    modality = "image"
    classes = ("no face", "face")

    def __init__(self, valid_share: Share = 0.2, test_share: Share = 0.2, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", 1, 25, 25)), "y": TensorSpec(("B",), "int64", high=2)}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return _read()
