"""What PyTorch means when it refuses an input, in words that name the cause, in English and Chinese.

A table of the sentences that PyTorch raises; what it does not know is handed on as it is. Numbers that stand for axes
are turned into names later, by whoever knows the graph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from components.spec import Component

Shape = tuple[int, ...]
Shapes = Mapping[str, Sequence[Shape]]
LONGEST = 300


@dataclass(frozen=True)
class Reason:
    """Why a node cannot work: a half-sentence in English and Chinese, and the port or parameter where it lies."""

    en: str
    zh: str
    port: str = ""
    param: str = ""


@dataclass(frozen=True)
class Case:
    """What is known when a component raises: its values, the shapes by port and the sentence that matched."""

    component: Component
    values: Mapping[str, Any]
    shapes: Shapes
    match: re.Match[str]

    def param(self, *names: str) -> str:
        """The first of these parameters that the component has."""
        return next((name for name in names if name in self.values), "")


def explain(component: Component, values: Mapping[str, Any], shapes: Shapes, error: BaseException) -> Reason:
    """The cause of an exception that a component's constructor or forward raised."""
    text = " ".join((str(error).strip() or type(error).__name__).split())
    for pattern, words in _TABLE:
        match = re.search(pattern, text)
        if match:
            return words(Case(component, values, shapes, match))
    text = text[:LONGEST].rstrip(".")
    return Reason(f"{text}.", f"{text}。")


# ------------------------------------------------------------------ windows


def _kernel(case: Case) -> Reason:
    size, kernel = case.match["size"], case.match["kernel"]
    return Reason(
        f"the kernel ({kernel}) is larger than the map with its padding ({size}). "
        "Make kernel_size smaller, add padding, or shrink the map less before.",
        f"卷积核（{kernel}）大于含填充的特征图（{size}）。请减小 kernel_size、增加 padding，或减少前面的下采样。",
        "",
        case.param("kernel_size"),
    )


def _pool(case: Case) -> Reason:
    size = case.match["size"].partition("x")[2].replace("x", " x ")
    return Reason(
        f"the window is larger than the map ({size}), so that nothing is left. Make kernel_size smaller or pool less.",
        f"窗口大于特征图（{size}），输出为空。请减小 kernel_size 或减少池化。",
        "",
        case.param("kernel_size", "output_size"),
    )


def _border(case: Case) -> Reason:
    return Reason(
        "this kind of padding copies from the map and must be smaller than it. Make padding smaller.",
        "这种填充方式从特征图中取值，填充必须小于特征图。请减小 padding。",
        "",
        case.param("padding"),
    )


# ------------------------------------------------------------------ products


def _product(case: Case) -> Reason:
    shapes = {port: several[0] for port, several in case.shapes.items() if len(several) == 1}
    if {"q", "k"} <= shapes.keys():
        return _attention(shapes)
    if {"a", "b"} <= shapes.keys():
        return _matrices(shapes["a"], shapes["b"])
    left, right = case.match.groupdict().get("left"), case.match.groupdict().get("right")
    if left and left != right:
        return Reason(
            f"its weights take {right} features, but {left} arrive.",
            f"它的权重需要 {right} 个特征，实际收到 {left} 个。",
        )
    return Reason("the sizes of a matrix product do not fit.", "矩阵乘法的尺寸不匹配。")


def _multiplies_matrices(component: Component) -> bool:
    """Whether the last axis of a port a is, by its name, the last but one of a port b."""
    if not {"a", "b"} <= component.inputs.keys():
        return False
    a, b = (component.inputs[port].dims.alternatives()[0] for port in "ab")
    return len(b) > 1 and a[-1:] == b[-2:-1]


def _matrices(a: Shape, b: Shape) -> Reason:
    if a[-1] != b[-2]:
        return Reason(
            f"the last axis of a ({a[-1]}) must equal the last but one of b ({b[-2]}).",
            f"a 的最后一维（{a[-1]}）必须等于 b 的倒数第二维（{b[-2]}）。",
            "b",
        )
    return Reason(
        f"the axes before the matrices must be equal or 1; {_differing(a[:-2], b[:-2])[0]}.",
        f"矩阵之前的各维必须相等或为 1；{_differing(a[:-2], b[:-2])[1]}。",
        "b",
    )


