"""Optimizers that come from the library, against their formulas."""

import math

import pytest
import torch

import components
from components.spec import ParameterError
from tests.components.trajectories import after_component, after_formula, assert_same


def rprop(lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
    def rule(start):
        size, before = torch.full_like(start, lr), torch.zeros_like(start)

        def update(w, g, t):
            nonlocal size, before
            same, turned = g * before > 0, g * before < 0
            size = torch.where(same, (size * etas[1]).clamp(max=step_sizes[1]), size)
            size = torch.where(turned, (size * etas[0]).clamp(min=step_sizes[0]), size)
            before = torch.where(turned, 0.0, g)
            return w - size * before.sign()

        return update

    return rule


def adadelta(lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0):
    def rule(start):
        v = u = torch.zeros_like(start)

        def update(w, g, t):
            nonlocal v, u
            g = g + weight_decay * w
            v = rho * v + (1 - rho) * g * g
            step = (u + eps).sqrt() / (v + eps).sqrt() * g
            u = rho * u + (1 - rho) * step * step
            return w - lr * step

        return update

    return rule


def moments(direction):
    """Adam's averages around a direction (g, m, v, t, state, settings)."""

    def formula(lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, **more):
        def rule(start):
            m = v = torch.zeros_like(start)
            state = {"max": torch.zeros_like(start), "product": 1.0}

            def update(w, g, t):
                nonlocal m, v
                g = g + weight_decay * w
                m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
                return w - lr * direction(g, m, v, t, state, betas, eps, **more)

            return update

        return rule

    return formula


@moments
def adamax(g, m, v, t, state, betas, eps):
    state["max"] = torch.maximum(betas[1] * state["max"], g.abs() + eps)
    return m / (1 - betas[0] ** t) / state["max"]


@moments
def nadam(g, m, v, t, state, betas, eps, momentum_decay=0.004):
    now, following = (betas[0] * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in (t, t + 1))
    state["product"] *= now
    mean = following * m / (1 - state["product"] * following) + (1 - now) * g / (1 - state["product"])
    return mean / ((v / (1 - betas[1] ** t)).sqrt() + eps)


@moments
def amsgrad(g, m, v, t, state, betas, eps):
    state["max"] = torch.maximum(state["max"], v)
    return m / (1 - betas[0] ** t) / ((state["max"] / (1 - betas[1] ** t)).sqrt() + eps)


@moments
def radam(g, m, v, t, state, betas, eps):
    mean, limit = m / (1 - betas[0] ** t), 2 / (1 - betas[1]) - 1
    length = limit - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
    if length <= 5:
        return mean
    r = math.sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
    return mean * r * math.sqrt(1 - betas[1] ** t) / (v.sqrt() + eps)


def adafactor(lr=0.01, decay_power=0.8, min_scale=1e-3, clip=1.0, weight_decay=0.0):
    tiny = torch.finfo(torch.float64).eps

    def rms(x):
        return x.square().mean().sqrt()

    def rule(start):
        v = r = c = torch.zeros_like(start)

        def update(w, g, t):
            nonlocal v, r, c
            kept = 1 - t**-decay_power
            size = max(min_scale, rms(w).item()) * min(lr, 1 / math.sqrt(t))
            w = w * (1 - lr * weight_decay)
            v = kept * v + (1 - kept) * g * g
            found = v
            if g.dim() > 1:  # the means of the averages are the averages of the means
                r, c = v.mean(-1), v.mean(-2)
                found = torch.einsum("...i,...j->...ij", r, c) / r.mean(-1)[..., None, None]
            u = g / found.clamp(min=tiny**2).sqrt()
            return w - size * u / max(1.0, rms(u).item() / clip)

        return update

    return rule


OTHER = {"lr": 0.05, "betas": (0.5, 0.9), "eps": 0.01, "weight_decay": 0.1}
CASES = [
    ("opt_rprop", rprop, {}),
    ("opt_rprop", rprop, {"lr": 0.2, "etas": (0.3, 1.5), "step_sizes": (0.05, 0.3)}),
    ("opt_adadelta", adadelta, {}),
    ("opt_adadelta", adadelta, {"lr": 0.5, "rho": 0.7, "eps": 0.01, "weight_decay": 0.1}),
    ("opt_adamax", adamax, {"lr": 0.1}),
    ("opt_adamax", adamax, OTHER),
    ("opt_nadam", nadam, {"lr": 0.1}),
    ("opt_nadam", nadam, {**OTHER, "momentum_decay": 0.2}),
    ("opt_amsgrad", amsgrad, {"lr": 0.1}),
    ("opt_amsgrad", amsgrad, OTHER),
    ("opt_radam", radam, {"lr": 0.1}),
    ("opt_radam", radam, OTHER),
    ("opt_adafactor", adafactor, {}),
    (
        "opt_adafactor",
        adafactor,
        {"lr": 0.3, "decay_power": 0.5, "min_scale": 0.2, "clip": 1.1, "weight_decay": 0.1},
    ),
]


@pytest.mark.parametrize("id, formula, params", CASES)
def test_trajectory_equals_the_formula(id, formula, params):
    assert_same(after_component(id, **params), after_formula(formula(**params)))


def one(id, **params):
    weight = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
    return weight, components.create(id, params=[weight], **params)


def test_rprop_takes_no_notice_of_the_size_of_gradients():
    ends = []
    for scale in (1.0, 1e6):
        weight, optimizer = one("opt_rprop")
        for g in (1.0, 3.0, -0.2, -5.0, 1.0, 0.3, 0.3):
            weight.grad = torch.tensor(g * scale, dtype=torch.float64)
            optimizer.step()
        ends.append(weight.item())
    assert ends[0] == ends[1] != 0


@pytest.mark.parametrize("bad", [{"etas": (1.2, 0.5)}, {"step_sizes": (1.0, 0.1)}])
def test_rprop_refuses_factors_and_sizes_in_the_wrong_order(bad):
    with pytest.raises(ParameterError, match=f"'{next(iter(bad))}' parameter of opt_rprop"):
        one("opt_rprop", **bad)


def test_amsgrad_converges_where_adam_does_not():
    # Every third slope is 3, the others -1: the mean rises, so -1 is best in [-1, 1].
    ends = {}
    for id in ("opt_adam", "opt_amsgrad"):
        weight, optimizer = one(id, betas=(0.0, 0.1))
        for step in range(3000):
            optimizer.param_groups[0]["lr"] = 0.5 / math.sqrt(step + 1)
            weight.grad = torch.tensor(3.0 if step % 3 == 0 else -1.0, dtype=torch.float64)
            optimizer.step()
            weight.data.clamp_(-1, 1)
        ends[id] = weight.item()
    assert ends["opt_adam"] > 0.8 and ends["opt_amsgrad"] < -0.8, ends


def test_radam_begins_as_momentum():
    weight, optimizer = one("opt_radam", lr=0.1)
    weight.grad = torch.tensor(4.0, dtype=torch.float64)
    seen = []
    for _ in range(6):
        before = weight.item()
        optimizer.step()
        seen.append(before - weight.item())
    assert seen[:5] == pytest.approx([0.4] * 5)  # with the mean gradient as it is
    assert seen[5] < 0.1  # scaled, and the variance is still high


def test_adafactor_keeps_a_row_and_a_column_and_is_exact_for_a_product():
    rows, columns = torch.tensor([1.0, 2.0, 5.0, 0.5]), torch.tensor([3.0, 0.1, 1.0])
    weight = torch.nn.Parameter(torch.ones(4, 3))
    optimizer = components.create("opt_adafactor", params=[weight], clip=1e6)
    weight.grad = torch.outer(rows, columns)
    optimizer.step()
    kept = [t for t in optimizer.state[weight].values() if isinstance(t, torch.Tensor) and t.dim() > 0]
    assert sum(t.numel() for t in kept) == 4 + 3
    torch.testing.assert_close(weight.detach(), torch.full((4, 3), 1 - 0.01))  # every gradient by its own size
