"""Optimizers of our own against timm's, and against slow versions of their formulas."""

import math

import pytest
import timm.optim
import torch

import components
from builder.train import checkpoint
from components import all_components
from tests.components.trajectories import after, after_component, after_formula, assert_same, descend, start

BETAS = (0.6, 0.8)

PEERS = [
    ("opt_lion", {"lr": 0.02}, timm.optim.Lion, {}),
    ("opt_lion", {"lr": 0.02, "betas": BETAS, "weight_decay": 0.3}, timm.optim.Lion, {}),
    ("opt_lars", {"lr": 5.0, "trust": 0.01}, timm.optim.Lars, {"momentum": 0.9, "trust_coeff": 0.01}),
    (
        "opt_lars",
        {"lr": 2.0, "momentum": 0.5, "weight_decay": 0.2, "trust": 0.02},
        timm.optim.Lars,
        {"trust_coeff": 0.02},
    ),
    ("opt_lamb", {"lr": 0.05}, timm.optim.Lamb, {"weight_decay": 0.01}),
    ("opt_lamb", {"lr": 0.05, "betas": BETAS, "eps": 0.1, "weight_decay": 0.3}, timm.optim.Lamb, {}),
    ("opt_novograd", {"lr": 0.02}, timm.optim.NvNovoGrad, {}),
    (
        "opt_novograd",
        {"lr": 0.02, "betas": BETAS, "eps": 0.1, "weight_decay": 0.2},
        timm.optim.NvNovoGrad,
        {},
    ),
]
ALWAYS = {
    timm.optim.Lars: {"always_adapt": True, "eps": 1e-30},
    timm.optim.Lamb: {"always_adapt": True, "max_grad_norm": None},
}


@pytest.mark.parametrize("id, params, peer, own", PEERS)
def test_trajectory_equals_timm(id, params, peer, own):
    given = {k: v for k, v in params.items() if k != "trust"} | own | ALWAYS.get(peer, {})
    tolerance = 1e-5 if peer is timm.optim.NvNovoGrad else 1e-9  # which keeps its average in single precision
    assert_same(after_component(id, **params), after(lambda weights: peer(weights, **given)), tolerance)


# ------------------------------------------------------------------ slow formulas


def adax(lr, betas=(0.9, 1e-4), eps=1e-12, weight_decay=0.05):
    def rule(weight):
        m = v = torch.zeros_like(weight)

        def update(w, g, t):
            nonlocal m, v
            m, v = betas[0] * m + (1 - betas[0]) * g, (1 + betas[1]) * v + betas[1] * g * g
            corrected = v / ((1 + betas[1]) ** t - 1)
            return w - lr * (m / (corrected.sqrt() + eps) + weight_decay * w)

        return update

    return rule


def amos(lr, beta=0.999, momentum=0.0, scale=1.0, weight_decay=0.0):
    def rule(weight):
        v = b = 0.0
        mean = torch.zeros_like(weight)
        fan_in = math.prod(weight.shape[1:])
        eta = scale * (math.sqrt(2 / fan_in) if weight.dim() > 1 else 0.5)

        def update(w, g, t):
            nonlocal v, b, mean
            squared = sum(x**2 for x in g.flatten().tolist()) / g.numel()
            v = beta * v + (1 - beta) * squared
            v_hat = v / (1 - beta**t)
            gamma = (1 + math.sqrt(lr) / 4 * b) ** -0.5 * lr**2 * squared / v_hat
            step = lr * eta * g / math.sqrt(v_hat) + (gamma / 2 + weight_decay) * w
            step = step / (1 + math.sqrt(lr * eta) / 4 * b)
            b = b + gamma * (1 + b)
            mean = momentum * mean + (1 - momentum) * step
            return w - mean

        return update

    return rule


def sm3(lr, momentum=0.9):
    def rule(weight):
        cover = [[0.0] * size for size in weight.shape] or [[0.0]]
        places = list(torch.ones_like(weight).nonzero().tolist()) if weight.dim() else [[0]]
        mean = torch.zeros_like(weight)

        def update(w, g, t):
            nonlocal cover, mean
            flat, following, steps = g.flatten().tolist(), [[0.0] * len(row) for row in cover], []
            for place, x in zip(places, flat, strict=True):
                total = min(cover[axis][i] for axis, i in enumerate(place)) + x * x
                for axis, i in enumerate(place):
                    following[axis][i] = max(following[axis][i], total)
                steps.append(x / math.sqrt(total) if total else 0.0)
            cover = following
            mean = momentum * mean + (1 - momentum) * torch.tensor(steps, dtype=w.dtype).view(w.shape)
            return w - lr * mean

        return update

    return rule


