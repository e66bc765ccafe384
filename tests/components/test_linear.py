"""The fully connected layer against the matrix product."""

from __future__ import annotations

import pytest
import torch

from components import create


@pytest.mark.parametrize("shape", [(4, 7), (4, 3, 7), (4, 3, 2, 7)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_a_matrix_product_and_an_offset(draw, shape, bias):
    layer = create("linear", in_features=7, out_features=5, bias=bias).double()
    x = draw(*shape)
    expected = torch.einsum("...i,oi->...o", x, layer.weight)
    torch.testing.assert_close(layer(x), expected + layer.bias if bias else expected)
    assert (layer.bias is not None) == bias
