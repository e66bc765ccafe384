"""Compares exported files with the model in the app: each runs in a process of its own, on random batches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from builder.compiler.rng import isolated_rng
from builder.export.errors import ExportError
from builder.export.weights import tensors_of

TIMEOUT = 600.0
TOLERANCE = 1e-4
"""Largest difference, relative to the largest value, at which another runtime's result still counts as the same."""


@dataclass
class Job:
    """One exported file to run.

    Args:
        file: the exported file.
        format: ``python``, ``pt2`` or ``onnx``.
        program: the model in the app, whose weights the Python file is given.
        batches: the inputs, once for each run.
        class_name: of the model in a Python file.
        seed: of what is random while constructing and running.
        training: run the Python file, and the program, in training mode.
        weights: a file with the weights that the Python file loads; those of the program where None.
    """

    file: Path
    format: str
    program: nn.Module
    batches: Sequence[Sequence[Tensor]]
    class_name: str = ""
    seed: int = 0
    training: bool = False
    weights: Path | None = None


@dataclass
class Outcome:
    """What came out: ``error`` where the file did not run, else how far it is from the model in the app."""

    error: str = ""
    max_difference: float = 0.0
    scale: float = 0.0
    """The largest absolute value of the outputs."""
    equal: bool = False
    """Whether every bit is the same."""
    initial: dict[str, Tensor] = field(default_factory=dict)
    """A Python file's weights as it was constructed under the seed."""
    frozen: list[str] = field(default_factory=list)
    """Its parameters that do not train."""

    @property
    def close(self) -> bool:
        return not self.error and self.max_difference <= TOLERANCE * max(1.0, self.scale)


def run(jobs: Sequence[Job]) -> list[Outcome]:
    """Runs all jobs in one fresh process and compares."""
    with tempfile.TemporaryDirectory(prefix="layerloom-check-") as folder:
        described = [_describe(job, Path(folder), number) for number, job in enumerate(jobs)]
        path = Path(folder) / "jobs.json"
        path.write_text(json.dumps(described))
        script = str(Path(__file__).with_name("_fresh.py"))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [sys.executable, "-I", "-W", "ignore", script, str(path)],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        return [_compare(job, d, done) for job, d in zip(jobs, described, strict=True)]


def _describe(job: Job, folder: Path, number: int) -> dict[str, object]:
    base = folder / str(number)
    if job.format == "python" and job.weights is None:
        save_file(tensors_of(job.program), f"{base}.weights")
    save_file(
        {f"{b}/{i}": x.contiguous() for b, xs in enumerate(job.batches) for i, x in enumerate(xs)}, f"{base}.batches"
    )
    return {
        "file": str(job.file.resolve()),
        "format": job.format,
        "class": job.class_name,
        "weights": str(job.weights or f"{base}.weights"),
        "initial": f"{base}.initial" if job.format == "python" else "",
        "batches": f"{base}.batches",
        "count": len(job.batches),
        "outputs": f"{base}.outputs",
        "seed": job.seed,
        "training": job.training,
        "threads": torch.get_num_threads(),
    }


def _compare(job: Job, described: dict[str, object], done: subprocess.CompletedProcess[str]) -> Outcome:
    error = Path(f"{described['outputs']}.error")
    outputs = Path(str(described["outputs"]))
    if error.exists():
        return Outcome(error.read_text())
    if not outputs.exists():
        return Outcome(f"The process ended with {done.returncode}: {done.stderr[-2000:]}")
    found = load_file(outputs)
    outcome = Outcome(equal=True)
    if job.format == "python":
        outcome.initial = load_file(str(described["initial"]))
        outcome.frozen = json.loads(Path(f"{outputs}.frozen").read_text())
    expected = run_program(job.program, job.batches, job.seed, job.training)
    if expected.keys() != found.keys():
        return Outcome(f"It has other outputs: {sorted(found)} instead of {sorted(expected)}.")
    for key, y in expected.items():
        other = found[key]
        if y.shape != other.shape or y.dtype != other.dtype:
            return Outcome(f"Output {key} is {_described(other)} instead of {_described(y)}.")
        outcome.equal &= torch.equal(y, other) or bool(((y == other) | (y.isnan() & other.isnan())).all())
        if y.numel():
            outcome.max_difference = max(outcome.max_difference, _difference(y, other))
            outcome.scale = max(outcome.scale, float(y.double().nan_to_num(posinf=0, neginf=0).abs().max()))
    return outcome


def _difference(a: Tensor, b: Tensor) -> float:
    """The largest difference; values that are equal (also NaN or infinite in both) differ by nothing."""
    same = (a == b) | (a.isnan() & b.isnan())
    gap = torch.where(same, 0.0, (a.double() - b.double()).abs())
    return float(gap.nan_to_num(nan=float("inf")).max())


def _described(y: Tensor) -> str:
    return f"{tuple(y.shape)} {str(y.dtype).removeprefix('torch.')}"


def run_program(
    program: nn.Module, batches: Sequence[Sequence[Tensor]], seed: int, training: bool = False
) -> dict[str, Tensor]:
    """What the model in the app gives, batch by batch; its buffers, its mode and the generator stay as they were."""
    state = {k: v.detach().clone() for k, v in program.state_dict().items()}
    modes = {module: module.training for module in program.modules()}
    found = {}
    try:
        program.train(training)
        for number, inputs in enumerate(batches):
            with isolated_rng(seed), torch.no_grad():
                outputs = program(*inputs)
            for i, y in enumerate(outputs if isinstance(outputs, tuple | list) else (outputs,)):
                if y is not None:
                    found[f"{number}/{i}"] = y.clone()
    finally:
        program.load_state_dict(state)
        for module, mode in modes.items():
            module.training = mode
    return found


def is_random(program: nn.Module, inputs: Sequence[Tensor]) -> bool:
    """Whether a model draws random numbers even in evaluation."""
    first, second = (run_program(program, [inputs], seed) for seed in (0, 1))
    return any(not torch.equal(first[k], second[k]) for k in first)


def require_close(outcome: Outcome, what: str) -> None:
    """ExportError unless an exported file gives what the model in the app gives."""
    if outcome.error:
        line = outcome.error.splitlines()[0]
        raise ExportError(f"The exported {what} does not run: {line}", f"导出的 {what} 无法运行：{line}")
    if not outcome.close:
        raise ExportError(
            f"The exported {what} differs from the model by {outcome.max_difference:.3g}; it is not offered.",
            f"导出的 {what} 与模型相差 {outcome.max_difference:.3g}，故不提供。",
        )