def funnelled(lr, momentum=0.9, beta=0.9, gain_rate=0.01, scale_rate=1e-3, weight_decay=0.0):
    def rule(weight):
        count = weight.numel()
        velocity, average, gain, scale = [0.0] * count, [0.0] * count, [1.0] * count, 1.0

        def update(w, g, t):
            nonlocal velocity, average, gain, scale
            g = (g + weight_decay * w).flatten().tolist()
            lengths = math.dist(g, [0] * count) * math.dist(velocity, [0] * count)
            if lengths:
                cosine = sum(x * u for x, u in zip(g, velocity, strict=True)) / lengths
                scale = min(max(scale * math.exp(scale_rate * cosine), 0.1), 10)
            for i, x in enumerate(g):
                if x * average[i]:
                    gain[i] = min(max(gain[i] * math.exp(math.copysign(gain_rate, x * average[i])), 0.01), 100)
                velocity[i] = momentum * velocity[i] + lr * gain[i] * x
                average[i] = beta * average[i] + (1 - beta) * x
            return w - scale * torch.tensor(velocity, dtype=w.dtype).view(w.shape)

        return update

    return rule


def lookahead(lr, momentum, steps, alpha, weight_decay=0.0):
    def rule(weight):
        slow, velocity = weight, torch.zeros_like(weight)

        def update(w, g, t):
            nonlocal slow, velocity
            velocity = momentum * velocity + g + weight_decay * w
            w = w - lr * velocity
            if t % steps == 0:
                w = slow = slow + alpha * (w - slow)
            return w

        return update

    return rule


FORMULAS = [
    ("opt_adax", adax, {"lr": 0.1}),
    ("opt_adax", adax, {"lr": 0.05, "betas": (0.5, 0.3), "eps": 0.1, "weight_decay": 0.2}),
    ("opt_amos", amos, {"lr": 0.1}),
    ("opt_amos", amos, {"lr": 0.5, "beta": 0.7, "momentum": 0.5, "scale": 2.0, "weight_decay": 0.05}),
    ("opt_sm3", sm3, {"lr": 0.5}),
    ("opt_sm3", sm3, {"lr": 0.2, "momentum": 0.0}),
    ("opt_funnelled_sgdm", funnelled, {"lr": 0.02}),
    (
        "opt_funnelled_sgdm",
        funnelled,
        {"lr": 0.02, "momentum": 0.5, "beta": 0.6, "gain_rate": 0.9, "scale_rate": 0.5, "weight_decay": 0.1},
    ),
    ("opt_lookahead", lookahead, {"inner": "sgd", "lr": 0.02, "momentum": 0.9, "steps": 5, "alpha": 0.5}),
    (
        "opt_lookahead",
        lookahead,
        {"inner": "sgd", "lr": 0.05, "momentum": 0.3, "steps": 3, "alpha": 0.8, "weight_decay": 0.1},
    ),
]


@pytest.mark.parametrize("id, formula, params", FORMULAS)
def test_trajectory_equals_the_formula(id, formula, params):
    own = {name: value for name, value in params.items() if name != "inner"}
    assert_same(after_component(id, **params), after_formula(formula(**own)))


# ------------------------------------------------------------------ what sets each apart


def stepped(id, weight, *gradients, **params):
    weight = torch.nn.Parameter(weight.clone())
    optimizer = components.create(id, params=[weight], **params)
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    return weight.detach(), optimizer.state[weight]


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_lion_moves_every_weight_by_the_learning_rate():
    weight = random(4, 3)
    moved, _ = stepped("opt_lion", weight, random(4, 3, seed=1), lr=0.05)
    torch.testing.assert_close((moved - weight).abs(), torch.full_like(weight, 0.05))


def test_lars_takes_no_notice_of_the_size_of_gradients():
    weight, gradients = random(4, 3), [random(4, 3, seed=s) for s in (1, 2, 3)]
    first, _ = stepped("opt_lars", weight, *gradients, lr=3.0)
    second, _ = stepped("opt_lars", weight, *(1e4 * g for g in gradients), lr=3.0)
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("id", ["opt_lars", "opt_lamb"])
def test_weights_of_zero_can_move(id):
    moved, _ = stepped(id, torch.zeros(3, dtype=torch.float64), random(3), lr=0.1)
    assert (moved != 0).all()


def test_lamb_moves_a_tensor_by_a_share_of_its_norm():
    weight = random(4, 3)
    moved, _ = stepped("opt_lamb", weight, random(4, 3, seed=1), lr=0.03)
    assert (moved - weight).norm().item() == pytest.approx(0.03 * weight.norm().item())


def test_lamb_is_adamw_where_the_ratio_is_one():
    weight, gradient = random(5), random(5, seed=1)
    direction = gradient / (gradient.abs() + 1e-6) + 0.1 * weight
    weight_like = weight * direction.norm() / weight.norm()
    for _ in range(60):  # the direction holds the weights: scale them until both norms agree
        direction = gradient / (gradient.abs() + 1e-6) + 0.1 * weight_like
        weight_like = weight * direction.norm() / weight.norm()
    ours, _ = stepped("opt_lamb", weight_like, gradient, lr=0.05, weight_decay=0.1)
    theirs, _ = stepped("opt_adamw", weight_like, gradient, lr=0.05, weight_decay=0.1, eps=1e-6)
    torch.testing.assert_close(ours, theirs)


