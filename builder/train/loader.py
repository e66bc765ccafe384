"""Batches of data sets, in an order that follows from the seed and the epoch alone: a run can go on anywhere in it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from builder.compiler import End
from builder.train.errors import TrainError, in_words
from components.data._base import TensorSplit
from components.targets import IGNORE_INDEX

DEFAULT_BATCH_SIZE = 64
LABELS = "y"  # the port of a data set whose values a subset or a sampler looks at


@dataclass(frozen=True)
class LoaderSettings:
    """How a data set node gives its training batches.

    Args:
        batch_size: samples in a batch, over all devices together.
        shuffle: whether each epoch has an order of its own.
        drop_last: leaves out a last batch that is not full.
        workers: processes that read ahead; 0 reads in the training process.
        subset: which part of the training split is used: ``count`` samples, of each class with ``per_class``.
        sampler: the component (``component``, ``params``) that puts batches together.
    """

    batch_size: int = DEFAULT_BATCH_SIZE
    shuffle: bool = True
    drop_last: bool = False
    workers: int = 0
    subset: Mapping[str, Any] | None = None
    sampler: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> LoaderSettings:
        """The settings of a data set node, as the schema of graph files allows them."""
        return cls(
            int(settings.get("batch_size", DEFAULT_BATCH_SIZE)),  # 16.0 is an integer in JSON
            settings.get("shuffle", True),
            settings.get("drop_last", False),
            int(settings.get("workers", 0)),
            settings.get("subset"),
            settings.get("sampler"),
        )


class BatchSampler(Protocol):
    """What a component of kind sampler with the tag ``batches`` does.

    One with ``needs_labels = False`` takes data without labels too; it is told that none is known.
    """

    def batches(self, labels: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """The samples of each batch of an epoch, as indices into ``labels`` (N,)."""
        ...


def generator_of(*keys: object) -> torch.Generator:
    """Random numbers that follow from the keys alone."""
    digest = hashlib.blake2b("/".join(map(str, keys)).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def order(count: int, seed: int, epoch: int, path: str, cycle: int = 0) -> Tensor:
    """The order of ``count`` samples in an epoch; ``cycle`` counts how often a shorter data set has started again."""
    return torch.randperm(count, generator=generator_of(seed, epoch, path, cycle))


class Batch(NamedTuple):
    """One step's data: a tensor per data port, the samples that they hold, and their share of the whole batch."""

    values: dict[End, Tensor]
    samples: int
    share: float = 1.0
    whole: int = 0
    """Samples of the whole batch, over all processes."""


