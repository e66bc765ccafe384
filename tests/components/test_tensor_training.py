"""Ops that training graphs are wired with: gradients stopped, batches taken apart, vectors of length one."""

import pytest
import torch
from torch import nn

import components


def test_stop_gradient_hands_values_on_and_gradients_not(draw):
    x = draw(2, 3, 5).requires_grad_()
    w = draw(2, 3, 5).requires_grad_()
    y = components.create("op_stop_gradient")(x)
    torch.testing.assert_close(y, x.detach(), rtol=0, atol=0)
    (w * y).sum().backward()
    assert x.grad is None
    torch.testing.assert_close(w.grad, x.detach())


def test_stop_gradient_takes_labels():
    y = torch.tensor([1, -100])
    assert components.create("op_stop_gradient")(y).tolist() == [1, -100]


def test_stop_gradient_leaves_the_other_way_open():
    x = torch.tensor([2.0], requires_grad=True)
    y = x * components.create("op_stop_gradient")(x)  # x times a constant 2
    y.backward()
    assert x.grad is not None and x.grad.item() == 2.0


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_batch_roles_cut_in_order(count):
    x = torch.arange(5 * count * 2).view(5 * count, 2)
    parts = components.create("op_batch_roles", count=count)(x)
    assert len(parts) == count
    assert torch.equal(torch.cat(parts), x)
    assert {len(part) for part in parts} == {5}


def test_batch_roles_undo_joined_views(draw):
    views = draw(4, 3), draw(4, 3)
    for part, view in zip(components.create("op_batch_roles", count=2)(torch.cat(views)), views, strict=True):
        assert torch.equal(part, view)


def test_batch_roles_leave_out_what_fills_no_group():
    parts = components.create("op_batch_roles", count=3)(torch.arange(8))
    assert [part.tolist() for part in parts] == [[0, 1], [2, 3], [4, 5]]


def test_batch_roles_refuse_a_batch_that_is_too_small():
    with pytest.raises(ValueError, match=r"'count' parameter of op_batch_roles \(3\) is greater than the batch.* 2 "):
        components.create("op_batch_roles", count=3)(torch.zeros(2, 4))


@pytest.mark.parametrize("dim", [-1, 1, 0])
def test_l2_normalize_keeps_the_direction(draw, dim):
    x = draw(2, 3, 5)
    y = components.create("op_l2_normalize", dim=dim)(x)
    torch.testing.assert_close(torch.linalg.vector_norm(y, dim=dim), torch.ones_like(y.select(dim, 0)))
    similarity = nn.functional.cosine_similarity(x, y, dim=dim)
    torch.testing.assert_close(similarity, torch.ones_like(similarity))


def test_l2_normalize_of_nothing_is_nothing():
    x = torch.zeros(2, 3, requires_grad=True)
    y = components.create("op_l2_normalize")(x)
    assert not y.any()
    y.sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
