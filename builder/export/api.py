"""Writes a graph or a run in a form to take away, and checks it against the model in the app before it is given."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from torch import Tensor

from builder.export import verify
from builder.export.errors import ExportError
from builder.export.model import model_source
from builder.export.program import Axes, write_onnx, write_pt2
from builder.export.result import ExportResult
from builder.export.samples import SIZES, axis_names, batch, sizes_with
from builder.export.source import Source, open_source
from builder.export.weights import save_tensors, write_weights
from builder.graph import Graph, write_atomic
from builder.train import Run
from components.tensor_spec import TensorSpec

Format = Literal["python", "project", "safetensors", "pt2", "onnx"]
Words = tuple[str, str, float | None]
"""What was checked, in English and Chinese, and the largest difference."""


def export(source: Graph | Run | str | Path, format: Format, out: str | Path) -> ExportResult:
    """Writes a model and checks what was written, in a fresh process without our packages.

    Args:
        source: a graph, a graph file, or a run folder, whose best checkpoint gives the weights.
        format: ``python`` (one file with the class), ``project`` (a folder, or a .zip file), ``safetensors`` (the
            weights), ``pt2`` or ``onnx``.
        out: the file or folder; a file is replaced, a folder must be new or empty.

    Raises:
        ExportError: the model cannot be written so, the path cannot be written, or the result differs from the model.
        GraphError, CompileError, TrainError: the source is not what it should be.
    """
    if format not in get_args(Format):
        known = ", ".join(get_args(Format))
        raise ExportError(
            f"The format must be one of {known}. Got {format!r} instead.", f"格式必须是 {known} 之一，收到 {format!r}。"
        )
    path = Path(out)
    opened = open_source(source)
    if format == "project":
        from builder.export.project import write_project

        return write_project(opened, path)
    writers: dict[str, Callable[[Source, Path], Words]] = {
        "python": _python,
        "safetensors": _safetensors,
        "pt2": _pt2,
        "onnx": _onnx,
    }
    with beside(path) as temporary:
        checked, checked_zh, difference = writers[format](opened, temporary)
    return ExportResult(path, format, checked, checked_zh, difference, opened.weights, opened.weights_zh)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A temporary file of the same name that takes the path's place when all went well.

    Raises:
        ExportError: the path cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        yield folder / path.name
        try:
            for made in folder.iterdir():  # ONNX puts large weights into a second file
                made.replace(path.parent / made.name)
        except OSError as error:
            raise _unwritable(path, error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> ExportError:
    reason = error.strerror or str(error)
    return ExportError(f"Cannot write '{path}': {reason}.", f"无法写入“{path}”：{reason}。")


# ------------------------------------------------------------------ the formats


def _python(source: Source, path: Path) -> Words:
    written = model_source(source.compiled)
    write_atomic(path, written.text)
    with tempfile.TemporaryDirectory(prefix="layerloom-weights-") as folder:
        weights = Path(folder) / "weights.safetensors"
        save_tensors(written.state(source.compiled), weights, {})
        job = verify.Job(path, "python", source.program, batches(source), written.name, weights=weights)
        outcome = verify.run([job])[0]
    verify.require_close(outcome, "Python file")
    return _said(outcome, "a fresh Python process", "全新的 Python 进程")


def _safetensors(source: Source, path: Path) -> Words:
    written = model_source(source.compiled)
    write_weights(source, written, path)
    with tempfile.TemporaryDirectory(prefix="layerloom-check-") as folder:
        model = Path(folder) / "model.py"
        write_atomic(model, written.text)
        job = verify.Job(model, "python", source.program, batches(source), written.name, weights=path)
        outcome = verify.run([job])[0]
    verify.require_close(outcome, "weights")
    return _said(outcome, "the exported class in a fresh Python process", "全新 Python 进程中的导出类")


def _pt2(source: Source, path: Path) -> Words:
    named = path.with_suffix(".pt2")  # torch insists on the ending
    axes = write_pt2(source.compiled, source.program, named, source.title)
    named.replace(path)
    return _checked_program(source, path, "pt2", "torch.export", axes)


def _onnx(source: Source, path: Path) -> Words:
    axes = write_onnx(source.compiled, source.program, path, source.title)
    return _checked_program(source, path, "onnx", "onnxruntime", axes)


def _checked_program(source: Source, path: Path, format: str, runtime: str, axes: Axes) -> Words:
    program, given = source.program, batches(source)
    note = note_zh = ""
    wanted, left = ({name for mine in found for name in mine.values()} for found in (_axes(source), axes))
    if fixed := wanted - left:
        given = [batch(_specs(source), seed, sizes_with(_specs(source), fixed)) for seed in (0, 1)]
        note, note_zh = "; the batch size is fixed at 1", "；批大小固定为 1"
    outcome = verify.run([verify.Job(path, format, program, given)])[0]
    if format == "onnx" and not outcome.error and verify.is_random(program, given[0]):
        return (
            f"runs in a fresh process with {runtime}; the model draws random numbers: no values to compare{note}",
            f"可在全新进程中用 {runtime} 运行；模型含随机数，数值无法比较{note_zh}",
            None,
        )
    verify.require_close(outcome, f"{format} file")
    words, words_zh, difference = _said(outcome, f"{runtime} in a fresh process", f"全新进程中的 {runtime}")
    return words + note, words_zh + note_zh, difference


def _specs(source: Source) -> list[TensorSpec]:
    return source.specs(list(source.program.inputs))  # type: ignore[arg-type]


def _axes(source: Source) -> Axes:
    return axis_names(_specs(source))


def batches(source: Source) -> Sequence[Sequence[Tensor]]:
    """Two random batches of different sizes."""
    specs = _specs(source)
    return [batch(specs, seed, sizes) for seed, sizes in enumerate(SIZES)]


def _said(outcome: verify.Outcome, where: str, where_zh: str) -> Words:
    if outcome.equal:
        return f"equal to the model bit for bit in {where}", f"在{where_zh}中与模型逐位相同", 0.0
    gap = outcome.max_difference
    return f"differs from the model by at most {gap:.2g} in {where}", f"在{where_zh}中与模型最多相差 {gap:.2g}", gap
