"""What is explained, where explanations begin, and what they are.

An answer is explained between any two values of the graph: where the input is made of integers (tokens), at the output
of the embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.dependence import differentiable
from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps, steps_of, visible
from builder.inspect.prediction import predict
from builder.inspect.samples import Sample, feature_names
from builder.inspect.values import picture
from components.attribution._score import Score

Shape = Literal["image", "series", "table", "tokens", "nodes"]

_AT_ONCE = 64  # samples that run together
_CUT_AT_ZERO = ("grad_cam", "grad_cam_pp", "score_cam", "guided_grad_cam")
WARN_ABOVE = 0.5  # a rank correlation with the map of random weights that speaks against a map


@dataclass(frozen=True)
class Sanity:
    """The same explanation of the same model with random weights (Adebayo et al., arXiv 1810.03292).

    Args:
        values: laid out as those of the attribution.
        correlation: Spearman's rank correlation of the two maps as they are drawn; not a number where one is the same everywhere.
    """

    values: np.ndarray
    correlation: float


@dataclass(frozen=True)
class Attribution:
    """What each part of a sample contributes to a score.

    Args:
        method: a key of the titles in ``figures.attribution``.
        shape: what the sample is.
        values: image (C, H, W) or (H, W); series (T, C); table (C,); tokens (T,); nodes (N, C).
        signed: whether values below zero speak against the answer.
        score: the number that is explained: a logit or an output.
        answer: which one: the name of the class, or of the output.
        index: its number.
        position: where in the answer (a step, a node), counted through.
        input: the sample itself, laid out as the values are (tokens have none).
        steps: what the steps stand for, of tokens and series.
        names: of the features of a table.
        baseline_score: the score of the baseline, where the values should add up to the difference.
        sanity: the map of random weights, where it was asked for.
    """

    method: str
    shape: Shape
    values: np.ndarray
    signed: bool
    score: float
    answer: str
    index: int
    position: int
    input: np.ndarray | None = None
    steps: Steps | None = None
    names: tuple[str, ...] = ()
    baseline_score: float | None = None
    sanity: Sanity | None = None

    @property
    def delta(self) -> float | None:
        """The completeness error: the sum of the values less the difference of the scores."""
        return None if self.baseline_score is None else float(self.values.sum()) - (self.score - self.baseline_score)

    @property
    def map(self) -> np.ndarray:
        """One number for each pixel or node: the sum over channels of signed values, else the greatest."""
        return self.flat(self.values)

    def flat(self, values: np.ndarray) -> np.ndarray:
        """Values that are laid out as these, as a map."""
        if self.shape == "image" and values.ndim == 3:
            return values.sum(0) if self.signed else values.max(0)
        if self.shape == "nodes":
            return values.sum(1) if self.signed else values.max(1)
        return values

    def comparable(self, map_: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Two maps that are laid out as this one's, without what is 0 whatever the weights are: padding, nodes out of reach."""
        if self.steps is not None:
            return map_[: self.steps.real], other[: self.steps.real]
        reached = (map_ != 0) | (other != 0) if self.shape == "nodes" else ...
        return map_[reached], other[reached]

    def notice(self, language: str) -> str:
        """A warning where the map says nothing, or hardly depends on the weights; else empty."""
        if not self.map.any():
            return self._empty(language)
        if self.sanity is None or not self.sanity.correlation > WARN_ABOVE:
            return ""
        rank = f"{self.sanity.correlation:.2f}"
        if language == "zh":
            return (
                f"所有权重随机化后，该图几乎不变（秩相关 {rank}）：它更多反映输入本身，而不是模型学到的内容"
                "（Adebayo 等，arXiv 1810.03292）。"
            )
        return (
            f"With random weights in all layers the map hardly changes (rank correlation {rank}): it shows the input more "
            "than what the model has learned (Adebayo et al., arXiv 1810.03292)."
        )

    def _empty(self, language: str) -> str:
        """Why a map is zero everywhere."""
        answer = visible(self.answer)
        if self.method in _CUT_AT_ZERO:
            if language == "zh":
                return (
                    f"该图处处为零：在此节点的特征图中，没有支持“{answer}”的证据（反对的部分会被截去）。"
                    "请换一个节点，或换一个类别。"
                )
            return (
                f'The map is zero everywhere: in the feature maps of this node nothing speaks for "{answer}" (what speaks '
                "against it is cut off). Try another node or another class."
            )
        if language == "zh":
            return f"该图处处为零：按此方法，输入的任何部分都不改变“{answer}”的得分。请换一种方法，或换一个样本。"
        return (
            f'The map is zero everywhere: by this method, no part of the input moves the score of "{answer}". Try another '
            "method or another sample."
        )


@dataclass(frozen=True)
class Target:
    """The number to explain: class (or output) ``index`` at ``position`` of a head; the predicted class where None."""

    head: Head
    index: int | None = None
    position: int | None = None


# ------------------------------------------------------------------ where attributions begin


def can_explain(inspector: Inspector, head: Head) -> bool:
    """Whether an answer is a few numbers that come from an input which gradients reach."""
    return head.task != "image" and find_start(inspector, head) is not None


