"""Axes of unknown size get numbers and their names back, and plain sizes never get a name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.compiler import check
from builder.compiler.symbols import UNKNOWN, Symbols
from components.tensor_spec import TensorSpec
from tests.compiler.build import chain, graph, image
from tests.compiler.build import given as an_input

AXES = ("B", "T", "V", "E")


def named(size: Callable[..., int], symbols: Symbols | None = None) -> int | str:
    """The name of a size that is computed from the four axes."""
    symbols = symbols or Symbols()
    primes = [symbols.number(axis) for axis in AXES]
    twins = [symbols.twin[prime] for prime in primes]
    symbols.learn((size(*primes),), (size(*twins),))
    return symbols.name(size(*primes))


@pytest.mark.parametrize(
    ("size", "name"),
    [
        (lambda B, T, V, E: B, "B"),
        (lambda B, T, V, E: E, "E"),
        (lambda B, T, V, E: 2 * B, "2*B"),
        (lambda B, T, V, E: B + 1, "B+1"),
        (lambda B, T, V, E: T - 3, "T-3"),
        (lambda B, T, V, E: 3 * T + 2, "3*T+2"),
        (lambda B, T, V, E: T // 2 + 1, "(T+1)/2"),
        (lambda B, T, V, E: (T - 1) // 2, "(T-1)/2"),
        (lambda B, T, V, E: B * T, "T*B"),
        (lambda B, T, V, E: 2 * B * T, "2*T*B"),
        (lambda B, T, V, E: B * (T + 1), "(T+1)*B"),
        (lambda B, T, V, E: B * B, "B*B"),
        (lambda B, T, V, E: V + E, "V+E"),
        (lambda B, T, V, E: B % 97 + T % 89, UNKNOWN),
        (lambda B, T, V, E: 7, 7),
        (lambda B, T, V, E: 10**9, 10**9),
    ],
)
def test_names(size: Callable[..., int], name: int | str) -> None:
    assert named(size) == name


@settings(max_examples=60)
@given(st.sampled_from(AXES), st.integers(1, 300), st.integers(-400, 400))
def test_linear_functions_of_an_axis(axis: str, factor: int, offset: int) -> None:
    index = AXES.index(axis)
    name = named(lambda *axes: factor * axes[index] + offset)
    expected = (axis if factor == 1 else f"{factor}*{axis}") + (f"{offset:+d}" if offset else "")
    assert name == expected


@settings(max_examples=60)
@given(st.lists(st.integers(1, 10**7), max_size=30), st.integers(1, 40))
def test_no_prime_divides_a_size_that_is_taken(sizes: list[int], factor: int) -> None:
    tempting = [*sizes, factor * 100_003, factor * 40_009, factor * 40_013, 100_019 * factor]
    symbols = Symbols(tempting)
    primes = [symbols.number(axis) for axis in AXES]
    for prime in (*primes, *(symbols.twin[p] for p in primes)):
        assert all(size % prime for size in tempting)
        assert all(prime % divisor for divisor in range(2, 400))
    assert len(set(primes)) == 4


def test_too_many_axes() -> None:
    symbols = Symbols()
    for index in range(8):
        symbols.number(f"A{index}")
    with pytest.raises(ValueError, match="at most 8 axes"):
        symbols.number("A8")


def test_messages_speak_of_axes() -> None:
    symbols = Symbols()
    b = symbols.number("B")
    symbols.learn((2 * b,), (2 * symbols.twin[b],))
    assert symbols.rename(f"({b}, 3), {2 * b} of {b}x64") == "(B, 3), 2*B of Bx64"
    assert symbols.rename(f"1{b}0 and {b}7 and 3.{b}") == f"1{b}0 and {b}7 and 3.{b}"


# ------------------------------------------------------------------ in graphs

# Multiples of the numbers that stand for axes, and sizes just above them.
TEMPTING = (10_007, 12_544, 20_014, 25_088, 100_003, 100_004, 200_006, 109_883)


@pytest.mark.parametrize("size", TEMPTING)
def test_plain_sizes_stay_plain(size: int) -> None:
    report = check(chain(("data", an_input(5)), ("fc", ("linear", {"out_features": size})), ("relu", "act_relu")))
    assert report.nodes["relu"].outputs["y"] == TensorSpec(("B", size))
    report = check(chain(("data", an_input(size)), ("fc", ("linear", {"out_features": 3}))))
    assert report.nodes["fc"].inputs["x"][0].shape == ("B", size)
    assert report.nodes["fc"].params["in_features"] == size


def test_plain_sizes_that_arise_on_the_way_stay_plain() -> None:
    # 100003 = 7 * 14286 + 1: no node says it, and it equals the first number that stands for a batch.
    nodes = {"a": an_input(50_001), "b": an_input(50_002), "cat": "op_concat", "relu": "act_relu"}
    report = check(graph(nodes, ["a.x cat.xs", "b.x cat.xs", "cat.y relu.x"]))
    assert report.nodes["relu"].outputs["y"].shape == ("B", 100_003)
    report = check(chain(("data", an_input(8, 112, 112)), ("flat", "op_flatten"), ("relu", "act_relu")))
    assert report.nodes["relu"].outputs["y"].shape == ("B", 100_352)


def test_functions_of_the_batch_in_a_graph() -> None:
    nodes = {
        "data": an_input(6, 4),
        "cat": ("op_concat", {"dim": 0}),
        "flat": ("op_flatten", {"start_dim": 0, "end_dim": 1}),
    }
    report = check(graph(nodes, ["data.x cat.xs cat.xs", "cat.y flat.x"]))
    assert report.nodes["cat"].outputs["y"].shape == ("2*B", 6, 4)
    assert report.nodes["flat"].outputs["y"].shape == ("12*B", 4)
    report = check(chain(("data", an_input(6, 4)), ("slice", ("op_slice", {"dim": 0, "start": 1}))))
    assert report.nodes["slice"].outputs["y"].shape == ("B-1", 6, 4)


def test_costs_count_one_sample_whatever_the_batch_has_become() -> None:
    one = check(chain(("data", an_input(6, 4)), ("fc", ("linear", {"out_features": 5}))))
    assert one.nodes["fc"].flops == 2 * 6 * 4 * 5
    assert one.nodes["fc"].activation_bytes == 6 * 5 * 4
    nodes = {"data": an_input(6, 4), "cat": ("op_concat", {"dim": 0}), "fc": ("linear", {"out_features": 5})}
    two = check(graph(nodes, ["data.x cat.xs cat.xs", "cat.y fc.x"]))
    assert two.nodes["fc"].flops == 2 * 2 * 6 * 4 * 5, "both halves of one sample"


def test_two_data_sets_share_their_batch() -> None:
    report = check(graph({"a": image(4), "b": image(4), "add": "op_add"}, ["a.x add.xs", "b.x add.xs"]))
    assert report.nodes["add"].outputs["y"].shape == ("B", 4)
