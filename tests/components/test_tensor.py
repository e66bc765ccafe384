"""Ops on shapes against hand-computed cases and numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from components import create, get
from components.errors import InputError
from components.spec import ParameterError


def counted(*shape):
    """0, 1, 2 ... in this shape."""
    return torch.arange(int(np.prod(shape))).reshape(shape)


# ------------------------------------------------------------------ combining


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_concat_joins_in_the_order_of_the_wires(dim):
    a, b, c = counted(2, 3, 4), counted(2, 3, 4) + 100, counted(2, 3, 4) + 200
    y = create("op_concat", dim=dim)(b, a, c)
    assert np.array_equal(y, np.concatenate([b, a, c], dim))


def test_add_and_multiply_take_any_number_and_broadcast():
    a, b, c = torch.tensor([[1.0, 2, 3]]), torch.tensor([[10.0], [20]]), torch.tensor(0.5)
    assert create("op_add")(a, b, c).tolist() == [[11.5, 12.5, 13.5], [21.5, 22.5, 23.5]]
    assert create("op_multiply")(a, b, c).tolist() == [[5, 10, 15], [10, 20, 30]]
    assert torch.equal(create("op_add")(a), a)
    assert torch.equal(create("op_multiply")(a), a)


@pytest.mark.parametrize(
    "a, b", [((3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 6, 3, 4), (4, 5)), ((2, 1, 3, 4), (6, 4, 5))]
)
def test_matmul_equals_numpy(draw, a, b):
    a, b = draw(*a), draw(*b)
    np.testing.assert_allclose(create("op_matmul")(a, b), a.numpy() @ b.numpy())


# ------------------------------------------------------------------ reshaping


@pytest.mark.parametrize(
    "start, end, shape", [(1, -1, (2, 60)), (0, -1, (120,)), (2, 3, (2, 3, 20)), (1, 2, (2, 12, 5))]
)
def test_flatten_joins_neighbouring_axes(start, end, shape):
    x = counted(2, 3, 4, 5)
    y = create("op_flatten", start_dim=start, end_dim=end)(x)
    assert y.shape == shape
    assert torch.equal(y.flatten(), x.flatten())


@pytest.mark.parametrize(
    "shape, expected", [((3, 4), (2, 3, 4)), ((-1,), (2, 12)), ((6, -1), (2, 6, 2)), ((1, 2, 6), (2, 1, 2, 6))]
)
def test_reshape_keeps_the_batch_and_the_order(shape, expected):
    x = counted(2, 4, 3)
    y = create("op_reshape", shape=shape)(x)
    assert y.shape == expected
    assert torch.equal(y.flatten(1), x.flatten(1))


def test_reshape_refuses_what_does_not_fit():
    with pytest.raises(InputError) as caught:
        create("op_reshape", shape=(5, -1))(counted(2, 4, 3))
    assert str(caught.value) == "A sample of shape (4, 3) has 12 values, which do not fit the shape (5, -1)."
    assert "12" in caught.value.message_zh and "(5, -1)" in caught.value.message_zh
    with pytest.raises(InputError, match=r"do not fit the shape \(5, 2\)"):
        create("op_reshape", shape=(5, 2))(counted(2, 4, 3))
    with pytest.raises(ParameterError, match="'shape' parameter of op_reshape must be a list with at most one -1"):
        create("op_reshape", shape=(-1, -1))(counted(2, 4, 3))


@pytest.mark.parametrize("axes", [(0, 2, 1), (2, 0, 1), (0, 1, 2)])
def test_permute_equals_numpy(axes):
    x = counted(2, 3, 4)
    assert np.array_equal(create("op_permute", axes=axes)(x), x.numpy().transpose(axes))


@pytest.mark.parametrize("axes", [(0, 1), (0, 1, 1), (0, 1, 3), (0, 1, 2, 3)])
def test_permute_refuses_what_is_no_order_of_the_axes(axes):
    with pytest.raises(InputError) as caught:
        create("op_permute", axes=axes)(counted(2, 3, 4))
    assert str(caught.value) == (
        f"The 'axes' parameter must name each axis from 0 to 2 once, as the input has 3 axes. Got {axes} instead."
    )


@pytest.mark.parametrize("dim0, dim1", [(1, 2), (0, -1), (2, 2)])
def test_transpose_equals_numpy(dim0, dim1):
    x = counted(2, 3, 4)
    assert np.array_equal(create("op_transpose", dim0=dim0, dim1=dim1)(x), x.numpy().swapaxes(dim0, dim1))


# ------------------------------------------------------------------ parts


@pytest.mark.parametrize(
    "dim, start, stop, step, part",
    [
        (1, 0, None, 1, np.s_[:, :]),
        (1, 2, 5, 1, np.s_[:, 2:5]),
        (1, -4, -1, 2, np.s_[:, -4:-1:2]),
        (-1, 1, None, 3, np.s_[..., 1::3]),
        (0, 0, 1, 1, np.s_[:1]),
        (1, 5, 2, 1, np.s_[:, 5:2]),
    ],
)
def test_slice_equals_numpy(dim, start, stop, step, part):
    x = counted(2, 7, 5)
    y = create("op_slice", dim=dim, start=start, stop=stop, step=step)(x)
    assert np.array_equal(y, x.numpy()[part])


@pytest.mark.parametrize("dim, index", [(1, -1), (0, 1), (-1, 2), (1, 0)])
def test_select_equals_numpy(dim, index):
    x = counted(2, 7, 5)
    assert np.array_equal(create("op_select", dim=dim, index=index)(x), np.take(x.numpy(), index, dim))


@pytest.mark.parametrize("op", ["op_select", "op_slice", "op_mean"])
def test_an_axis_that_is_not_there_is_refused(op):
    with pytest.raises(IndexError, match=r"expected to be in range of \[-2, 1\], but got 4"):
        create(op, dim=4)(torch.ones(2, 3))


def test_split_into_equal_sections():
    x = counted(2, 6, 5)
    parts = create("op_split", sections=3)(x)
    assert [p.tolist() for p in parts] == [p.tolist() for p in np.split(x.numpy(), 3, 1)]


def test_split_into_given_sizes():
    x = counted(2, 6, 5)
    parts = create("op_split", sections=(1, 4), dim=-1)(x)
    assert [p.tolist() for p in parts] == [p.tolist() for p in np.split(x.numpy(), [1], -1)]
    assert torch.equal(create("op_concat", dim=-1)(*parts), x)


def test_split_has_a_port_for_each_section():
    split = get("op_split")
    assert list(split.outputs) == ["y1", "y2"]
    assert list(split.outputs_for({})) == ["y1", "y2"]
    assert list(split.outputs_for({"sections": 4})) == ["y1", "y2", "y3", "y4"]
    assert list(split.outputs_for({"sections": [2, 5, 1]})) == ["y1", "y2", "y3"]
    assert list(split.outputs_for({"sections": "many"})) == ["y1", "y2"]
    assert list(split.outputs_for({"sections": 10**9})) == ["y1", "y2"]


@pytest.mark.parametrize("sections", [4, (2, 3), (2, 3, 2)])
def test_split_refuses_sections_that_do_not_fill_the_axis(sections):
    with pytest.raises(InputError) as caught:
        create("op_split", sections=sections)(counted(2, 6, 5))
    assert str(caught.value) == (
        f"Axis 1 of the input has 6 entries, which the 'sections' parameter ({sections}) does not divide."
    )


# ------------------------------------------------------------------ values


@pytest.mark.parametrize("dim", [0, 1, -1, (1, 2), (-1, 0)])
@pytest.mark.parametrize("keepdim", [True, False])
def test_mean_equals_numpy(draw, dim, keepdim):
    x = draw(2, 3, 4)
    y = create("op_mean", dim=dim, keepdim=keepdim)(x)
    np.testing.assert_allclose(y, x.numpy().mean(dim, keepdims=keepdim))


def test_scale_multiplies_by_a_constant():
    assert create("op_scale", factor=-0.5)(torch.tensor([1.0, -4.0, 0.0])).tolist() == [-0.5, 2.0, 0.0]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scale_factor": 1.5},
        {"scale_factor": 0.5, "mode": "linear"},
        {"scale_factor": None, "size": 7, "mode": "linear", "align_corners": True},
    ],
    ids=str,
)
def test_upsample_equals_the_function(draw, dims, settings):
    x = draw(2, 3, *(6, 5, 4)[:dims])
    options = {"scale_factor": 2.0, **settings}
    if options.get("mode") == "linear":
        options["mode"] = {1: "linear", 2: "bilinear", 3: "trilinear"}[dims]
    torch.testing.assert_close(create("op_upsample", dims=dims, **settings)(x), F.interpolate(x, **options))


def test_upsample_by_hand():
    x = torch.tensor([[[0.0, 4.0]]])
    assert create("op_upsample", dims=1)(x).tolist() == [[[0, 0, 4, 4]]]
    assert create("op_upsample", dims=1, mode="linear")(x).tolist() == [[[0, 1, 3, 4]]]
    corners = create("op_upsample", dims=1, mode="linear", scale_factor=None, size=5, align_corners=True)
    assert corners(x).tolist() == [[[0, 1, 2, 3, 4]]]


def cubic(distance, a=-0.75):
    """Keys' kernel of cubic convolution, with the a that torch has."""
    d = abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


