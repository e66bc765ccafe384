"""Uncertainty weighting: its value, where it comes to rest, and what it does to two tasks of different noise."""

import math

import pytest
import torch

import components


def weighting(*tasks):
    return components.create("mtlw_uncertainty", tasks=tasks)


def losses(*values):
    return [torch.tensor(v) for v in values]


def test_begins_with_half_the_regressions_and_the_whole_classifications():
    assert weighting("regression", "regression")(*losses(3.0, 5.0)).item() == pytest.approx(4.0)
    assert weighting("classification", "classification")(*losses(3.0, 5.0)).item() == pytest.approx(8.0)
    assert weighting("regression", "classification")(*losses(3.0, 5.0)).item() == pytest.approx(6.5)


def test_equals_the_formula_with_standard_deviations():
    module = weighting("regression", "classification")
    deviation = [0.7, 1.9]
    module.log_var.data = torch.tensor([2 * math.log(s) for s in deviation])
    expected = 3.0 / (2 * 0.7**2) + math.log(0.7) + 5.0 / 1.9**2 + math.log(1.9)
    assert module(*losses(3.0, 5.0)).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("task", "factor"), [("regression", 1.0), ("classification", 2.0)])
def test_variance_comes_to_rest_at_the_loss(task, factor):
    module = weighting(task, task)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        module(*losses(0.3, 6.0)).backward()
        optimizer.step()
    torch.testing.assert_close(module.log_var.exp(), factor * torch.tensor([0.3, 6.0]), rtol=1e-3, atol=0)


def test_a_noisy_task_gets_a_smaller_share_of_the_gradient():
    module = weighting("regression", "regression")
    module.log_var.data = torch.log(torch.tensor([0.01, 4.0]))
    given = [torch.tensor(v, requires_grad=True) for v in (0.01, 4.0)]
    gradients = torch.autograd.grad(module(*given), given)
    assert [gradient.item() for gradient in gradients] == pytest.approx([50.0, 0.125])


def test_recovers_the_noise_of_two_regressions():
    # Two outputs of one line, one measured 20 times as noisily: the learned variances are those of the residuals.
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2000, 1, generator=generator)
    noise = torch.randn(2000, 2, generator=generator) * torch.tensor([0.1, 2.0])
    target = x * torch.tensor([1.5, -0.5]) + noise
    line, module = torch.nn.Linear(1, 2), weighting("regression", "regression")
    optimizer = torch.optim.Adam([*line.parameters(), *module.parameters()], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        module(*(line(x) - target).square().mean(0)).backward()
        optimizer.step()
    torch.testing.assert_close((module.log_var / 2).exp(), torch.tensor([0.1, 2.0]), rtol=0.06, atol=0)


def test_number_of_losses_must_be_that_of_the_tasks():
    with pytest.raises(ValueError, match=r"one task for each loss\. Got 2 tasks and 3 losses instead"):
        weighting("regression", "classification")(*losses(1.0, 2.0, 3.0))