def test_adax_keeps_a_constant_square_and_weighs_early_gradients_more():
    gradient = random(3)
    _, state = stepped("opt_adax", torch.ones(3, dtype=torch.float64), *[gradient] * 50)
    torch.testing.assert_close(state["square"], gradient**2)
    large, small = 10 * torch.ones(1), torch.ones(1)
    _, early = stepped("opt_adax", torch.ones(1), large, small, small, betas=(0.9, 0.5))
    _, late = stepped("opt_adax", torch.ones(1), small, small, large, betas=(0.9, 0.5))
    assert early["square"] > late["square"]


def test_adax_goes_on_where_the_power_would_overflow():
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = components.create("opt_adax", params=[weight])
    weight.grad = torch.ones(2)
    optimizer.step()
    optimizer.state[weight]["step"] = 10**8
    optimizer.step()
    assert torch.isfinite(weight).all()


def test_adax_with_hardly_any_growth_takes_the_mean_of_all_squares():
    gradients = [random(3, seed=s) for s in range(4)]
    _, state = stepped("opt_adax", torch.ones(3, dtype=torch.float64), *gradients, betas=(0.9, 1e-18))
    torch.testing.assert_close(state["square"], torch.stack(gradients).square().mean(0))


def test_sm3_of_a_vector_is_adagrad():
    weight, gradients = random(6), [random(6, seed=s) for s in range(1, 8)]
    ours, _ = stepped("opt_sm3", weight, *gradients, lr=0.3, momentum=0.0)
    theirs, _ = stepped("opt_adagrad", weight, *gradients, lr=0.3, eps=1e-30)
    torch.testing.assert_close(ours, theirs)


def test_sm3_keeps_one_number_a_slice_and_leaves_weights_without_gradients():
    gradient = random(4, 3)
    gradient[1] = 0
    moved, state = stepped("opt_sm3", torch.ones(4, 3, dtype=torch.float64), gradient, momentum=0.0)
    assert {name: t.numel() for name, t in state.items()} == {"axis0": 4, "axis1": 3}
    assert torch.equal(moved[1], torch.ones(3, dtype=torch.float64))


def test_novograd_keeps_one_square_a_tensor():
    gradient = random(4, 3)
    _, state = stepped("opt_novograd", random(4, 3, seed=1), gradient)
    torch.testing.assert_close(state["square"], gradient.square().sum())


def test_funnelled_sgdm_without_rates_is_sgd_with_momentum():
    params = {"lr": 0.02, "momentum": 0.8, "weight_decay": 0.1}
    ours = after_component("opt_funnelled_sgdm", gain_rate=0.0, scale_rate=0.0, **params)
    assert_same(ours, after_component("opt_momentum", **params))


@pytest.mark.parametrize("inner", ["adam", "adamw", "radam", "lion"])
def test_lookahead_that_goes_all_the_way_is_the_inner_optimizer(inner):
    params = {"lr": 0.05, "betas": (0.7, 0.9), "weight_decay": 0.1}
    ours = after_component("opt_lookahead", inner=inner, steps=3, alpha=1.0, **params)
    assert_same(ours, after_component(f"opt_{inner}", **params))


def test_lookahead_without_a_way_to_go_returns():
    ours = after_component("opt_lookahead", steps=5, alpha=0.0, lr=0.1)
    assert_same(ours, [weight.detach() for weight in start()])


# ------------------------------------------------------------------ what the loop relies on

OPTIMIZERS = [id for id, entry in all_components().items() if entry.kind == "optimizer"]


def in_groups(id, weights):
    """Two groups with settings of their own, as the training makes them."""
    groups = [{"params": weights[1:3]}, {"params": [weights[0], weights[3]], "lr": 0.03}]
    return components.create(id, params=groups, lr=0.05)


@pytest.mark.parametrize("id", OPTIMIZERS)
def test_a_run_goes_on_exactly_from_a_checkpoint(id, tmp_path):
    whole = start(dtype=torch.float32)
    optimizer = in_groups(id, whole)
    descend(optimizer, whole, 7)
    tensors, state = checkpoint.optimizer_state("optimizer", optimizer)
    checkpoint.save(tmp_path / "last.safetensors", tensors, state)
    resumed = start(seed=1, dtype=torch.float32)
    for weight, kept in zip(resumed, whole, strict=True):
        weight.data.copy_(kept.detach())
    following = in_groups(id, resumed)
    checkpoint.load_optimizer_state("optimizer", following, *checkpoint.load(tmp_path / "last.safetensors"))
    descend(optimizer, whole, 6, first=7)
    descend(following, resumed, 6, first=7)
    for ours, theirs in zip(resumed, whole, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("id", OPTIMIZERS)
def test_groups_have_rates_of_their_own_and_weights_without_gradients_stay(id):
    weights = start()
    optimizer = in_groups(id, weights)
    alone = start()
    descend(optimizer, weights, 1)
    descend(components.create(id, params=[alone[1]], lr=0.05), alone[1:2], 1)
    torch.testing.assert_close(weights[1], alone[1])
    for weight in weights[:3]:
        weight.grad = None
    before = [weight.detach().clone() for weight in weights]
    optimizer.step()
    assert all(torch.equal(w, b) for w, b in zip(weights[:3], before[:3], strict=True))
    assert not torch.equal(weights[3], before[3])
