"""One model to look into: its values on a sample, functions from one value to another, and what was computed, kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import torch
from torch import Tensor, fx

from builder.compiler import Compiled, End
from builder.compiler.order import STOPS_GRADIENT
from builder.graph import Graph, clone, load
from builder.inspect import drawing, samples
from builder.inspect.drawing import Stroke
from builder.inspect.errors import InspectError
from builder.inspect.heads import Head, find_heads
from builder.inspect.layout import Layout
from builder.inspect.ranges import Range, ranges_of
from builder.inspect.samples import Sample
from builder.train import checkpoint as checkpoints
from builder.train.diagnose import node_of
from builder.train.run import Run
from components.data._base import SPLITS, DataError, Reading, Split, SplitName
from components.data._ink import HandDrawn

T = TypeVar("T")

KEPT_RESULTS = 256
KEPT_SAMPLES = 4  # samples whose values are kept: all activations of each
BATCH_BYTES = 256 * 2**20  # of activations, when a whole split is run
MEASURED = 2048  # samples that the transforms of an untrained graph see
PLACEHOLDER = "placeholder"  # the tag of an input without data
_COMPUTING_KINDS = ("layer", "op", "transform", "sampler")


class Inspector:
    """A model in evaluation mode, trained or not, and the data of its graph.

    Results are kept, so that a view which is drawn again costs nothing. May be used from several threads.

    Args:
        source: a graph, a run, or the path of a run folder or a graph file.
        checkpoint: which weights of a run: those of the best epoch, the last, or one of ``Run.snapshots``.
        seed: of the weights of an untrained graph; that of its training settings where None.

    Raises:
        CompileError, GraphError, TrainError: ValueErrors about the graph, its file or the checkpoint.
    """

    def __init__(
        self,
        source: Graph | Run | str | Path,
        checkpoint: Literal["best", "last"] | int = "best",
        seed: int | None = None,
    ) -> None:
        if isinstance(source, str | Path):
            source = Run(source) if Run(source).exists else load(source)
        run = source if isinstance(source, Run) else None
        graph = source.graph() if isinstance(source, Run) else source
        self.seed = int(graph.training.get("seed", 0)) if seed is None else seed
        self.compiled = Compiled(clone(graph), self.seed)  # a desk goes on editing its own
        self.root = self.compiled.root.eval().requires_grad_(False)
        self.layout = Layout(self.compiled)
        self.heads: list[Head] = find_heads(self.compiled, self.layout)
        self._lock = threading.RLock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._samples: OrderedDict[Hashable, Any] = OrderedDict()
        self._splits: dict[str, dict[str, Split]] = {}
        path = None
        if run is not None:
            path = run.snapshots()[checkpoint] if isinstance(checkpoint, int) else run.checkpoint(checkpoint)
        self.source_run = run
        self.origin: dict[str, str | None] = {
            "graph": str(graph.meta.get("title", "")),
            "run": run.name if run else None,
            "checkpoint": path.stem if path else None,
        }
        self.trained = path is not None
        self._measured = self.trained
        if path is not None:
            checkpoints.load_weights(self.root, checkpoints.load(path)[0])

    # -------------------------------------------------------------- data

    @property
    def needed(self) -> list[End]:
        """The data ports that the predictions need."""
        return self.sources([h.end for h in self.heads] or self.compiled.predictions)

    @property
    def entry(self) -> samples.Entry | None:
        """Where a person's own sample enters, and what it may be; None where the data allow none."""
        return self.kept(("entry",), lambda: samples.find_entry(self.compiled, self.needed))

    @property
    def has_data(self) -> bool:
        """Whether the graph has samples: not where an input only has a shape."""
        data = self.compiled.of_kind("dataset")
        return bool(data) and not any(PLACEHOLDER in node.component.tags for node in data)

    @property
    def hand_drawn(self) -> bool:
        """Whether the data say how their pictures were made of ink."""
        entry = self.entry
        return (
            entry is not None and entry.takes == "image" and isinstance(self.compiled.dataset(entry.end[0]), HandDrawn)
        )

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the numbers that ``upload_row`` takes; empty where the model takes no row of a table."""
        entry = self.entry
        return samples.feature_names(self.compiled, entry.end) if entry and entry.takes == "table" else ()

    @property
    def ranges(self) -> tuple[Range, ...]:
        """What the training split holds of each of the ``features``."""
        entry = self.entry
        if entry is None or entry.takes != "table":
            return ()
        return self.kept(("ranges",), lambda: ranges_of(self.features, self._columns(entry.end)))

    def _columns(self, end: End) -> Tensor:
        found = self._load("train")[end[0]]
        return found.__getitems__(range(len(found)))[end[1]]

    def size(self, split: SplitName) -> int:
        """The number of samples of a split: of its longest data set."""
        return max((len(s) for s in self._load(split).values()), default=0)

    def batch(self, split: SplitName, indices: Sequence[int]) -> dict[End, Tensor]:
        """Some samples of a split, by data port; shorter data sets start again."""
        found: dict[End, Tensor] = {}
        for path, part in self._load(split).items():
            tensors = part.__getitems__([i % len(part) for i in indices])
            found |= {(path, port): tensor for port, tensor in tensors.items()}
        return found

    def sample(self, split: SplitName = "valid", index: int = 0) -> Sample:
        """A sample of the data; InspectError where there is none of this number."""
        size = self.size(split)
        if not 0 <= index < size:
            raise InspectError(
                f"The '{split}' split has the samples 0 to {size - 1}. Got {index} instead.",
                f"“{split}”划分有样本 0 至 {size - 1}，收到 {index}。",
            )
        names = {"train": "训练", "valid": "验证", "test": "测试"}
        return Sample(
            self.batch(split, [index]), (split, index), f"{split} sample {index}", f"{names[split]}样本 {index}"
        )

    def upload_image(self, content: bytes, fit: samples.Fit = "stretch", invert: bool = False) -> Sample:
        """A sample from an image file; see ``samples.from_image``."""
        return samples.from_image(self.compiled, self._entry_for("image"), content, fit, invert)

    def upload_drawing(self, strokes: Sequence[Stroke], base: Sample | None = None, as_data: bool = True) -> Sample:
        """A sample from strokes, on an empty sheet or over another sample; see ``drawing.from_drawing``."""
        entry = self._entry_for("image")
        below = None if base is None else base.inputs[entry.end][0]
        return drawing.from_drawing(self.compiled, entry, strokes, below, as_data)

    def read_text(self, text: str) -> Reading:
        """How a text is read; see ``samples.read_text``."""
        with self._data_errors():
            return samples.read_text(self.compiled, self._entry_for("text"), text)

    def upload_text(self, text: str) -> Sample:
        """A sample from a text; see ``samples.from_text``."""
        with self._data_errors():
            return samples.from_text(self.compiled, self._entry_for("text"), text)

    def upload_row(self, row: Mapping[str, float] | Sequence[float]) -> Sample:
        """A sample from a row of a table; see ``samples.from_row``."""
        with self._data_errors():
            return samples.from_row(self.compiled, self._entry_for("table"), row)

    def upload_series(self, rows: Sequence[Sequence[float]]) -> Sample:
        """A sample from the steps of a series; see ``samples.from_series``."""
        with self._data_errors():
            return samples.from_series(self.compiled, self._entry_for("series"), rows)

    def _entry_for(self, wanted: samples.Upload) -> samples.Entry:
        entry = self.entry
        if entry is None or entry.takes != wanted:
            words = {"image": "图像", "text": "文本", "table": "表格数据", "series": "序列"}
            raise InspectError(
                f"This model takes no {wanted} as a sample{f', but {entry.takes}' if entry else ''}.",
                f"此模型不接受{words[wanted]}样本{f'，而接受{words[entry.takes]}' if entry else ''}。",
            )
        return entry

    def _load(self, split: SplitName) -> dict[str, Split]:
        if split not in SPLITS:
            raise InspectError(
                f"The split must be one of {', '.join(SPLITS)}. Got {split!r} instead.",
                f"划分必须是 {'、'.join(SPLITS)} 之一，收到 {split!r}。",
            )
        with self._lock, self._data_errors():
            if split not in self._splits:
                data = self.compiled.of_kind("dataset")
                self._splits[split] = {node.path: self.compiled.dataset(node.path).load(split) for node in data}
            return self._splits[split]

    @contextmanager
    def _data_errors(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            raise InspectError(error.message, error.message_zh) from error

    # -------------------------------------------------------------- values

    def ends(self, sample: Sample) -> list[End]:
        """Every tensor of the graph that this sample determines: an upload has no target."""
        known = dict.fromkeys(sample.inputs)  # in order
        for path in self.compiled.analysis.order:
            node = self.compiled.flat.nodes[path]
            ports = node.component.inputs
            sources = [s for port, ends in node.inputs.items() for s in ends if ports[port].dims.kind == "tensor"]
            if node.component.kind in _COMPUTING_KINDS and all(s in known for s in sources):
                known |= dict.fromkeys((path, port) for port in self.compiled.report.nodes[path].outputs)
        return list(known)

    def values(self, sample: Sample) -> dict[End, Tensor]:
        """Every tensor of the graph on a sample, attention weights included, with the batch axis."""
        return self._keep(self._samples, KEPT_SAMPLES, sample.key, lambda: self._record(sample))

    def value(self, sample: Sample, end: End) -> Tensor:
        """One tensor of the graph on a sample; InspectError where the sample does not determine it."""
        found = self.values(sample).get(end)
        if found is None:
            lacking = next((".".join(s) for s in self.sources([end]) if s not in sample.inputs), ".".join(end))
            raise InspectError(
                f"'{end[0]}' depends on '{lacking}', which this sample does not have. Choose a sample of the data.",
                f"“{end[0]}”依赖“{lacking}”，而此样本没有该值。请选择数据中的样本。",
                end[0],
            )
        return found

    def _record(self, sample: Sample) -> dict[End, Tensor]:
        ends = self.ends(sample)
        with self._telling_weights():
            results = self.run(self.program(tuple(ends)), sample.inputs)
        return {end: value for end, value in zip(ends, results, strict=True) if value is not None}

    def run(self, program: fx.GraphModule, inputs: Mapping[End, Tensor], seed: int = 0) -> Any:
        """A program on tensors by data port, without gradients; InspectError names the node that refuses them."""
        with torch.no_grad(), self.steady(seed):
            try:
                return program(*self.arguments(program, inputs))
            except InspectError:
                raise
            except Exception as error:  # whatever a forward raises on an uploaded sample
                node = node_of(error, program)
                reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                raise InspectError(
                    f"The model cannot work with this sample: '{node}' says {reason}",
                    f"模型无法处理此样本，节点“{node}”报告：{getattr(error, 'message_zh', reason)}",
                    node,
                ) from error

    def arguments(self, program: fx.GraphModule, inputs: Mapping[End, Tensor]) -> list[Tensor]:
        """The positional arguments of a program; InspectError where the sample lacks one."""
        ports = inputs_of(program)
        for end in ports:
            if end not in inputs:
                name = ".".join(end)
                raise InspectError(
                    f"The sample has no '{name}', which the model needs.", f"样本没有模型所需的“{name}”。", end[0]
                )
        return [inputs[end] for end in ports]

    def program(self, ends: Sequence[End]) -> fx.GraphModule:
        """Straight-line code for some values; see ``Compiled.program``."""
        return self.kept(("program", tuple(ends)), lambda: self.compiled.program(list(ends)))

    def sources(self, ends: Sequence[End]) -> list[End]:
        """The data ports that some values depend on."""
        return inputs_of(self.program(ends))

    def function(self, start: End, end: End) -> fx.GraphModule:
        """A value as a differentiable function of an earlier one, which may be any value of the graph, not only data.

        The result takes the earlier value and then the data ports in ``inputs``; what lies before the earlier
        value does not run. Where training stops gradients, they go on here: the answer depends on the value all the same.
        """
        return self.kept(("function", start, end), lambda: self._cut(start, end))

    def _cut(self, start: End, end: End) -> fx.GraphModule:
        if start[0] not in self.compiled.ancestors([end]):
            raise InspectError(
                f"'{end[0]}' does not depend on '{start[0]}'.", f"“{end[0]}”不依赖“{start[0]}”。", start[0]
            )
        program = self.compiled.program([end, start])
        graph: fx.Graph = program.graph
        ports: dict[fx.Node, End] = dict(zip(graph.find_nodes(op="placeholder"), inputs_of(program), strict=True))
        result, given = cast("tuple[fx.Node, fx.Node]", graph.output_node().args[0])
        with graph.inserting_before(next(iter(graph.nodes))):
            entering = graph.placeholder("start")
        given.replace_all_uses_with(entering)
        graph.output_node().args = (entering if result is given else result,)
        stops = {n.component.factory for n in self.compiled.flat.nodes.values() if STOPS_GRADIENT in n.component.tags}
        for node in [n for n in graph.nodes if n.op == "call_function" and n.target in stops]:
            node.replace_all_uses_with(cast("fx.Node", node.args[0]))
        graph.eliminate_dead_code()
        for placeholder in [node for node in ports if not node.users]:
            graph.erase_node(placeholder)
            del ports[placeholder]
        program.recompile()
        program.inputs, program.outputs = list(ports.values()), [end]  # type: ignore[assignment]
        return program

    def randomised(self) -> Inspector:
        """The same model with other random weights in all its layers; what its transforms have measured stays."""
        with self.steady():  # measures where it has not
            other = Inspector(self.compiled.graph, seed=self.seed + 1)
            other._splits, other._measured = self._splits, True
            for node in self.compiled.of_kind("transform"):
                mine, its = self.compiled.module(node.path), other.compiled.module(node.path)
                if mine is not None and its is not None:
                    its.load_state_dict(mine.state_dict())
            for node in other.compiled.flat.nodes.values():
                module = other.compiled.module(node.path)
                if module is not None and node.settings.get("weights", {}).get("from") == "run":
                    for part in module.modules():
                        if callable(reset := getattr(part, "reset_parameters", None)):
                            reset()
        return other

    # -------------------------------------------------------------- housekeeping

    def batch_size(self, ends: Sequence[End]) -> int:
        """Samples to run at once, so that their activations fit."""
        used = sum(self.compiled.report.nodes[p].activation_bytes for p in self.compiled.ancestors(ends))
        return max(1, min(512, BATCH_BYTES // max(used, 1)))

    def work(self, ends: Sequence[End]) -> int:
        """The floating-point operations of one sample on the way to some values."""
        return sum(self.compiled.report.nodes[path].flops for path in self.compiled.ancestors(ends))

    def forget(self) -> None:
        """Drops what was computed: the weights have changed."""
        with self._lock:
            self._kept.clear()
            self._samples.clear()

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, or gave before; the least recently used results are dropped."""
        return self._keep(self._kept, KEPT_RESULTS, key, make)

    def _keep(self, store: OrderedDict[Hashable, Any], limit: int, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            found = store[key] if key in store else make()
            store[key] = found
            store.move_to_end(key)
            while len(store) > limit:
                store.popitem(last=False)
            return found

    @contextmanager
    def steady(self, seed: int = 0) -> Iterator[None]:
        """Layers that are random in evaluation too (noise) draw the same numbers each time."""
        with self._lock, torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)  # of the CPU alone: to seed all devices is slow
            self._measure()
            torch.default_generator.manual_seed(seed)
            yield

    def _measure(self) -> None:
        """Lets the transforms of an untrained graph see training data, as a run does first (to standardise)."""
        if self._measured:
            return
        self._measured = True
        try:
            for node in self.compiled.of_kind("transform"):
                fit = getattr(self.compiled.module(node.path), "fit", None)
                if fit is not None:
                    program = self.program(tuple(end for ends in node.inputs.values() for end in ends))
                    batch = self.batch("train", range(min(MEASURED, self.size("train"))))
                    with torch.no_grad():
                        fit(*program(*self.arguments(program, batch)))
        except BaseException:
            self._measured = False
            raise

    @contextmanager
    def _telling_weights(self) -> Iterator[None]:
        """Modules give what they usually leave out because it costs memory: attention weights."""
        asked: list[tuple[Any, str, Any]] = []
        for node in self.compiled.flat.nodes.values():
            module = self.compiled.module(node.path)
            for port in node.component.outputs:
                if module is not None and hasattr(module, f"wants_{port}"):
                    asked.append((module, f"wants_{port}", getattr(module, f"wants_{port}")))
        try:
            for module, name, _ in asked:
                setattr(module, name, True)
            yield
        finally:
            for module, name, before in reversed(asked):  # a shared module stands here twice
                setattr(module, name, before)


def inputs_of(program: fx.GraphModule) -> list[End]:
    """The data ports that the positional arguments of a program are."""
    return cast("list[End]", program.inputs)