def test_bicubic_upsampling_weighs_four_samples_along_each_axis(draw):
    x = draw(2, 3, 6, 7)
    weights = [torch.zeros(2 * size, size, dtype=torch.float64) for size in (6, 7)]
    for matrix in weights:
        size = matrix.shape[1]
        for i in range(2 * size):
            position = (i + 0.5) / 2 - 0.5
            for j in range(int(np.floor(position)) - 1, int(np.floor(position)) + 3):
                matrix[i, min(max(j, 0), size - 1)] += cubic(position - j)  # the border sample is repeated
    expected = torch.einsum("ih,nchw,jw->ncij", weights[0], x, weights[1])
    torch.testing.assert_close(create("op_upsample", mode="bicubic")(x), expected)


@pytest.mark.parametrize(
    "params, parameter, rule",
    [
        ({"size": 3}, "size", "none, or scale_factor must be none"),
        ({"scale_factor": None}, "scale_factor", "a number where size is none"),
        ({"scale_factor": None, "size": (3, 4, 5)}, "size", "one value, or a list of 2"),
        ({"mode": "bicubic", "dims": 1}, "mode", "'nearest' or 'linear' where the input is not (B, C, H, W)"),
        ({"align_corners": True}, "align_corners", "false where mode is 'nearest'"),
    ],
)
def test_upsample_refuses_values_that_do_not_go_together(params, parameter, rule):
    with pytest.raises(ParameterError) as caught:
        create("op_upsample", **params)
    assert caught.value.parameter == parameter
    assert f"The '{parameter}' parameter of op_upsample must be {rule}" in str(caught.value)