class Loader:
    """The batches of one split of one data set node.

    Args:
        path: of the data set node.
        split: the samples; its ``__getitems__`` takes a tensor of indices and gives a tensor per port.
        settings: batch size, shuffling and so on.
        seed: of the order.
        training: without it the samples come in their own order, every one of them.
        batch_size: where it is to be another than in the settings.
        sampler: puts the batches together, in place of an order.
    """

    def __init__(
        self,
        path: str,
        split: Any,
        settings: LoaderSettings,
        seed: int,
        training: bool,
        batch_size: int | None = None,
        sampler: BatchSampler | None = None,
    ) -> None:
        self.path, self.split, self.settings, self.seed, self.training = path, split, settings, seed, training
        self.batch_size = batch_size or settings.batch_size
        self.sampler = sampler
        self.members: Tensor | None = None  # the samples that are used; None for all
        self.labels: Tensor | None = None  # of every sample of the split, in place of the data set's own
        self._workers: tuple[DataLoader[Any], _Batches] | None = None

    @property
    def samples(self) -> int:
        """How many samples are used."""
        return len(self.split) if self.members is None else len(self.members)

    def __len__(self) -> int:
        if self.sampler is not None:
            return len(self._sampled(0, 0))
        full, rest = divmod(self.samples, self.batch_size)
        return full + bool(rest and not (self.training and self.settings.drop_last))

    def indices(self, epoch: int, steps: int) -> list[Tensor]:
        """Which samples each of an epoch's steps takes; the data set starts again where it is shorter."""
        found: list[Tensor] = []
        cycle = 0
        while len(found) < steps:
            found += self._sampled(epoch, cycle) if self.sampler is not None else self._ordered(epoch, cycle)
            cycle += 1
        return found[:steps]

    def _ordered(self, epoch: int, cycle: int) -> list[Tensor]:
        shuffle = self.training and self.settings.shuffle
        places = order(self.samples, self.seed, epoch, self.path, cycle) if shuffle else torch.arange(self.samples)
        samples = places if self.members is None else self.members[places]
        return list(samples.split(self.batch_size)[: len(self)])

    def _sampled(self, epoch: int, cycle: int) -> list[Tensor]:
        if self.sampler is None:
            return []
        labels = self._labels(self.sampler)
        generator = generator_of(self.seed, epoch, self.path, cycle, "sampler")
        try:
            found = self.sampler.batches(labels, self.batch_size, generator)
        except ValueError as error:
            raise TrainError(*in_words(error), self.path) from error
        return found if self.members is None else [self.members[batch] for batch in found]

    def _labels(self, sampler: BatchSampler) -> Tensor:
        """The labels of the samples that are used, -100 for all where the sampler does not look at them."""
        if not getattr(sampler, "needs_labels", True):
            return torch.full((self.samples,), IGNORE_INDEX)
        return self.read_labels() if self.members is None else self.read_labels()[self.members]

    def read(self, batches: Sequence[Tensor]) -> Iterator[dict[str, Tensor]]:
        """The tensors of these batches."""
        values = self._read(batches)
        labels = self.labels
        if labels is None:
            return values
        return ({**v, LABELS: labels[b]} for v, b in zip(values, batches, strict=True))

    def _read(self, batches: Sequence[Tensor]) -> Iterator[dict[str, Tensor]]:
        if not self.settings.workers:
            fetch = self.split.__getitems__
            return (fetch(indices) for indices in batches)
        if self._workers is None:
            sampler = _Batches()
            self._workers = _workers(self.split, sampler, self.settings.workers), sampler
        loader, sampler = self._workers
        sampler.batches = batches
        return iter(loader)

    def read_labels(self) -> Tensor:
        """The label of every sample of the split (N,); TrainError where the data set has none."""
        return self.own_labels if self.labels is None else self.labels

    @functools.cached_property
    def own_labels(self) -> Tensor:
        """The labels (N,) that the data set itself gives.

        Raises:
            TrainError: it has no port ``y``, or that does not hold an integer for each sample.
        """
        count = len(self.split)
        tensors = self.split.tensors if isinstance(self.split, TensorSplit) else None
        if tensors is None:  # read once, a batch at a time, because the samples may be large
            parts = [self.split.__getitems__(batch) for batch in torch.arange(count).split(self.batch_size)]
            tensors = {p: torch.cat([part[p] for part in parts]) for p in (LABELS,) if all(p in part for part in parts)}
        y = tensors.get(LABELS)
        if y is None or y.shape != (count,) or y.is_floating_point():
            ports = {port: tuple(tensor.shape) for port, tensor in self.split.__getitems__(torch.arange(1)).items()}
            received = ", ".join(f"{port} {shape}" for port, shape in ports.items())
            raise TrainError(
                f"'{self.path}' needs labels at its port '{LABELS}', because its subset, its sampler or a strategy looks "
                f"at them: expected {count} integers, received {received}.",
                f"“{self.path}”的端口“{LABELS}”需要标签，因为子集、采样器或策略要读取它们："
                f"应为 {count} 个整数，收到 {received}。",
                self.path,
            )
        return y.to(torch.int64)


class _Batches:
    """A batch sampler whose batches are set before each epoch, so that the worker processes stay."""

    batches: Sequence[Tensor] = ()

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def _workers(split: Any, sampler: _Batches, count: int) -> DataLoader[Any]:
    # An own generator: the loader draws its workers' seed from the global one otherwise.
    return DataLoader(
        split,
        batch_sampler=sampler,  # type: ignore[arg-type]
        num_workers=count,
        collate_fn=_as_read,  # type: ignore[arg-type]
        persistent_workers=True,
        generator=torch.Generator().manual_seed(0),
    )


def _as_read(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return batch


def batches(
    loaders: Sequence[Loader], epoch: int = 0, start: int = 0, rank: int = 0, world: int = 1
) -> Iterator[Batch]:
    """The batches of all loaders side by side, from step ``start`` of an epoch; the longest loader says how many.

    With several processes each takes every ``world``-th sample of a batch. One that finds none left takes the first,
    with a share of 0.
    """
    steps = max(len(loader) for loader in loaders)
    plans = [loader.indices(epoch, steps)[start:] for loader in loaders]
    whole = counts = [len(b) for b in plans[0]]
    shares = [1.0] * len(plans[0])
    if world > 1:
        shares = [len(b[rank::world]) / len(b) for b in plans[0]]
        plans = [[b[rank::world] if len(b) > rank else b[:1] for b in plan] for plan in plans]
        counts = [len(b) for b in plans[0]]
    readers = [loader.read(plan) for loader, plan in zip(loaders, plans, strict=True)]
    keys = [loader.path for loader in loaders]
    for samples, share, all_, *read in zip(counts, shares, whole, *readers, strict=True):
        yield Batch({(k, port): t for k, values in zip(keys, read) for port, t in values.items()}, samples, share, all_)
