"""Metrics against torchmetrics and scikit-learn over several batches of different sizes."""

import warnings

import pytest
import sklearn.metrics
import torch

import components

with warnings.catch_warnings():  # what torchmetrics itself warns of when it is imported is not ours
    warnings.simplefilter("ignore")
    import torchmetrics


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def classes(*shape, high=5, share_unknown=0.0):
    generator = torch.Generator().manual_seed(1)
    target = torch.randint(high, shape, generator=generator)
    return target.masked_fill(torch.rand(shape, generator=generator) < share_unknown, -100)


def over_batches(metric, prediction, target, sizes=(3, 8, 1)):
    """The value of a data set that comes in batches, as the engine gathers it."""
    rest = len(target) - sum(sizes)
    parts = zip(prediction.split([*sizes, rest]), target.split([*sizes, rest]), strict=True)
    stats = sum(metric.update(p, t) for p, t in parts)
    assert stats.dim() == 1
    value = metric.compute(stats)
    assert value.shape == ()
    torch.testing.assert_close(value, metric(prediction, target))  # batches make no difference
    return value.item()


@pytest.mark.parametrize("share_unknown", [0.0, 0.3])
def test_accuracy_equals_torchmetrics(share_unknown):
    (logits,) = tensors((40, 5))
    target = classes(40, share_unknown=share_unknown)
    peer = torchmetrics.Accuracy("multiclass", num_classes=5, average="micro", ignore_index=-100)
    assert over_batches(components.create("metric_accuracy"), logits, target) == pytest.approx(
        peer(logits, target).item()
    )


@pytest.mark.parametrize("class_axis", [1, -1])
def test_accuracy_of_sequences_equals_torchmetrics(class_axis):
    (logits,) = tensors((20, 5, 7))
    target = classes(20, 7, share_unknown=0.3)
    peer = torchmetrics.Accuracy("multiclass", num_classes=5, average="micro", ignore_index=-100)
    ours = over_batches(
        components.create("metric_accuracy", class_axis=class_axis), logits.movedim(1, class_axis), target
    )
    assert ours == pytest.approx(peer(logits, target).item())


@pytest.mark.parametrize(
    "shape, target_shape", [((40,), (40,)), ((40, 1), (40,)), ((40, 3), (40, 3)), ((20, 6, 1), (20, 6))]
)
def test_accuracy_and_f1_of_yes_or_no_questions(shape, target_shape):
    (logits,) = tensors(shape)
    target = classes(*target_shape, high=2, share_unknown=0.2)
    known = target != -100
    said = logits.reshape(target_shape) > 0
    expected = sklearn.metrics.accuracy_score(target[known], said[known])
    assert over_batches(components.create("metric_accuracy"), logits, target) == pytest.approx(expected)
    assert over_batches(components.create("metric_accuracy"), logits, target.float()) == pytest.approx(expected)
    if shape == (40, 3):  # three questions: the mean over them
        columns = range(3)
        scores = [sklearn.metrics.f1_score(target[known[:, i], i], said[known[:, i], i]) for i in columns]
        expected = sum(scores) / 3
    else:
        expected = sklearn.metrics.f1_score(target[known], said[known])
    assert over_batches(components.create("metric_f1"), logits, target) == pytest.approx(expected)


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("class_axis", [1, -1])
def test_top_k_accuracy_equals_torchmetrics(k, class_axis):
    (logits,) = tensors((20, 5, 7))
    target = classes(20, 7, share_unknown=0.3)
    metric = components.create("metric_topk_accuracy", top_k=k, class_axis=class_axis)
    peer = torchmetrics.Accuracy("multiclass", num_classes=5, average="micro", top_k=k, ignore_index=-100)
    ours = over_batches(metric, logits.movedim(1, class_axis), target)
    assert ours == pytest.approx(peer(logits, target).item())
    assert ours == 1 if k == 5 else ours < 1


def test_top_k_needs_as_many_classes():
    (logits,) = tensors((7, 3))
    with pytest.raises(ValueError, match=r"'top_k'.*at most the number of classes \(3\). Got 5"):
        components.create("metric_topk_accuracy")(logits, classes(7, high=3))


@pytest.mark.parametrize("share_unknown", [0.0, 0.3])
def test_f1_equals_torchmetrics_and_scikit_learn(share_unknown):
    (logits,) = tensors((40, 5))
    logits[:, 4] -= 100  # a class that is never named
    target = classes(40, share_unknown=share_unknown)
    ours = over_batches(components.create("metric_f1"), logits, target)
    peer = torchmetrics.F1Score("multiclass", num_classes=5, average="macro", ignore_index=-100)
    assert ours == pytest.approx(peer(logits, target).item())
    known = target != -100
    assert ours == pytest.approx(sklearn.metrics.f1_score(target[known], logits[known].argmax(1), average="macro"))


