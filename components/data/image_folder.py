"""A person's own images: a zip file of the workspace with one folder per class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from components.data._base import ArrayDataset, Seed, Share, TensorSpec
from components.data._images import list_images, read_images
from components.data._workspace import data_file, fingerprint
from components.registry import component
from components.spec import Count, Dims


@component(
    id="data_image_folder",
    kind="dataset",
    family="Data",
    name="Image folder (zip upload)",
    name_zh="图像文件夹（上传 zip）",
    help_zh="自己的图像：zip 压缩包内每个类别一个文件夹，图像自动缩放到同一尺寸。",
    source="One folder per class, the layout of torchvision.datasets.ImageFolder",
    outputs={"x": "B C H W", "y": Dims("B", dtype="int")},
    keywords="image folder zip upload own data photos 图像 文件夹 上传 自有数据 照片",
    tags=("upload",),
)
class ImageFolder(ArrayDataset):
    """Images of one's own in a zip archive with one folder per class, such as ``cat/1.png`` and ``dog/7.jpg``.

    Nothing is unpacked to disk. An image is turned upright, stretched to a square and converted to colour or grey.

    Args:
        file: name of a zip file in the workspace's data folder.
        image_size: height and width that every image is resized to, in pixels.
        channels: 3 for colour, 1 for grey.
        valid_share: share of the images for validation.
        test_share: share of the images for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, channels, image_size, image_size) float32 in [0, 1].
        y: (B,) int64, the class: folders in alphabetical order.

    Raises:
        DataUnavailableError: the file does not exist.
        DataError: the archive or an image cannot be used; names it.

    Source: the images are yours.
    """

    modality = "image"

    def __init__(
        self,
        file: str = "",
        image_size: Count = 32,
        channels: Literal[1, 3] = 3,
        valid_share: Share = 0.15,
        test_share: Share = 0.15,
        split_seed: Seed = 0,
    ) -> None:
        super().__init__(valid_share, test_share, split_seed)
        self.file, self.image_size, self.channels = file, image_size, channels

    def spec(self) -> dict[str, TensorSpec]:
        size = self.image_size
        y = TensorSpec(("B",), "int64", high=len(self.classes))
        return {"x": TensorSpec(("B", self.channels, size, size)), "y": y}

    @property
    def classes(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return list_images(*self._archive)[0]

    @property
    def info(self) -> dict[str, Any]:
        return {"files": [name for name, _ in list_images(*self._archive)[1]]}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        labels = np.array([label for _, label in list_images(*self._archive)[1]], dtype=np.int64)
        return {"x": read_images(*self._archive, self.image_size, self.channels), "y": labels}

    @cached_property
    def _archive(self) -> tuple[Path, tuple[int, int]]:
        path = data_file(self.file)
        return path, fingerprint(path)
