"""The exported source of what is no module in a model: schedules, optimizers, strategies and initializers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from builder.export.constructors import construction, record
from builder.export.library import Library, Symbol
from builder.export.script import construction_source
from builder.export.text import Names, formatted
from components import all_components, registry
from components.spec import Component

KINDS = ("scheduler", "optimizer", "strategy", "init")
MOMENTS = (0.0, 0.25, 1.0, 2.5, 4.75)
PARTS = [
    (component, index)
    for component in all_components().values()
    if component.kind in KINDS
    for index in range(max(1, len(component.examples)))
]


def schedule_says(schedule: Any) -> list[float]:
    return [schedule.factor(moment, 5) for moment in MOMENTS]


def optimizer_says(make: Callable[[list[Any]], Any]) -> list[float]:
    """Where an optimizer is after three steps on a quadratic."""
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
    optimizer = make([weight])
    for _ in range(3):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
    return weight.tolist()


def strategy_says(strategy: Any) -> list[Any]:
    generator = torch.Generator().manual_seed(0)
    values = {"logits": 3 * torch.randn(9, 4, generator=generator)}
    if hasattr(strategy, "choose"):
        return strategy.choose(values, generator).tolist()
    if hasattr(strategy, "relabel"):
        return [tensor.tolist() for tensor in strategy.relabel(values, generator)]
    strategy.watch(True)
    return [strategy.update(value) for value in (0.1, 0.3, 0.2, 0.3, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1)]


def init_says(init: Any) -> list[float]:
    layer = torch.nn.MultiheadAttention(6, 2)
    weight = layer.in_proj_weight if getattr(init, "whole", False) else torch.zeros(4, 3, 3, 3)
    with torch.no_grad():
        init(layer if getattr(init, "whole", False) else weight, torch.Generator().manual_seed(0))
    return weight.flatten().tolist()


SAYS: dict[str, Any] = {
    "scheduler": schedule_says,
    "optimizer": optimizer_says,
    "strategy": strategy_says,
    "init": init_says,
}


def params_of(component: Component, index: int) -> dict[str, Any]:
    given = component.examples[index].params if component.examples else {}
    values, errors = component.check(given)
    assert not errors
    return values


def expected(component: Component, index: int) -> Any:
    values = params_of(component, index)
    if component.kind == "optimizer":
        return optimizer_says(lambda weights: registry.create(component.id, params=weights, **values))
    return SAYS[component.kind](registry.create(component.id, **values))


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each part does when its source stands alone, all of them in one file and one process."""
    import inspect

    library = Library(Names([function.__name__ for function in SAYS.values()]))
    library.use(Symbol("torch", ""))
    lines = []
    mark = torch.nn.Parameter(torch.zeros(1))
    for component, index in PARTS:
        values = params_of(component, index)
        if component.kind == "optimizer":
            made = record(lambda c=component, v=values: registry.create(c.id, params=[mark], **v))
            source = f"lambda weights: {construction_source(made, library.object, {id(mark): 'weights'})}"
        else:
            source = construction_source(construction(component.factory, values), library.object)
        lines.append(f'found["{component.id}-{index}"] = {SAYS[component.kind].__name__}({source})')
    helpers = "\n".join(inspect.getsource(function) for function in SAYS.values())
    head = "from __future__ import annotations\nimport json\nfrom collections.abc import Callable\nfrom typing import Any\n"
    body = f"MOMENTS = {MOMENTS}\n{helpers}\nfound = {{}}\n" + "\n".join(lines) + "\nprint(json.dumps(found))\n"
    path: Path = tmp_path_factory.mktemp("parts") / "parts.py"
    path.write_text(formatted("\n\n".join([head + library.imports(), library.definitions(), body])), encoding="utf-8")
    assert "components" not in path.read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(path)], capture_output=True, text=True, check=False, cwd=path.parent
    )
    assert not done.returncode, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(("component", "index"), PARTS, ids=[f"{c.id}-{i}" for c, i in PARTS])
def test_an_exported_part_does_the_same(component: Component, index: int, said: dict[str, Any]) -> None:
    assert said[f"{component.id}-{index}"] == expected(component, index)
