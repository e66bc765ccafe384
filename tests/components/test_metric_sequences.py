"""Metrics of token sequences against torchmetrics and by hand."""

from __future__ import annotations

import itertools

import pytest
import torch
from torchmetrics.text import CharErrorRate

import components


def rows(*sequences, width=None):
    width = width or max(map(len, sequences), default=0)
    return torch.tensor([[*s, *[-100] * (width - len(s))] for s in sequences])


def random_sequences(count, longest, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(0, longest + 1, (count,), generator=generator).tolist()
    return [torch.randint(4, (n,), generator=generator).tolist() for n in lengths]


def distance(a, b):
    metric = components.create("metric_edit_distance", normalize=False)
    width = max(len(a), len(b), 1)
    return metric(rows(a, width=width), rows(b, width=width)).item()


def test_rate_equals_torchmetrics():
    written, due = random_sequences(40, 9, seed=0), random_sequences(40, 7, seed=1)
    texts = [["".join("abcd"[v] for v in s) for s in sequences] for sequences in (written, due)]
    found = components.create("metric_edit_distance")(rows(*written), rows(*due))
    assert found.item() == pytest.approx(CharErrorRate()(*texts).item(), abs=1e-6)


@pytest.mark.parametrize(
    "a, b, expected",
    [
        ([1, 2, 3], [1, 2, 3], 0),
        ([], [1, 2], 2),
        ([1, 2], [], 2),
        ([], [], 0),
        ([1, 2, 3], [2, 3], 1),
        ([1, 2, 3], [1, 3, 3], 1),
        ([0, 1, 2], [1, 2, 0], 2),
        ([3, 0, 2, 2, 1], [0, 2, 2, 0, 1], 2),
    ],
)
def test_distances_by_hand(a, b, expected):
    assert distance(a, b) == expected


def test_distance_is_a_metric():
    sequences = random_sequences(8, 5, seed=2)
    d = {(i, j): distance(a, b) for (i, a), (j, b) in itertools.product(enumerate(sequences), repeat=2)}
    for i, j, k in itertools.product(range(8), repeat=3):
        assert d[i, j] == d[j, i] >= 0 and (d[i, j] == 0) == (sequences[i] == sequences[j])
        assert d[i, k] <= d[i, j] + d[j, k]


def test_what_stands_behind_the_end_does_not_count():
    metric = components.create("metric_edit_distance", eos=2)
    pred = torch.tensor([[4, 5, 2, 9, 9], [4, 2, 2, 2, 2]])
    ref = torch.tensor([[4, 5, 2, -100], [4, 6, 7, 2]])
    assert metric(pred, ref).item() == pytest.approx(2 / 5)


def test_sequence_accuracy_counts_whole_sequences():
    metric = components.create("metric_sequence_accuracy", eos=2)
    pred = torch.tensor([[4, 5, 2, 9], [4, 5, 6, 2], [4, 2, 0, 0], [2, 4, 4, 4]])
    ref = torch.tensor([[4, 5, 2, -100, -100], [4, 5, 2, -100, -100], [4, 2, -100, -100, -100], [4, 2, 3, 3, 3]])
    assert metric(pred, ref).item() == pytest.approx(2 / 4)


def test_without_an_end_all_tokens_up_to_the_padding_count():
    metric = components.create("metric_sequence_accuracy")
    pred, ref = torch.tensor([[2, 0, 1], [1, 0, -100]]), torch.tensor([[2, 0, 1], [0, 1, -100]])
    assert metric(pred, ref).item() == 0.5
