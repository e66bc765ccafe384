"""What a port takes, for checks and in words."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch

from builder.graph.edit.wires import KIND_NAMES
from components.spec import Dims, Port

DTYPE_NAMES = {"float": ("real numbers", "浮点数"), "int": ("integers", "整数"), "bool": ("booleans", "布尔值")}
End = tuple[str, str]
Message = tuple[str, str]
"""In English and Chinese."""


def unconnected(port: Port) -> Message:
    """What is missing where no wire reaches a port."""
    en, zh = in_words(port.dims)
    return (
        f"Port '{port.name}' is not connected; it expects {en}.",
        f"端口“{port.name}”未连接，它需要{zh}。",
    )


def fed_by_muted(port: Port, source: str) -> Message:
    """What is missing where the only wire that reaches a port comes from a muted node."""
    en, zh = in_words(port.dims)
    return (
        f"Port '{port.name}' is fed by '{source}', which is muted; it expects {en}.",
        f"端口“{port.name}”由已停用的“{source}”提供输入，它需要{zh}。",
    )


def crowded(port: Port, ends: Sequence[End]) -> Message:
    """What is wrong where several wires reach a port that takes one."""
    sources = ", ".join(f"{source}.{name}" for source, name in ends)
    return (
        f"Port '{port.name}' takes one wire; it has {len(ends)}: {sources}.",
        f"端口“{port.name}”只能接一条连线，现有 {len(ends)} 条：{sources}。",
    )


def other_kind(port: Port, source: End, given: Port) -> Message:
    """What is wrong where a port gets a schedule instead of a tensor, or the other way round."""
    (takes, takes_zh), (gives, gives_zh) = KIND_NAMES[port.dims.kind], KIND_NAMES[given.dims.kind]
    return (
        f"Port '{port.name}' takes {takes}; {source[0]}.{source[1]} gives {gives}.",
        f"端口“{port.name}”需要{takes_zh}，而 {source[0]}.{source[1]} 给出{gives_zh}。",
    )


def misfit(port: Port, shape: Sequence[int], dtype: torch.dtype, shown: str) -> Message | None:
    """What is wrong with the rank, a fixed size or the dtype of a tensor at a port; ``shown`` is its shape in words."""
    name, dims = port.name, port.dims
    if not any(has_layout(shape, axes) for axes in layouts(dims)):
        expected, expected_zh = in_words(dims)
        hint, hint_zh = hint_for(len(shape), dims)
        return (
            f"Port '{name}' expects {expected}; received {shown}.{hint}",
            f"端口“{name}”需要{expected_zh}，收到 {shown}。{hint_zh}",
        )
    if not dtype_fits(dims.dtype, dtype):
        expected, expected_zh = DTYPE_NAMES[dims.dtype]
        return (
            f"Port '{name}' expects {expected}; received {dtype_name(dtype)} of shape {shown}.",
            f"端口“{name}”需要{expected_zh}，收到形状为 {shown} 的 {dtype_name(dtype)}。",
        )
    return None


def in_words(dims: Dims) -> Message:
    """What a port expects, for a sentence."""
    if dims.kind != "tensor":
        return KIND_NAMES[dims.kind]
    if dims.alternatives() == [[]]:
        return "a single number", "单个数值"
    if dims.alternatives() == [["*"]]:
        return "a tensor", "一个张量"
    shapes = ["(" + ", ".join(axes) + ")" for axes in dims.alternatives()]
    return " or ".join(shapes), " " + " 或 ".join(shapes)


def hint_for(rank: int, dims: Dims) -> Message:
    """What helps where a tensor has too few or too many axes for a port."""
    if dims.alternatives() == [[]]:
        return " Connect the output of a loss.", "请连接损失的输出。"
    ranks = [len(axes) - ("*" in axes) for axes in dims.alternatives()]
    if rank < min(ranks):
        return " It has too few axes: Reshape adds some.", "维数过少：可用“变形”增加维度。"
    if rank > max(ranks) and not dims.accepts_rank(rank):
        return " It has too many axes: Flatten or a pooling takes some away.", "维数过多：可用“展平”或池化减少维度。"
    return "", ""


@functools.cache
def layouts(dims: Dims) -> list[list[str]]:
    """The axes of each layout that a port takes."""
    return dims.alternatives()


def has_layout(shape: Sequence[int], axes: Sequence[str]) -> bool:
    """Whether a shape has these axes; a number among their names is a size."""
    if "*" in axes:
        if len(shape) < len(axes) - 1:
            return False
        star = axes.index("*")
        behind = len(axes) - star - 1
        pairs = [*zip(shape[:star], axes[:star]), *zip(shape[len(shape) - behind :], axes[star + 1 :])]
    elif len(shape) != len(axes):
        return False
    else:
        pairs = list(zip(shape, axes))
    return all(not name.isdigit() or size == int(name) for size, name in pairs)


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype as it is written: ``float32``."""
    return str(dtype).removeprefix("torch.")


def dtype_fits(wanted: str, dtype: torch.dtype) -> bool:
    """Whether a port takes values of this kind."""
    if wanted == "any":
        return True
    if wanted == "bool":
        return dtype == torch.bool
    if wanted == "int":
        return not (dtype.is_floating_point or dtype.is_complex or dtype == torch.bool)
    return dtype.is_floating_point or dtype.is_complex
