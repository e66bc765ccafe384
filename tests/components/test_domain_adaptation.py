"""Domain adaptation against numpy and the formulas: reversed gradients, distances of domains, the ramp-up."""

import math

import numpy as np
import pytest
import torch

import components


@pytest.mark.parametrize(("strength", "factor"), [(1.0, 1.0), (0.5, 1.0), (2.0, 0.3), (1.0, 0.0)])
def test_reversal_is_the_identity_with_the_negative_gradient(draw, strength, factor):
    layer = components.create("layer_grl", strength=strength)
    layer.follow(factor)
    x, weights = (1e3 * draw(4, 3)).requires_grad_(), draw(4, 3)
    y = layer(x)
    assert torch.equal(y, x)
    (gradient,) = torch.autograd.grad((y * weights).sum(), x)
    torch.testing.assert_close(gradient, -strength * factor * weights)


def test_two_reversals_are_none(draw):
    layer = components.create("layer_grl", strength=1.0)
    x = draw(4, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(layer(layer(x)).square().sum(), x)
    torch.testing.assert_close(gradient, 2 * x.detach())


def test_a_reversal_of_strength_zero_trains_the_source_alone(draw):
    """The domain-adversarial objective at lambda 0: the features get the gradient of the label loss."""
    features, label, domain = torch.nn.Linear(3, 4).double(), draw(4), draw(4)
    layer = components.create("layer_grl", strength=0.0)
    x = draw(5, 3)
    z = features(x)
    (both,) = torch.autograd.grad((z @ label).sum() + (layer(z) @ domain).square().sum(), features.weight)
    (alone,) = torch.autograd.grad((features(x) @ label).sum(), features.weight)
    torch.testing.assert_close(both, alone)


def test_linear_discrepancy_is_the_squared_distance_of_the_means(draw):
    fs, ft = draw(5, 3), draw(7, 3)
    expected = ((fs.numpy().mean(0) - ft.numpy().mean(0)) ** 2).sum()
    assert components.create("da_ddc_mmd")(fs, ft).item() == pytest.approx(expected)


def test_linear_discrepancy_is_that_of_the_dot_product(draw):
    fs, ft = draw(5, 3), draw(7, 3)
    expected = (fs @ fs.T).mean() + (ft @ ft.T).mean() - 2 * (fs @ ft.T).mean()
    torch.testing.assert_close(components.create("da_ddc_mmd")(fs, ft), expected)


def test_gaussian_discrepancy_sums_over_all_pairs(draw):
    fs, ft = draw(5, 3), draw(7, 3)

    def mean(a, b):
        return np.mean([math.exp(-sum((p - q) ** 2) / (2 * 1.5**2)) for p in a.numpy() for q in b.numpy()])

    expected = mean(fs, fs) + mean(ft, ft) - 2 * mean(fs, ft)
    assert components.create("da_ddc_mmd", kernel="gaussian", bandwidth=1.5)(fs, ft).item() == pytest.approx(expected)


@pytest.mark.parametrize("kernel", ["linear", "gaussian"])
def test_identical_samples_do_not_differ(draw, kernel):
    fs = draw(6, 3)
    loss = components.create("da_ddc_mmd", kernel=kernel)
    assert abs(loss(fs, fs.flip(0)).item()) < 1e-12


def test_only_the_gaussian_kernel_sees_another_spread(draw):
    fs = draw(6, 3)
    fs = fs - fs.mean(0)
    assert components.create("da_ddc_mmd")(fs, 3 * fs).item() < 1e-12
    assert components.create("da_ddc_mmd", kernel="gaussian")(fs, 3 * fs).item() > 0.05


def test_coral_is_the_distance_of_numpys_covariances(draw):
    fs, ft = draw(6, 4), 2 * draw(9, 4)
    difference = np.cov(fs.numpy(), rowvar=False) - np.cov(ft.numpy(), rowvar=False)
    expected = np.linalg.norm(difference, "fro") ** 2 / (4 * 4**2)
    coral = components.create("da_coral")
    assert coral(fs, ft).item() == pytest.approx(expected)
    assert coral(fs + 5, ft - draw(4)).item() == pytest.approx(expected)  # the means do not matter


def test_coral_of_a_single_sample_is_finite(draw):
    fs = draw(6, 4)
    expected = np.linalg.norm(np.cov(fs.numpy(), rowvar=False), "fro") ** 2 / 64
    assert components.create("da_coral")(fs, draw(1, 4)).item() == pytest.approx(expected)


def test_the_ramp_up_follows_its_curves():
    sigmoid, gaussian = components.create("sched_ramp_up"), components.create("sched_ramp_up", curve="gaussian")
    assert sigmoid.factor(0.0, 20) == 0
    assert sigmoid.factor(5.0, 20) == pytest.approx(math.tanh(5 * 0.25))  # 2 / (1 + exp(-2a)) - 1 is tanh(a)
    assert sigmoid.factor(20.0, 20) == pytest.approx(0.9999092)
    assert gaussian.factor(0.0, 20) == pytest.approx(math.exp(-5))
    assert gaussian.factor(10.0, 20) == pytest.approx(math.exp(-1.25))
    assert gaussian.factor(20.0, 20) == 1


def test_a_ramp_up_of_its_own_length_stays_up():
    schedule = components.create("sched_ramp_up", curve="gaussian", length=4.0)
    assert schedule.factor(2.0, 100) == pytest.approx(math.exp(-1.25))
    assert schedule.factor(4.0, 100) == schedule.factor(60.0, 100) == 1


def test_domain_classification_is_the_mean_of_both_domains(draw):
    source, target = draw(5, 1), draw(7, 1)
    p, q = 1 / (1 + np.exp(-source.numpy())), 1 / (1 + np.exp(-target.numpy()))
    expected = (-np.log(1 - p).mean() - np.log(q).mean()) / 2
    loss = components.create("da_dann")
    assert loss(source, target).item() == pytest.approx(expected)
    assert loss(0 * source, 0 * target).item() == pytest.approx(math.log(2))  # it cannot tell


def test_behind_a_reversal_the_classifier_learns_what_the_features_unlearn(draw):
    classifier, layer = torch.nn.Linear(3, 1).double(), components.create("layer_grl", strength=0.5)
    fs, ft = draw(5, 3).requires_grad_(), draw(7, 3).requires_grad_()
    loss = components.create("da_dann")
    tensors = (*classifier.parameters(), fs, ft)
    plain = torch.autograd.grad(loss(classifier(fs), classifier(ft)), tensors)
    reversed_ = torch.autograd.grad(loss(classifier(layer(fs)), classifier(layer(ft))), tensors)
    for expected, gradient, sign in zip(plain, reversed_, (1, 1, -0.5, -0.5), strict=True):
        torch.testing.assert_close(gradient, sign * expected)
