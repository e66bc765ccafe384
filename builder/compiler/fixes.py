"""Edits that repair a problem. Each is tried on a copy of the graph and offered only where it works."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from builder.compiler.check import Analysis
from builder.compiler.fix_edits import apply
from builder.compiler.fix_shapes import shape_fixes
from builder.compiler.fix_values import value_fixes
from builder.compiler.fix_wires import completions, wire_fixes
from builder.compiler.report import Fix, Problem, Report
from builder.graph import Document, Graph, GraphError, flatten, restored, to_document

__all__ = ["Offers", "add_fixes", "apply", "repair_all"]

MAX_PROBLEMS = 12  # that are looked at, and edits that are tried for one
MAX_TRIALS = 12
MAX_OFFERS = 3
MAX_REPAIRS = 50
UNFIXABLE = ("cycle", "data", "memory")
Place = tuple[str, str, str]


class Offers:
    """The fixes for the problems of a graph, which is given as a document, looked for when they are asked for."""

    def __init__(self, document: Document, analysis: Analysis) -> None:
        self.document, self.analysis = document, analysis
        self.report = analysis.report
        self._known = _places(self.report)
        self._found: dict[Problem, tuple[Fix, ...]] = {}

    def of(self, problem: Problem) -> tuple[Fix, ...]:
        """At most three edits that remove the problem, the likeliest first."""
        if problem not in self._found:
            self._found[problem] = self._look(problem)
        return self._found[problem]

    def missing(self) -> tuple[Fix, ...]:
        """What would make a sound graph one that trains."""
        if not self.report.ok:
            return ()
        tried = ((fix, self._tried(fix)) for fix in completions(self.analysis))
        return tuple(fix for fix, report in tried if report is not None and report.ok)

    def _look(self, problem: Problem) -> tuple[Fix, ...]:
        if problem.code in UNFIXABLE or problem.node not in self.analysis.flat.nodes:
            return ()
        sure: list[Fix] = []
        revealing: list[Fix] = []
        for fix in itertools.islice(_candidates(self.analysis, problem), MAX_TRIALS):
            report = self._tried(fix)
            if report is None or _place(problem) in _places(report):
                continue
            if _places(report) <= self._known:
                sure.append(fix)
            elif self._reveals(problem, report):
                revealing.append(fix)
            if len(sure) == MAX_OFFERS:
                break
        found = sure or revealing[:1]
        if problem.code == "unconnected" and len(found) > 1:  # which wire is wanted is for the person to say
            return ()
        return tuple(found[:MAX_OFFERS])

    def _reveals(self, problem: Problem, after: Report) -> bool:
        """Whether the problem's own node is right and the new problems lay hidden behind it: they are at nodes that could
        not be looked at before.
        """
        if problem.code not in ("mismatch", "parameter", "classes", "shape", "unconnected"):
            return False
        hidden = {path for path, node in self.report.nodes.items() if not node.outputs}
        return all(node in hidden and node != problem.node for node, _, _ in _places(after) - self._known)

    def _tried(self, fix: Fix) -> Report | None:
        """What a check says after the fix; None where it cannot be made."""
        trial = restored(self.document)
        try:
            apply(trial, fix)
        except GraphError:  # the path leads through a block that the fix cannot reach
            return None
        return Analysis(flatten(trial)).report


def add_fixes(graph: Graph, analysis: Analysis) -> None:
    """Adds to each problem of the analysis the fixes that prove to work."""
    offers = Offers(to_document(graph), analysis)
    problems = analysis.report.problems
    found = [offers.of(problem) for problem in problems[:MAX_PROBLEMS]]
    problems[: len(found)] = [replace(p, fixes=f) for p, f in zip(problems[: len(found)], found, strict=True)]


def repair_all(graph: Graph) -> list[Fix]:
    """Applies the likeliest fix of one problem after another, until none is left that has one; the fixes made.

    Raises:
        GraphError: nothing can be repaired.
    """
    made: list[Fix] = []
    while len(made) < MAX_REPAIRS:
        offers = Offers(to_document(graph), Analysis(flatten(graph)))
        fix = next((fixes[0] for problem in offers.report.problems if (fixes := offers.of(problem))), None)
        if fix is None or fix in made:
            break
        apply(graph, fix)
        made.append(fix)
    if not made:
        raise GraphError("There is no problem with a sure repair.", "没有可以确定修复的问题。")
    return made


def _place(problem: Problem) -> Place:
    return problem.node, problem.port, problem.code


def _places(report: Report) -> set[Place]:
    return {_place(problem) for problem in report.problems}


def _candidates(analysis: Analysis, problem: Problem) -> Iterator[Fix]:
    """Edits that may repair a problem, the likeliest first."""
    node = analysis.flat.nodes[problem.node]
    kinds = [value_fixes, shape_fixes, wire_fixes]
    if problem.code in ("mismatch", "shape"):
        kinds = [shape_fixes, value_fixes, wire_fixes]
    for kind in kinds:
        yield from kind(analysis, node, problem)
