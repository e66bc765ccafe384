"""Batches: their order follows from seed, epoch and data set alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from builder.compiler import Compiled
from builder.train import TrainError
from builder.train.loader import Batch, Loader, LoaderSettings, batches, order
from builder.train.prepare import loaders_of
from components import create
from tests.train.graphs import build, classifier


class Numbers:
    """Samples 0, 1, 2 ..."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitems__(self, indices: Sequence[int] | Tensor) -> dict[str, Tensor]:
        index = torch.as_tensor(indices)
        return {"x": index.float(), "y": index}


def loader(count: int = 10, path: str = "data", training: bool = True, **settings: Any) -> Loader:
    return Loader(path, Numbers(count), LoaderSettings(**{"batch_size": 4, **settings}), seed=3, training=training)


def seen(found: Sequence[Batch], path: str = "data") -> list[list[int]]:
    return [batch.values[path, "y"].tolist() for batch in found]


def test_an_epoch_holds_every_sample_once() -> None:
    found = seen(list(batches([loader()])))
    assert [len(b) for b in found] == [4, 4, 2]
    assert sorted(itertools.chain(*found)) == list(range(10))


def test_epochs_differ_and_repeat() -> None:
    first, second = (seen(list(batches([loader()], epoch))) for epoch in (0, 1))
    assert first != second
    assert first == seen(list(batches([loader()], 0)))


def test_the_order_depends_on_seed_epoch_path_and_cycle() -> None:
    orders = [
        order(50, *key) for key in ((0, 0, "a", 0), (1, 0, "a", 0), (0, 1, "a", 0), (0, 0, "b", 0), (0, 0, "a", 1))
    ]
    assert len({tuple(o.tolist()) for o in orders}) == len(orders)
    assert all(sorted(o.tolist()) == list(range(50)) for o in orders)


def test_an_epoch_begins_anywhere() -> None:
    whole = seen(list(batches([loader()], 5)))
    assert seen(list(batches([loader()], 5, start=2))) == whole[2:]
    assert seen(list(batches([loader()], 5, start=3))) == []


def test_without_shuffling_samples_keep_their_order() -> None:
    assert seen(list(batches([loader(shuffle=False)], 2))) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_the_last_batch_may_be_dropped_in_training_only() -> None:
    assert [len(b) for b in seen(list(batches([loader(drop_last=True)])))] == [4, 4]
    evaluating = loader(training=False, drop_last=True)
    assert seen(list(batches([evaluating]))) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_evaluation_takes_larger_batches_where_samples_are_small() -> None:
    def sizes(width: int) -> list[int]:
        graph = classifier(layers={"wide": ("linear", {"out_features": width}), "fc": ("linear", {"out_features": 3})})
        loaders = loaders_of(Compiled(graph), "train", seed=0)
        return [batch.samples for batch in batches(list(loaders.values()))]

    count = len(create("data_iris").load("train"))
    assert sizes(8) == [count]
    assert sizes(1_000_000)[:-1] == [32] * (count // 32)


def test_a_shorter_data_set_starts_again_in_another_order() -> None:
    long, short = loader(10, "long"), loader(6, "short", drop_last=True)
    found = list(batches([long, short], 1))
    assert seen(found, "short") == [order(6, 3, 1, "short", cycle).tolist()[:4] for cycle in range(3)]
    assert sorted(itertools.chain(*seen(found, "long"))) == list(range(10))
    again = list(batches([long, short], 1, start=1))
    assert seen(again, "short") == seen(found, "short")[1:]


def test_processes_share_each_batch() -> None:
    whole = list(batches([loader(9)]))
    parts = [list(batches([loader(9)], rank=rank, world=2)) for rank in range(2)]
    for batch, first, second in zip(whole, *parts, strict=True):
        assert first.share + second.share == pytest.approx(1)
        own = [b.values["data", "y"].tolist() for b in (first, second) if b.share]
        assert sorted(itertools.chain(*own)) == sorted(batch.values["data", "y"].tolist())
    assert parts[1][-1].share == 0  # one sample was left, and it is the other's
    assert parts[1][-1].samples == 1


def test_worker_processes_read_the_same() -> None:
    alone, helped = loader(), loader(workers=1)
    for epoch in range(2):
        assert seen(list(batches([helped], epoch))) == seen(list(batches([alone], epoch)))
    assert seen(list(batches([helped], 1, start=1))) == seen(list(batches([alone], 1, start=1)))


def test_global_random_numbers_stay_untouched() -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    list(batches([loader()]))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]
    assert random.getstate() == states[2]


def data_loader(data: str = "data_iris", **settings: Any) -> Loader:
    """The training loader of a classifier's data set with these settings."""
    graph = classifier(data)
    graph.nodes["data"]["settings"].update(settings)
    return loaders_of(Compiled(graph), "train", 3, training=True)["data"]


