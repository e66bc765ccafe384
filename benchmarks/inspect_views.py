"""How long the views of the Inspect page take, on untrained models of about 5 million parameters.

    python benchmarks/inspect_views.py [--only VIEW,...] [--runs N] [--cpu]

Printed for each view: the median of its first computation on a fresh model, and of the next sample (of a view of units, the
next unit) on the same model, with all that the view does by itself (the map with random weights among it). On three
classifiers: the views of one sample and those of units. On four models that generate, which are graphs of the gallery with
wider layers: the views of generation. Other views of a whole split are left out. Ends with status 1 where a median is above
2 seconds. On a machine that does other work, --cpu counts the processor's time in place of
the clock's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builder.compiler import warm_up
from builder.gallery import FOLDER
from builder.graph import Edge, Graph, loads
from builder.inspect import InspectError, Inspector, ViewSpec, compute, options, views

LIMIT = 2.0  # seconds
CLASSES = 10
BY_UNIT = ("activating", "activation_maximization")  # where another unit is looked at next, not another sample
WIDTHS = ("out_features", "out_channels", "channels", "hidden_size", "embedding_dim", "embed_dim")


class Chain:
    """Builds a classifier node by node, each fed by the one before."""

    def __init__(self, data: str, params: dict[str, object]) -> None:
        self.graph = Graph()
        self.graph.place("data", data, params)
        self.end = ("data", "x")

    def add(self, id: str, component: str, params: dict[str, object] | None = None, port: str = "x") -> str:
        self.graph.place(id, component, params)
        self.graph.wire(Edge(*self.end, id, port))
        self.end = (id, "y")
        return id

    def encode(self, blocks: int) -> None:
        """Transformer blocks, normalisation first."""
        for block in range(blocks):
            start = self.end
            self.add(f"norm{block}a", "norm_layer")
            normed = self.end
            attention = self.add(f"attention{block}", "attn_multi_head", {"num_heads": 8}, "q")
            for port in ("k", "v"):
                self.graph.wire(Edge(*normed, attention, port))
            self._residual(f"add{block}a", start)
            start = self.end
            self.add(f"norm{block}b", "norm_layer")
            self.add(f"ffn{block}", "tr_ffn")
            self._residual(f"add{block}b", start)
        self.add("norm", "norm_layer")

    def _residual(self, id: str, start: tuple[str, str]) -> None:
        self.add(id, "op_add", {}, "xs")
        self.graph.wire(Edge(*start, id, "xs"))

    def finish(self, classes: int = CLASSES) -> Graph:
        self.add("head", "linear", {"out_features": classes})
        self.graph.place("loss", "loss_cross_entropy")
        self.graph.wire(Edge(*self.end, "loss", "logits"))
        self.graph.wire(Edge("data", "y", "loss", "target"))
        self.graph.place("optimizer", "opt_adam")
        self.graph.wire(Edge("loss", "loss", "optimizer", "loss"))
        return self.graph


def convolutional() -> Graph:
    """Six convolutions on colour images of 32 x 32 pixels."""
    chain = Chain("data_random", {"shape": [3, 32, 32], "samples": 4000})
    for layer, width in enumerate((64, 128, 256, 256, 512, 512)):
        chain.add(f"conv{layer}", "conv_standard", {"out_channels": width, "kernel_size": 3, "padding": 1})
        chain.add(f"norm{layer}", "norm_batch")
        chain.add(f"relu{layer}", "act_relu")
        if layer in (0, 1, 3):
            chain.add(f"pool{layer}", "pool_max")
    chain.add("pool", "pool_global_avg", {"keepdim": False})
    return chain.finish()


def transformer() -> Graph:
    """Four blocks of width 256 on reviews of 40 words, of 8,000 different ones."""
    chain = Chain("data_sentiment", {"corpus": "508 films", "vocabulary_size": 8000})
    chain.add("embedding", "embedding", {"embedding_dim": 256, "padding_idx": 0})
    chain.add("position", "pe_learnable", {"max_len": 40})
    chain.encode(4)
    chain.add("mean", "op_masked_mean")
    chain.graph.wire(Edge("data", "pad", "mean", "pad"))
    return chain.finish(2)


def vision_transformer() -> Graph:
    """Six blocks of width 256 on 64 patches of 4 x 4 pixels, and a class token."""
    chain = Chain("data_random", {"shape": [3, 32, 32], "samples": 4000})
    chain.add("patches", "conv_standard", {"out_channels": 256, "kernel_size": 4, "stride": 4})
    chain.add("flatten", "op_flatten", {"start_dim": 2})
    chain.add("tokens", "op_transpose", {"dim0": 1, "dim1": 2})
    chain.add("class_token", "learned_token")
    chain.add("position", "pe_learnable", {"max_len": 65})
    chain.encode(6)
    chain.add("select", "op_select", {"dim": 1, "index": 0})
    return chain.finish()


def widened(name: str, widths: dict[int, int]) -> Graph:
    """A graph of the gallery whose layers are wider: by their width there, that here."""

    def wider(part: Any) -> Any:
        if isinstance(part, list):
            return [wider(item) for item in part]
        if not isinstance(part, dict):
            return part
        return {
            key: widths.get(value, value) if key in WIDTHS and isinstance(value, int) else wider(value)
            for key, value in part.items()
        }

    return loads(json.dumps(wider(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))))


MODELS: dict[str, Callable[[], Graph]] = {
    "convolutional": convolutional,
    "transformer": transformer,
    "vision transformer": vision_transformer,
}
GENERATORS: dict[str, Callable[[], Graph]] = {
    "variational autoencoder": lambda: widened("vae", {400: 3100}),
    "diffusion": lambda: widened("ddpm", {32: 152, 64: 304}),
    "flow": lambda: widened("real_nvp", {192: 720}),
    "sequence to sequence": lambda: widened("seq2seq_attention", {32: 256, 48: 320, 96: 640}),
}


def timed(graph: Graph, view: ViewSpec, runs: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Median seconds of the first computation on a fresh model, and of the next sample or unit."""
    firsts, seconds = [], []
    for _ in range(runs):
        inspector = Inspector(graph)
        inspector.batch("train", [0])  # reads the data, which is not the view's time
        for found, index in ((firsts, 0), (seconds, 1)):
            sample = inspector.sample("valid", index) if view.needs_sample else None
            chosen: dict[str, Any] = {"unit": index} if view.id in BY_UNIT else {}
            begin = clock()
            compute(inspector, view.id, view.node, sample, **chosen)
            found.append(clock() - begin)
    return statistics.median(firsts), statistics.median(seconds)


