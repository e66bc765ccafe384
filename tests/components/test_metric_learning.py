"""Losses and figures of distances against torch, and against loops over all pairs and triplets."""

import math

import pytest
import torch
from torch import nn

import components

CLASSES = torch.tensor([0, 1, 0, 2, 1, 0, 2, 1, 0, 3])  # the only sample of class 3 has no positive


# ------------------------------------------------------------------ triplets


@pytest.mark.parametrize("margin", [0.1, 0.3, 2.0])
def test_triplet_equals_torch(draw, margin):
    a, p, n = (draw(6, 4).requires_grad_() for _ in range(3))
    loss = components.create("loss_triplet", margin=margin)(a, p, n)
    gradients = torch.autograd.grad(loss, (a, p, n))
    expected = nn.TripletMarginLoss(margin)(a, p, n)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, (a, p, n)))


def test_squared_triplet_is_facenets():
    a, p = torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    n = torch.tensor([[0.0, 2.0], [0.0, 1.0]])
    loss = components.create("loss_triplet", margin=0.5, squared=True)(a, p, n)
    assert loss.item() == pytest.approx((max(0, 1 - 4 + 0.5) + max(0, 1 - 1 + 0.5)) / 2)


def batch_hard_by_hand(z, y, margin=0.2, soft=False):
    costs = []
    for i in range(len(z)):
        distances = [((z[i] - z[j]) ** 2).sum().sqrt().item() for j in range(len(z))]
        known = [j for j in range(len(z)) if j != i and y[j] != -100]
        positives = [distances[j] for j in known if y[j] == y[i]]
        negatives = [distances[j] for j in known if y[j] != y[i]]
        if y[i] != -100 and positives and negatives:
            gap = max(positives) - min(negatives)
            costs.append(math.log1p(math.exp(gap)) if soft else max(0.0, gap + margin))
    return sum(costs) / len(costs)


@pytest.mark.parametrize("params", [{}, {"margin": 2.0}, {"soft": True}])
@pytest.mark.parametrize("unknown", [(), (0, 4)])
def test_batch_hard_equals_brute_force(draw, params, unknown):
    z, y = draw(10, 3), CLASSES.clone()
    y[list(unknown)] = -100
    loss = components.create("loss_batch_hard_triplet", **params)(z, y)
    assert loss.item() == pytest.approx(batch_hard_by_hand(z, y, **params))


def test_batch_hard_pulls_the_hardest_only(draw):
    z, y = draw(10, 3).requires_grad_(), CLASSES
    components.create("loss_batch_hard_triplet", margin=100.0)(z, y).backward()
    gradient, z.grad = z.grad.clone(), None
    distance = torch.cdist(z, z)
    total = torch.zeros((), dtype=z.dtype)
    for i in range(9):
        like = [j for j in range(10) if y[j] == y[i] and j != i]
        other = [j for j in range(10) if y[j] != y[i]]
        hardest = max(like, key=lambda j: distance[i, j].item()), min(other, key=lambda j: distance[i, j].item())
        total = total + ((z[i] - z[hardest[0]]).norm() - (z[i] - z[hardest[1]]).norm()) / 9
    total.backward()
    torch.testing.assert_close(gradient, z.grad)


@pytest.mark.parametrize("y", [[0, 0, 0], [0, 1, 2], [-100, -100, -100]])
def test_batch_without_triplets_costs_nothing(draw, y):
    z = draw(3, 2).requires_grad_()
    loss = components.create("loss_batch_hard_triplet")(z, torch.tensor(y))
    loss.backward()
    assert loss.item() == 0 and not z.grad.any()


def test_batch_hard_is_finite_where_all_embeddings_coincide():
    z = torch.ones(4, 3, requires_grad=True)
    loss = components.create("loss_batch_hard_triplet", margin=0.7)(z, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(0.7)
    assert z.grad is not None and torch.isfinite(z.grad).all()


# ------------------------------------------------------------------ pairs


def test_contrastive_pair_by_hand():
    z1 = torch.zeros(4, 2)
    z2 = torch.tensor([[3.0, 4.0], [0.3, 0.4], [3.0, 4.0], [0.3, 0.4]])  # distances 5, 0.5, 5, 0.5
    same = torch.tensor([1, 1, 0, 0])
    loss = components.create("loss_contrastive_pair", margin=2.0)(z1, z2, same)
    assert loss.item() == pytest.approx((25 + 0.25 + 0 + 1.5**2) / 8)
    linear = components.create("loss_contrastive_pair", margin=2.0, squared=False)(z1, z2, same)
    assert linear.item() == pytest.approx((5 + 0.5 + 0 + 1.5) / 4)


def test_coincident_positives_and_far_negatives_cost_nothing():
    z1 = torch.tensor([[1.0, 2.0], [0.0, 0.0]], requires_grad=True)
    z2 = torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    loss = components.create("loss_contrastive_pair", margin=2.5)(z1, z2, torch.tensor([1, 0]))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-20)
    torch.testing.assert_close(z1.grad, torch.zeros(2, 2), rtol=0, atol=1e-9)


