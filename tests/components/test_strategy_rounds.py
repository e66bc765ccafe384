"""Strategies that choose data: against scipy's entropy, scores worked out by hand, and by what they must never do."""

import pytest
import torch
from scipy.stats import entropy

import components


def logits(count=40, classes=5):
    return 3 * torch.randn(count, classes, generator=torch.Generator().manual_seed(0))


def chosen(values, **params):
    strategy = components.create("strategy_active_learning", **params)
    return strategy.choose({"logits": values}, torch.Generator().manual_seed(1))


def test_entropy_takes_the_samples_that_scipy_finds_least_certain():
    values = logits()
    expected = torch.from_numpy(entropy(values.double().softmax(1).numpy(), axis=1)).topk(7).indices
    assert chosen(values, per_round=7).tolist() == expected.tolist()


def test_scores_by_hand():
    p = torch.tensor([[0.5, 0.3, 0.2], [0.48, 0.47, 0.05], [0.9, 0.05, 0.05]])
    assert chosen(p.log(), acquisition="margin").tolist() == [1, 0, 2]  # 0.2, 0.01 and 0.85 apart
    assert chosen(p.log(), acquisition="least_confidence", per_round=2).tolist() == [1, 0]
    assert chosen(p.log(), acquisition="entropy").tolist() == [0, 1, 2]  # 1.03, 0.86 and 0.39 nats


def test_for_two_classes_all_criteria_agree():
    values = logits(classes=2)
    first, *others = [
        chosen(values, acquisition=name, per_round=40).tolist() for name in ("margin", "least_confidence", "entropy")
    ]
    assert all(other == first for other in others)


def test_a_certain_prediction_has_no_entropy():
    strategy = components.create("strategy_active_learning")
    assert strategy.score(torch.tensor([[200.0, 0.0, 0.0]])).tolist() == [0.0]


def test_random_draws_from_its_generator_alone():
    state = torch.get_rng_state()
    first, again = (chosen(logits(), acquisition="random", per_round=12).tolist() for _ in range(2))
    assert first == again
    assert len(set(first)) == 12
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("acquisition", ["entropy", "margin", "least_confidence", "random"])
def test_a_small_pool_is_taken_whole(acquisition):
    assert sorted(chosen(logits(3), acquisition=acquisition, per_round=10).tolist()) == [0, 1, 2]


def test_self_training_takes_confident_predictions_as_labels():
    strategy = components.create("strategy_self_training", threshold=0.8)
    p = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.05, 0.95]])
    samples, labels = strategy.relabel({"logits": p.double().log()}, torch.Generator())
    assert samples.tolist() == [0, 2, 3]
    assert labels.tolist() == [0, 1, 1]