def timed_views(inspector: Inspector, generates: bool, only: set[str]) -> list[ViewSpec]:
    """Of a model that generates its views of that; else those that look at one sample alone, and those of units."""
    sample = inspector.sample()
    found = []
    for view in views(inspector):
        named = {
            option.name for option in options(inspector, view.id, view.node, sample if view.needs_sample else None)
        }
        alone = view.needs_sample and "split" not in named
        wanted = view.topic.id == "generation" if generates else alone or view.topic.id == "units"
        if wanted and (not only or view.id in only):
            found.append(view)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Times the views of the Inspect page.")
    parser.add_argument("--only", default="", help="ids of views, with commas between")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cpu", action="store_true", help="the processor's time in place of the clock's")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.cpu else time.perf_counter
    if arguments.cpu:
        torch.set_num_threads(1)  # so that waiting for each other does not count
    warm_up()
    slow = 0
    for name, make in {**MODELS, **GENERATORS}.items():
        graph = make()
        inspector = Inspector(graph)
        inspector.values(inspector.sample())  # what PyTorch spends on a process' first operations is spent here
        parameters = sum(p.numel() for p in inspector.root.parameters())
        print(f"\n{name}, {parameters / 1e6:.1f} million parameters\n{'view':24}{'first':>10}{'next sample':>14}")
        for view in timed_views(inspector, name in GENERATORS, set(filter(None, arguments.only.split(",")))):
            try:
                first, second = timed(graph, view, arguments.runs, clock)
            except InspectError as error:
                print(f"{view.id:24}  {error.message}")
                slow += 1
                continue
            late = max(first, second) > LIMIT
            slow += late
            print(
                f"{view.id:24}{first:8.2f} s{second:12.2f} s{'  above ' + format(LIMIT, 'g') + ' s' if late else ''}",
                flush=True,
            )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
