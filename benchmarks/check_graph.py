"""How long a check of a 200-node graph takes, cold and after one edit.

    python benchmarks/check_graph.py [--cpu]

Each figure is the median of several runs. Cold means that no inference is cached; PyTorch itself is warm, as it is in
the app, which warms up in the background. The edit sets one layer's width in the middle of the graph and so changes
what follows from it. On a machine that does other work, --cpu counts the processor's time in place of the clock's.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builder.compiler import check, warm_up
from builder.compiler.inference import clear_cache
from builder.graph import Edge, Graph
from builder.graph.edit import set_param

COLD_LIMIT, EDIT_LIMIT = 0.100, 0.020  # seconds
RUNS = 7


class Chain:
    """Builds a graph node by node, each fed by the one before."""

    def __init__(self, *shape: int) -> None:
        self.graph = Graph()
        self.graph.place("data", "data_random", {"shape": list(shape)})
        self.end = ("data", "x")

    def add(self, component: str, params: dict[str, object] | None = None, port: str = "x") -> str:
        id = f"n{len(self.graph)}"
        self.graph.place(id, component, params)
        self.graph.wire(Edge(*self.end, id, port))
        self.end = (id, "y")
        return id

    def finish(self) -> Graph:
        self.add("linear", {"out_features": 10})
        for id, component in (("loss", "loss_cross_entropy"), ("accuracy", "metric_accuracy")):
            self.graph.place(id, component)
            self.graph.wire(Edge(*self.end, id, "logits"))
            self.graph.wire(Edge("data", "y", id, "target"))
        self.graph.place("optimizer", "opt_adam")
        self.graph.wire(Edge("loss", "loss", "optimizer", "loss"))
        return self.graph


def uniform() -> tuple[Graph, str]:
    """A multi-layer perceptron of equal layers."""
    chain = Chain(64)
    layers = [chain.add(*node) for _ in range(97) for node in (("linear", {"out_features": 64}), ("act_relu",))]
    return chain.finish(), layers[96]


def distinct() -> tuple[Graph, str]:
    """A convolutional network with no two layers alike: nothing can be taken from an earlier layer."""
    chain = Chain(3, 64, 64)
    layers = []
    for width in range(48):
        layers.append(chain.add("conv_standard", {"out_channels": 16 + width, "kernel_size": 3, "padding": 1}))
        for component in ("norm_batch", "act_relu", "drop_dropout"):
            chain.add(component)
    chain.add("pool_global_avg", {"keepdim": False})
    return chain.finish(), layers[24]


def residual() -> tuple[Graph, str]:
    """Residual blocks, each a block of seven nodes used once at each width."""
    block = Graph()
    block.place("x", "port_in")
    block.block_params["channels"] = 16
    before = "x"
    for number in (1, 2):
        params = {"out_channels": {"param": "channels"}, "kernel_size": 3, "padding": 1, "bias": False}
        block.place(f"conv{number}", "conv_standard", params)
        block.place(f"bn{number}", "norm_batch")
        block.wire(Edge(before, "y", f"conv{number}", "x"))
        block.wire(Edge(f"conv{number}", "y", f"bn{number}", "x"))
        before = f"bn{number}"
    block.place("add", "op_add")
    block.place("relu", "act_relu")
    block.place("shortcut", "conv_standard", {"out_channels": {"param": "channels"}, "kernel_size": 1})
    block.place("y", "port_out")
    block.wire(Edge("x", "y", "shortcut", "x"))
    for source, target in (("bn2", "add"), ("shortcut", "add")):
        block.wire(Edge(source, "y", target, "xs"))
    block.wire(Edge("add", "y", "relu", "x"))
    block.wire(Edge("relu", "y", "y", "x"))
    chain = Chain(3, 32, 32)
    uses = [chain.add("block:residual", {"channels": 16 * (1 + use // 7)}) for use in range(28)]
    chain.add("pool_global_avg", {"keepdim": False})
    graph = chain.finish()
    graph.blocks["residual"] = block
    return graph, uses[14]


Clock = Callable[[], float]


def median(clock: Clock, run: Callable[[], None], prepare: Callable[[int], None]) -> float:
    """Seconds of ``run``, after ``prepare``, which is told the number of the run and not timed."""
    times = []
    for number in range(RUNS):
        prepare(number)
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)


def figures(graph: Graph, node: str, clock: Clock) -> tuple[float, float, float]:
    """Seconds of a check: with an empty cache, after an edit of ``node``'s width, and with nothing changed."""
    width = next(name for name in ("channels", "out_features", "out_channels") if name in graph.nodes[node]["params"])

    def run() -> None:
        if not check(graph).ok:
            raise SystemExit("The graph has a problem.")

    return (
        median(clock, run, lambda _: clear_cache()),
        median(clock, run, lambda number: set_param(graph, node, width, 100 + number)),
        median(clock, run, lambda _: None),
    )


def main() -> int:
    """Prints the figures; 1 where one is over its limit."""
    clock = time.thread_time if "--cpu" in sys.argv[1:] else time.perf_counter
    warm_up()
    over = False
    print(f"{'graph':10} {'nodes':>6} {'cold':>9} {'one edit':>9} {'no edit':>9}")
    for make in (uniform, distinct, residual):
        graph, node = make()
        nodes = len(check(graph).nodes)
        cold, edit, same = figures(graph, node, clock)
        print(f"{make.__name__:10} {nodes:6} " + " ".join(f"{1000 * t:6.1f} ms" for t in (cold, edit, same)))
        over |= cold > COLD_LIMIT or edit > EDIT_LIMIT
    print(f"limits: {1000 * COLD_LIMIT:.0f} ms cold, {1000 * EDIT_LIMIT:.0f} ms after one edit")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
