"""The check of the graph on the desk, as the views use it: nothing until the compiler is loaded, then always up to date."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.graph import Document, Graph
from builder.ui.desk import Desk
from builder.ui.facts import Facts, facts_of
from builder.ui.warm import WARMUP

if TYPE_CHECKING:
    from builder.compiler.fixes import Offers
    from builder.compiler.ownership import Turn
    from builder.compiler.report import Report

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """``report`` is None while the compiler is loading; ``facts`` are those of the open graph.

    ``trains`` says that everything fits and something is there to train it.
    ``turns`` are the optimizers in the order in which they act, with what each trains.
    ``offers`` finds repairs for the problems that are shown.
    ``failure`` is set where the check itself broke down: the graph can still be edited, saved and undone.
    """

    report: Report | None = None
    facts: dict[str, Facts] = field(default_factory=dict)
    trains: bool = False
    failure: str = ""
    turns: tuple[Turn, ...] = ()
    offers: Offers | None = None


def checked(desk: Desk) -> Checked:
    """Checks the graph; the last result is kept, so looking around costs nothing."""
    if not WARMUP.ready:
        return Checked()
    state = desk.state
    if desk.analysis is None or desk.analysis[0] is not state:
        try:
            desk.analysis = (state, _analyse(desk.graph, state))
        except Exception as error:
            logger.exception("The check broke down")
            return Checked(failure=f"{type(error).__name__}: {error}")
    report, turns, offers = desk.analysis[1]
    trains = report.ok and _has_optimizer(desk.graph)
    return Checked(report, facts_of(report, desk.graph, desk.scope), trains, turns=turns, offers=offers)


def _analyse(graph: Graph, state: Document) -> tuple[Report, tuple[Turn, ...], Offers]:
    from builder.compiler.check import Analysis
    from builder.compiler.fixes import Offers
    from builder.compiler.ownership import turns
    from builder.graph import flatten

    analysis = Analysis(flatten(graph))
    return analysis.report, tuple(turns(analysis)), Offers(state, analysis)


def _has_optimizer(graph: Graph) -> bool:
    entries = WARMUP.catalogue or {}
    parts = (graph, *graph.blocks.values())
    used = {data["component"] for part in parts for _, data in part.nodes(data=True)}
    return any(id in entries and entries[id].kind == "optimizer" for id in used)
