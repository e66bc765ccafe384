"""Fields of a form: which one a type gets, and values as text and back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field as Bound

from builder.ui.form.fields import Field, field_for, format_value, parse_value
from components import registry
from components.spec import Count, Inferred, Padding, Parameter, Size, SpatialDims


def parameter(type_: Any, inferred: bool = False, default: Any = None) -> Parameter:
    return Parameter("p", type_, default, Inferred("x", 1) if inferred else None)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (bool, Field("switch")),
        (bool | None, Field("choice", (True, False), none=True)),
        (Literal["mean", "sum"], Field("choice", ("mean", "sum"))),
        (Literal["mean"] | None, Field("choice", ("mean",), none=True)),
        (Count, Field("text", number=True)),
        (Annotated[float, Bound(gt=0)], Field("text", number=True)),
        (float | None, Field("text", none=True, number=True)),
        (Size, Field("text")),
        (Padding, Field("text")),
        (str, Field("text")),
    ],
)
def test_field_of_a_type(type_: Any, expected: Field) -> None:
    assert field_for(parameter(type_)) == expected


def test_an_inferred_choice_offers_its_values() -> None:
    assert field_for(parameter(SpatialDims, inferred=True)) == Field("choice", (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("3", Size, 3),
        (" 3 , 5 ", Size, [3, 5]),
        ("(3, 5)", Size, [3, 5]),
        ("[3,5]", Size, [3, 5]),
        ("3,", Size, [3]),
        ("3，5", Size, [3, 5]),
        ("（3，5）", Size, [3, 5]),
        ("same", Padding, "same"),
        ("1e-5", float, 1e-5),
        ("1", float, 1.0),
        ("1", int, 1),
        ("1e3", int, 1000),
        ("2.5", int, 2.5),
        ("true", bool | None, True),
        ("否", bool | None, False),
        ("", float | None, None),
        ("none", float | None, None),
        ("(1, 2), (3, 4)", tuple[tuple[int, int], ...], [[1, 2], [3, 4]]),
        ('{"a": 1}', dict, {"a": 1}),
        ("3", str, "3"),
        (" a, b ", str, " a, b "),
        ("abc", int, "abc"),
        ("(1, 2", Size, "(1, 2"),
        ("1)", Size, "1)"),
        ("{broken", dict, "{broken"),
        ("1e999", float, "1e999"),
        ("nan", float, "nan"),
    ],
)
def test_what_is_typed(text: str, type_: Any, value: Any) -> None:
    found = parse_value(text, parameter(type_))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (3, "3"), (1.0, "1.0"), (1e-5, "1e-05"), (0.1, "0.1"), ((3, 5), "3, 5"), ((3,), "3,"),
     ([[1, 2], [3, 4]], "(1, 2), (3, 4)"), ("same", "same"), ({"a": 1}, '{"a": 1}')],
)  # fmt: skip
def test_what_is_shown(value: Any, text: str) -> None:
    assert format_value(value) == text


@given(
    st.recursive(
        st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False, width=16) | st.booleans(),
        lambda inner: st.lists(inner, min_size=1, max_size=4),
        max_leaves=8,
    )
)
def test_a_value_shown_and_typed_again_is_the_same(value: Any) -> None:
    found = parse_value(format_value(value), parameter(Any))
    assert found == value
    assert repr(found) == repr(value)


def test_every_default_of_every_component_survives_its_field() -> None:
    for entry in registry.all_components().values():
        for each in entry.parameters.values():
            field = field_for(each)
            if field.kind != "text" or each.required or each.inferred:
                continue
            text = format_value(each.default)
            if not text:
                continue
            typed = parse_value(text, each)
            assert each.check(typed, entry.id) == each.check(each.default, entry.id), (
                f"{entry.id}.{each.name}: {text!r}"
            )