def _attention(shapes: Mapping[str, Shape]) -> Reason:
    q, k = shapes["q"], shapes["k"]
    v = shapes.get("v", k)
    if q[-1] != k[-1]:
        return Reason(
            f"queries and keys must have equally many features; q has {q[-1]}, k has {k[-1]}.",
            f"查询与键的特征数必须相同；q 有 {q[-1]} 个，k 有 {k[-1]} 个。",
            "k",
        )
    if k[-2] != v[-2]:
        return Reason(
            f"keys and values must have equally many steps; k has {k[-2]}, v has {v[-2]}.",
            f"键与值的步数必须相同；k 有 {k[-2]} 步，v 有 {v[-2]} 步。",
            "v",
        )
    en, zh = _differing(q[:-2], k[:-2] if q[:-2] != k[:-2] else v[:-2])
    return Reason(
        f"samples and heads of q, k and v must be equal; {en}.", f"q、k、v 的样本数和头数必须相同；{zh}。", "k"
    )


# ------------------------------------------------------------------ shapes that must agree


def _broadcast(case: Case) -> Reason:
    if _multiplies_matrices(case.component):
        return _product(case)
    several = [shape for shapes in case.shapes.values() for shape in shapes]
    for first, second in combinations(several, 2):
        if not _fits(first, second):
            en, zh = _differing(first, second)
            return Reason(
                f"shapes are compared axis by axis from the last, and must be equal or 1; {en}.",
                f"形状从最后一维起逐维比较，必须相等或为 1；{zh}。",
            )
    return Reason("the shapes of two of its tensors do not fit together.", "其中两个张量的形状不匹配。")


def _fits(first: Shape, second: Shape) -> bool:
    return all(a == b or 1 in (a, b) for a, b in zip(reversed(first), reversed(second), strict=False))


def _differing(first: Shape, second: Shape) -> tuple[str, str]:
    """Which axes of two shapes do not broadcast, counted from the front or, where the ranks differ, from the back."""
    places = range(-min(len(first), len(second)), 0)
    bad = [i for i in places if first[i] != second[i] and 1 not in (first[i], second[i])]
    if len(first) == len(second):
        named = [(i + len(first), first[i], second[i]) for i in bad]
    else:
        named = [(i, first[i], second[i]) for i in bad]
    en = ", ".join(f"axis {i} has {a} and {b}" for i, a, b in named)
    zh = "，".join(f"维度 {i} 分别为 {a} 和 {b}" for i, a, b in named)
    return en, zh


def _joined(case: Case) -> Reason:
    several = [shape for shapes in case.shapes.values() for shape in shapes]
    if not several:
        return Reason("the tensors that it joins differ in shape.", "要拼接的张量形状不一致。")
    first, dim = several[0], case.values.get("dim", 0)
    for number, shape in enumerate(several[1:], 2):
        if len(shape) != len(first):
            return Reason(
                f"all inputs must have equally many axes; input 1 has {len(first)}, input {number} has {len(shape)}.",
                f"所有输入的维数必须相同；输入 1 有 {len(first)} 维，输入 {number} 有 {len(shape)} 维。",
            )
        for axis, (a, b) in enumerate(zip(first, shape, strict=True)):
            if a != b and axis != dim % len(first):
                return Reason(
                    f"all axes but the joined one ({dim}) must be equal; axis {axis} is {a} in input 1 "
                    f"and {b} in input {number}.",
                    f"除拼接的维度（{dim}）外各维必须相等；维度 {axis} 在输入 1 中为 {a}，在输入 {number} 中为 {b}。",
                )
    return Reason("the tensors that it joins differ in shape.", "要拼接的张量形状不一致。")


def _channels(case: Case) -> Reason:
    wanted, got = case.match["wanted"], case.match["got"]
    return Reason(
        f"its weights take {wanted} channels, but {got} arrive.", f"它的权重需要 {wanted} 个通道，实际收到 {got} 个。"
    )


def _features(case: Case) -> Reason:
    wanted, got = case.match["wanted"], case.match["got"]
    return Reason(
        f"its weights take {wanted} features, but {got} arrive.", f"它的权重需要 {wanted} 个特征，实际收到 {got} 个。"
    )


def _state(case: Case) -> Reason:
    layers = case.values.get("num_layers", 1) * (2 if case.values.get("bidirectional") else 1)
    hidden = case.values.get("hidden_size", "hidden_size")
    port = next((p for p in ("h0", "c0") if p in case.shapes), "")
    return Reason(
        f"an initial state has the shape (layers x directions, samples, hidden_size), here ({layers}, B, {hidden}).",
        f"初始状态的形状应为（层数×方向数，样本数，hidden_size），此处为 ({layers}, B, {hidden})。",
        port,
    )


# ------------------------------------------------------------------ axes and sizes


