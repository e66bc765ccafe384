"""Exported projects: the training script repeats the training in the app, on the same data, without our packages."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from builder.compiler import Compiled
from builder.export import ExportError, export, model_source
from builder.export.data_script import write_data
from builder.export.project import copy_uploads, deliver, requirements, write_scripts
from builder.export.text import plain
from builder.export.training import TrainingPlan, plan_training
from builder.export.weights import save_tensors
from builder.graph import FlatNode, Graph, load
from builder.train import Run, train
from components import all_components
from tests.export import trainings
from tests.export.graphs import NASTY, graph

RUNNER = """
import runpy, sys
from pathlib import Path
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("builder", "components"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
script, arguments, folders = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
for folder in folders:
    for name in ("data", "model", "parts"):
        sys.modules.pop(name, None)
    sys.path.insert(0, folder)
    sys.argv = [script, *arguments]
    runpy.run_path(str(Path(folder) / script), run_name="__main__")
    sys.path.remove(folder)
"""


def run_script(script: str, arguments: str, folders: list[Path]) -> str:
    """Runs a script of several projects, one after the other, in one process without our packages; what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER, script, arguments, *map(str, folders)],
        cwd="/", env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr[-3000:]
    return done.stdout


# ------------------------------------------------------------------ the training script


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Run, list[dict[str, Any]], Path]]]:
    """Each training in the app, and what its exported script reports."""
    folder = tmp_path_factory.mktemp("projects")
    folders, found = {}, {}
    for name, make in trainings.ALL.items():
        made: Graph = make()
        folders[name] = folder / name
        folders[name].mkdir()
        compiled = Compiled(made, seed=made.training["seed"])
        plan = plan_training(compiled)
        model = model_source(compiled, layout=plan.layout)
        (folders[name] / "model.py").write_text(model.text, encoding="utf-8")
        save_tensors(plan.layout.state(compiled), folders[name] / "initial.safetensors", {})
        write_scripts(folders[name], plan, model, name, ships_initial=name not in trainings.AS_CONSTRUCTED)
    run_script("train.py", "", list(folders.values()))
    for name, make in trainings.ALL.items():
        train(make(), folder / f"{name}-run")
        history = json.loads((folders[name] / "history.json").read_text())
        found[name] = Run(folder / f"{name}-run"), history, folders[name]
    yield found


@pytest.mark.parametrize("name", trainings.ALL)
def test_the_script_repeats_every_figure_exactly(
    name: str, histories: dict[str, tuple[Run, list[dict[str, Any]], Path]]
) -> None:
    run, history, _ = histories[name]
    expected = [{key: event[key] for key in ("epoch", "train", "valid")} for event in run.history().epochs]
    assert history == expected
    assert len(history) == run.status().epoch


@pytest.mark.parametrize("name", trainings.ALL)
def test_the_script_keeps_the_best_epoch(
    name: str, histories: dict[str, tuple[Run, list[dict[str, Any]], Path]]
) -> None:
    from safetensors.torch import load_file

    run, _, folder = histories[name]
    best = load_file(str(run.checkpoint("best")))
    kept = load_file(folder / "trained.safetensors")
    assert kept
    for key, tensor in kept.items():
        if name == "averages":  # it adds gradients up in another order
            torch.testing.assert_close(best[key], tensor)
        else:
            assert torch.equal(best[key], tensor), key


def test_early_stopping_ends_the_script(histories: dict[str, tuple[Run, list[dict[str, Any]], Path]]) -> None:
    assert len(histories["stopped_early"][1]) == 2


