"""What visualizers show, and the ways between codes."""

from __future__ import annotations

import pytest
import torch

import components


def test_images_are_brought_into_range():
    view = components.create("view_images", range=[-1.0, 1.0])
    x = torch.tensor([-3.0, -1.0, 0.0, 0.5, 2.0]).reshape(1, 1, 1, 5)
    assert view(x).flatten().tolist() == [0.0, 0.0, 0.5, 0.75, 1.0]
    assert (view.form, view.every, view.count) == ("images", 5, 64)
    with pytest.raises(ValueError, match="'range' parameter of view_images"):
        components.create("view_images", range=[1.0, 1.0])


def test_sequences_go_through():
    view = components.create("view_sequences", every=2, count=3)
    x = torch.tensor([[1, 2], [3, 4]])
    assert torch.equal(view(x), x)
    assert (view.form, view.every, view.count) == ("sequences", 2, 3)


def test_a_straight_way_by_hand():
    ways = components.create("op_interpolate", steps=3)(torch.tensor([[0.0, 2.0], [4.0, 2.0]]))
    assert ways.tolist() == [[0, 2], [2, 2], [4, 2], [4, 2], [2, 2], [0, 2]]
    other = components.create("op_interpolate", steps=2)(torch.zeros(1, 2, 2), torch.ones(1, 2, 2))
    assert torch.equal(other, torch.stack((torch.zeros(2, 2), torch.ones(2, 2))))


def test_an_arc_keeps_the_length(draw):
    a = torch.tensor([[3.0, 0.0]])
    b = torch.tensor([[0.0, 3.0]])
    way = components.create("op_interpolate", steps=3, path="spherical")(a, b)
    assert way.tolist() == [pytest.approx(p, abs=1e-4) for p in ([3, 0], [3 / 2**0.5] * 2, [0, 3])]
    unit = torch.nn.functional.normalize(draw(2, 7))
    norms = components.create("op_interpolate", steps=5, path="spherical")(unit).norm(dim=1)
    torch.testing.assert_close(norms, torch.ones_like(norms))
    same = components.create("op_interpolate", steps=4, path="spherical")(unit, unit)
    torch.testing.assert_close(same, unit.repeat_interleave(4, 0), rtol=1e-3, atol=1e-3)
