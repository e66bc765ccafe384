"""Which node of a graph is to blame for a failed step."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from builder.train.errors import NotFiniteError, TrainError, in_words


def node_of(error: BaseException, program: fx.GraphModule) -> str:
    """The path of the node whose forward raised; empty where the exception came from elsewhere.

    A program is straight-line code with one statement a node, so that the line in the traceback names it.
    """
    filename = type(program).forward.__code__.co_filename
    named = {node.name: node for node in program.graph.nodes}
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == filename:
            variable = linecache.getline(filename, line).partition("=")[0].partition(":")[0].strip()
            if variable in named:
                return named[variable].meta.get("path", "")
    return ""


def failed_forward(error: BaseException, program: fx.GraphModule) -> TrainError:
    """An exception of a program's forward, at the node that raised it."""
    message, message_zh = in_words(error)
    return TrainError(message, message_zh, node_of(error, program))


def failed_backward(error: BaseException, program: fx.GraphModule, inputs: Sequence[Any], terms: int) -> TrainError:
    """An exception of the backward pass: the step runs again with a note wherever a gradient arrives.

    The node to blame is the one that has received its gradient last: its own backward did not come to an end.

    Args:
        inputs: the arguments of the program.
        terms: how many of the program's values are added up to the loss.
    """
    message, message_zh = in_words(error)
    reached: list[str] = []

    class Watch(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, Tensor) and value.requires_grad:
                value.register_hook(lambda gradient: reached.append(n.meta.get("path", "")))
            return value

    try:
        torch.stack(list(Watch(program).run(*inputs))[:terms]).sum().backward()
    except Exception:  # it fails again, at the same place: what was reached before is the answer
        return TrainError(message, message_zh, reached[-1] if reached else "")
    return TrainError(message, message_zh)


def not_finite(program: fx.GraphModule, inputs: Sequence[Any], step: int, epoch: int) -> NotFiniteError:
    """Why a loss is not finite: the data, weights that an update has spoilt, or a node that makes such values."""
    when, when_zh = f"at step {step} (epoch {epoch})", f"第 {step} 步（第 {epoch} 轮）"
    spoilt = _spoilt_weights(program)
    if spoilt:
        return NotFiniteError(
            f"The weights of '{spoilt}' are not finite any more {when}: the last update was too large, or its gradient "
            "was not finite. Lower the learning rate, or limit the gradient with clip_norm.",
            f"{when_zh}，“{spoilt}”的权重已不是有限值：上一次更新过大，或梯度不是有限值。"
            "请降低学习率，或用 clip_norm 限制梯度。",
            spoilt,
        )
    node = _first_not_finite(program, inputs)
    if node is not None and node.op == "placeholder":
        path = node.meta["path"]
        return NotFiniteError(
            f"The data of '{path}' hold values that are not finite {when}.",
            f"{when_zh}，“{path}”的数据含有非有限值。",
            path,
        )
    if node is None:  # a random layer did it, and does not when it runs again
        return NotFiniteError(
            f"The loss is not finite {when}. Lower the learning rate, or limit the gradient with clip_norm.",
            f"{when_zh}损失不是有限值。请降低学习率，或用 clip_norm 限制梯度。",
        )
    path = node.meta.get("path", "")
    return NotFiniteError(
        f"The loss is not finite {when}. The first value that is not finite comes out of '{path}', from finite inputs. "
        "Lower the learning rate, limit the gradient with clip_norm, or keep this node's inputs in its range.",
        f"{when_zh}损失不是有限值。最先出现非有限值的是“{path}”的输出，而其输入均为有限值。"
        "请降低学习率、用 clip_norm 限制梯度，或让该节点的输入处于其定义域内。",
        path,
    )


def _spoilt_weights(program: fx.GraphModule) -> str:
    """The last node in the order of the data whose weights are not finite.

    A gradient that is not finite spoils every layer that it flows back through: the one next to its origin is the last.
    """
    spoilt = ""
    for node in program.graph.nodes:
        if node.op == "call_module":
            module: nn.Module = program.get_submodule(str(node.target))
            if any(not p.isfinite().all() for p in module.parameters()):
                spoilt = node.meta.get("path", "")
    return spoilt


@torch.no_grad()
def _first_not_finite(program: fx.GraphModule, inputs: Sequence[Any]) -> fx.Node | None:
    """The node that makes a value which is not finite of finite ones, on a way to the program's results."""
    values: dict[fx.Node, Any] = {}

    class Record(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            values[n] = super().run_node(n)
            return values[n]

    Record(program, garbage_collect_values=False).run(*inputs)
    ends = [n for n in program.graph.output_node().all_input_nodes if _is_bad(values[n])]
    node = ends[0] if ends else None
    while node is not None:
        sources = [n for n in node.all_input_nodes if _is_bad(values[n])]
        if not sources:
            return node
        # A mask may hold -inf by right: anything else is suspected first.
        node = next((n for n in sources if not _is_masked(values[n])), sources[0])
    return None


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, tuple | list):
        return [t for item in value for t in _tensors(item)]
    return [value] if isinstance(value, Tensor) and value.is_floating_point() else []


def _is_bad(value: Any) -> bool:
    return any(not t.isfinite().all() for t in _tensors(value))


def _is_masked(value: Any) -> bool:
    """Whether the values that are not finite are all -inf."""
    return not any(bool((t.isnan() | t.isposinf()).any()) for t in _tensors(value))
