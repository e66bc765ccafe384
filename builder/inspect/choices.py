"""What may be chosen in a view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.labels import token_names
from builder.inspect.prediction import predict
from builder.inspect.samples import Sample
from components.data._base import SPLITS, SplitName

LISTED = 4096  # choices of one option at most


@dataclass(frozen=True)
class Choice:
    """One value of an option, with its label."""

    value: Any
    label: str
    label_zh: str

    def text(self, language: str) -> str:
        return self.label_zh if language == "zh" else self.label


@dataclass(frozen=True)
class Option:
    """Something to choose in a view: one of ``choices``, or, without any, an integer from ``low`` to ``high``."""

    name: str
    label: str
    label_zh: str
    default: Any
    choices: tuple[Choice, ...] = ()
    low: int = 0
    high: int = 0

    @property
    def kind(self) -> Literal["choice", "integer"]:
        return "choice" if self.choices else "integer"

    def text(self, language: str) -> str:
        return self.label_zh if language == "zh" else self.label

    def read(self, text: str) -> Any:
        """The value that a text stands for: of a choice its value or its English label; to be checked by ``check``."""
        if self.choices:
            return next((c.value for c in self.choices if text in (str(c.value), c.label)), text)
        return int(text) if text.removeprefix("-").isdecimal() else text

    def check(self, given: Any) -> Any:
        """The value if it is allowed; InspectError otherwise."""
        if self.choices:
            if not any(given == c.value and type(given) is type(c.value) for c in self.choices):
                some = ", ".join(repr(c.value) for c in self.choices[:8])
                raise InspectError(
                    f"The option '{self.name}' must be one of {some}. Got {given!r} instead.",
                    f"选项“{self.label_zh}”必须是 {some} 之一，收到 {given!r}。",
                )
        elif not isinstance(given, int) or isinstance(given, bool) or not self.low <= given <= self.high:
            raise InspectError(
                f"The option '{self.name}' must be an integer from {self.low} to {self.high}. Got {given!r} instead.",
                f"选项“{self.label_zh}”必须是 {self.low} 至 {self.high} 的整数，收到 {given!r}。",
            )
        return given


def choose(name: str, label: str, label_zh: str, items: Sequence[Choice], default: Any = None) -> list[Option]:
    """An option with these choices; none where there is nothing to choose."""
    if len(items) < 2:
        return []
    return [Option(name, label, label_zh, items[0].value if default is None else default, tuple(items[:LISTED]))]


def integer(name: str, label: str, label_zh: str, default: int, low: int, high: int) -> list[Option]:
    """An integer option; none where there is nothing to choose."""
    return [Option(name, label, label_zh, default, (), low, high)] if high > low else []


def plain(items: Sequence[str]) -> list[Choice]:
    """Names that are the same in every language: ports, parameters."""
    return [Choice(item, item, item) for item in items]


def head_option(heads: Sequence[tuple[int, Head]]) -> list[Option]:
    """Which answer, where the model gives several."""
    items = [Choice(i, ".".join(h.end), ".".join(h.end)) for i, h in heads]
    return choose("head", "Answer", "答案", items)


def split_option(default: SplitName = "valid") -> list[Option]:
    """Which part of the data; validation, where nothing else is the usual choice."""
    names = {"train": ("training", "训练集"), "valid": ("validation", "验证集"), "test": ("test", "测试集")}
    return choose("split", "Split", "数据划分", [Choice(s, *names[s]) for s in SPLITS], default)


def position_option(inspector: Inspector, sample: Sample | None, head: Head) -> list[Option]:
    """Which of several answers: a step of a sequence, a node of a graph, a pixel."""
    if sample is None or head.task == "image":
        return []
    found = predict(inspector, sample, head)
    high = found.steps.real - 1 if found.steps else found.positions - 1
    label = ("Node", "节点") if not head.batched else ("Step", "步") if head.tokens else ("Position", "位置")
    return integer("position", *label, min(found.position, high), 0, high)


def target_options(inspector: Inspector, sample: Sample | None, heads: Sequence[tuple[int, Head]]) -> list[Option]:
    """Which number is explained: the answer, its class or output, and the position.

    Where there are several answers, the classes are those of the one with the most.
    """
    head = max((head for _, head in heads), key=lambda head: len(head.names))
    classes = head.task in ("classes", "yes_no")
    shown = token_names(head.names, np.arange(len(head.names))) if head.tokens else head.names
    answers = [Choice(-1, "predicted", "预测的类别")] if classes else []
    answers += [Choice(i, name, name) for i, name in enumerate(shown)]
    label = ("Class", "类别") if classes else ("Output", "输出")
    return [*head_option(heads), *choose("answer", *label, answers), *position_option(inspector, sample, heads[0][1])]


def heads_where(inspector: Inspector, wanted: Callable[[Head], bool]) -> list[tuple[int, Head]]:
    """The answers of a kind, with their numbers."""
    return [(i, head) for i, head in enumerate(inspector.heads) if wanted(head)]
