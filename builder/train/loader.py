"""Batches of data sets, in an order that follows from the seed and the epoch alone: a run can go on anywhere in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from builder.compiler import End

DEFAULT_BATCH_SIZE = 64


@dataclass(frozen=True)
class LoaderSettings:
    """How a data set node gives its training batches.

    Args:
        batch_size: samples in a batch, over all devices together.
        shuffle: whether each epoch has an order of its own.
        drop_last: leaves out a last batch that is not full.
        workers: processes that read ahead; 0 reads in the training process.
    """

    batch_size: int = DEFAULT_BATCH_SIZE
    shuffle: bool = True
    drop_last: bool = False
    workers: int = 0

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> LoaderSettings:
        """The settings of a data set node, as the schema of graph files allows them."""
        return cls(
            int(settings.get("batch_size", DEFAULT_BATCH_SIZE)),  # 16.0 is an integer in JSON
            settings.get("shuffle", True),
            settings.get("drop_last", False),
            int(settings.get("workers", 0)),
        )


def order(count: int, seed: int, epoch: int, path: str, cycle: int = 0) -> Tensor:
    """The order of ``count`` samples in an epoch; ``cycle`` counts how often a shorter data set has started again."""
    digest = hashlib.blake2b(f"{seed}/{epoch}/{path}/{cycle}".encode(), digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
    return torch.randperm(count, generator=generator)


class Batch(NamedTuple):
    """One step's data: a tensor per data port, the samples that they hold, and their share of the whole batch."""

    values: dict[End, Tensor]
    samples: int
    share: float = 1.0


class Loader:
    """The batches of one split of one data set node.

    Args:
        path: of the data set node.
        split: the samples; its ``__getitems__`` takes a tensor of indices and gives a tensor per port.
        settings: batch size, shuffling and so on.
        seed: of the order.
        training: without it the samples come in their own order, every one of them.
        batch_size: where it is to be another than in the settings.
    """

    def __init__(
        self, path: str, split: Any, settings: LoaderSettings, seed: int, training: bool, batch_size: int | None = None
    ) -> None:
        self.path, self.split, self.settings, self.seed, self.training = path, split, settings, seed, training
        self.batch_size = batch_size or settings.batch_size
        self._workers: tuple[DataLoader[Any], _Batches] | None = None

    def __len__(self) -> int:
        full, rest = divmod(len(self.split), self.batch_size)
        return full + bool(rest and not (self.training and self.settings.drop_last))

    def indices(self, epoch: int, steps: int) -> list[Tensor]:
        """Which samples each of an epoch's steps takes; the data set starts again where it is shorter."""
        found: list[Tensor] = []
        cycle = 0
        while len(found) < steps:
            count = len(self.split)
            shuffle = self.training and self.settings.shuffle
            samples = order(count, self.seed, epoch, self.path, cycle) if shuffle else torch.arange(count)
            found += samples.split(self.batch_size)[: len(self)]
            cycle += 1
        return found[:steps]

    def read(self, batches: Sequence[Tensor]) -> Iterator[dict[str, Tensor]]:
        """The tensors of these batches."""
        if not self.settings.workers:
            fetch = self.split.__getitems__
            return (fetch(indices) for indices in batches)
        if self._workers is None:
            sampler = _Batches()
            self._workers = _workers(self.split, sampler, self.settings.workers), sampler
        loader, sampler = self._workers
        sampler.batches = batches
        return iter(loader)


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
    counts, shares = [len(b) for b in plans[0]], [1.0] * len(plans[0])
    if world > 1:
        shares = [len(b[rank::world]) / len(b) for b in plans[0]]
        plans = [[b[rank::world] if len(b) > rank else b[:1] for b in plan] for plan in plans]
        counts = [len(b) for b in plans[0]]
    readers = [loader.read(plan) for loader, plan in zip(loaders, plans, strict=True)]
    keys = [loader.path for loader in loaders]
    for samples, share, *read in zip(counts, shares, *readers, strict=True):
        yield Batch({(k, port): t for k, values in zip(keys, read) for port, t in values.items()}, samples, share)