def test_f1_leaves_out_a_class_that_occurs_nowhere():
    logits = torch.tensor([[2.0, 0, -9], [0, 2, -9], [2, 0, -9]])
    target = torch.tensor([0, 1, 1])
    assert components.create("metric_f1")(logits, target).item() == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_f1_of_sequences():
    (logits,) = tensors((20, 7, 5))
    target = classes(20, 7)
    expected = sklearn.metrics.f1_score(target.flatten(), logits.argmax(-1).flatten(), average="macro")
    assert over_batches(components.create("metric_f1", class_axis=-1), logits, target) == pytest.approx(expected)


def test_perplexity_equals_torchmetrics():
    from torchmetrics.text import Perplexity

    (logits,) = tensors((20, 7, 5))
    target = classes(20, 7, share_unknown=0.3)
    expected = Perplexity(ignore_index=-100)(logits, target).item()
    assert over_batches(components.create("metric_perplexity", class_axis=-1), logits, target) == pytest.approx(
        expected
    )
    assert over_batches(components.create("metric_perplexity"), logits.movedim(-1, 1), target) == pytest.approx(
        expected
    )


def test_perplexity_of_an_even_guess_is_the_number_of_classes():
    assert components.create("metric_perplexity")(torch.zeros(6, 5), classes(6)).item() == pytest.approx(5)


@pytest.mark.parametrize(
    "component, peer",
    [
        ("metric_mae", sklearn.metrics.mean_absolute_error),
        ("metric_mse", sklearn.metrics.mean_squared_error),
        ("metric_rmse", sklearn.metrics.root_mean_squared_error),
        ("metric_r2", sklearn.metrics.r2_score),
    ],
)
def test_regression_metrics_equal_scikit_learn(component, peer):
    prediction, target = tensors((40, 1), (40,))
    assert over_batches(components.create(component), prediction, target) == pytest.approx(
        peer(target, prediction[:, 0])
    )
    known = torch.rand(40, generator=torch.Generator().manual_seed(2)) < 0.6
    marked = target.masked_fill(~known, -100.0)
    expected = peer(target[known], prediction[known, 0])
    assert over_batches(components.create(component), prediction, marked) == pytest.approx(expected)


@pytest.mark.parametrize("component", ["metric_mae", "metric_mse", "metric_rmse", "metric_r2"])
def test_regression_metrics_of_several_outputs_equal_torchmetrics(component):
    prediction, target = tensors((40, 3), (40, 3))
    peer = {
        "metric_mae": torchmetrics.MeanAbsoluteError(),
        "metric_mse": torchmetrics.MeanSquaredError(),
        "metric_rmse": torchmetrics.MeanSquaredError(squared=False),
        "metric_r2": torchmetrics.R2Score(multioutput="uniform_average"),
    }[component]
    expected = peer(prediction, target).item()
    assert over_batches(components.create(component), prediction, target) == pytest.approx(expected, rel=1e-5)


def test_r2_of_a_target_far_from_zero_stays_exact():
    prediction, target = tensors((4000,), (4000,))
    expected = sklearn.metrics.r2_score((target + 1e4).double(), (prediction + 1e4).double())
    ours = over_batches(components.create("metric_r2"), prediction + 1e4, target + 1e4)
    assert ours == pytest.approx(expected, rel=1e-6)


def test_r2_of_a_target_that_never_varies():
    metric = components.create("metric_r2")
    flat = torch.full((9,), 0.1)
    assert metric(flat, flat) == 1
    assert metric(flat + torch.arange(9), flat) == 0


def test_regression_metrics_never_broadcast():
    prediction, target = tensors((40, 3), (40,))
    with pytest.raises(ValueError, match=r"same shape. Got \(40, 3\) and \(40,\)"):
        components.create("metric_mae")(prediction, target)


def test_counts_of_a_large_data_set_stay_exact():
    metric = components.create("metric_accuracy")
    stats = metric.update(torch.zeros(1, 2), torch.zeros(1, dtype=torch.int64)) * 2**24
    assert (stats + metric.update(torch.zeros(1, 2), torch.zeros(1, dtype=torch.int64)))[1] == 2**24 + 1


def test_nothing_known_is_not_a_number():
    (logits,) = tensors((4, 3))
    for component in ("metric_accuracy", "metric_f1", "metric_perplexity"):
        assert components.create(component)(logits, torch.full((4,), -100)).isnan()


def test_the_direction_of_every_metric_is_known():
    better = {"accuracy", "topk_accuracy", "f1", "r2"}
    worse = {"mae", "mse", "rmse", "perplexity"}
    for name in better | worse:
        assert components.create(f"metric_{name}").higher_is_better == (name in better)
