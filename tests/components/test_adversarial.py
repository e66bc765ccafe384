"""Attacks against loops written by hand: the examples are equal, stay in their box and raise the loss."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import components

Y = torch.tensor([0, 2, 1, 1, 0, 2, 2, 1])


@pytest.fixture
def model() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 3)).double()


@pytest.fixture
def x() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(8, 3, 2, 2, generator=generator, dtype=torch.float64)


def reference(model, x, y, eps, alpha, steps, start=None):
    """Projected gradient descent as the paper writes it: by the mean loss, with a difference that is cut back."""
    delta = torch.zeros_like(x) if start is None else start.clone()
    delta = (x + delta).clamp(0, 1) - x
    for _ in range(steps):
        point = (x + delta).requires_grad_()
        F.cross_entropy(model(point), y).backward()
        delta = torch.minimum(
            torch.maximum(delta + alpha * torch.sign(point.grad), -eps * torch.ones_like(x)), eps + 0 * x
        )
        delta = (x + delta).clamp(0, 1) - x
    return x + delta


@pytest.mark.parametrize("eps", [0.03, 0.3])
def test_fgsm_equals_the_loop(model, x, eps):
    attacked = components.create("adv_fgsm", model=model, eps=eps)(x, Y)
    torch.testing.assert_close(attacked, reference(model, x, Y, eps, eps, 1))
    assert (attacked - x).abs().max() <= eps + 1e-12
    assert attacked.min() >= 0 and attacked.max() <= 1


def test_fgsm_of_radius_zero_is_the_identity(model, x):
    assert torch.equal(components.create("adv_fgsm", model=model, eps=0.0)(x, Y), x)


def test_fgsm_of_a_linear_model_is_known_in_closed_form():
    # CE rises along W^T (p - e_y): for two classes along (w_other - w_right), whatever x is.
    model = nn.Linear(3, 2, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, -2.0, 0.0], [0.0, 1.0, 0.0]]))
    x = torch.full((2, 3), 10.0, dtype=torch.float64)
    attacked = components.create("adv_fgsm", model=model, eps=0.25, range=None)(x, torch.tensor([0, 1]))
    assert (attacked - x).tolist() == [[-0.25, 0.25, 0.0], [0.25, -0.25, 0.0]]


@pytest.mark.parametrize(("eps", "alpha", "steps"), [(0.1, 0.03, 7), (0.3, 0.5, 3), (0.05, 0.05, 1)])
def test_pgd_without_a_random_start_equals_the_loop(model, x, eps, alpha, steps):
    attack = components.create("adv_pgd", model=model, eps=eps, alpha=alpha, steps=steps, random_start=False)
    torch.testing.assert_close(attack(x, Y), reference(model, x, Y, eps, alpha, steps))


def test_one_step_of_the_radius_is_fgsm(model, x):
    one = components.create("adv_pgd", model=model, eps=0.1, alpha=0.1, steps=1, random_start=False)(x, Y)
    torch.testing.assert_close(one, components.create("adv_fgsm", model=model, eps=0.1)(x, Y))


def test_pgd_begins_at_a_random_point_of_the_box(model, x):
    attack = components.create("adv_pgd", model=model, eps=0.2, alpha=0.05, steps=4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        attacked = attack(x, Y)
        again = attack(x, Y)
        torch.manual_seed(3)
        start = 0.2 * (2 * torch.rand_like(x) - 1)
    torch.testing.assert_close(attacked, reference(model, x, Y, 0.2, 0.05, 4, start))
    assert not torch.equal(attacked, again)
    assert start.abs().max() <= 0.2


def test_pgd_stays_in_its_box_and_raises_every_loss(model, x):
    attacked = components.create("adv_pgd", model=model, eps=0.1, alpha=0.03, steps=10)(x, Y)
    assert (attacked - x).abs().max() <= 0.1 + 1e-12
    assert attacked.min() >= 0 and attacked.max() <= 1
    clean, worse = (F.cross_entropy(model(z), Y, reduction="none") for z in (x, attacked))
    assert (worse > clean).all()


@pytest.mark.parametrize("attack", ["adv_fgsm", "adv_pgd"])
def test_attacks_work_without_gradients_and_leave_none(model, x, attack):
    params = {} if attack == "adv_fgsm" else {"random_start": False}
    module = components.create(attack, model=model, **params)
    x.requires_grad_()
    outside = module(x, Y)
    with torch.no_grad():
        inside = module(x, Y)
    assert torch.equal(inside, outside) and not torch.equal(outside, x)
    assert not outside.requires_grad and x.grad is None
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("attack", ["adv_fgsm", "adv_pgd"])
def test_samples_of_unknown_class_are_left_alone(model, x, attack):
    params = {} if attack == "adv_fgsm" else {"random_start": False}
    y = Y.clone()
    y[3] = -100
    attacked = components.create(attack, model=model, **params)(x, y)
    assert torch.equal(attacked[3], x[3])
    assert ((attacked != x).flatten(1).any(1) == (y != -100)).all()


def test_an_attack_takes_any_function(x):
    attacked = components.create("adv_fgsm", model=lambda z: z.mean((2, 3)), eps=0.1, range=None)(x, Y)
    right = F.one_hot(Y, 3).bool()[:, :, None, None].expand_as(x)
    torch.testing.assert_close(attacked - x, 0.1 - 0.2 * right.double())


@pytest.mark.parametrize("attack", ["adv_fgsm", "adv_pgd"])
def test_a_range_that_falls_is_refused(attack):
    with pytest.raises(ValueError, match=rf"'range' parameter of {attack}.*Got \(1.0, 0.0\)"):
        components.create(attack, model=nn.Identity(), range=(1.0, 0.0))
