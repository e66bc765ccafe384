"""MNIST and its twin of clothes, whole, downloaded on first use."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from components.data._base import Dataset, Progress, Seed, Share, Split, SplitName, TensorSpec, TensorSplit, check_split
from components.data._download import cached, download
from components.data._ink import Ink, centred_by_mass
from components.data._splits import split_indices
from components.registry import component
from components.spec import Dims

IMAGES = {"x": "B C H W", "y": Dims("B", dtype="int")}
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@lru_cache(maxsize=len(FILES) * 2)
def _read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of a gzipped IDX file of bytes: two zeros, the type, the number of axes, their sizes, the values."""
    content = gzip.decompress(path.read_bytes())
    axes = content[3]
    sizes = np.frombuffer(content, ">u4", count=axes, offset=4).tolist()
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(sizes)


class IdxImages(Dataset):
    """70,000 grey images of 28x28 pixels in the files of MNIST; addresses and checksums are torchvision's."""

    modality = "image"
    published: ClassVar[Literal["MNIST", "FashionMNIST"]]

    def __init__(self, valid_share: Share, split_seed: Seed) -> None:
        self.valid_share, self.split_seed = valid_share, split_seed

    def spec(self) -> dict[str, TensorSpec]:
        return {"x": TensorSpec(("B", 1, 28, 28)), "y": TensorSpec(("B",), "int64", high=10)}

    def present(self) -> bool:
        return all(cached(f"{self.published}/{name}", md5) for name, md5 in self._published().resources)

    def prepare(self, progress: Progress | None = None) -> None:
        self._files(progress)

    def load(self, split: SplitName) -> Split:
        check_split(split)
        train_x, train_y, test_x, test_y = (_read_idx(path) for path in self._files())
        if split == "test":
            x, y = test_x.copy(), test_y
        else:
            index = split_indices(len(train_y), {"valid": self.valid_share}, self.split_seed, train_y)[split]
            x, y = train_x[index], train_y[index]
        return TensorSplit({"x": torch.from_numpy(x).unsqueeze(1), "y": torch.from_numpy(y.astype(np.int64))})

    def _published(self) -> Any:
        """torchvision's class of this data set: where its files lie, and their checksums."""
        from torchvision import datasets

        return getattr(datasets, self.published)

    def _files(self, progress: Progress | None = None) -> list[Path]:
        published = self._published()
        checksums = dict(published.resources)
        return [
            download(
                f"{self.published}/{name}", [mirror + name for mirror in published.mirrors], checksums[name], progress
            )
            for name in FILES
        ]


@component(
    id="data_mnist",
    kind="dataset",
    family="Data",
    name="MNIST (download, 12 MB)",
    name_zh="MNIST 手写数字（下载，12 MB）",
    help_zh="7 万幅 28x28 的手写数字灰度图，10 类；首次使用时下载。",
    source="LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 1998",
    outputs=IMAGES,
    keywords="mnist digits image classification download 图像 分类 下载",
    tags=("download",),
    examples=({},),
)
class Mnist(IdxImages):
    """70,000 handwritten digits of 28x28 pixels; the published test set of 10,000 is the test split.

    Args:
        valid_share: share of the 60,000 training images for validation.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 1, 28, 28) float32 in [0, 1].
        y: (B,) int64, the digit.

    Raises:
        DataUnavailableError: the files are not in the cache and cannot be downloaded.

    Source: LeCun et al. 1998 (CC BY-SA 3.0); addresses and checksums from torchvision.
    """

    published = "MNIST"
    classes = tuple("0123456789")

    def __init__(self, valid_share: Share = 0.1, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, split_seed)

    def from_ink(self, ink: Ink) -> Ink:
        """A drawn digit as those of the data set."""
        return centred_by_mass(ink)


@component(
    id="data_fashion_mnist",
    kind="dataset",
    family="Data",
    name="Fashion-MNIST (download, 31 MB)",
    name_zh="Fashion-MNIST 服饰图像（下载，31 MB）",
    help_zh="7 万幅 28x28 的服饰灰度图，10 类；首次使用时下载。",
    source="Xiao, Rasul & Vollgraf, Fashion-MNIST, arXiv 1708.07747",
    outputs=IMAGES,
    keywords="fashion clothes image classification download 服装 图像 分类 下载",
    tags=("download",),
    examples=({},),
)
class FashionMnist(IdxImages):
    """70,000 pictures of clothes of 28x28 pixels; the published test set of 10,000 is the test split.

    Args:
        valid_share: share of the 60,000 training images for validation.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, 1, 28, 28) float32 in [0, 1].
        y: (B,) int64, the kind of garment.

    Raises:
        DataUnavailableError: the files are not in the cache and cannot be downloaded.

    Source: Xiao et al., arXiv 1708.07747 (MIT); addresses and checksums from torchvision.
    """

    published = "FashionMNIST"
    classes = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip

    def __init__(self, valid_share: Share = 0.1, split_seed: Seed = 0) -> None:
        super().__init__(valid_share, split_seed)
