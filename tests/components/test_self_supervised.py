"""Losses of self-supervised learning against hand-written sums, MoCo's queue, and collapse with and without its cure."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import components


def cosine(x, y):
    return (x * y).sum(-1) / (x.norm(dim=-1) * y.norm(dim=-1))


# ------------------------------------------------------------------ BYOL and SimSiam


def test_byol_is_twice_one_less_the_cosine(draw):
    prediction, target = draw(5, 3), draw(5, 3)
    loss = components.create("ssl_byol")(prediction, target)
    torch.testing.assert_close(loss, (2 - 2 * cosine(prediction, target)).mean())
    on_sphere = (F.normalize(prediction, dim=-1) - F.normalize(target, dim=-1)).square().sum(-1).mean()
    torch.testing.assert_close(loss, on_sphere)


def test_byol_is_zero_for_one_direction_and_four_for_opposite_ones(draw):
    x = draw(5, 3)
    assert components.create("ssl_byol")(x, 3 * x).item() == pytest.approx(0, abs=1e-7)
    assert components.create("ssl_byol")(x, -x).item() == pytest.approx(4)


def test_simsiam_is_the_mean_negative_cosine_both_ways(draw):
    p1, z2, p2, z1 = (draw(5, 3).requires_grad_() for _ in range(4))
    loss = components.create("ssl_simsiam")(p1, z2, p2, z1)
    torch.testing.assert_close(loss, -(cosine(p1, z2).mean() + cosine(p2, z1).mean()) / 2)
    loss.backward()
    assert z1.grad is None and z2.grad is None and p1.grad is not None and p2.grad is not None


def test_simsiam_without_stop_gradient_trains_the_projections(draw):
    p1, z2, p2, z1 = (draw(5, 3).requires_grad_() for _ in range(4))
    components.create("ssl_simsiam", stop_gradient=False)(p1, z2, p2, z1).backward()
    assert z1.grad.any() and z2.grad.any()


def mlp(inputs, outputs, hidden=64):
    return nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def spread(step, seed=0):
    """The mean standard deviation of unit embeddings (1 / sqrt(D) where evenly spread) after a short toy training."""
    torch.manual_seed(seed)
    encoder = mlp(10, 16)
    head = mlp(16, 16, 8)
    twin = copy.deepcopy(encoder)
    optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1, momentum=0.9)
    x = torch.randn(256, 10)
    for _ in range(150):
        views = [x + 0.3 * torch.randn_like(x) for _ in range(2)]
        optimizer.zero_grad()
        step(encoder, head, twin, *views).backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(twin.parameters(), encoder.parameters(), strict=True):
                slow.lerp_(fast, 0.02)
    return F.normalize(encoder(x), dim=-1).std(0).mean().item() * math.sqrt(16)


def byol_step(encoder, head, twin, v1, v2):
    loss = components.create("ssl_byol")
    with torch.no_grad():
        t1, t2 = twin(v1), twin(v2)
    return loss(head(encoder(v1)), t2) + loss(head(encoder(v2)), t1)


def bare_step(encoder, head, twin, v1, v2):
    return components.create("ssl_byol")(encoder(v1), encoder(v2))


def simsiam_step(stop_gradient):
    loss = components.create("ssl_simsiam", stop_gradient=stop_gradient)

    def step(encoder, head, twin, v1, v2):
        z1, z2 = encoder(v1), encoder(v2)
        return loss(head(z1), z2, head(z2), z1)

    return step


@pytest.mark.parametrize(
    ("method", "without"),
    [(byol_step, bare_step), (simsiam_step(True), simsiam_step(False))],
    ids=["byol", "simsiam"],
)
def test_embeddings_stay_apart_and_collapse_without_the_method(method, without):
    # BYOL without predictor and twin; SimSiam without its stop-gradient.
    assert spread(method) > 0.6
    assert spread(without) < 0.25


# ------------------------------------------------------------------ InfoNCE and SimCLR


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("negatives", [True, False])
def test_infonce_equals_the_sum_written_out(draw, negatives, normalize):
    q, k, other = draw(4, 3), draw(4, 3), draw(7, 3)
    loss = components.create("loss_infonce", temperature=0.3, normalize=normalize)
    similar = cosine if normalize else (lambda x, y: (x * y).sum(-1))
    total = 0.0
    for i in range(4):
        against = list(other) if negatives else [k[j] for j in range(4) if j != i]
        own = math.exp(similar(q[i], k[i]) / 0.3)
        total -= math.log(own / (own + sum(math.exp(similar(q[i], x) / 0.3) for x in against)))
    actual = loss(q, k, other) if negatives else loss(q, k)
    assert actual.item() == pytest.approx(total / 4)


def test_infonce_bounds_the_mutual_information():
    # Two standard normals of correlation r share -log(1 - r^2) / 2 nats each; the best critic is known.
    r, d, batch = 0.9, 2, 512
    generator = torch.Generator().manual_seed(0)
    information = -d / 2 * math.log(1 - r**2)
    loss = components.create("loss_infonce", temperature=1.0, normalize=False)
    bounds = []
    for _ in range(20):
        x, noise = torch.randn(2, batch, d, generator=generator)
        y = r * x + math.sqrt(1 - r**2) * noise
        # log p(y|x) - log p(y) as an inner product of features of x and of y
        scale = 1 / (1 - r**2)
        q = torch.cat([r * scale * x, torch.ones(batch, 1)], 1)
        k = torch.cat([y, -(r**2 * scale / 2) * y.square().sum(1, keepdim=True)], 1)
        bounds.append(math.log(batch) - loss(q, k).item())
    assert 0.9 * information < sum(bounds) / 20 < information
    # With as few as 8 it cannot tell more than log 8 (and tells less than with many).
    assert math.log(8) - loss(q[:8], k[:8]).item() < min(math.log(8), sum(bounds) / 20)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_simclr_equals_the_sum_written_out(draw, temperature):
    z1, z2 = draw(4, 3), draw(4, 3)
    both = [*z1, *z2]
    total = 0.0
    for i in range(8):
        e = [math.exp(cosine(both[i], both[j]) / temperature) for j in range(8)]
        total -= math.log(e[(i + 4) % 8] / (sum(e) - e[i]))
    assert components.create("ssl_simclr", temperature=temperature)(z1, z2).item() == pytest.approx(total / 8)


def test_simclr_treats_the_views_alike(draw):
    z1, z2 = draw(5, 3), draw(5, 3)
    loss = components.create("ssl_simclr")
    torch.testing.assert_close(loss(z1, z2), loss(z2, z1))
    torch.testing.assert_close(loss(4 * z1, z2), loss(z1, z2))


# ------------------------------------------------------------------ MoCo's queue


def test_queue_gives_what_it_held_before(draw):
    queue = components.create("ssl_moco", size=6, embed_dim=3)
    start = queue.queue.clone()
    torch.testing.assert_close(start.norm(dim=1), torch.ones(6))
    k = draw(2, 3).float()
    assert torch.equal(queue(k), start)
    assert torch.equal(queue(k)[:2], k)


@pytest.mark.parametrize(("size", "batch"), [(8, 4), (10, 4), (4, 4), (3, 7)])
def test_queue_holds_exactly_the_last_keys(size, batch):
    queue = components.create("ssl_moco", size=size, embed_dim=1)
    for step in range(9):
        queue(torch.arange(batch * step, batch * (step + 1)).float()[:, None])
    assert sorted(queue.eval()(torch.zeros(1, 1)).flatten().tolist()) == list(range(9 * batch - size, 9 * batch))


def test_queue_stands_still_in_evaluation(draw):
    queue = components.create("ssl_moco", size=4, embed_dim=3).eval()
    before = queue.queue.clone()
    queue(draw(2, 3).float())
    assert torch.equal(queue.queue, before) and queue.oldest.item() == 0


def test_queue_goes_on_from_its_state():
    first, second = (components.create("ssl_moco", size=5, embed_dim=1) for _ in range(2))
    first(torch.arange(3.0)[:, None])
    second.load_state_dict(first.state_dict())
    for queue in (first, second):
        queue(torch.arange(3.0, 7.0)[:, None])
    assert torch.equal(first.queue, second.queue)
    assert sorted(second.queue.flatten().tolist()) == [2, 3, 4, 5, 6]


def test_loss_through_the_queue_can_go_backward_after_it_moved_on(draw):
    queue = components.create("ssl_moco", size=4, embed_dim=3)
    q, k = draw(4, 3).float().requires_grad_(), F.normalize(draw(4, 3).float(), dim=1)
    before = queue.queue.clone()
    components.create("loss_infonce")(q, k, queue(k)).backward()
    gradient, q.grad = q.grad, None
    components.create("loss_infonce")(q, k, before).backward()
    torch.testing.assert_close(gradient, q.grad)
