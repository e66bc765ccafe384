"""The palette speaks both languages and says where everything comes from."""

from __future__ import annotations

import re

import pytest

from components import all_components
from components.glossary import FAMILIES, KINDS, PARAMETERS, family_label, kind_label, parameter_label
from components.spec import KINDS as KNOWN_KINDS
from components.spec import Component
from tests.contract.support import CHECKS, MODULE_KINDS, each_component

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@each_component("documented")
def test_name_and_help_in_both_languages(component: Component) -> None:
    assert component.name.strip() and component.name_zh.strip()
    assert CHINESE.search(component.help_zh), "the Chinese help is not Chinese"
    assert not CHINESE.search(component.name), "the English name is not English"
    assert component.source.strip() and component.family.strip() and component.keywords.strip()


@each_component("documented")
def test_docstring_has_its_parts(component: Component) -> None:
    doc = component.doc
    assert doc.summary.endswith((".", "?")), f"the summary must be a sentence: {doc.summary!r}"
    assert list(doc.args) == list(component.parameters), "Args must list the parameters in their order"
    assert all(text.strip().endswith(".") for text in doc.args.values())
    assert doc.source, "the docstring has no Source"


@each_component("documented", (*MODULE_KINDS, "metric", "sampler", "dataset"))
def test_docstring_gives_the_shape_of_each_port(component: Component) -> None:
    hidden = {"value"} if component.kind == "metric" else set()
    for name in {*component.inputs, *component.outputs} - hidden:
        assert re.search(rf"\b{name}\b", component.doc.shape), f"Shape does not speak of {name}"


@each_component("documented", (*MODULE_KINDS, "metric", "sampler"))
def test_has_an_example(component: Component) -> None:
    assert component.examples


@each_component("documented")
def test_exemptions_name_a_check_and_a_reason(component: Component) -> None:
    for check, reason in component.xfail.items():
        assert check.partition("-")[0] in CHECKS, f"there is no check '{check}'"
        assert reason.strip()


@each_component("documented")
def test_labels_are_in_the_glossary(component: Component) -> None:
    missing = [name for name in component.parameters if name not in PARAMETERS]
    assert not missing, f"components/glossary.py lacks the parameters {missing}"
    assert component.family in FAMILIES, f"components/glossary.py lacks the family {component.family!r}"


def test_every_kind_is_in_the_glossary() -> None:
    assert KINDS.keys() == set(KNOWN_KINDS)


@pytest.mark.parametrize("table", [KINDS, FAMILIES, PARAMETERS], ids=["kinds", "families", "parameters"])
def test_glossary_is_sorted_and_complete(table: dict[str, tuple[str, str]]) -> None:
    assert list(table) == sorted(table)
    for english, chinese in table.values():
        assert english.strip() and not CHINESE.search(english)
        assert CHINESE.search(chinese)


def test_names_differ_within_a_language() -> None:
    # Two cards of the same name could not be told apart.
    for language in ("en", "zh"):
        names = [component.label(language) for component in all_components().values()]
        assert len(names) == len(set(names)), sorted({n for n in names if names.count(n) > 1})


def test_labels_fall_back_to_readable_names() -> None:
    assert parameter_label("kernel_size") == "Kernel size"
    assert parameter_label("kernel_size", "zh") == "卷积核大小"
    assert parameter_label("some_new_thing", "zh") == "Some new thing"
    assert family_label("No Such Family") == "No Such Family"
    assert kind_label("loss", "zh") == "损失函数"