def find_start(inspector: Inspector, head: Head) -> End | None:
    """The value that is explained: floating-point data, else the first real values that integers are turned into.

    The answer must depend on it by real numbers alone, so that gradients lead back.
    """
    reached = differentiable(inspector, head.end)
    for end in inspector.sources([head.end]):
        if end in reached and shape_of(inspector, end) is not None:
            return end
    for path in inspector.compiled.ancestors([head.end]):
        node = inspector.compiled.flat.nodes[path]
        sources = [s for ends in node.inputs.values() for s in ends]
        outputs = [(path, port) for port in inspector.compiled.report.nodes[path].outputs]
        if sources and outputs and not any(_is_float(inspector, s) for s in sources) and outputs[0] in reached:
            return outputs[0] if inspector.layout.kind(outputs[0]) == "sequence" else None
    return None


def _is_float(inspector: Inspector, end: End) -> bool:
    return inspector.layout.spec(end).dtype.startswith("float")


def shape_of(inspector: Inspector, end: End) -> Shape | None:
    kind = inspector.layout.kind(end)
    if inspector.compiled.flat.nodes[end[0]].component.kind != "dataset":
        return "tokens"
    shapes: dict[str, Shape] = {
        "image": "image",
        "maps": "image",
        "sequence": "series",
        "vector": "table",
        "nodes": "nodes",
    }
    return shapes.get(kind)


# ------------------------------------------------------------------ the number that is explained


@dataclass(frozen=True)
class Question:
    """One number of the model's answer on a sample, as a function of a value that it comes from.

    Args:
        start: that value, and what it is.
        x: its samples, (1, *); the nodes of a graph are one sample, (1, N, C).
        score: the number for each of several such samples.
        answer: the name of the class or output, and its number.
        position: where in the answer, counted through.
        at_once: how many samples may run together.
    """

    inspector: Inspector
    sample: Sample
    start: End
    shape: Shape
    x: Tensor
    score: Score
    answer: str
    index: int
    position: int
    at_once: int

    def result(
        self, method: str, values: Tensor, signed: bool, score: float, baseline_score: float | None = None
    ) -> Attribution:
        """The attribution that values (1, *), laid out as x, are."""
        array, inspector = values[0].numpy(), self.inspector
        given: np.ndarray | None = self.x[0].numpy()
        steps, names = None, ()
        if self.shape == "image":
            given = picture(self.x[0].numpy())
        elif self.shape == "series":
            if inspector.layout.sample_axes(self.start)[0] == "C":
                array, given = array.T, self.x[0].numpy().T
            steps = steps_of(inspector, self.sample, self.start, array.shape[0])
        elif self.shape == "tokens":
            given, steps = None, steps_of(inspector, self.sample, self.start, array.shape[0])
        elif self.shape == "table":
            names = feature_names(inspector.compiled, self.start)
        return Attribution(
            method, self.shape, array, signed, score, self.answer, self.index, self.position, given, steps, names,
            baseline_score,
        )  # fmt: skip


def ask(inspector: Inspector, sample: Sample, target: Target, start: End | None = None) -> Question:
    """The question how a number depends on a value: on the input, or on ``start``.

    Raises:
        InspectError: no gradient leads there, or there is no such output.
    """
    head = target.head
    begin = find_start(inspector, head)
    shape = None if begin is None else shape_of(inspector, begin)
    if begin is None or shape is None or head.task == "image":
        raise InspectError(
            "This model's answer cannot be traced back to its input by gradients.",
            "无法用梯度把此模型的答案追溯到输入。",
        )
    begin = begin if start is None else start
    answer = predict(inspector, sample, head, target.position)
    index = answer.chosen if target.index is None else target.index
    position = answer.position
    size = len(answer.outputs)
    two_sided = head.task == "yes_no" and size == 1  # one logit: it speaks for yes, its negative for no
    if not 0 <= index < (2 if two_sided else size):
        raise InspectError(
            f"The answer has the outputs 0 to {size - 1}. Got {index} instead.",
            f"输出编号为 0 至 {size - 1}，收到 {index}。",
        )
    sign = -1.0 if two_sided and index == 0 else 1.0
    column = 0 if two_sided else index
    program = inspector.function(begin, head.end)
    others = inspector.arguments(program, sample.inputs)

    def score(points: Tensor) -> Tensor:
        rest = [other.expand(len(points), *other.shape[1:]) for other in others] if head.batched else others
        found = sign * head.rows(program(points if head.batched else points.squeeze(0), *rest))[:, position, column]
        if points.requires_grad and torch.is_grad_enabled() and not found.requires_grad:
            raise InspectError(
                f"No gradient leads from '{head.end[0]}' back to '{begin[0]}.{begin[1]}'.",
                f"没有从“{head.end[0]}”回到“{begin[0]}.{begin[1]}”的梯度。",
                begin[0],
            )
        return found

    x = inspector.value(sample, begin)
    return Question(
        inspector, sample, begin, shape, x if head.batched else x[None], score,
        visible(head.names[index]) if index < len(head.names) else str(index), index, position,
        min(_AT_ONCE, inspector.batch_size([head.end])) if head.batched else 1,
    )  # fmt: skip
