"""What is known of a component from its examples."""

from __future__ import annotations

import pytest

from builder.compiler.examples import keeps_state


@pytest.mark.parametrize(
    ("id", "has"),
    [
        ("linear", True), ("norm_batch", True), ("act_prelu", True), ("dnorm_standardize", True),
        ("act_tanh", False), ("drop_dropout", False), ("pool_max", False), ("loss_mse", False),
    ],
)  # fmt: skip
def test_what_keeps_weights_or_statistics(id: str, has: bool) -> None:
    assert keeps_state(id) is has
