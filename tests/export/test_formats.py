"""Weights, exported programs and ONNX: each read back, run elsewhere and compared; and what happens where one cannot be."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from builder.compiler import Compiled, CompileError
from builder.export import ExportError, ExportResult, export, verify
from builder.graph import GraphError, save
from tests.export.graphs import attention, convolutional, data, graph, graph_network, recurrent, residual


def test_python_is_one_file_equal_bit_for_bit(tmp_path: Path) -> None:
    result = export(convolutional(), "python", tmp_path / "deep" / "model.py")
    assert result == ExportResult(
        tmp_path / "deep" / "model.py",
        "python",
        "equal to the model bit for bit in a fresh Python process",
        "在全新的 Python 进程中与模型逐位相同",
        0.0,
        "initial weights, not trained",
        "初始权重（未训练）",
    )
    assert [path.name for path in result.path.parent.iterdir()] == ["model.py"]
    done = subprocess.run(
        [sys.executable, "-I", str(result.path)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-2:] == ["2326 parameters", "(3, 10)"]


def test_weights_carry_the_names_of_the_model(tmp_path: Path) -> None:
    result = export(residual(), "safetensors", tmp_path / "weights.safetensors")
    assert result.max_difference == 0.0
    tensors = load_file(result.path)
    expected = Compiled(residual()).model.state_dict()
    assert tensors.keys() == expected.keys()
    assert "stack.n2.conv1.weight" in tensors
    assert all(torch.equal(tensor, expected[name]) for name, tensor in tensors.items())
    with safe_open(result.path, "pt") as file:
        header = file.metadata()
    assert header == {"format": "pt", "title": "残差网络", "weights": "initial weights, not trained"}
    assert stat.S_IMODE(result.path.stat().st_mode) == 0o644


SLOW = [pytest.param(make, marks=pytest.mark.slow) for make in (graph_network, attention, recurrent, residual)]


@pytest.mark.parametrize("make", [convolutional, *SLOW], ids=lambda make: make.__name__)
def test_a_program_keeps_its_sizes_free(make: Any, tmp_path: Path) -> None:
    result = export(make(), "pt2", tmp_path / "model.pt2")
    assert result.max_difference is not None and result.max_difference < 1e-5
    assert "fixed" not in result.checked
    program = torch.export.load(result.path)
    assert program.range_constraints


@pytest.mark.parametrize("make", [convolutional, pytest.param(graph_network, marks=pytest.mark.slow)])
def test_onnx_keeps_its_sizes_free(make: Any, tmp_path: Path) -> None:
    import onnx

    result = export(make(), "onnx", tmp_path / "model.onnx")
    assert result.max_difference is not None and result.max_difference < 1e-5
    model = onnx.load(result.path)
    assert [i.name for i in model.graph.input] == ["x", "edge_index"][: len(model.graph.input)]
    first = model.graph.input[0].type.tensor_type.shape.dim[0]
    assert first.dim_param and not first.dim_value
    titles = {entry.key: entry.value for entry in model.metadata_props}
    assert titles["title"] == make().meta.get("title", "")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.slow
@pytest.mark.parametrize("make", [attention, recurrent, residual], ids=lambda make: make.__name__)
def test_onnx_of_larger_models(make: Any, tmp_path: Path) -> None:
    result = export(make(), "onnx", tmp_path / "model.onnx")
    assert result.max_difference is not None and result.max_difference < 1e-5


def test_a_model_that_draws_random_numbers_says_so(tmp_path: Path) -> None:
    noisy = graph(
        {
            "data": data(x=("B", 4)),
            "noise": ("aug_gaussian_noise", {"when": "always"}),
            "fc": ("linear", {"out_features": 2}),
        },
        ["data.x>noise.x", "noise.y>fc.x"],
    )
    result = export(noisy, "onnx", tmp_path / "model.onnx")
    assert result.max_difference is None
    assert "random numbers" in result.checked and "随机数" in result.checked_zh


# ------------------------------------------------------------------ what cannot be exported


def test_an_inexpressible_operation_is_named_with_its_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.export import program

    real = program._as_program

    def refuses_pooling(model: Any, given: Any, shapes: Any) -> Any:
        if any(node.name == "pool1" for node in model.graph.nodes):
            raise RuntimeError("Unsupported: aten.some_pooling.default is not there")
        return real(model, given, shapes)

    monkeypatch.setattr(program, "_as_program", refuses_pooling)
    with pytest.raises(ExportError) as caught:
        export(convolutional(), "pt2", tmp_path / "model.pt2")
    assert caught.value.node == "pool1"
    assert caught.value.message == (
        "The node 'pool1' (Max pooling) cannot be exported: the operation aten.some_pooling is not supported."
    )
    assert caught.value.message_zh.startswith("节点“pool1”（最大池化）无法导出：")
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_cannot_vary_is_fixed_at_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.export import program

    real = program._as_program

    def fixes_the_batch(model: Any, given: Any, shapes: Any) -> Any:
        if any(shape for shape in shapes):
            if torch.export.Dim.AUTO not in [dim for shape in shapes for dim in shape.values()]:
                raise RuntimeError("Constraints violated: the batch is specialized")
            shapes = tuple({} for _ in shapes)
        return real(model, given, shapes)

    monkeypatch.setattr(program, "_as_program", fixes_the_batch)
    result = export(convolutional(), "pt2", tmp_path / "model.pt2")
    assert "the batch size is fixed at 1" in result.checked and "批大小固定为 1" in result.checked_zh
    assert result.max_difference == 0.0


def test_a_file_that_differs_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.export import api

    real = api.model_source

    def wrong(compiled: Compiled) -> Any:
        import dataclasses

        written = real(compiled)
        return dataclasses.replace(written, text=written.text.replace("nn.ReLU()", "nn.GELU()"))

    monkeypatch.setattr(api, "model_source", wrong)
    with pytest.raises(ExportError, match="differs from the model by"):
        export(convolutional(), "python", tmp_path / "model.py")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_needs_our_packages_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.export import api

    real = api.model_source

    def dependent(compiled: Compiled) -> Any:
        import dataclasses

        written = real(compiled)
        return dataclasses.replace(written, text=written.text.replace("from torch", "import components\nfrom torch", 1))

    monkeypatch.setattr(api, "model_source", dependent)
    with pytest.raises(ExportError, match="must not import components"):
        export(convolutional(), "python", tmp_path / "model.py")


def test_an_existing_file_stays_where_an_export_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.export import api

    (tmp_path / "model.py").write_text("mine")
    monkeypatch.setattr(api.verify, "run", lambda jobs: [verify.Outcome(error="SyntaxError: no\nmore") for _ in jobs])
    with pytest.raises(ExportError, match=r"does not run: SyntaxError: no$"):
        export(convolutional(), "python", tmp_path / "model.py")
    assert (tmp_path / "model.py").read_text() == "mine"


def test_bad_requests_get_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"must be one of python, project, .* Got 'exe' instead"):
        export(convolutional(), "exe", tmp_path / "x")  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="no run folder"):
        export(tmp_path, "python", tmp_path / "x.py")
    with pytest.raises(GraphError, match="Cannot read"):
        export(tmp_path / "missing.json", "python", tmp_path / "x.py")
    with pytest.raises(CompileError, match="not connected"):
        export(graph({"fc": "linear"}, []), "python", tmp_path / "x.py")
    with pytest.raises(ExportError, match="no layer"):
        export(graph({"data": "data_iris"}, []), "python", tmp_path / "x.py")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match=r"Cannot write .* it is a folder"):
        export(convolutional(), "python", tmp_path / "folder")
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="Cannot write"):
        export(convolutional(), "python", tmp_path / "file" / "x.py")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_the_command_line_writes_and_reports(tmp_path: Path) -> None:
    small = graph({"data": "data_iris", "fc": ("linear", {"out_features": 3})}, ["data.x>fc.x"])
    save(small, tmp_path / "small.json")
    command = [sys.executable, "-m", "builder", "export", str(tmp_path / "small.json"), "--format", "python"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "model.py"), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "ok": True,
        "path": str(tmp_path / "model.py"),
        "format": "python",
        "weights": "initial weights, not trained",
        "checked": "equal to the model bit for bit in a fresh Python process",
        "max_difference": 0.0,
    }
