"""Where a node's weights come from: its own, shared, averaged, of a run."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.graph import BLOCK_PREFIX, Graph, GraphError
from builder.train import Run
from builder.ui import run_store, workspace
from builder.ui.desk import Desk
from builder.ui.form.common import choice, number_field, set_setting, setting
from builder.ui.text import language, t

SOURCES = ("own", "shared", "average", "run")
DECAY = 0.99  # of a moving average where the graph says nothing
FRESH = 3.0  # seconds for which the list of runs is kept
MOST_NODES = 300  # that a list offers
DEEPEST = 4  # blocks in each other that a list looks into


def weights(desk: Desk, node: str) -> None:
    """Draws where the weights come from."""
    now = dict(setting(desk, node, "weights") or {})
    source = str(now.get("from", "own"))
    component = desk.open_graph.nodes[node]["component"]
    others = [path for path in _alike(desk, component) if path != node]
    runs = _runs()
    offered = [s for s in SOURCES if s in ("own", source) or (others if s != "run" else runs)]

    def put(chosen: str) -> None:
        if chosen == "own":
            set_setting(desk, node, "weights", None)
        elif chosen == "run":
            set_setting(desk, node, "weights", {"from": "run", "run": next(iter(runs), "")})
        else:
            kept = str(now.get("node") or "") if source in ("shared", "average") else ""
            extra = {"decay": DECAY} if chosen == "average" else {}
            set_setting(desk, node, "weights", {"from": chosen, "node": kept or next(iter(others), ""), **extra})

    def change(**values: Any) -> None:
        set_setting(desk, node, "weights", {k: v for k, v in {**now, **values}.items() if v is not None})

    names = {s: t(f"source_{s}") for s in offered}
    choice(desk, node, "weights", t("weights"), names, source, put, t("source_help"))
    if source in ("shared", "average"):
        choice(
            desk, node, "weights_node", f"· {t('source_node')}", {n: n for n in others}, str(now.get("node") or ""),
            lambda n: change(node=n),
        )  # fmt: skip
    if source == "average":
        number_field(
            desk, node, "average_decay", "average_decay", now.get("decay"), f"{DECAY:g}", False,
            lambda v: change(decay=v), t("average_decay_help"), 0.0, True,
        )  # fmt: skip
        rises = {name: t(f"rise_{name}") for name in ("constant", "cosine")}
        choice(
            desk, node, "average_rise", f"· {t('average_rise')}", rises, str(now.get("rise", "constant")),
            lambda v: change(rise=v),
        )  # fmt: skip
    if source == "run":
        run = str(now.get("run") or "")
        choice(desk, node, "weights_run", f"· {t('source_run_name')}", runs, run, lambda v: change(run=v, node=None))
        nodes = {"": t("source_same_node"), **{n: n for n in _nodes_in(run, component)}}
        choice(
            desk, node, "weights_run_node", f"· {t('source_run_node')}", nodes, str(now.get("node") or ""),
            lambda v: change(node=v or None),
        )  # fmt: skip


def _alike(desk: Desk, component: str) -> list[str]:
    """The nodes of a component that another one can take its weights from: those beside it, then those of the graph."""
    found = dict.fromkeys(_paths(desk.open_graph, desk.blocks, component))
    if desk.scope:
        found |= dict.fromkeys(p for p in _paths(desk.graph, desk.blocks, component) if p not in desk.open_graph)
    return list(found)[:MOST_NODES]


def _paths(graph: Graph, blocks: dict[str, Graph], component: str, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """The nodes of a component, those inside of blocks that are not repeated too."""
    for node, data in graph.nodes(data=True):
        if data["component"] == component:
            yield f"{prefix}{node}"
        block = blocks.get(data["component"].removeprefix(BLOCK_PREFIX))
        inside = data["component"].startswith(BLOCK_PREFIX) and data["settings"].get("repeat", 1) == 1
        if block is not None and inside and depth < DEEPEST:
            yield from _paths(block, blocks, component, f"{prefix}{node}/", depth + 1)


def _runs() -> dict[str, str]:
    """The runs whose weights can be taken: one's own, then those of the gallery. Looked for anew every few seconds."""
    return _runs_at(int(time.monotonic() / FRESH), run_store.folder(), language())


@functools.lru_cache(maxsize=2)
def _runs_at(_moment: int, _folder: Path, language: str) -> dict[str, str]:
    own = {s.name: s for s in run_store.every() if s.run.checkpoint("best") is not None}
    found = {name: f"{summary.title(language)} · {name}" for name, summary in own.items()}
    shipped = sorted(p.parents[1].name for p in workspace.GALLERY.glob("runs/*/checkpoints/best.safetensors"))
    return found | {name: t("source_gallery", name=name) for name in shipped if name not in own}


def _nodes_in(run: str, component: str) -> list[str]:
    """The nodes of a component in a run's graph."""
    found = run_store.find(run) or Run(workspace.GALLERY / "runs" / run)
    try:
        graph = found.graph() if run else Graph()
    except (OSError, GraphError):
        return []  # it is gone, or damaged: the check says so at the node
    return list(_paths(graph, graph.blocks, component))[:MOST_NODES]
