"""Diffusion against the closed forms of the papers, and samplers with the exact denoiser of Gaussian data."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

import components
from components.generative.diffusion._process import alpha_bars, data_in, mixed, noise_in, target

MEAN, STD = 0.3, 0.5  # of the data in these tests


def exact(steps, predict, schedule="linear"):
    """The best denoiser of data from N(MEAN, STD**2), in closed form."""
    left_of = alpha_bars(schedule, steps).double()

    def denoiser(x, t):
        left = left_of[t].reshape(-1, *[1] * (x.dim() - 1))
        gain = left.sqrt() * STD**2 / (left * STD**2 + 1 - left)
        x0 = MEAN + gain * (x - left.sqrt() * MEAN)
        return target(x0, (x - left.sqrt() * x0) / (1 - left).sqrt(), left, predict)

    return denoiser


def test_linear_schedule_equals_ddpm():
    betas = np.linspace(1e-4, 0.02, 1000)
    np.testing.assert_allclose(alpha_bars("linear", 1000).numpy(), np.cumprod(1 - betas), rtol=1e-5)


def test_cosine_schedule_equals_improved_ddpm():
    def left(t):
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [min(1 - left((i + 1) / 50) / left(i / 50), 0.999) for i in range(50)]
    np.testing.assert_allclose(alpha_bars("cosine", 50).numpy(), np.cumprod(1 - np.array(betas)), rtol=1e-5)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("steps", [2, 20, 100, 1000])
def test_schedules_fall_within_their_range(schedule, steps):
    left = alpha_bars(schedule, steps)
    assert left.shape == (steps,) and torch.isfinite(left).all()
    assert (left.diff() < 0).all() and 0 < left[-1] < 0.01
    if steps >= 100:
        assert left[0] > 0.99


def test_forward_process_equals_its_single_steps():
    """Mean and variance of x_t from t steps with the kernel N(sqrt(1 - beta) x, beta)."""
    steps = 30
    left = alpha_bars("linear", steps).double()
    betas = 1 - left / torch.cat((torch.ones(1), left[:-1]))
    forward = components.create("diff_forward", steps=steps)
    mean, variance = 1.0, 0.0
    for step in range(steps):
        mean, variance = (1 - betas[step]).sqrt() * mean, (1 - betas[step]) * variance + betas[step]
        t = torch.full((1,), step)
        one, zero = torch.ones(1, 1), torch.zeros(1, 1)
        assert forward(one, t, zero).item() == pytest.approx(float(mean), rel=1e-5)
        assert forward(zero, t, one).item() == pytest.approx(math.sqrt(variance), rel=1e-4)


def test_each_sample_has_its_own_step(draw):
    forward = components.create("diff_forward", steps=10)
    x0, eps, t = draw(3, 2, 4), draw(3, 2, 4), torch.tensor([9, 0, 4])
    whole = forward(x0, t, eps)
    for i in range(3):
        torch.testing.assert_close(whole[i : i + 1], forward(x0[i : i + 1], t[i : i + 1], eps[i : i + 1]))


@pytest.mark.parametrize("predict", ["eps", "x0", "v"])
def test_predictions_convert_exactly(draw, predict):
    x0, eps, left = draw(4, 3), draw(4, 3), torch.rand(4, 1, generator=torch.Generator().manual_seed(0)).double()
    x = mixed(x0, eps, left)
    output = target(x0, eps, left, predict)
    torch.testing.assert_close(data_in(x, output, left, predict), x0)
    torch.testing.assert_close(noise_in(x, x0, left), eps)


def test_timestep_embedding_by_hand():
    embedding = components.create("diff_timestep_embedding", embed_dim=6, max_period=1000.0)
    e = embedding(torch.tensor([0, 7]))
    waves = [1.0, 1000 ** (-1 / 3), 1000 ** (-2 / 3)]
    assert e[0].tolist() == [0, 0, 0, 1, 1, 1]
    expected = [math.sin(7 * w) for w in waves] + [math.cos(7 * w) for w in waves]
    assert e[1].tolist() == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ValueError, match=r"'embed_dim' parameter .* must be an even number. Got 5"):
        components.create("diff_timestep_embedding", embed_dim=5)


@pytest.mark.parametrize("predict", ["eps", "x0", "v"])
def test_the_objective_is_the_squared_error_of_its_target(predict):
    """With a denoiser of zeros the loss is the mean square of the target, whose expectation is known."""
    steps, x0 = 50, torch.randn(4000, 8, generator=torch.Generator().manual_seed(0)) * 2
    torch.manual_seed(1)
    value = components.create("diff_ddpm", denoiser=lambda x, t: torch.zeros_like(x), steps=steps, predict=predict)(x0)
    left = alpha_bars("linear", steps)
    expected = {"eps": 1.0, "x0": 4.0, "v": (left + 4 * (1 - left)).mean().item()}[predict]
    assert value.item() == pytest.approx(expected, rel=0.03)


def test_steps_are_spread_evenly():
    seen = []

    def denoiser(x, t):
        seen.append(t)
        return x

    torch.manual_seed(0)
    objective = components.create("diff_ddpm", denoiser=denoiser, steps=7)
    for _ in range(100):
        objective(torch.zeros(6, 2))
    t = torch.stack(seen)
    assert t.dtype == torch.int64 and t.min() == 0 and t.max() == 6
    assert all(len(set(row.tolist())) >= 5 for row in t)  # within a batch
    torch.testing.assert_close(t.flatten().bincount().float(), torch.full((7,), 600 / 7), rtol=0.1, atol=0)


@pytest.mark.parametrize("predict", ["eps", "x0", "v"])
def test_the_best_linear_denoiser_is_the_closed_form_one(predict):
    """Descent on the objective from Gaussian data finds, for each step, the slope and the offset of the formula."""
    steps = 4
    table = nn.Embedding(steps, 2)
    nn.init.zeros_(table.weight)

    def denoiser(x, t):
        slope, offset = table(t).chunk(2, 1)
        return slope * x + offset

    objective = components.create("diff_ddpm", denoiser=denoiser, steps=steps, schedule="cosine", predict=predict)
    optimizer = torch.optim.Adam(table.parameters(), lr=0.05)
    torch.manual_seed(0)
    for step in range(400):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * (1 - step / 400)
        optimizer.zero_grad()
        objective(MEAN + STD * torch.randn(512, 1)).backward()
        optimizer.step()
    t = torch.arange(steps)
    best = exact(steps, predict, "cosine")
    at = [best(torch.full((steps, 1), v, dtype=torch.float64), t).float() for v in (0.0, 1.0)]
    torch.testing.assert_close(table.weight[:, :1], at[1] - at[0], atol=0.05, rtol=0.05)
    torch.testing.assert_close(table.weight[:, 1:], at[0], atol=0.05, rtol=0.05)


@pytest.mark.parametrize(("predict", "variance"), [("eps", "small"), ("x0", "large"), ("v", "large")])
def test_the_ancestral_sampler_returns_the_data(predict, variance):
    torch.manual_seed(0)
    sampler = components.create(
        "diff_ddpm_sampler", denoiser=exact(100, predict), steps=100, predict=predict, variance=variance, clip=False
    )
    x0 = sampler(torch.randn(6000, 1, dtype=torch.float64))
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.03)
    assert x0.std().item() == pytest.approx(STD, abs=0.03)


def test_one_ancestral_step_is_the_posterior_of_bayes():
    """q(x_1 | x_2, x_0) from the densities of the process on a grid, against the step of the sampler."""
    steps, x2, x0 = 3, 0.7, -0.4
    left = alpha_bars("linear", steps).double()
    beta = 1 - left[2] / left[1]
    grid = torch.linspace(-6, 6, 20001, dtype=torch.float64)
    log = -((x2 - (1 - beta).sqrt() * grid) ** 2) / (2 * beta) - (grid - left[1].sqrt() * x0) ** 2 / (2 * (1 - left[1]))
    weight = torch.softmax(log, 0)
    mean = (weight * grid).sum()
    std = (weight * (grid - mean) ** 2).sum().sqrt()
    seen = []

    def denoiser(x, t):
        seen.append(x)
        return torch.full_like(x, x0)

    torch.manual_seed(0)
    components.create("diff_ddpm_sampler", denoiser=denoiser, steps=steps, predict="x0")(
        torch.full((50000, 1), x2, dtype=torch.float64)
    )
    assert seen[1].mean().item() == pytest.approx(mean.item(), abs=0.01)
    assert seen[1].std().item() == pytest.approx(std.item(), rel=0.02)


@pytest.mark.parametrize("predict", ["eps", "x0", "v"])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_ddim_with_full_noise_is_ddpm(draw, predict, schedule):
    xT = draw(5, 3)
    common = {"denoiser": exact(12, predict, schedule), "steps": 12, "schedule": schedule, "predict": predict}
    torch.manual_seed(0)
    ddpm = components.create("diff_ddpm_sampler", **common)(xT)
    torch.manual_seed(0)
    ddim = components.create("diff_ddim", **common, sampling_steps=12, eta=1.0)(xT)
    torch.testing.assert_close(ddim, ddpm, rtol=1e-4, atol=1e-5)


def test_ddim_alone_is_deterministic_and_keeps_the_law(draw):
    xT = draw(5000, 1)
    sampler = components.create("diff_ddim", denoiser=exact(1000, "eps"), steps=1000, sampling_steps=100, clip=False)
    before = torch.get_rng_state()
    x0 = sampler(xT)
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(sampler(xT), x0)
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.02) and x0.std().item() == pytest.approx(STD, abs=0.02)
    assert torch.equal(x0.flatten().argsort(), xT.flatten().argsort())  # a flow of one dimension keeps the order


@pytest.mark.parametrize("sampling_steps", [1, 2, 3, 7, 10])
def test_ddim_walks_from_the_last_step_to_the_first(sampling_steps):
    seen = []

    def denoiser(x, t):
        seen.append(t.unique().item())
        return x

    components.create("diff_ddim", denoiser=denoiser, steps=10, sampling_steps=sampling_steps)(torch.zeros(2, 3))
    assert len(seen) == sampling_steps and seen[0] == 9
    assert seen[-1] == (0 if sampling_steps > 1 else 9)
    assert all(a > b for a, b in itertools.pairwise(seen))


def test_samples_are_clipped_where_asked(draw):
    for id in ("diff_ddpm_sampler", "diff_ddim"):
        params = {"denoiser": lambda x, t: torch.full_like(x, 3.0), "steps": 4, "predict": "x0"}
        params |= {"sampling_steps": 4} if id == "diff_ddim" else {}
        assert components.create(id, **params)(draw(2, 3)).unique().tolist() == [1.0]
        assert components.create(id, **params, clip=False)(draw(2, 3)).unique().tolist() == [3.0]


def test_too_many_sampling_steps_are_refused():
    with pytest.raises(
        ValueError, match=r"'sampling_steps' parameter of diff_ddim must be at most steps \(10\). Got 50"
    ):
        components.create("diff_ddim", denoiser=lambda x, t: x, steps=10)
