"""What is exported: a graph with fresh weights, or a run with the weights of its best epoch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import fx

from builder.compiler import Compiled, End
from builder.export.errors import ExportError
from builder.graph import Graph, load
from builder.train import Run, checkpoint
from components.tensor_spec import TensorSpec


@dataclass(frozen=True)
class Source:
    """A compiled graph with the weights to export, and in words where they come from."""

    compiled: Compiled
    weights: str
    weights_zh: str
    run: Run | None = None
    trained: bool = False

    @property
    def program(self) -> fx.GraphModule:
        """The model, in evaluation."""
        program = self.compiled.program(self.compiled.predictions, single=True)
        program.eval()
        return program

    @property
    def title(self) -> str:
        return str(self.compiled.graph.meta.get("title", ""))

    def specs(self, ends: list[End]) -> list[TensorSpec]:
        return [self.compiled.report.nodes[path].outputs[port] for path, port in ends]


def open_source(source: Graph | Run | str | Path) -> Source:
    """Compiles a graph, a graph file or a run folder.

    Raises:
        GraphError, CompileError: the graph cannot be read or compiled.
        ExportError: the folder is no run.
        TrainError: the run's checkpoint is damaged.
    """
    if isinstance(source, str | Path) and Path(source).is_dir():
        source = Run(source)
    if isinstance(source, Run):
        if not source.exists:
            raise ExportError(f"'{source.path}' is no run folder.", f"“{source.path}”不是训练文件夹。")
        return _open_run(source)
    graph = source if isinstance(source, Graph) else load(source)
    compiled = Compiled(graph, seed=int(graph.training.get("seed", 0)))
    if not compiled.predictions:
        raise ExportError("The graph has no layer to export.", "图中没有可导出的层。")
    return Source(compiled, "initial weights, not trained", "初始权重（未训练）")


def _open_run(run: Run) -> Source:
    graph = run.graph()
    compiled = Compiled(graph, seed=int(graph.training.get("seed", 0)))
    path = run.checkpoint("best")
    if path is None:
        return Source(compiled, "initial weights: the run has no checkpoint yet", "初始权重：训练尚无检查点", run)
    tensors, state = checkpoint.load(path)
    checkpoint.load_weights(compiled.root, tensors)
    epoch = state.get("epoch", 0)
    which = "best" if path.name.startswith("best") else "last"
    which_zh = "最佳" if which == "best" else "最近"
    return Source(
        compiled, f"weights of the {which} epoch, {epoch}", f"{which_zh}一轮（第 {epoch} 轮）的权重", run, True
    )
