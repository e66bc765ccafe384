"""What a model answers on a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps, steps_of
from builder.inspect.samples import Sample

IGNORED = -100  # a target that is unknown


@dataclass(frozen=True)
class Prediction:
    """An answer at one position.

    Args:
        head: what is answered.
        position: which step, node of a graph or pixel, counted through; 0 where there is one answer a sample.
        positions: how many there are.
        outputs: (K,), the numbers as the model gives them: logits, log-probabilities or values.
        probabilities: (K,) of the classes, two where one logit says yes or no; None where numbers are predicted.
        truth: the right class, or the right numbers (K,); None where it is unknown.
        steps: what the positions stand for, in a text.
    """

    head: Head
    position: int
    positions: int
    outputs: np.ndarray
    probabilities: np.ndarray | None
    truth: int | np.ndarray | None
    steps: Steps | None = None

    @property
    def chosen(self) -> int:
        """The most probable class; of numbers, the first."""
        return 0 if self.probabilities is None else int(self.probabilities.argmax())


@dataclass(frozen=True)
class Sequence:
    """The answers at every step of a sequence of tokens.

    Args:
        probabilities: (T, K).
        truth: (T,), -100 where unknown; None where the sample has no target.
        names: of the K tokens.
        steps: what the T steps stand for.
    """

    probabilities: np.ndarray
    truth: np.ndarray | None
    names: tuple[str, ...]
    steps: Steps


def predict(inspector: Inspector, sample: Sample, head: Head, position: int | None = None) -> Prediction:
    """The answer of one head; where no position is given, at the last step or the first node with a target.

    Raises:
        InspectError: there is no such position.
    """
    with inspector.steady(), torch.no_grad():
        rows = head.rows(inspector.value(sample, head.end))
    positions = rows.shape[1]
    targets = _targets(inspector, sample, head)
    if position is None:
        position = usual_position(head, positions, targets)
    if not 0 <= position < positions:
        raise InspectError(
            f"The answer has the positions 0 to {positions - 1}. Got {position} instead.",
            f"答案的位置为 0 至 {positions - 1}，收到 {position}。",
        )
    outputs = rows[0, position].numpy()
    if head.task == "image":
        raise InspectError(
            "This model answers with an image: see its reconstruction.", "此模型的答案是图像：请看重建视图。"
        )
    probabilities = None
    if head.task in ("classes", "yes_no"):
        probabilities = head.probabilities(rows)[0, position].numpy()
    truth: int | np.ndarray | None = None
    if targets is not None:
        found = targets[0, position] if targets.shape[1] > 1 or positions == 1 else targets[0, 0]
        truth = int(found) if found.ndim == 0 else int(found[0]) if head.by_class else found
        truth = None if isinstance(truth, int) and truth == IGNORED else truth
    steps = None
    if positions > 1 and head.batched:
        steps = steps_of(inspector, sample, head.end, positions)
    return Prediction(head, position, positions, outputs, probabilities, truth, steps)


def predict_tokens(inspector: Inspector, sample: Sample, head: Head) -> Sequence:
    """The distribution over the next token at every step.

    Raises:
        InspectError: the answer is no token.
    """
    if not head.tokens:
        raise InspectError("This model does not predict tokens.", "此模型不预测词元。")
    rows = head.rows(inspector.value(sample, head.end))
    targets = _targets(inspector, sample, head)
    names = head.names
    return Sequence(
        head.probabilities(rows)[0].numpy(),
        None if targets is None else targets[0],
        names,
        steps_of(inspector, sample, head.end, rows.shape[1]),
    )


def _targets(inspector: Inspector, sample: Sample, head: Head) -> np.ndarray | None:
    """The right answers as ``Head.targets`` lays them out; None where the sample has none."""
    found = inspector.values(sample).get(head.target) if head.target else None
    return None if found is None else head.targets(found).numpy()


def usual_position(head: Head, positions: int, targets: np.ndarray | None) -> int:
    """The last step of a sequence, or the first node of a graph, whose right answer is known."""
    if targets is None or targets.shape[1] != positions:
        return positions - 1 if head.batched else 0
    known = np.flatnonzero(targets.reshape(positions, -1)[:, 0] != IGNORED)
    if not len(known):
        return positions - 1 if head.batched else 0
    return int(known[-1] if head.batched else known[0])
