"""What a graph needs to be trained, against what there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.compiler import check
from builder.compiler.memory import machine_memory
from builder.graph import Graph
from tests.compiler.build import chain, image


def test_memory_budget() -> None:
    made = chain(
        ("data", image(1000)), ("fc", ("linear", {"out_features": 1000})), ("small", ("linear", {"out_features": 2}))
    )
    need = 16 * (1000 * 1000 + 1000 + 2002) + 4 * 1002
    assert check(made, memory_budget=need).ok
    report = check(made, memory_budget=need - 1)
    (problem,) = report.problems
    assert (problem.node, problem.code) == ("fc", "memory")
    assert "1,003,002 parameters" in problem.message
    assert report.parameters == 1_003_002, "the figures stay"


def test_memory_of_activations() -> None:
    made = chain(
        ("data", image(8, 4000, 4000)),
        ("conv", ("conv_standard", {"out_channels": 64, "padding": 1})),
        ("relu", "act_relu"),
    )
    report = check(made, memory_budget=10**9)
    assert [(p.node, p.code) for p in report.problems] == [("conv", "memory")]


def test_a_graph_without_nodes_needs_nothing() -> None:
    assert check(Graph(), memory_budget=0).ok


def test_machine_memory_is_at_most_that_of_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    def limited(text: str) -> int:
        monkeypatch.setattr(Path, "read_text", lambda path: text)
        return machine_memory()

    whole = limited("max\n")
    assert whole == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert limited(f"{whole // 2}\n") == whole // 2
    assert limited(f"{2 * whole}\n") == whole
