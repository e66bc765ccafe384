"""How a model does on a whole split, sample by sample: what is confused with what, and the worst mistakes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.prediction import IGNORED
from components.data._base import SplitName


@dataclass(frozen=True)
class Evaluation:
    """The answers on a split. An item is whatever is answered: a sample, a step, a node of a graph, a pixel.

    Args:
        head: what is answered.
        split: of the data.
        sample: (M,), the sample of each item.
        position: (M,), the item's position in its sample.
        loss: (M,), cross entropy in nats for classes, squared error for numbers and images (mean over the sample).
        truth: (M,) classes or (M, K) numbers; None for images.
        predicted: as the truth.
        confidence: (M,), the probability of the predicted class; None for numbers.
    """

    head: Head
    split: SplitName
    sample: np.ndarray
    position: np.ndarray
    loss: np.ndarray
    truth: np.ndarray | None
    predicted: np.ndarray | None
    confidence: np.ndarray | None

    @property
    def accuracy(self) -> float:
        """The share of items that are right; not a number where numbers are predicted or nothing is known."""
        if not self.head.by_class or self.truth is None or self.predicted is None or not len(self.truth):
            return float("nan")
        return float((self.truth == self.predicted).mean())


@dataclass(frozen=True)
class Confusion:
    """``counts[i, j]``: items of class i that were taken for class j."""

    counts: np.ndarray
    names: tuple[str, ...]
    split: SplitName

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.counts) / max(self.counts.sum(), 1))

    @property
    def recall(self) -> np.ndarray:
        """(K,), the share of each class that was recognised; not a number for a class that does not occur."""
        return _share(np.diag(self.counts), self.counts.sum(1))

    @property
    def precision(self) -> np.ndarray:
        """(K,), the share of what was taken for each class that belongs to it; not a number where nothing was."""
        return _share(np.diag(self.counts), self.counts.sum(0))


@dataclass(frozen=True)
class Mistakes:
    """The samples (of a graph, the nodes) with the greatest loss, the worst first.

    Args:
        evaluation: that they are taken from.
        items: (n,), sample numbers, or node numbers where the split is one graph.
        loss: (n,), the mean over the sample.
        truth: (n,) classes, predicted: (n,), confidence: (n,); None where a sample has several answers or numbers.
    """

    evaluation: Evaluation
    items: np.ndarray
    loss: np.ndarray
    truth: np.ndarray | None
    predicted: np.ndarray | None
    confidence: np.ndarray | None


def evaluate(inspector: Inspector, split: SplitName, head: Head) -> Evaluation:
    """Runs a split through the model, in batches.

    Raises:
        InspectError: the graph does not say what the answer should be, or the split is empty.
    """
    return inspector.kept(("evaluation", split, head.end), lambda: _evaluate(inspector, split, head))


def confusion(evaluation: Evaluation) -> Confusion:
    """What was taken for what.

    Raises:
        InspectError: the answers are no single classes.
    """
    if not evaluation.head.by_class or evaluation.truth is None or evaluation.predicted is None:
        raise InspectError("Only classes have a confusion matrix.", "只有分类才有混淆矩阵。")
    size = len(evaluation.head.names)
    pairs = evaluation.truth.astype(np.int64) * size + evaluation.predicted
    counts = np.bincount(pairs, minlength=size * size).reshape(size, size)
    return Confusion(counts, evaluation.head.names, evaluation.split)


def worst(evaluation: Evaluation, count: int = 12, truth: int | None = None, predicted: int | None = None) -> Mistakes:
    """The samples (of a graph, the nodes) with the greatest loss.

    Args:
        truth, predicted: only items of this true and of this predicted class.

    Raises:
        InspectError: there are none of these classes.
    """
    evaluation = _between(evaluation, truth, predicted)
    single = evaluation.head.batched
    owner = evaluation.sample if single else evaluation.position
    items, first, inverse = np.unique(owner, return_index=True, return_inverse=True)
    loss = np.bincount(inverse, weights=evaluation.loss) / np.bincount(inverse)
    order = np.argsort(-loss, kind="stable")[:count]
    one_each = len(items) == len(owner) and evaluation.head.by_class

    def of(values: np.ndarray | None) -> np.ndarray | None:
        return values[first[order]] if one_each and values is not None else None

    return Mistakes(
        evaluation, items[order], loss[order], of(evaluation.truth), of(evaluation.predicted), of(evaluation.confidence)
    )


def _between(evaluation: Evaluation, truth: int | None, predicted: int | None) -> Evaluation:
    """The items of a true and of a predicted class."""
    kept = np.ones(len(evaluation.loss), dtype=bool)
    for column, wanted in ((evaluation.truth, truth), (evaluation.predicted, predicted)):
        if wanted is not None:
            kept &= column == wanted
    if not kept.any():
        names = evaluation.head.names
        parts = [] if truth is None else [(f"of class '{names[truth]}'", f"真实类别为“{names[truth]}”")]
        parts += [] if predicted is None else [(f"taken for '{names[predicted]}'", f"预测为“{names[predicted]}”")]
        said, said_zh = zip(*parts or [("there", "存在")], strict=True)
        raise InspectError(f"No item of this split is {' and '.join(said)}.", f"此划分中没有{'且'.join(said_zh)}的项。")
    columns = ("sample", "position", "loss", "truth", "predicted", "confidence")
    values = {name: getattr(evaluation, name) for name in columns}
    return replace(evaluation, **{name: value[kept] for name, value in values.items() if value is not None})


def _evaluate(inspector: Inspector, split: SplitName, head: Head) -> Evaluation:
    if head.target is None:
        raise InspectError(
            "The graph does not say what this answer should be: wire a loss or a metric to it.",
            "图中没有说明此答案的正确值：请为其连接损失或指标。",
        )
    size = inspector.size(split)
    if not size:
        raise InspectError(f"The '{split}' split is empty.", f"“{split}”划分为空。")
    ends: list[End] = [head.end, head.target]
    program, step = inspector.program(tuple(ends)), inspector.batch_size(ends)
    parts: list[tuple[Tensor, ...]] = []
    for start in range(0, size, step):
        indices = range(start, min(start + step, size))
        output, target = inspector.run(program, inspector.batch(split, indices))
        parts.append(_judge(head, output, target, torch.tensor(indices)))
    sample, position, loss, truth, predicted, confidence = (
        torch.cat(column).numpy() for column in zip(*parts, strict=True)
    )
    known = None if head.task == "image" else truth
    return Evaluation(
        head, split, sample, position, loss, known, None if known is None else predicted,
        confidence if head.task in ("classes", "yes_no") else None,
    )  # fmt: skip


def _judge(head: Head, output: Tensor, target: Tensor, indices: Tensor) -> tuple[Tensor, ...]:
    """The columns of an ``Evaluation`` for one batch, without what is unknown."""
    rows = head.rows(head.image(output) if head.task == "image" else output)
    targets = head.targets(target)
    samples, positions = rows.shape[:2]
    sample = indices[:, None].expand(samples, positions).flatten()
    position = torch.arange(positions).expand(samples, positions).flatten()
    rows, targets = rows.flatten(0, 1), targets.flatten(0, 1)
    if head.task == "image":
        loss = (rows - targets).square().mean(1)
        nothing = torch.zeros(len(loss))
        return sample, position, loss, nothing, nothing, nothing
    if head.task == "classes":
        known = targets != IGNORED
        rows, targets = rows[known], targets[known]
        loss = (F.cross_entropy if head.scale == "logits" else F.nll_loss)(rows, targets, reduction="none")
        confidence, predicted = head.probabilities(rows[:, None])[:, 0].max(-1)
    elif head.task == "yes_no":
        known = (targets != IGNORED).all(1)
        rows, targets = rows[known], targets[known]
        loss = F.binary_cross_entropy_with_logits(rows, targets, reduction="none").mean(1)
        chances = head.probabilities(rows[:, None])[:, 0]
        confidence, predicted = chances.max(-1)
        if head.by_class and rows.shape[1] == 1:
            targets = (targets[:, 0] > 0.5).long()
        else:
            predicted = (rows > 0).long()
    else:
        known = (targets != IGNORED).all(1)
        rows, targets = rows[known], targets[known]
        loss = (rows - targets).square().mean(1)
        predicted, confidence = rows, torch.zeros(len(rows))
    return sample[known], position[known], loss, targets, predicted, confidence


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
