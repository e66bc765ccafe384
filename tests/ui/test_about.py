"""The help on a component: sources become links, all else plain text; formulas, ports, examples, and the line of code."""

from __future__ import annotations

import re

import pytest

from builder import gallery
from builder.compiler.examples import worked
from builder.graph import Edge, Graph
from builder.ui.form.about import call, linked, typeset
from components import all_components, create, get
from components.docstring import port_texts
from components.spec import Component
from tests.ui.pages import desk_of, open_page, run, said

EVERY = pytest.mark.parametrize("component", all_components().values(), ids=lambda c: c.id)


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("He et al., arXiv 1512.03385; torch.nn", "[arXiv 1512\\.03385](https://arxiv.org/abs/1512.03385)"),
        ("Kingma, arXiv\n2107.00630, appendix", "[arXiv 2107\\.00630](https://arxiv.org/abs/2107.00630)"),
        ("LeCun, DOI 10.1109/5.726791.", "[DOI 10\\.1109/5\\.726791](https://doi.org/10.1109/5.726791)"),
    ],
)
def test_papers_are_links(source: str, link: str) -> None:
    assert link in linked(source)


def test_what_surrounds_a_link_keeps_its_blanks_and_its_full_stop() -> None:
    assert (
        re.sub(r"\\(.)", r"\1", linked("A, doi 10.1000/x-1. B"))
        == "A, [doi 10.1000/x-1](https://doi.org/10.1000/x-1). B"
    )


@pytest.mark.parametrize("source", ["see <b>x</b>", "[a](javascript:alert(1))", "http://x.y", "$x$ **y**"])
def test_other_text_has_no_power(source: str) -> None:
    shown = linked(source)
    assert re.sub(r"\\(.)", r"\1", shown) == source
    assert re.search(r"(?<!\\)[<\[$*:]", shown) is None


def test_a_formula_gets_lines_of_its_own() -> None:
    assert typeset("a\n$$x +\n y$$\nwhere $x$") == "a\n\n$$\nx +\n y\n$$\n\nwhere $x$"


def test_the_parts_of_a_formula_stand_below_each_other() -> None:
    assert typeset(r"$$y = x, \quad x = 2$$").split("\n")[2] == (
        r"\begin{gathered} y = x, \\[5pt] x = 2 \end{gathered}"
    )
    assert r"\sqrt{a, \quad b}" in typeset(r"$$\sqrt{a, \quad b}$$"), "not inside of a group"


@EVERY
def test_formulas_are_whole(component: Component) -> None:
    body = typeset(component.doc.body)
    assert body.count("$$") % 2 == 0
    for formula in re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", body, re.DOTALL):
        text = "".join(formula)
        assert text.count("{") - text.count("\\{") == text.count("}") - text.count("\\}")
        assert len(re.findall(r"\\left\b", text)) == len(re.findall(r"\\right\b", text))


@EVERY
def test_an_example_says_what_leaves(component: Component) -> None:
    example = worked(component.id)
    if example is None:
        assert not any(e.inputs for e in component.examples)
    else:
        assert set(example.outputs) <= set(component.outputs_for(example.params)) | {"value"}
        assert example.outputs


def test_an_example_is_right() -> None:
    example = worked("conv_standard")
    assert example is not None
    assert (example.inputs, example.outputs) == ({"x": ((2, 3, 11),)}, {"y": (2, 5, 9)})


def test_words_on_ports() -> None:
    assert port_texts("x: (B, C);\n   more.\ny, z: (B,).") == {"x": "(B, C); more.", "y": "(B,).", "z": "(B,)."}
    assert port_texts("a: (N,); b: (M,), many.") == {"a": "(N,)", "b": "(M,), many."}


def test_the_line_of_code_makes_the_component() -> None:
    line = call(get("linear"), {"in_features": 4, "out_features": 2, "bias": True})
    assert line == 'components.create("linear", in_features=4, out_features=2)'
    assert create("linear", in_features=4, out_features=2).weight.shape == (2, 4)
    assert call(get("opt_adam"), {"lr": 0.1}) == 'components.create("opt_adam", params=..., lr=0.1)'


def test_graphs_that_use_a_component() -> None:
    assert "lenet5" in [graph.path.stem for graph in gallery.users("pool_avg")]
    assert gallery.users("no_such_component") == []


def test_the_panel_shows_it() -> None:
    graph = Graph()
    graph.place("data", "data_iris", position=(0, 0))
    graph.place("bn", "norm_batch", position=(300, 0))
    graph.wire(Edge("data", "x", "bn", "x"))
    app = open_page("build", graph)
    desk_of(app).select(["bn"])
    assert "1502.03167" not in said(run(app))  # folded
    app.session_state["about"] = True
    text = said(run(app))
    assert "https://arxiv.org/abs/1502.03167" in text
    assert "(B,4) float32" in text
    assert "$$\n" in text
    assert "?graph=" in text
    assert 'components.create("norm_batch", num_features=4' in app.code[0].value
