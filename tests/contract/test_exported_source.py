"""The exported source of every component gives the same output, in a process without our packages, bit for bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from builder.compiler import Compiled
from builder.export import model_source, verify
from builder.export.errors import ExportError
from components import all_components
from tests.contract.graphs import graph_around
from tests.contract.support import MODULE_KINDS, Case, cases

KINDS = (*MODULE_KINDS, "metric", "sampler")
Key = tuple[str, int, bool]


@pytest.fixture(scope="module")
def outcomes(given_data: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Key, verify.Outcome]]:
    """What became of every example in evaluation and in training: all files are written, then run in one process."""
    folder = tmp_path_factory.mktemp("exported")
    jobs: dict[Key, verify.Job] = {}
    found: dict[Key, verify.Outcome] = {}
    for component in all_components().values():
        for index in range(
            len(component.examples) if component.kind in KINDS and "batches" not in component.tags else 0
        ):
            keys = [(component.id, index, training) for training in (False, True)]
            try:
                job = _job(Case(component, index), folder)
            except ExportError as error:
                found |= dict.fromkeys(keys, verify.Outcome(error=str(error)))
            else:
                jobs |= {key: dataclasses.replace(job, training=key[2]) for key in keys}
    yield found | dict(zip(jobs, verify.run(list(jobs.values())), strict=True))


def _job(case: Case, folder: Path) -> verify.Job:
    tensors = case.tensors()
    graph = graph_around(case.component, case.params, tensors)
    compiled = Compiled(graph, seed=3)
    given = {f"t{i}": t for i, t in enumerate(t for several in tensors.values() for t in several)}
    ends = [("node", port) for port in compiled.report.nodes["node"].outputs]
    whole = compiled.program(ends).eval()
    with torch.no_grad():
        values = whole(*(given[port] for _, port in whole.inputs))  # type: ignore[union-attr]
    made = [end for end, value in zip(ends, values, strict=True) if value is not None]  # None where nobody reads it
    source = model_source(compiled, made)
    path = folder / f"{case.component.id}_{case.index}.py"
    path.write_text(source.text)
    program = compiled.program(made, single=True)
    batch = [given[port] for _, port in source.arguments]
    return verify.Job(path, "python", program, [batch], source.name, seed=3)


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@cases("exported", KINDS)
def test_exported_source_gives_the_same_output(case: Case, training: bool, outcomes: dict[Key, verify.Outcome]) -> None:
    outcome = outcomes[case.component.id, case.index, training]
    assert not outcome.error, outcome.error
    assert outcome.equal, f"differs by {outcome.max_difference}"


@cases("exported", KINDS)
def test_exported_source_has_the_same_initial_weights(case: Case, outcomes: dict[Key, verify.Outcome]) -> None:
    outcome = outcomes[case.component.id, case.index, False]
    tensors = case.tensors()
    expected = Compiled(graph_around(case.component, case.params, tensors), seed=3)
    module = expected.module("node")
    own = {} if module is None else {f"node.{k}": v for k, v in module.state_dict().items()}
    assert outcome.initial.keys() == own.keys()
    for name, tensor in own.items():
        assert torch.equal(outcome.initial[name], tensor), name
