"""Edits as a person might make them, drawn at random from all that there are; some are refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from builder.graph import BLOCK_PREFIX, Edge, Graph, GraphError, edit

COMPONENTS = (
    "linear", "op_add", "op_concat", "act_relu", "act_tanh", "rnn_lstm", "conv_standard", "loss_cross_entropy", "opt_adam",
    "sched_cosine", "gan_wgan_gp", "op_split", "no_such_component",
)  # fmt: skip
PARAMETERS = ("out_features", "kernel_size", "sections", "lr", "critic", "odd")
VALUES = (
    None,
    0,
    3,
    1.0,
    True,
    "text",
    [1, [2]],
    {"param": "width"},
    {"k": None},
    float("inf"),
    float("nan"),
    object(),
)
SETTINGS: tuple[tuple[str, Any], ...] = (
    ("frozen", True), ("frozen", None), ("repeat", 2), ("repeat", 0), ("mode", "mute"), ("mode", "bypass"), ("mode", None),
    ("name", "A name"), ("batch_size", 8), ("odd", [1]), ("init", {"component": "init_zero"}), ("phase", "train"),
)  # fmt: skip


class RandomEdits:
    """Makes one edit after another of a graph and its blocks."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.clipped: Graph | None = None

    def some(self, items: Sequence[Any]) -> Any:
        """One of some items; an edit that has nothing to choose from is refused."""
        if not items:
            raise GraphError("Nothing is there.", "没有可选项。")
        return self.rng.choice(items)

    def edit(self, made: Graph) -> str:
        """One edit of the graph or of one of its blocks; its name.

        Raises:
            GraphError: it was refused.
        """
        rng = self.rng
        part = self.some([made, made, *made.blocks.values()])
        nodes = list(part)
        wires = list(part.wires())
        name = rng.choice(("r", "fc", "x1", "not a name")) + str(rng.randrange(40))

        def node() -> str:
            return rng.choice([*nodes, "gone"]) if rng.random() < 0.05 else self.some(nodes)

        def chosen() -> list[str]:
            return rng.sample(nodes, min(len(nodes), rng.randrange(0, 4)))

        def wire() -> Edge:
            return self.some(wires)

        def component() -> str:
            return rng.choice([*COMPONENTS, *(BLOCK_PREFIX + block for block in made.blocks)])

        def end(target: bool) -> tuple[str, str]:
            id = node()
            signature = part.signature(id, made.blocks) if id in part else None
            ports = () if signature is None else tuple(signature.inputs if target else signature.outputs)
            return id, rng.choice([*ports, *ports, "no_port"])

        def place() -> tuple[float, float]:
            return rng.choice(((1, 2), (-3.25, 1e9), (float("nan"), 0)))

        def variadic() -> None:
            one = wire()
            sources = [f"{e.source}.{e.source_port}" for e in part.wires_into(one.target, one.target_port)]
            edit.reorder(part, one.target, one.target_port, rng.sample(sources, len(sources)))

        def clip() -> None:
            self.clipped = edit.clip(part, chosen(), made.blocks)

        def paste() -> None:
            if self.clipped is None:
                raise GraphError("Nothing was copied.", "未复制。")
            inside = name_of(part, made)
            if inside in edit.needed(self.clipped.blocks, self.clipped.blocks):
                raise GraphError("It would hold itself.", "会包含自身。")  # as the desk does
            edit.paste(part, self.clipped, made.blocks, inside_block=part is not made)

        def block_param() -> None:
            block = self.some(list(made.blocks.values()))
            block.block_params[rng.choice(("width", "depth"))] = rng.choice((1, [2], "part"))

        def reference() -> None:
            value = {"from": rng.choice(("shared", "average")), "node": node()}
            edit.set_setting(part, node(), "weights", value)

        choices: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("add", lambda: edit.add_node(part, component(), place(), blocks=made.blocks)),
            ("connect", lambda: edit.connect(part, Edge(*end(False), *end(True)), made.blocks, rng.random() < 0.7)),
            ("disconnect", lambda: edit.disconnect(part, rng.choice((wire(), Edge("a", "y", "b", "x"))))),
            ("reconnect", lambda: edit.reconnect(part, wire(), Edge(*end(False), *end(True)), made.blocks)),
            ("splice", lambda: edit.splice(part, node(), wire(), made.blocks)),
            ("remove", lambda: edit.remove_nodes(part, [node()]) if len(part) > 4 else None),
            ("move", lambda: edit.move(part, {node(): place(), node(): (5.0, 6)})),
            ("set_param", lambda: edit.set_param(part, node(), rng.choice(PARAMETERS), rng.choice(VALUES))),
            ("reset_param", lambda: edit.reset_param(part, node(), rng.choice(PARAMETERS))),
            ("refer", lambda: edit.set_param(part, node(), "critic", {"node": node()})),
            ("set_setting", lambda: edit.set_setting(part, node(), *rng.choice(SETTINGS))),
            ("weights", reference),
            ("mode", lambda: edit.toggle_mode(part, chosen(), rng.choice(("mute", "bypass")))),
            ("rename", lambda: edit.rename_node(part, node(), name, root=made)),
            ("rename_block", lambda: edit.rename_block(made, self.some(list(made.blocks)), name)),
            ("duplicate", lambda: edit.duplicate(part, [*chosen(), node()], incoming=rng.random() < 0.5)),
            ("clip", clip),
            ("paste", paste),
            ("replace", lambda: edit.replace_node(part, node(), component(), made.blocks, root=made)),
            ("make_block", lambda: edit.make_block(part, chosen(), name, made.blocks)),
            ("detach", lambda: edit.detach_block(part, node(), made.blocks)),
            ("detach", lambda: edit.detach_block(part, self.some(uses(part)), made.blocks)),
            ("reorder", variadic),
            ("block_param", block_param),
            ("training", lambda: made.training.update(epochs=rng.randrange(1, 9))),
            ("title", lambda: made.meta.update(title=name)),
        )
        label, act = rng.choice(choices)
        act()
        return label


def uses(part: Graph) -> list[str]:
    """The nodes that are uses of blocks."""
    return [node for node, data in part.nodes(data=True) if data["component"].startswith(BLOCK_PREFIX)]


def name_of(part: Graph, root: Graph) -> str | None:
    """The name under which a part of the graph is a block."""
    return next((name for name, block in root.blocks.items() if block is part), None)
