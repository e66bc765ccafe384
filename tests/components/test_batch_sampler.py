"""Batch samplers: what stands in a batch together, in which order, and how often."""

from collections import Counter
from typing import Any

import pytest
import torch

import components

LABELS = torch.tensor([0] * 12 + [1] * 20 + [2] * 5 + [3] * 3 + [-100] * 7)[
    torch.randperm(47, generator=torch.Generator().manual_seed(3))
]
IDS = ["sampler_m_per_class", "sampler_pairs", "sampler_triplets", "sampler_episodes", "lt_class_balanced_sampler"]
FITTING: dict[str, dict[str, Any]] = {
    "sampler_m_per_class": {"per_class": 3},
    "sampler_episodes": {"ways": 2, "shots": 1},
}


def batches(id, labels=LABELS, batch_size=12, seed=0, **params):
    return components.create(id, **params).batches(labels, batch_size, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("id", IDS)
def test_batches_follow_from_the_generator_alone(id):
    params = FITTING.get(id, {})
    before = torch.get_rng_state()
    first, again, other = batches(id, **params), batches(id, **params), batches(id, seed=1, **params)
    assert torch.equal(torch.get_rng_state(), before)
    assert [b.tolist() for b in first] == [b.tolist() for b in again] != [b.tolist() for b in other]


@pytest.mark.parametrize("id", IDS)
def test_only_samples_of_known_class_are_taken(id):
    taken = torch.cat(batches(id, **FITTING.get(id, {})))
    assert taken.dtype == torch.int64
    assert (LABELS[taken] >= 0).all()


@pytest.mark.parametrize("id", IDS)
def test_data_without_a_class_are_refused(id):
    with pytest.raises(ValueError, match="classes"):
        batches(id, labels=torch.full((20,), -100), **FITTING.get(id, {}))


@pytest.mark.parametrize("id", IDS[:4])
def test_too_small_a_batch_is_refused(id):
    with pytest.raises(ValueError, match=f"batch size must be at least . for {id}. Got 1 instead"):
        batches(id, batch_size=1, **FITTING.get(id, {}))


# ------------------------------------------------------------------ m per class


@pytest.mark.parametrize(("per_class", "batch_size", "classes"), [(3, 12, 4), (4, 12, 3), (4, 15, 3), (6, 13, 2)])
def test_every_batch_holds_p_classes_with_k_samples(per_class, batch_size, classes):
    found = batches("sampler_m_per_class", batch_size=batch_size, per_class=per_class)
    assert len(found) == 40 // (classes * per_class)
    for batch in found:
        assert sorted(Counter(LABELS[batch].tolist()).values()) == [per_class] * classes


def test_a_class_gives_all_its_samples_before_one_comes_again():
    labels = torch.arange(2).repeat(10)  # two classes of 10, both in each of the 5 batches
    taken = torch.cat(batches("sampler_m_per_class", labels=labels, batch_size=4, per_class=2))
    assert sorted(taken.tolist()) == list(range(20))


def test_more_classes_than_there_are_are_refused():
    with pytest.raises(ValueError, match=r"sampler_m_per_class takes 6 classes .* have 4"):
        batches("sampler_m_per_class", per_class=2)


# ------------------------------------------------------------------ pairs and triplets


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_pairs_are_alike_in_the_share_asked_for(share):
    found = batches("sampler_pairs", positive_share=share)
    firsts = torch.cat([b.chunk(2)[0] for b in found])
    assert sorted(firsts.tolist()) == (LABELS >= 0).nonzero().flatten().tolist()
    for batch in found:
        first, second = batch.chunk(2)
        assert len(first) == len(second) <= 6
        assert (first != second).all()
        assert (LABELS[first] == LABELS[second]).sum() == round(share * len(first))


def test_triplets_lie_role_by_role():
    found = batches("sampler_triplets")
    assert [len(b) for b in found] == [12] * 10
    assert sorted(torch.cat([b.chunk(3)[0] for b in found]).tolist()) == (LABELS >= 0).nonzero().flatten().tolist()
    for anchor, positive, negative in (b.chunk(3) for b in found):
        assert (anchor != positive).all()
        assert torch.equal(LABELS[anchor], LABELS[positive])
        assert (LABELS[anchor] != LABELS[negative]).all()


def test_partners_are_drawn_evenly():
    # Anchor 0 of class 0 = {0, 1, 2} against class 1 = {3} and class 2 = {4, 5}: each partner equally often.
    labels = torch.tensor([0, 0, 0, 1, 2, 2])
    positives, negatives = Counter(), Counter()
    sampler, generator = components.create("sampler_triplets"), torch.Generator().manual_seed(0)
    for _ in range(600):
        for anchor, positive, negative in (b.view(3, -1).T[0].tolist() for b in sampler.batches(labels, 3, generator)):
            if anchor == 0:
                positives[positive] += 1
                negatives[negative] += 1
    assert set(positives) == {1, 2} and set(negatives) == {3, 4, 5}
    assert all(abs(n - 300) < 4 * (600 / 4) ** 0.5 for n in positives.values())
    assert all(abs(n - 200) < 4 * (600 * 2 / 9) ** 0.5 for n in negatives.values())


def test_a_lone_sample_is_its_own_positive():
    anchor, positive, _ = torch.cat(batches("sampler_triplets", labels=torch.tensor([0, 1, 1]))).view(3, -1)
    assert positive[anchor == 0].tolist() == [0]


@pytest.mark.parametrize("id", ["sampler_pairs", "sampler_triplets"])
def test_one_class_has_no_negatives(id):
    with pytest.raises(ValueError, match=r"takes 2 classes with samples enough\. The data have 1"):
        batches(id, labels=torch.zeros(9, dtype=torch.int64))


# ------------------------------------------------------------------ episodes


def test_an_episode_is_support_then_queries():
    found = batches("sampler_episodes", batch_size=15, ways=3, shots=2)  # 3 queries each: 5 samples of a class
    assert len(found) == 40 // 15
    for batch in found:
        assert len(set(batch.tolist())) == len(batch) == 15
        support, query = LABELS[batch[:6]].view(3, 2), LABELS[batch[6:]].view(3, 3)
        assert (support == support[:, :1]).all()
        assert torch.equal(query, support[:, :1].expand(3, 3))
        assert len(set(support[:, 0].tolist())) == 3


def test_classes_with_too_few_samples_are_in_no_episode():
    taken = torch.cat(batches("sampler_episodes", batch_size=12, ways=2, shots=1))
    assert set(LABELS[taken].tolist()) == {0, 1}
    with pytest.raises(ValueError, match=r"sampler_episodes takes 3 classes .* have 2"):
        batches("sampler_episodes", batch_size=18, ways=3, shots=1)


# ------------------------------------------------------------------ class-balanced


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_class_shares_follow_the_power(power):
    labels = torch.tensor([0] * 9000 + [1] * 900 + [2] * 100)
    found = batches("lt_class_balanced_sampler", labels=labels, batch_size=64, power=power)
    assert [len(b) for b in found] == [64] * 156 + [16]
    counts = labels[torch.cat(found)].bincount().double()
    share = torch.tensor([9000.0, 900.0, 100.0], dtype=torch.float64) ** power
    expected = 10000 * share / share.sum()
    chi_square = ((counts - expected) ** 2 / expected).sum().item()
    assert chi_square < 13.8  # 2 degrees of freedom: exceeded by chance once in 1000


def test_samples_of_a_class_are_drawn_evenly():
    labels = torch.tensor([0] * 4 + [1] * 996)
    counts = torch.cat(batches("lt_class_balanced_sampler", labels=labels)).bincount(minlength=1000)[:4].double()
    assert counts.sum() == pytest.approx(500, abs=64)
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum().item() < 16.3  # 3 degrees of freedom, 1 in 1000


# ------------------------------------------------------------------ echoing

UNKNOWN = torch.full((50,), -100)


@pytest.mark.parametrize("params", [{}, {"factor": 3, "buffer": 0}, {"factor": 4, "buffer": 7}, {"unit": "batch"}])
def test_every_sample_leaves_as_often_as_the_factor_says(params):
    found = batches("opt_data_echoing", labels=UNKNOWN, **params)
    assert torch.cat(found).bincount(minlength=50).tolist() == [params.get("factor", 2)] * 50


@pytest.mark.parametrize("params", [{}, {"buffer": 0}, {"unit": "batch"}])
def test_a_factor_of_one_is_the_stream(params):
    found = batches("opt_data_echoing", labels=UNKNOWN, factor=1, **params)
    stream = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    assert [b.tolist() for b in found] == [b.tolist() for b in stream.split(12)]


def test_batches_are_repeated_whole():
    found = batches("opt_data_echoing", labels=UNKNOWN, factor=3, unit="batch")
    assert [len(b) for b in found] == [12] * 12 + [2] * 3
    for first in range(0, len(found), 3):
        assert torch.equal(found[first], found[first + 1]) and torch.equal(found[first], found[first + 2])


def test_copies_stay_within_the_buffer():
    echo, stream = (
        batches("opt_data_echoing", labels=UNKNOWN, factor=2, buffer=6),
        torch.randperm(50, generator=torch.Generator().manual_seed(0)),
    )
    row = torch.cat(echo)
    home = {sample: 2 * place for place, sample in enumerate(stream.tolist())}
    moved = [abs(place - home[sample]) for place, sample in enumerate(row.tolist())]
    assert 2 < max(moved) <= 7  # b, and the place of the second copy
    assert torch.equal(torch.cat(batches("opt_data_echoing", labels=UNKNOWN, buffer=0)), stream.repeat_interleave(2))


def test_echoes_follow_from_the_generator_alone():
    first, again, other = (batches("opt_data_echoing", labels=UNKNOWN, seed=seed) for seed in (0, 0, 1))
    assert [b.tolist() for b in first] == [b.tolist() for b in again] != [b.tolist() for b in other]