def _axis(case: Case) -> Reason:
    low, high, got = case.match["low"], case.match["high"], case.match["got"]
    return Reason(
        f"there is no axis {got}: the axes are numbered from {low} to {high}.",
        f"没有维度 {got}：维度编号为 {low} 到 {high}。",
        "",
        case.param("dim", "axis", "start_dim", "dim0"),
    )


def _halves(case: Case) -> Reason:
    axis, size = case.match["axis"], case.match["size"]
    return Reason(
        f"it splits axis {axis} into halves, which needs an even size; it has {size}.",
        f"它把维度 {axis} 分成两半，需要偶数大小，实际为 {size}。",
    )


def _order(case: Case) -> Reason:
    return Reason(
        "start_dim must not stand behind end_dim.", "start_dim 不能在 end_dim 之后。", "", case.param("end_dim")
    )


def _view(case: Case) -> Reason:
    return Reason(
        f"the values cannot be arranged as [{case.match['shape']}]: their number differs.",
        f"这些值无法排列成 [{case.match['shape']}]：数量不符。",
        "",
        case.param("shape", "sizes"),
    )


def _too_large(case: Case) -> Reason:
    return Reason("its tensors would be larger than any memory.", "其张量超出任何内存的容量。")


def _dtypes(case: Case) -> Reason:
    return Reason("all its inputs must have one element type.", "所有输入的元素类型必须相同。")


def _samples(case: Case) -> Reason:
    a, b = case.match["a"], case.match["b"]
    return Reason(
        f"it needs as many targets as predictions; {a} and {b} arrive.", f"目标与预测的数量必须相同，收到 {a} 和 {b}。"
    )


_TABLE: list[tuple[str, Callable[[Case], Reason]]] = [
    (r"padded input size per channel: \((?P<size>[^)]*)\)\. Kernel size: \((?P<kernel>[^)]*)\)", _kernel),
    (r"[Ii]nput size: \((?P<size>[^)]*)\)\. Calculated output size: .*too small", _pool),
    (r"pad(ding)? size should be less than the corresponding input dimension", _border),
    (r"Padding size should be less than the corresponding input dimension", _border),
    (r"cannot be multiplied \(\d+x(?P<left>\d+) and (?P<right>\d+)x\d+\)", _product),
    (r"first two dimensions of batch2 tensor", _product),
    (r"size mismatch, got input \(\d+\), mat \(\d+x(?P<left>\d+)\), vec \((?P<right>\d+)\)", _product),
    (r"must have same reduction dim, but got \[(?:\d+, )*(?P<left>\d+)\] X \[(?P<right>\d+)", _product),
    (r"contracted dimensions|inconsistent tensor size", _product),
    (r"The size of tensor a \(\d+\) must match the size of tensor b", _broadcast),
    (r"[Aa]ttempting to broadcast|not broadcastable|cannot be broadcast|must be broadcastable", _broadcast),
    (r"Sizes of tensors must match except in dimension|Expected size \d+ but got size \d+ for tensor number", _joined),
    (r"same number of dimensions|[Nn]umber of dimensions of tensors must match", _joined),
    (r"to have (?P<wanted>\d+) channels, but got (?P<got>\d+) channels", _channels),
    (r"running_mean should contain (?P<got>\d+) elements not (?P<wanted>\d+)", _channels),
    (r"expected input with shape \[\*, (?P<wanted>\d+)\].*size *\[(?:\d+, )*(?P<got>\d+)\]", _features),
    (r"must be equal to input_size\. Expected (?P<wanted>\d+), got (?P<got>\d+)", _features),
    (r"Expected hidden(?:\[\d\])? size", _state),
    (r"expected to be in range of \[(?P<low>-?\d+), (?P<high>-?\d+)\], but got (?P<got>-?\d+)", _axis),
    (r"Halving dimension must be even, but dimension (?P<axis>-?\d+) is size (?P<size>\d+)", _halves),
    (r"start_dim cannot come after end_dim", _order),
    (r"shape '\[(?P<shape>[^]]*)\]' is invalid for input of size", _view),
    (r"Provided sizes \[(?P<shape>[^]]*)\] don't multiply up to", _view),
    (r"Storage size calculation overflowed|integer multiplication overflow|Overflow when unpacking", _too_large),
    (r"int too (large|big) to convert|cannot fit 'int' into|can't allocate memory|not enough memory", _too_large),
    (r"Expected input batch_size \((?P<a>\d+)\) to match target batch_size \((?P<b>\d+)\)", _samples),
    (r"expected scalar type \w+ but found|must have the same dtype|to have the same dtype", _dtypes),
]
