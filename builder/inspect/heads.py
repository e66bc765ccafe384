"""What a model answers: the values that its losses and metrics look at, and how to read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from builder.compiler import Compiled, End
from builder.graph import FlatNode
from builder.inspect.layout import IMAGE_CHANNELS, Layout

Task = Literal["classes", "yes_no", "values", "image"]


@dataclass(frozen=True)
class Head:
    """An answer of the model.

    Args:
        end: where it stands.
        target: what it should be; None where the graph does not say.
        task: one of several classes, yes or no (once or several times), numbers, or an image.
        scale: what the numbers are: logits, logarithms of probabilities, or the answer itself.
        class_axis: where the classes stand: 1 or -1.
        names: of the classes, of the questions or of the numbers.
        batched: whether the first axis holds samples; else it holds the nodes of one graph.
        tokens: whether the classes are the tokens of a vocabulary.
        judge: path of the loss or metric that looks at it; empty where none does.
    """

    end: End
    target: End | None
    task: Task
    scale: Literal["logits", "log_probs", "plain"]
    class_axis: int
    names: tuple[str, ...]
    batched: bool
    tokens: bool
    judge: str

    @property
    def by_class(self) -> bool:
        """Whether an answer is one class, so that it is right or wrong."""
        return self.task == "classes" or (self.task == "yes_no" and len(self.names) == 2)

    def rows(self, output: Tensor) -> Tensor:
        """The answer as (B, P, K): P positions (1, steps, nodes of a graph, pixels), K classes or numbers."""
        if self.task == "classes":
            rows = output.movedim(self.class_axis, -1)
        elif self.task == "yes_no" or not self.batched:
            rows = output.flatten(1)
        else:
            rows = output.flatten(1) if output.dim() > 1 else output[:, None]
        if not self.batched:
            return rows.flatten(0, -2)[None]
        return rows.flatten(1, -2) if rows.dim() > 2 else rows[:, None]

    def image(self, output: Tensor) -> Tensor:
        """The image that an output is: of logits, the probability of each pixel."""
        return output.sigmoid() if self.scale == "logits" else output

    def targets(self, target: Tensor) -> Tensor:
        """The right answers, laid out as ``rows``: class numbers (B, P), else (B, P, K)."""
        if self.task == "classes":
            return (
                target.flatten(1)
                if self.batched and target.dim() > 1
                else target[:, None]
                if self.batched
                else target[None]
            )
        flat = target.reshape(target.shape[0], -1).float()
        return flat[:, None] if self.batched else flat[None]

    def probabilities(self, rows: Tensor) -> Tensor:
        """Probabilities (B, P, K) of the classes; one question gives two, no and yes."""
        if self.task == "classes":
            return rows.softmax(-1) if self.scale == "logits" else rows.exp()
        if self.task != "yes_no":
            raise ValueError(f"Only classes have probabilities. Got the task {self.task!r} instead.")
        yes = rows.sigmoid()
        return torch.cat((1 - yes, yes), -1) if rows.shape[-1] == 1 and len(self.names) == 2 else yes


def find_heads(compiled: Compiled, layout: Layout) -> list[Head]:
    """The answers that losses look at, else metrics, else whatever leaves the graph; each value once."""
    predictions = compiled.predictions
    found: dict[End, Head] = {}
    for kinds in (("loss",), ("metric",)):
        for judge in compiled.of_kind(*kinds):
            end, target, port = _looked_at(judge, predictions)
            if end is not None and end not in found:
                found[end] = _read(compiled, layout, end, target, port, judge.path)
        if found:
            return list(found.values())
    return [_read(compiled, layout, end, None, "", "") for end in predictions]


def _looked_at(judge: FlatNode, predictions: Iterable[End]) -> tuple[End | None, End | None, str]:
    """The prediction and the target at the ports of a loss or metric, and the name of the prediction's port."""
    targets = judge.inputs.get("target", [])
    for port, ends in judge.inputs.items():
        if port != "target" and ends and ends[0] in predictions and "target" in judge.component.inputs:
            return ends[0], targets[0] if targets else None, port
    return None, None, ""


def _read(compiled: Compiled, layout: Layout, end: End, target: End | None, port: str, judge: str) -> Head:
    shape = layout.spec(end).shape
    given = layout.spec(target) if target else None
    data = _source(compiled, target or end)
    classes, vocabulary = getattr(data, "classes", None), getattr(data, "target_vocabulary", None)
    module = compiled.module(judge) if judge else None
    class_axis = int(getattr(module, "class_axis", 1))
    size = shape[class_axis] if len(shape) > 1 else 1
    count = size if isinstance(size, int) else 1
    integers = given is not None and given.dtype.startswith(("int", "uint"))
    pixels = layout.batch_axis(end) is not None and layout.axes(end) == ("B", "C", "H", "W")
    task: Task
    if given is not None and integers and len(given.shape) == len(shape) - 1 and port != "prediction" and count > 1:
        task = "classes"
    elif (
        port == "logits" and pixels and layout.sample_shape(end)[0] in IMAGE_CHANNELS and given and given.shape == shape
    ):
        task = "image"  # each pixel is a probability
    elif port == "logits":
        task = "yes_no"
    elif given is None and classes is not None and len(shape) == 2 and len(classes) == count:
        task = "classes"  # nothing judges the answer, but it fits the classes of the data
    elif pixels:
        task = "image"
    else:
        task = "values"
    tokens = task == "classes" and classes is None and vocabulary is not None and len(vocabulary) <= count
    if task == "classes":
        names = _names(vocabulary if tokens else classes, count)
    elif task == "yes_no":
        questions = _product(layout.sample_shape(end))
        names = _names(classes, 2) if questions == 1 else _names(classes, questions)
    else:
        names = () if task == "image" else _names(None, _product(layout.sample_shape(end)))
    plain = port != "logits" and task in ("values", "image")
    scale = "log_probs" if port == "log_probs" else "plain" if plain else "logits"
    batched = layout.batch_axis(end) is not None
    return Head(end, target, task, scale, class_axis, names, batched, tokens, judge)


def _names(known: Iterable[str] | None, count: int) -> tuple[str, ...]:
    """The names that are known, then numbers: a layer may have more outputs than there are classes."""
    known = tuple(known or ())[:count]
    return (*known, *(str(i) for i in range(len(known), count)))


def _product(shape: Iterable[int | str]) -> int:
    size = 1
    for axis in shape:
        size *= axis if isinstance(axis, int) else 1
    return size


def _source(compiled: Compiled, end: End) -> object | None:
    """The data set that a value comes from: the first on its way."""
    for path in compiled.ancestors([end]):
        if compiled.flat.nodes[path].component.kind == "dataset":
            return compiled.dataset(path)
    return None
