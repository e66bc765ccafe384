"""What fits at a port: by declaration, and proved on meta tensors."""

from __future__ import annotations

import pytest

from builder.compiler.fitting import Bench, axes_of, closeness, may_feed, takes
from components import registry
from components.spec import Dims
from components.tensor_spec import TensorSpec

MAP = TensorSpec(("B", 6, 28, 28))
SEQUENCE = TensorSpec(("B", "T", 64))
TOKENS = TensorSpec(("B", 40), "int64", 500)
LOGITS = TensorSpec(("B", 10))


@pytest.mark.parametrize(
    ("dims", "spec", "expected"),
    [
        (Dims("B C H W"), MAP, True),
        (Dims("B C L | B C H W"), MAP, True),
        (Dims("B T C"), MAP, False),
        (Dims("B *", "int"), MAP, False),
        (Dims("B *", "int"), TOKENS, True),
        (Dims("B *", "any"), TOKENS, True),
        (Dims("B 1"), LOGITS, False),
        (Dims("B 10"), LOGITS, True),
        (Dims("()"), LOGITS, False),
        (Dims("*", kind="schedule"), LOGITS, False),
    ],
)
def test_a_declaration_lets_a_tensor_in_by_rank_size_and_dtype(dims: Dims, spec: TensorSpec, expected: bool) -> None:
    assert takes(dims, spec) is expected


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (Dims("B D"), Dims("B *"), True),
        (Dims("*"), Dims("B C H W"), True),
        (Dims("B D"), Dims("B C H W"), False),
        (Dims("B 1"), Dims("B 2"), False),
        (Dims("B *"), Dims("()"), False),
        (Dims("B T", "int"), Dims("B T"), False),
        (Dims("B T", "any"), Dims("B T"), True),
        (Dims("()", kind="schedule"), Dims("()"), False),
        (Dims("()", kind="schedule"), Dims("*", kind="schedule"), True),
    ],
)
def test_two_declarations_may_meet(given: Dims, wanted: Dims, expected: bool) -> None:
    assert may_feed(given, wanted) is expected


def test_a_port_of_the_same_axes_is_closer_than_one_of_the_same_rank_and_that_than_any() -> None:
    axes = axes_of(Dims("B T C"), SEQUENCE)
    exact, rank, any_ = (closeness(Dims(d), SEQUENCE, axes) for d in ("B T C", "B C L", "*"))
    assert exact > rank > any_


@pytest.mark.parametrize(
    ("component", "port", "spec", "fits", "output"),
    [
        ("conv_standard", "x", MAP, True, ("B", 32, 26, 26)),
        ("pool_max", "x", MAP, True, ("B", 6, 14, 14)),
        ("op_flatten", "x", MAP, True, ("B", 4704)),
        ("conv_standard", "x", LOGITS, False, None),
        ("conv_standard", "x", SEQUENCE, False, None),  # its channels would follow from an axis that varies
        ("attn_multi_head", "q", SEQUENCE, True, ("B", "T", 64)),
        ("embedding", "x", TOKENS, True, None),
        ("embedding", "x", MAP, False, None),
        ("loss_cross_entropy", "logits", LOGITS, True, ()),
        ("metric_accuracy", "logits", LOGITS, True, None),
        ("adv_fgsm", "x", MAP, None, None),  # it needs a block first
    ],
)
def test_components_are_tried_behind_a_port(
    component: str, port: str, spec: TensorSpec, fits: bool | None, output: tuple | None
) -> None:
    verdict = Bench().behind(registry.get(component), port, spec)
    assert verdict.fits is fits
    if output is not None:
        assert verdict.output is not None
        assert verdict.output.shape == output


def test_sizes_that_follow_from_named_axes_are_named() -> None:
    convolved = Bench().behind(registry.get("conv_standard"), "x", TensorSpec(("B", 8, "H", "W"))).output
    assert convolved is not None
    assert convolved.shape == ("B", 32, "H-2", "W-2")


def test_parameters_that_were_set_are_kept_in_the_trial() -> None:
    linear = registry.get("linear")
    assert Bench().behind(linear, "x", LOGITS, {"in_features": 10}).fits
    assert Bench().behind(linear, "x", LOGITS, {"in_features": 11}).fits is False


def test_what_could_come_before_a_port_is_known_from_data_sets_and_examples() -> None:
    bench, convolution = Bench(), registry.get("conv_standard")
    wanted, target = convolution.inputs["x"].dims, (convolution, "x", {})
    digits = bench.before(registry.get("data_digits"), "x", wanted, target)
    assert digits.fits
    assert digits.output is not None
    assert digits.output.shape == ("B", 1, 8, 8)
    assert bench.before(registry.get("data_iris"), "x", wanted, target).fits is False
    assert bench.before(registry.get("pool_max"), "y", wanted, target).fits
    assert bench.before(registry.get("data_csv"), "x", wanted, target).fits is None  # nobody has chosen a file