def test_a_subset_holds_as_many_of_each_class() -> None:
    subset = {"count": 4, "per_class": True, "seed": 1}
    chosen = data_loader(subset=subset)
    found = torch.cat([batch.values["data", "y"] for batch in batches([chosen], 2)])
    assert found.bincount().tolist() == [4, 4, 4]
    assert len(chosen) == 1
    assert chosen.members is not None
    assert chosen.members.tolist() == sorted(set(chosen.members.tolist()))
    again, other = data_loader(subset=subset), data_loader(subset={**subset, "seed": 2})
    assert again.members is not None
    assert other.members is not None
    assert torch.equal(again.members, chosen.members)
    assert not torch.equal(other.members, chosen.members)


def test_a_subset_without_classes_needs_no_labels() -> None:
    chosen = data_loader(subset={"count": 20})
    assert [batch.samples for batch in batches([chosen])] == [16, 4]
    epochs = [torch.cat([b.values["data", "x"] for b in batches([chosen], epoch)]) for epoch in (0, 1)]
    assert not torch.equal(*epochs)
    assert sorted(epochs[0].tolist()) == sorted(epochs[1].tolist())


def test_a_subset_concerns_the_training_split_alone() -> None:
    graph = classifier()
    graph.nodes["data"]["settings"]["subset"] = {"count": 5}
    assert len(loaders_of(Compiled(graph), "valid", 3)["data"].split) == len(create("data_iris").load("valid"))
    assert loaders_of(Compiled(graph), "valid", 3)["data"].members is None


def test_a_sampler_puts_the_batches_together() -> None:
    sampler = {"component": "sampler_m_per_class", "params": {"per_class": 4}}
    chosen = data_loader(sampler=sampler, batch_size=12)
    first = list(batches([chosen], 0))
    for batch in first:
        assert batch.values["data", "y"].bincount().tolist() == [4, 4, 4]
    assert len(first) == len(chosen)
    whole, rest = (
        torch.cat([b.values["data", "x"] for b in batches([data_loader(sampler=sampler, batch_size=12)], 1, start)])
        for start in (0, 3)
    )
    assert torch.equal(whole[36:], rest)  # it begins anywhere
    assert not torch.equal(whole, torch.cat([b.values["data", "x"] for b in first]))


def test_a_sampler_that_needs_no_labels_takes_targets_of_any_kind() -> None:
    echoing = create("opt_data_echoing", factor=3)
    settings = LoaderSettings(batch_size=4, subset={"count": 6})
    chosen = Loader("data", create("data_diabetes").load("train"), settings, seed=3, training=True, sampler=echoing)
    chosen.members = torch.tensor([2, 5, 7, 11, 20, 30])
    seen = torch.cat(chosen.indices(0, len(chosen)))
    assert len(chosen) == 5 and seen.bincount()[chosen.members].tolist() == [3] * 6 and len(seen) == 18


def test_a_sampler_sees_the_subset_alone() -> None:
    sampler = {"component": "sampler_m_per_class", "params": {"per_class": 2}}
    chosen = data_loader(sampler=sampler, batch_size=6, subset={"count": 3, "per_class": True})
    assert chosen.members is not None
    seen = torch.cat(chosen.indices(0, len(chosen)))
    assert set(seen.tolist()) <= set(chosen.members.tolist())


@pytest.mark.parametrize(
    ("data", "settings", "words"),
    [
        ("data_iris", {"subset": {"count": 1000}}, "asks for 1000 samples; the training split has"),
        ("data_iris", {"subset": {"count": 90, "per_class": True}}, "90 samples of class 0"),
        ("data_diabetes", {"subset": {"count": 2, "per_class": True}}, r"needs labels at its port 'y'.*received x"),
        ("data_iris", {"sampler": {"component": "sampler_m_per_class"}, "batch_size": 2}, "batch size"),
    ],
)
def test_what_the_data_cannot_give_is_one_error(data: str, settings: dict[str, Any], words: str) -> None:
    graph = build({"data": (data, {}, settings), "fc": ("linear", {"out_features": 2})}, ["data.x fc.x"])
    with pytest.raises(TrainError, match=words) as caught:
        loaders_of(Compiled(graph), "train", 3, training=True)
    assert caught.value.node == "data"
    assert caught.value.message_zh != caught.value.message


def test_labels_are_read_in_parts_where_samples_are_not_in_memory() -> None:
    reading = loader(10)
    assert reading.own_labels.tolist() == list(range(10))


def test_settings_have_defaults() -> None:
    assert LoaderSettings.read({}) == LoaderSettings(64, True, False, 0)
    assert LoaderSettings.read({"batch_size": 3, "name": "Data"}).batch_size == 3
