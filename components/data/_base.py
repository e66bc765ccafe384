"""What every data set offers: the shapes of its ports, three splits that give batches, and facts about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils import data

from components.data._errors import DataError, DataUnavailableError
from components.data._splits import SPLITS, Indices, Seed, Share, SplitName, split_indices
from components.targets import IGNORE_INDEX
from components.tensor_spec import TensorSpec

__all__ = [
    "SPLITS",
    "ArrayDataset",
    "DataError",
    "DataUnavailableError",
    "Dataset",
    "GraphSplit",
    "Progress",
    "Reading",
    "Seed",
    "Share",
    "Split",
    "SplitName",
    "TensorSpec",
    "TensorSplit",
    "TextDataset",
]

Modality = Literal["table", "image", "series", "text", "graph", "tensor"]
Progress = Callable[[int, int], None]  # bytes done, bytes in all (0 where unknown)


class Split(data.Dataset[dict[str, Tensor]], ABC):
    """The samples of one split. ``__getitems__`` gives a whole batch at once: a tensor per port."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitems__(self, indices: Sequence[int] | Tensor) -> dict[str, Tensor]: ...


class TensorSplit(Split):
    """Samples held in memory: one tensor per port, samples along the first axis.

    Bytes (uint8) are pixel intensities: they are kept as they are and leave as float32 in [0, 1].
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        lengths = {port: len(tensor) for port, tensor in tensors.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"All tensors of a split must have the same number of samples. Got {lengths} instead.")
        self.tensors = dict(tensors)
        self.length = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self.length

    def __getitems__(self, indices: Sequence[int] | Tensor) -> dict[str, Tensor]:
        index = torch.as_tensor(indices, dtype=torch.int64)
        return {port: _intensity(tensor.index_select(0, index)) for port, tensor in self.tensors.items()}

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {port: _intensity(tensor[index]) for port, tensor in self.tensors.items()}


def _intensity(tensor: Tensor) -> Tensor:
    return torch.div(tensor, 255) if tensor.dtype == torch.uint8 else tensor


class GraphSplit(Split):
    """One whole graph as the only sample: its tensors have no batch axis, so a batch is the graph itself."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = dict(tensors)

    def __len__(self) -> int:
        return 1

    def __getitems__(self, indices: Sequence[int] | Tensor) -> dict[str, Tensor]:
        if len(indices) != 1 or int(indices[0]) != 0:
            raise IndexError(f"A data set of one graph has the only sample 0. Got {list(indices)} instead.")
        return dict(self.tensors)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.__getitems__([index])


class Dataset(ABC):
    """A data set node. ``classes`` names the values of ``y`` where it holds class indices."""

    modality: ClassVar[Modality] = "tensor"
    classes: tuple[str, ...] | None = None

    @abstractmethod
    def spec(self) -> dict[str, TensorSpec]:
        """Shape and dtype by port. Cheap: reads nothing but a person's own file, and never downloads."""

    @abstractmethod
    def load(self, split: SplitName) -> Split:
        """The samples of a split.

        Raises:
            DataUnavailableError: the package, the file or the download is missing.
            DataError: a person's own file cannot be read as this data set.
        """

    def present(self) -> bool:
        """Whether ``load`` finds what it needs on this machine, without a download."""
        return True

    def prepare(self, progress: Progress | None = None) -> None:  # noqa: B027 (most data sets need nothing)
        """Fetches what ``load`` needs and tells ``progress`` about it; nothing to do where the data are here."""

    @property
    def info(self) -> dict[str, Any]:
        """Facts as plain data, such as ``features`` (column names) or ``vocabulary``; may read the data."""
        return {}


@dataclass(frozen=True)
class Reading:
    """How a data set reads a text of one's own.

    Args:
        tokens: every word or character of the text, in order.
        known: whether the vocabulary holds each.
        start: the first of the tokens that are read.
        stop: behind the last of them.
        tensors: the text as a batch of one, by port.
    """

    tokens: tuple[str, ...]
    known: tuple[bool, ...]
    start: int
    stop: int
    tensors: Mapping[str, Tensor]


class TextDataset(Dataset):
    """Texts as ids (B, T) in the port ``x``."""

    modality: ClassVar[Modality] = "text"

    @property
    @abstractmethod
    def vocabulary(self) -> tuple[str, ...]:
        """What each id stands for."""

    @property
    def target_vocabulary(self) -> tuple[str, ...]:
        """What each id of a text in the port ``y`` stands for."""
        return self.vocabulary

    @abstractmethod
    def read(self, text: str) -> Reading:
        """A text of one's own, as the texts of the data set were read."""

    @abstractmethod
    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids, without padding."""


class ArrayDataset(Dataset):
    """All samples as arrays in memory, split at random: by group where there are groups, stratified by class.

    Args:
        valid_share: share of the samples for validation.
        test_share: share of the samples for the test.
        split_seed: the same seed gives the same splits.
    """

    def __init__(self, valid_share: Share, test_share: Share, split_seed: Seed) -> None:
        self.valid_share, self.test_share, self.split_seed = valid_share, test_share, split_seed

    @abstractmethod
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Every sample by port."""

    def groups(self) -> NDArray[np.integer] | None:
        """The group of each sample, where samples of one group belong together."""
        return None

    def partition(self) -> dict[SplitName, Indices]:
        """The samples of each split."""
        arrays = self.arrays()
        target = arrays.get("y")
        labels = target if self.classes is not None else None
        count = len(next(iter(arrays.values())))
        shares: dict[SplitName, float] = {"valid": self.valid_share, "test": self.test_share}
        return split_indices(count, shares, self.split_seed, labels, self.groups())

    def load(self, split: SplitName) -> Split:
        check_split(split)
        index = self.partition()[split]
        return TensorSplit({port: torch.from_numpy(array[index]) for port, array in self.arrays().items()})


def check_split(split: str) -> None:
    """ValueError for a split that does not exist."""
    if split not in SPLITS:
        raise ValueError(f"The 'split' parameter of load must be one of {', '.join(SPLITS)}. Got {split!r} instead.")


def masked(target: NDArray[np.integer], index: Indices) -> Tensor:
    """Class indices (N,) int64 that are -100, ignored by losses and metrics, outside ``index``."""
    y = torch.full((len(target),), IGNORE_INDEX, dtype=torch.int64)
    y[index] = torch.from_numpy(target[index].astype(np.int64))
    return y
