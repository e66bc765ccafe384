"""Each parameter has a rule, and a value that breaks it is refused by name."""

from __future__ import annotations

import json
import math
import typing
from types import NoneType, UnionType
from typing import Annotated, Any, Literal

import pytest
from pydantic.fields import FieldInfo

from components import all_components, create
from components.spec import MISSING, Component, Parameter, ParameterError
from tests.contract.support import each_component

PARAMETERS = [
    pytest.param(component, parameter, id=f"{component.id}.{parameter.name}")
    for component in all_components().values()
    for parameter in component.parameters.values()
]


def bad_values(type_: Any) -> list[Any]:
    """Values that a type refuses, made from its annotation alone; every branch of a union refuses each of them."""
    origin, args = typing.get_origin(type_), typing.get_args(type_)
    if origin is Annotated:
        beyond = [v for extra in args[1:] if isinstance(extra, FieldInfo) for v in _beyond(extra)]
        return beyond or bad_values(args[0])
    if origin is Literal:
        return ["no such choice"]
    if origin in (typing.Union, UnionType):
        # Just outside the bound of one branch may lie inside another: an object of no listed type is refused by all.
        candidates = [v for arm in args for v in bad_values(arm)] + [{"no": "such value"}]
        return [v for v in candidates if all(_refused(v, arm) for arm in args)]
    if origin is tuple:
        inner = bad_values(args[0])
        return ["text", 7, *([v] for v in inner)]
    if origin is dict or type_ is dict:
        return ["text"]
    return {bool: ["yes", 1], int: [1.5, "text", True], float: ["text", math.nan], str: [7], NoneType: ["text"]}[type_]


def _beyond(info: FieldInfo) -> list[Any]:
    found: list[Any] = []
    for constraint in info.metadata:
        for name, step in (("ge", -1), ("gt", 0), ("le", 1), ("lt", 0)):
            bound = getattr(constraint, name, None)
            if bound is not None:
                found.append(bound + step)
        if getattr(constraint, "min_length", None):
            found.append([])
        if getattr(constraint, "pattern", None):
            found.append("\n no such text \n")
    return found


def _refused(value: Any, type_: Any) -> bool:
    try:
        Parameter("probe", type_).check(value, "probe")
    except ParameterError:
        return True
    return False


@pytest.mark.parametrize(("component", "parameter"), PARAMETERS)
def test_bad_value_is_refused_by_name(component: Component, parameter: Parameter) -> None:
    bad = [7, "", {"no": "node"}] if parameter.block else bad_values(parameter.type)
    assert bad, f"no value is bad for {parameter.type}"
    for value in bad:
        others = {n: _example_value(component, n) for n, p in component.parameters.items() if p.default is MISSING}
        runtime = dict.fromkeys(component.runtime)
        with pytest.raises(ParameterError) as caught:
            create(component.id, **{**others, **runtime, parameter.name: value})
        assert (caught.value.component, caught.value.parameter) == (component.id, parameter.name)
        assert f"'{parameter.name}' parameter of {component.id} must be {parameter.rule[0]}" in str(caught.value)
        assert parameter.name in caught.value.message_zh and parameter.rule[1] in caught.value.message_zh


def _example_value(component: Component, name: str) -> Any:
    """A value for a parameter that has no default."""
    return next((e.params[name] for e in component.examples if name in e.params), 4)


@pytest.mark.parametrize(("component", "parameter"), PARAMETERS)
def test_default_obeys_its_own_rule(component: Component, parameter: Parameter) -> None:
    if parameter.default is MISSING:
        assert parameter.inferred or parameter.block, "a parameter that follows from no input needs a default"
    else:
        assert parameter.check(parameter.default, component.id) == parameter.default


@pytest.mark.parametrize(("component", "parameter"), PARAMETERS)
def test_rule_is_in_words(component: Component, parameter: Parameter) -> None:
    for text in parameter.rule:
        assert text and "typing." not in text and "Annotated" not in text and "<class" not in text


@each_component("parameter_rules")
def test_unknown_parameter_is_refused_by_name(component: Component) -> None:
    with pytest.raises(ParameterError, match=f"'no_such' parameter of {component.id}"):
        create(component.id, no_such=1)


@each_component("parameter_rules")
def test_example_values_obey_the_rules(component: Component) -> None:
    for example in component.examples:
        assert component.check(example.params)[1] == []


@each_component("parameter_rules")
def test_description_is_plain_data(component: Component) -> None:
    described = json.loads(json.dumps(component.describe(), ensure_ascii=False, allow_nan=False))
    assert described["id"] == component.id
    assert list(described["params"].get("properties", {})) == list(component.parameters)
