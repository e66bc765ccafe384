"""What a port takes, for checks and in words."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch

from components.spec import Dims, Port

KIND_NAMES = {"tensor": ("a tensor", "张量"), "schedule": ("a learning-rate schedule", "学习率调度")}
DTYPE_NAMES = {"float": ("real numbers", "浮点数"), "int": ("integers", "整数"), "bool": ("booleans", "布尔值")}


def unconnected(port: Port) -> tuple[str, str]:
    """What is missing where no wire reaches a port."""
    en, zh = in_words(port.dims)
    return (
        f"Port '{port.name}' is not connected; it expects {en}.",
        f"端口“{port.name}”未连接，它需要{zh}。",
    )


def fed_by_muted(port: Port, source: str) -> tuple[str, str]:
    """What is missing where the only wire that reaches a port comes from a muted node."""
    en, zh = in_words(port.dims)
    return (
        f"Port '{port.name}' is fed by '{source}', which is muted; it expects {en}.",
        f"端口“{port.name}”由已停用的“{source}”提供输入，它需要{zh}。",
    )


def in_words(dims: Dims) -> tuple[str, str]:
    """What a port expects, for a sentence."""
    if dims.kind != "tensor":
        return KIND_NAMES[dims.kind]
    if dims.alternatives() == [[]]:
        return "a single number", "单个数值"
    if dims.alternatives() == [["*"]]:
        return "a tensor", "一个张量"
    shapes = ["(" + ", ".join(axes) + ")" for axes in dims.alternatives()]
    return " or ".join(shapes), " " + " 或 ".join(shapes)


def hint_for(rank: int, dims: Dims) -> tuple[str, str]:
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


def dtype_fits(wanted: str, dtype: torch.dtype) -> bool:
    """Whether a port takes values of this kind."""
    if wanted == "any":
        return True
    if wanted == "bool":
        return dtype == torch.bool
    if wanted == "int":
        return not (dtype.is_floating_point or dtype.is_complex or dtype == torch.bool)
    return dtype.is_floating_point or dtype.is_complex
