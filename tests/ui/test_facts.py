"""Facts of the open graph: through blocks, repeated ones too."""

from __future__ import annotations

import pytest

from builder.compiler import check
from builder.graph import Graph
from builder.ui.facts import facts_of, plain_path


@pytest.mark.parametrize(
    ("path", "plain"),
    [("conv1", ("conv1",)), ("res1/conv1", ("res1", "conv1")), ("res1/n0/conv1", ("res1", "conv1")),
     ("n0/n1/n2", ("n0", "n2")), ("n0", ("n0",))],
)  # fmt: skip
def test_paths_without_copies(path: str, plain: tuple[str, ...]) -> None:
    assert plain_path(path) == plain


def test_a_block_shows_what_leaves_it_and_sums_what_is_inside(nested: Graph) -> None:
    facts = facts_of(check(nested), nested, ())
    assert facts["one"].outputs["y"].shape[1:] == (7,)
    assert facts["one"].parameters == 4 * 7 + 7
    assert facts["many"].outputs["y"].shape[1:] == (5,)
    assert facts["many"].parameters == (7 * 5 + 5) + 2 * (5 * 5 + 5)
    assert facts["many"].params == {"width": 5}


def test_an_open_block_shows_its_first_copy(nested: Graph) -> None:
    facts = facts_of(check(nested), nested, ("many",))
    assert facts["fc"].params["in_features"] == 7
    assert facts["x"].outputs["y"].shape[1:] == (7,)
    assert facts["act"].outputs["y"].shape[1:] == (5,)


def test_a_problem_inside_shows_at_the_block_and_at_the_node(nested: Graph) -> None:
    nested.blocks["pair"].nodes["fc"]["params"]["in_features"] = 99
    report = check(nested)
    outside, inside = facts_of(report, nested, ()), facts_of(report, nested, ("one",))
    assert outside["one"].problems
    assert outside["data"].problems == []
    assert inside["fc"].problems
    assert inside["act"].problems == []


def test_a_block_in_a_block(nested: Graph) -> None:
    outer = Graph()
    outer.place("x", "port_in")
    outer.place("inner", "block:pair", {"width": 3})
    outer.place("y", "port_out")
    from builder.graph import Edge

    outer.wire(Edge("x", "y", "inner", "x"))
    outer.wire(Edge("inner", "y", "y", "x"))
    nested.blocks["outer"] = outer
    nested.place("wrap", "block:outer", settings={"repeat": 2})
    nested.wire(Edge("data", "x", "wrap", "x"))
    report = check(nested)
    assert facts_of(report, nested, ())["wrap"].outputs["y"].shape[1:] == (3,)
    assert facts_of(report, nested, ("wrap", "inner"))["fc"].params["in_features"] == 4