def test_the_script_is_a_plain_loop(histories: dict[str, tuple[Run, list[dict[str, Any]], Path]]) -> None:
    text = (histories["classifier"][2] / "train.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 140
    for line in ("loss.backward()", "optimizer.step()", "optimizer.zero_grad()", "prediction = model(x)"):
        assert f"            {line}\n" in text
    assert "torch.optim.AdamW(model.parameters(), lr=0.01)" in text
    assert "model.scale.fit(model.standardize(everything" in text
    assert not re.search(r"\b(components|builder|lightning)\b", text)


def test_an_optimizer_gets_the_parameters_that_it_owns(
    histories: dict[str, tuple[Run, list[dict[str, Any]], Path]],
) -> None:
    text = (histories["two_optimizers"][2] / "train.py").read_text(encoding="utf-8")
    assert "second_parameters = list(model.critic.parameters())" in text
    assert "first_parameters = [*model.body.parameters(), *model.head.parameters()]" in text
    assert re.search(r"\n            \w+\.backward\(inputs=first_parameters\)\n", text)
    assert re.search(r"\n            \w+\.backward\(inputs=second_parameters\)\n", text)


def plan_of(made: Graph) -> TrainingPlan:
    return plan_training(Compiled(made))


def test_a_graph_without_an_optimizer_has_no_training() -> None:
    with pytest.raises(ExportError, match="no optimizer") as caught:
        plan_of(graph({"data": "data_iris", "fc": "linear"}, ["data.x>fc.x"]))
    assert "优化器" in caught.value.message_zh


@pytest.mark.parametrize("text", NASTY)
def test_a_text_from_a_file_stays_a_text_in_every_script(text: str, tmp_path: Path) -> None:
    def written(title: str) -> list[str]:
        made = trainings.dead_end()
        made.meta.update({"title": title, "description": title, "source": title})
        plan = plan_of(made)
        model = model_source(plan.compiled, layout=plan.layout)
        scripts = write_scripts(tmp_path, plan, model, plain(title) or "the model")
        found = []
        for script in scripts.values():
            tree = ast.parse(script.text.replace(model.name, "Model"))
            assert isinstance(tree.body[0], ast.Expr)
            found.append(ast.unparse(tree.body[1:]))  # type: ignore[arg-type]
        return found

    assert written(text) == written("Plain")


# ------------------------------------------------------------------ the data


OFFLINE = [
    component
    for component in all_components().values()
    if component.kind == "dataset" and not {"download", "upload", "placeholder"} & component.tags
]
DIGESTS = """
import hashlib, importlib, json, sys
import torch
sys.path.insert(0, sys.argv[1])
found = {}
for name in sys.argv[2:]:
    data = importlib.import_module(name).load_data()
    for split in ("train", "valid", "test"):
        samples = data.load(split)
        batch = samples.__getitems__(torch.arange(min(len(samples), 50)))
        digests = {port: hashlib.sha256(t.numpy().tobytes()).hexdigest() for port, t in batch.items()}
        found[f"{name} {split}"] = [len(samples), digests, data.classes]
print(json.dumps(found))
"""


def test_the_data_are_the_same(tmp_path: Path) -> None:
    expected: dict[str, Any] = {}
    for component in OFFLINE:
        values, _ = component.check({})
        node = FlatNode("data", component, {}, {})
        (tmp_path / f"{component.id}.py").write_text(
            write_data([node], {"data": values}, component.name).text, encoding="utf-8"
        )
        dataset = component.factory(**values)
        for split in ("train", "valid", "test"):
            samples = dataset.load(split)
            batch = samples.__getitems__(torch.arange(min(len(samples), 50)))
            digests = {port: hashlib.sha256(t.numpy().tobytes()).hexdigest() for port, t in batch.items()}
            classes = None if dataset.classes is None else list(dataset.classes)
            expected[f"{component.id} {split}"] = [len(samples), digests, classes]
    done = subprocess.run(
        [sys.executable, "-I", "-c", DIGESTS, str(tmp_path), *(component.id for component in OFFLINE)],
        cwd="/", capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr[-3000:]
    assert json.loads(done.stdout) == expected


@pytest.mark.parametrize("name", ["data_mnist", "data_fashion_mnist", "data_cifar10", "data_csv", "data_image_folder"])
def test_data_that_are_fetched_or_uploaded_stand_alone_too(name: str) -> None:
    component = all_components()[name]
    text = write_data([FlatNode("data", component, {}, {})], {"data": component.check({})[0]}, component.name).text
    assert not re.search(r"\b(components|builder|LAYERLOOM_WORKSPACE|Annotated|TensorSpec)\b", text)
    assert "def load(self, split: SplitName)" in text
    assert "return Path(__file__).parent" in text  # files lie beside the script


def test_an_uploaded_file_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path / "workspace"))
    table = tmp_path / "workspace" / "data" / "my table.csv"
    table.parent.mkdir(parents=True)
    table.write_text("a,b,y\n" + "".join(f"{i},{i * i % 7},{i % 2}\n" for i in range(40)))
    made = graph(
        {
            "data": ("data_csv", {"file": "my table.csv", "target": "y"}, {"batch_size": 8}),
            "fc": ("linear", {"out_features": 2}),
            "loss": "loss_cross_entropy",
            "optimizer": ("opt_sgd", {"lr": 0.01}),
        },
        ["data.x>fc.x", "fc.y>loss.logits", "data.y>loss.target", "loss.loss>optimizer.loss"],
    )
    plan = plan_of(made)
    model = model_source(plan.compiled, layout=plan.layout)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "model.py").write_text(model.text, encoding="utf-8")
    write_scripts(folder, plan, model, "A table")
    copy_uploads(folder, plan)
    assert (folder / "data" / "my table.csv").read_text() == table.read_text()
    table.unlink()
    assert "epoch 1: train loss" in run_script("train.py", "--epochs 1", [folder])


# ------------------------------------------------------------------ the folder


def test_a_run_becomes_a_project(histories: dict[str, tuple[Run, list[dict[str, Any]], Path]], tmp_path: Path) -> None:
    run, history, _ = histories["classifier"]
    result = export(run.path, "project", tmp_path / "wine")
    assert result.max_difference == 0.0
    assert result.checked == "the model is equal bit for bit; the first losses of train.py are the app's exactly"
    assert "逐位相同" in result.checked_zh
    assert "best epoch" in result.weights
    folder = tmp_path / "wine"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "README.md", "data.py", "graph.json", "model.py", "parts.py", "predict.py", "requirements.txt", "train.py",
        "weights.safetensors",
    }  # fmt: skip
    assert load(folder / "graph.json").meta["title"] == 'Wine "classes" | 葡萄酒'
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith('# Wine "classes" \\| 葡萄酒\n')
    assert f"{history[0]['train']['loss']:.6g}" in readme
    assert "scikit-learn>=" in (folder / "requirements.txt").read_text()
    printed = run_script("predict.py", "--count 3", [folder])
    assert len(re.findall(r"^\d: class_\d \(\d+\.\d%\), truth: class_\d$", printed, re.MULTILINE)) == 3


def test_a_zip_holds_the_same_folder(
    histories: dict[str, tuple[Run, list[dict[str, Any]], Path]], tmp_path: Path
) -> None:
    folder = histories["whole_graph"][2]
    deliver(folder, tmp_path / "club.zip")
    with zipfile.ZipFile(tmp_path / "club.zip") as archive:
        assert set(archive.namelist()) >= {f"{folder.name}/{name}" for name in ("model.py", "train.py", "data.py")}
        assert archive.testzip() is None
    assert [path.name for path in tmp_path.iterdir()] == ["club.zip"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        export(trainings.whole_graph(), "project", tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_requirements_are_bounded() -> None:
    assert re.fullmatch(r"torch>=2\.\d+,<3\n", requirements(["torch"]))
    assert requirements(["sklearn"]).startswith("scikit-learn>=")