def test_unknown_pairs_are_left_out(draw):
    z1, z2 = draw(5, 3), draw(5, 3)
    loss = components.create("loss_contrastive_pair")
    same = torch.tensor([1, -100, 0, 1, -100])
    torch.testing.assert_close(loss(z1, z2, same), loss(z1[[0, 2, 3]], z2[[0, 2, 3]], same[[0, 2, 3]]))


def test_same_class_of_known_labels_only():
    op = components.create("op_same_class")
    assert op(torch.tensor([1, 2, -100, 3, -100]), torch.tensor([1, 3, 2, -100, -100])).tolist() == [1, 0] + [-100] * 3


# ------------------------------------------------------------------ Recall@K


def recall_by_hand(z, y, gallery, gallery_y, k, own):
    hits = []
    for i in range(len(z)):
        rows = [j for j in range(len(gallery)) if gallery_y[j] != -100 and not (own and i == j)]
        if y[i] == -100 or not any(gallery_y[j] == y[i] for j in rows):
            continue
        near = sorted(rows, key=lambda j: ((z[i] - gallery[j]) ** 2).sum().item())[:k]
        hits.append(any(gallery_y[j] == y[i] for j in near))
    return sum(hits) / len(hits)


@pytest.mark.parametrize("k", [1, 2, 4, 50])
def test_recall_equals_brute_force(draw, k):
    z, y = draw(40, 2), torch.arange(40) % 7
    y[:3] = -100
    y[39] = 9  # alone in its class: it cannot be found
    gallery, gallery_y = draw(25, 2), torch.arange(25) % 5
    metric = components.create("metric_recall_at_k", top_k=k)
    assert metric(z, y).item() == pytest.approx(recall_by_hand(z, y, z, y, k, own=True))
    expected = recall_by_hand(z, y, gallery, gallery_y, k, own=False)
    assert metric(z, y, gallery, gallery_y).item() == pytest.approx(expected)


def test_recall_never_falls_with_k(draw):
    z, y = draw(60, 3), torch.arange(60) % 6
    values = [components.create("metric_recall_at_k", top_k=k)(z, y).item() for k in (1, 2, 4, 8, 16, 59)]
    assert values == sorted(values) and values[0] < values[-1] == 1


def test_recall_of_clusters_is_one():
    y = torch.arange(4).repeat(5)
    z = torch.eye(4)[y] + 0.01 * torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    assert components.create("metric_recall_at_k")(z, y).item() == 1


def test_recall_tells_near_neighbours_far_from_the_origin():
    # Inner products of single precision cannot: the squared lengths swallow the differences.
    z = torch.tensor([[1000.0, 0.0], [1000.01, 0.0], [1000.03, 0.0], [1000.04, 0.0]])
    assert components.create("metric_recall_at_k")(z, torch.tensor([0, 0, 1, 1])).item() == 1


def test_recall_adds_up_over_queries(draw):
    z, y, gallery, gallery_y = draw(12, 3), torch.arange(12) % 3, draw(9, 3), torch.arange(9) % 3
    metric = components.create("metric_recall_at_k")
    parts = [metric.update(z[i], y[i], gallery, gallery_y) for i in (slice(5), slice(5, 12))]
    torch.testing.assert_close(metric.compute(sum(parts)), metric(z, y, gallery, gallery_y))


def test_a_gallery_needs_its_classes(draw):
    for given in ({"gallery": draw(4, 3)}, {"gallery_y": torch.arange(4)}):
        with pytest.raises(ValueError, match=r"needs the classes \(gallery_y\) with a gallery"):
            components.create("metric_recall_at_k")(draw(5, 3), torch.arange(5), **given)
