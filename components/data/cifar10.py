"""CIFAR-10, downloaded on first use in its binary form, which needs no unpickling."""

from __future__ import annotations

import tarfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from components.data._base import Dataset, Progress, Seed, Share, Split, SplitName, TensorSpec, TensorSplit, check_split
from components.data._download import cached, download
from components.data._splits import split_indices
from components.registry import component
from components.spec import Dims

ARCHIVE = "cifar-10-binary.tar.gz"
URL = "https://www.cs.toronto.edu/~kriz/" + ARCHIVE
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = ("test_batch.bin",)
RECORD = 1 + 3 * 32 * 32  # the label, then the red, green and blue planes


@lru_cache(maxsize=2)
def _read(path: Path, names: tuple[str, ...]) -> NDArray[np.uint8]:
    """The records (B, 3073) of some files of the archive."""
    with tarfile.open(path) as archive:
        members = [archive.extractfile(f"cifar-10-batches-bin/{name}") for name in names]
        content = b"".join(member.read() for member in members if member)
    return np.frombuffer(content, np.uint8).reshape(-1, RECORD)


@component(
    id="data_cifar10",
    kind="dataset",
    family="Data",
    name="CIFAR-10 (download, 170 MB)",
    name_zh="CIFAR-10 彩色图像（下载，170 MB）",
    help_zh="6 万幅 32x32 的彩色照片，10 类；首次使用时下载。",
    source="Krizhevsky, Learning multiple layers of features from tiny images, 2009",
    outputs={"x": "B C H W", "y": Dims("B", dtype="int")},
    keywords="cifar photo image classification download 照片 图像 分类 下载",
    tags=("download",),
    examples=({},),
)
class Cifar10(Dataset):
    """60,000 colour photos of 32x32 pixels; the published test set of 10,000 is the test split.

    Args:
        valid_share: share of the 50,000 training images for validation.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 3, 32, 32) float32 in [0, 1].
        y: (B,) int64, what the photo shows.

    Raises:
        DataUnavailableError: the archive is not in the cache and cannot be downloaded.

    Source: Krizhevsky 2009 (no licence stated); the binary version, where torchvision's needs pickle.
    """

    modality = "image"
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    def __init__(self, valid_share: Share = 0.1, split_seed: Seed = 0) -> None:
        self.valid_share, self.split_seed = valid_share, split_seed

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", 3, 32, 32)), "y": TensorSpec(("B",), "int64", high=10)}

    def present(self) -> bool:
        return cached(f"CIFAR10/{ARCHIVE}", MD5) is not None

    def prepare(self, progress: Progress | None = None) -> None:
        download(f"CIFAR10/{ARCHIVE}", [URL], MD5, progress)

    def load(self, split: SplitName) -> Split:
        check_split(split)
        path = download(f"CIFAR10/{ARCHIVE}", [URL], MD5)
        records = _read(path, TEST if split == "test" else TRAIN)
        index = np.arange(len(records))
        if split != "test":
            index = split_indices(len(records), {"valid": self.valid_share}, self.split_seed, records[:, 0])[split]
        records = records[index]  # a copy: what is cached stays as it is
        x = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32))
        return TensorSplit({"x": x, "y": torch.from_numpy(records[:, 0].astype(np.int64))})
