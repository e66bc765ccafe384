"""Run folders as a training would leave them, for tests of what is shown of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from builder.graph import Graph, load
from builder.train import Run
from builder.train.plan import fingerprint
from builder.train.run import Best, Status
from builder.ui import run_store, workspace

STEPS = 10  # in an epoch


def fake_run(
    name: str,
    values: Sequence[float] = (0.5, 0.7),
    status: Status | None = None,
    graph: Graph | None = None,
    created: float | None = None,
    seed: int = 0,
) -> Run:
    """A run whose accuracy took these values in its epochs; finished, where no status is given."""
    graph = graph or load(workspace.GALLERY / "mlp.json")
    info = {
        "title": graph.meta.get("title", ""), "title_zh": graph.meta.get("title_zh", ""), "seed": seed,
        "epochs": len(values), "fingerprint": fingerprint(graph),
    }  # fmt: skip
    run = Run.create(run_store.folder() / name, graph, info)
    if created is not None:
        run.write_info({**run.info(), "created": created})
    best = max(range(len(values)), key=lambda i: values[i]) if values else None
    run.write_status(
        status
        or Status(
            "finished",
            epoch=len(values),
            epochs=len(values),
            step=len(values) * STEPS,
            steps_per_epoch=STEPS,
            seconds=3.0 * len(values),
            parameters=61706,
            best=None if best is None else Best(best + 1, values[best], "accuracy"),
        )
    )
    events = []
    for epoch, value in enumerate(values):
        common = {"rate": {"optimizer": 0.1}, "gradient_norm": {"optimizer": 1.0 + epoch}, "samples_per_second": 100.0}
        for part in (0.3, 0.6):
            step = {"epoch": epoch + part, "step": int(STEPS * (epoch + part)), "train": {"loss": 1 - value}}
            events.append({"event": "step", **step, **common, "seconds": 3.0 * (epoch + part)})
        figures = {"train": {"loss": 1 - value}, "valid": {"accuracy": value, "loss": 1.1 - value}}
        end = {"epoch": epoch + 1, "step": STEPS * (epoch + 1), **figures, "seconds": 3.0 * (epoch + 1)}
        events.append({"event": "epoch", **end, "best": epoch == best, **common})
    run.file("metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return run
