"""The health of nodes in the runs of the workspace, read again only when a file has changed; and how a canvas wears it. No views."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.graph import Graph
from builder.train import Run
from builder.train.health import (
    FILE,
    HISTOGRAMS,
    Figure,
    Illness,
    Record,
    ills_with_blocks,
    records,
    weighty,
    with_blocks,
)
from builder.ui import colouring, run_store
from builder.ui.colouring import Scale
from builder.ui.run_store import Summary


def latest(graph: Graph) -> Summary | None:
    """The newest run of exactly this graph that has looked at its nodes, or is about to."""
    for found in run_store.of_graph(graph):
        if found.status.alive or of_run(found.run):
            return found
    return None


def of_run(run: Run) -> Sequence[Record]:
    """What a run has recorded so far. Not to be changed."""
    version = _version(run, FILE)
    return () if version is None else _records(run.path, version)


def nodes_with_histograms(run: Run) -> Sequence[str]:
    """The nodes whose weights a run has counted. Not to be changed."""
    version = _version(run, HISTOGRAMS)
    return () if version is None else _weighty(run.path, version)


def _version(run: Run, name: str) -> tuple[int, int] | None:
    """What changes with a file; None where there is none."""
    try:
        state = run.file(name).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


@functools.lru_cache(maxsize=16)
def _records(path: Path, _version: tuple[int, int]) -> Sequence[Record]:
    return records(Run(path))


@functools.lru_cache(maxsize=16)
def _weighty(path: Path, _version: tuple[int, int]) -> Sequence[str]:
    return weighty(Run(path))


def scale_of(found: Sequence[Record], figure: Figure) -> Scale | None:
    """One scale for all moments of a run, so that colours mean the same throughout."""
    if figure == "dead":
        return Scale(0.0, 1.0, linear=True)
    return colouring.scale_of(abs(value) for record in found for value in record.values(figure).values())


def figures(record: Record, figure: Figure, paths: Mapping[str, str]) -> dict[str, float]:
    """A figure of nodes and blocks, by the names under which ``paths`` has them; of a mean its size."""
    values = with_blocks(record.values(figure), figure)
    return {name: abs(values[path]) for name, path in paths.items() if path in values}


def ills(record: Record, paths: Mapping[str, str]) -> dict[str, list[tuple[str, Illness]]]:
    """What is wrong at nodes, or within blocks, by the names of ``paths``."""
    found = ills_with_blocks(record)
    return {name: found[path] for name, path in paths.items() if path in found}


def marks_css(found: Mapping[str, Sequence[tuple[str, Illness]]], paths: Mapping[str, str], language: str) -> str:
    """A style sheet for the canvas: a badge on each node that is ill, and words below it while the pointer is there."""
    rules = []
    for name, list_ in found.items():
        node = f'.react-flow__node.body[data-id="{colouring.quoted(name)}"]'
        sign = list_[0][1].sign if len(list_) == 1 else f"{len(list_)} !"
        said = [ill.text(language) if at == paths[name] else f"{at}: {ill.text(language)}" for at, ill in list_[:3]]
        more = [f"+ {len(list_) - 3}"] if len(list_) > 3 else []
        words = "\\a ".join(map(colouring.quoted, [*said, *more]))
        rules.append(
            f'{node}::after{{content:"{colouring.quoted(sign)}"}}{node} .markdown-node::after{{content:"{words}"}}'
        )
    ids = ",".join(f'[data-id="{colouring.quoted(name)}"]' for name in found)
    return "\n".join([_badge(ids), *rules]) if rules else ""


def _badge(ids: str) -> str:
    node = f".react-flow__node.body:is({ids})"
    return (
        f"{node}::after{{position:absolute;right:10px;top:-9px;padding:0 7px;height:18px;line-height:18px;border-radius:9px;"
        "font-size:11px;font-weight:650;font-variant-numeric:tabular-nums;color:light-dark(#fff,#1b1013);background:var(--danger)}\n"
        f"{node} .markdown-node::after{{position:absolute;display:none;left:-1px;right:-1px;top:calc(100% + 6px);padding:6px 9px;"
        "border-radius:8px;white-space:pre-wrap;font-size:11.5px;line-height:15px;color:var(--text);background:var(--danger-wash);"
        "border:1px solid color-mix(in srgb,var(--danger) 45%,transparent);box-shadow:0 6px 18px -6px #0005}\n"
        f"{node}:hover .markdown-node::after{{display:block}}\n{node}:hover{{z-index:4000 !important}}"
    )
