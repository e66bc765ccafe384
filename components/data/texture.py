"""Patches of three textures that come with scikit-image."""

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

TEXTURES = ("brick", "grass", "gravel")
SIDE, PATCH, REGION = 512, 32, 128  # of a photo, a patch, and a region that is never split; in pixels


@lru_cache(maxsize=1)
def _read() -> tuple[Mapping[str, NDArray[Any]], NDArray[np.int64]]:
    """The patches row by row, texture by texture, and the region of each."""
    from PIL import Image

    files = [package_file("scikit-image", f"skimage/data/{name}.png", CORE) for name in TEXTURES]
    photos = np.stack([np.asarray(Image.open(file, formats=["PNG"]).convert("L")) for file in files])
    per_side, per_region = SIDE // PATCH, REGION // PATCH
    patches = photos.reshape(len(TEXTURES), per_side, PATCH, per_side, PATCH).swapaxes(2, 3)
    texture, row, column = np.indices((len(TEXTURES), per_side, per_side)).reshape(3, -1)
    regions_per_side = SIDE // REGION
    region = (texture * regions_per_side + row // per_region) * regions_per_side + column // per_region
    return {"x": patches.reshape(-1, 1, PATCH, PATCH), "y": texture.astype(np.int64)}, region


@component(
    id="data_texture",
    kind="dataset",
    family="Data",
    name="Textures (brick, grass, gravel)",
    name_zh="纹理图块（砖、草、砾石）",
    help_zh="三张实拍纹理照片切成的 768 个 32x32 图块，按区域划分，互不重叠。",
    source="scikit-image sample images: brick, grass and gravel",
    outputs={"x": "B C H W", "y": Dims("B", dtype="int")},
    keywords="texture image classification offline 纹理 图像 分类 离线",
    examples=({},),
)
class Texture(ArrayDataset):
    """768 patches of 32x32 pixels from photos of brick, grass and gravel, 256 of each.

    The splits take whole regions of 128x128 pixels: no patch of the test lies between patches of the training.

    Args:
        valid_share: share of the regions for validation.
        test_share: share of the regions for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 1, 32, 32) float32 in [0, 1].
        y: (B,) int64, the texture.

    Source: photos of scikit-image (CC0).
    """

    modality = "image"
    classes = TEXTURES

    def __init__(self, valid_share: Share = 0.15, test_share: Share = 0.25, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, test_share, split_seed)

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", 1, PATCH, PATCH)), "y": TensorSpec(("B",), "int64", high=3)}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return _read()[0]

    def groups(self) -> NDArray[np.integer]:
        return _read()[1]
