"""The trainings of a comparison as runs to look into, by an address: the comparison, the choice and the seed."""

from __future__ import annotations

import dataclasses

from builder.comparison import Choice
from builder.graph import GraphError
from builder.ui import comparison_dialog, comparison_store, run_store
from builder.ui.comparison_store import Entry
from builder.ui.run_store import Summary
from builder.ui.text import language, text
from builder.ui.warm import WARMUP


def address(entry: Entry, choice: Choice, seed: int) -> str:
    """How a training is called where runs are chosen; no run of the workspace has a name with a slash."""
    return f"{entry.name}/{choice.folder}/seed{seed}"


def of_address(asked: str | None) -> dict[str, Summary]:
    """All trained runs of the comparison that an address names, by address; empty where it names none."""
    name, slash, _ = (asked or "").partition("/")
    entry = comparison_store.find(name) if slash else None
    return of_comparison(entry) if entry is not None else {}


def of_comparison(entry: Entry) -> dict[str, Summary]:
    """Its trained runs, each called after its choice and its seed."""
    if entry.plan is None:
        return {}
    try:
        trainings = entry.plan.runs(entry.folder.graph())
    except GraphError:
        return {}
    found: dict[str, Summary] = {}
    for choice, seed in trainings:
        run = entry.folder.run(choice, seed)
        if run.exists and run.checkpoint() is not None:
            summary = run_store.summary(run)
            titled = {**summary.info, "label": _label(entry, choice, seed)}
            found[address(entry, choice, seed)] = dataclasses.replace(summary, info=titled)
    return found


def _label(entry: Entry, choice: Choice, seed: int) -> str:
    lang = language()
    named = comparison_dialog.named(choice.name, entry.place, WARMUP.wait_for_catalogue(), lang)
    return f"{text('comparison_now', lang, choice=named, seed=seed)} · {entry.title(lang)}"
