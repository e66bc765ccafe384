"""A model as a program for other runtimes: PyTorch's exported programs (pt2) and ONNX, with sizes that may vary."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx
from torch.export import Dim, ExportedProgram

from builder.compiler import Compiled, End
from builder.export.errors import ExportError
from builder.export.samples import BATCH_AXIS, axis_names, batch, sizes_with
from builder.export.text import Names, plain
from components.tensor_spec import TensorSpec

Axes = Sequence[Mapping[int, str]]
"""The varying axes of each input: position and name."""
LARGEST_ONNX = 1_900_000_000  # bytes that one ONNX file can hold, with room for the graph
_LOGGERS = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


def write_pt2(compiled: Compiled, program: fx.GraphModule, path: Path, title: str) -> Axes:
    """Writes an exported program; the axes that may vary when it is used.

    Raises:
        ExportError: names the node and the operation that cannot be exported.
    """
    exported, axes = _export(compiled, program, _as_program)
    torch.export.save(exported, path, extra_files={"title": title})
    return axes


def write_onnx(compiled: Compiled, program: fx.GraphModule, path: Path, title: str) -> Axes:
    """Writes an ONNX model with named inputs and outputs; the axes that may vary when it is used.

    Raises:
        ExportError: names the node and the operation that ONNX does not have.
    """
    names = Names()
    ends: list[End] = list(program.inputs)  # type: ignore[arg-type]
    inputs = [names.new(_name(end, ends)) for end in ends]
    outputs = [names.new(path.replace("/", "_")) for path, _ in program.outputs]  # type: ignore[union-attr]

    def as_onnx(part: fx.GraphModule, given: Sequence[Tensor], shapes: Any) -> Any:
        whole = part.outputs == program.outputs
        traced = _as_program(part, given, shapes)
        return torch.onnx.export(
            traced,
            dynamo=True,
            verbose=False,
            input_names=inputs if whole else None,
            output_names=outputs if whole else None,
        )

    model, axes = _export(compiled, program, as_onnx)
    model.model.metadata_props["title"] = plain(title)
    size = sum(t.numel() * t.element_size() for t in program.state_dict().values())
    model.save(path, external_data=size > LARGEST_ONNX)
    return axes


def _name(end: End, ends: Sequence[End]) -> str:
    path, port = end
    return port if [p for _, p in ends].count(port) == 1 else f"{path.replace('/', '_')}_{port}"


def _as_program(program: fx.GraphModule, given: Sequence[Tensor], shapes: Any) -> ExportedProgram:
    return torch.export.export(program, tuple(given), dynamic_shapes=shapes, strict=False)


# ------------------------------------------------------------------ sizes that vary


def _export(compiled: Compiled, program: fx.GraphModule, convert: Callable[..., Any]) -> tuple[Any, Axes]:
    """Converts a program with all its varying axes; where that fails with those that can vary, and a batch of one."""
    specs = [compiled.report.nodes[path].outputs[port] for path, port in program.inputs]  # type: ignore[union-attr]
    axes = axis_names(specs)
    with _quiet():
        try:
            return convert(program, batch(specs, 0), _dynamic(axes)), axes
        except Exception as error:  # whatever the tracer raises: the next attempt asks for less
            first = error
        try:
            found = _free_axes(program, specs, axes)
            fixed = {name for mine, left in zip(axes, found, strict=True) for i, name in mine.items() if i not in left}
            if fixed <= {BATCH_AXIS}:
                sizes = sizes_with(specs, fixed)
                return convert(program, batch(specs, 0, sizes), _dynamic(found)), found
        except Exception as error:  # what cannot be traced at all is named below
            first = error
        raise _refusal(compiled, program, convert, first)


def _dynamic(axes: Axes) -> tuple[dict[int, Any], ...]:
    dims: dict[str, Any] = {}
    return tuple({i: dims.setdefault(name, Dim(name)) for i, name in mine.items()} for mine in axes)


def _free_axes(program: fx.GraphModule, specs: Sequence[TensorSpec], axes: Axes) -> Axes:
    """Those of the axes that stay free when the tracer may fix what it has to."""
    shapes = tuple(dict.fromkeys(mine, Dim.AUTO) for mine in axes)
    traced = _as_program(program, batch(specs, 0), shapes)
    placeholders = {n.name: n.meta["val"] for n in traced.graph.nodes if n.op == "placeholder"}
    values = [placeholders[name] for name in traced.graph_signature.user_inputs]  # type: ignore[index]
    return [
        {i: name for i, name in mine.items() if isinstance(value.shape[i], torch.SymInt)}
        for mine, value in zip(axes, values, strict=True)
    ]


# ------------------------------------------------------------------ what cannot be exported


def _refusal(compiled: Compiled, program: fx.GraphModule, convert: Callable[..., Any], error: Exception) -> ExportError:
    """The error that names the first node which cannot be converted, found by halving the graph."""
    paths = [p for p in compiled.ancestors(list(program.outputs)) if compiled.flat.nodes[p].component.kind != "dataset"]  # type: ignore[arg-type]

    def fails(count: int) -> Exception | None:
        ends = [(p, port) for p in paths[:count] for port in compiled.report.nodes[p].outputs]
        part = compiled.program(ends)
        specs = [compiled.report.nodes[path].outputs[port] for path, port in part.inputs]  # type: ignore[union-attr]
        try:
            convert(part, batch(specs, 0), tuple(dict.fromkeys(mine, Dim.AUTO) for mine in axis_names(specs)))
        except Exception as found:  # the answer itself
            return found
        return None

    low, high, reason = 0, len(paths), fails(len(paths)) or error
    while high - low > 1:
        middle = (low + high) // 2
        found = fails(middle)
        low, high = (low, middle) if found else (middle, high)
        reason = found or reason
    path = paths[high - 1]
    component = compiled.flat.nodes[path].component
    operation = _operation(reason)
    return ExportError(
        f"The node '{path}' ({component.name}) cannot be exported: {operation}.",
        f"节点“{path}”（{component.name_zh}）无法导出：{operation}。",
        path,
    )


def _operation(error: BaseException) -> str:
    """The operation that an exporter stumbled over, else the first line of what it says."""
    texts = []
    current: BaseException | None = error
    while current is not None:
        texts.append(str(current))
        current = current.__cause__ or current.__context__
    for text in texts:
        found = re.search(r"\b(aten|torchvision|torch_geometric|prims)[.:]+(\w+)", text)
        if found:
            return f"the operation {found[1]}.{found[2]} is not supported"
    line = next((line.strip() for text in texts for line in text.splitlines() if line.strip()), type(error).__name__)
    return plain(line).rstrip(".")[:200]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the remarks of the exporters, which are about themselves."""
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        for name in levels:
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
