"""Which parts of a sample an answer comes from: Grad-CAM, gradients, integrated gradients.

The methods work between any two values of the graph: where the input is made of integers (tokens), they start at the
output of the embedding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps, steps_of, visible
from builder.inspect.prediction import predict
from builder.inspect.samples import Sample, feature_names
from builder.inspect.values import picture

Shape = Literal["image", "series", "table", "tokens", "nodes"]
Gradient = Literal["absolute", "signed", "times_input"]
Baseline = Literal["zero", "mean"]

STEPS = 24  # of integrated gradients; Gauss-Legendre points converge fast
_MEAN_OVER = 512  # samples of the training split


@dataclass(frozen=True)
class Attribution:
    """What each part of a sample contributes to a score.

    Args:
        method: ``grad_cam``, ``saliency``, ``gradient``, ``gradient_times_input`` or ``integrated_gradients``.
        shape: what the sample is.
        values: image (C, H, W), for Grad-CAM (H, W); series (T, C); table (C,); tokens (T,); nodes (N, C).
        signed: whether values below zero speak against the answer.
        score: the number that is explained: a logit or an output.
        answer: which one: the name of the class, or of the output.
        position: where in the answer (a step, a node), counted through.
        input: the sample itself, laid out as the values are (tokens have none).
        steps: what the steps stand for, of tokens and series.
        names: of the features of a table.
        baseline_score: the score of the baseline, of integrated gradients.
    """

    method: str
    shape: Shape
    values: np.ndarray
    signed: bool
    score: float
    answer: str
    position: int
    input: np.ndarray | None = None
    steps: Steps | None = None
    names: tuple[str, ...] = ()
    baseline_score: float | None = None

    @property
    def delta(self) -> float | None:
        """The completeness error of integrated gradients: the sum of the values less the difference of the scores."""
        return None if self.baseline_score is None else float(self.values.sum()) - (self.score - self.baseline_score)

    @property
    def map(self) -> np.ndarray:
        """One number for each pixel or node: the sum over channels of signed values, else the greatest."""
        if self.shape == "image" and self.values.ndim == 3:
            return self.values.sum(0) if self.signed else self.values.max(0)
        if self.shape == "nodes":
            return self.values.sum(1) if self.signed else self.values.max(1)
        return self.values


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
    """The value that is explained: floating-point data, else the first real values that integers are turned into."""
    for end in inspector.sources([head.end]):
        if _is_float(inspector, end) and _shape_of(inspector, end) is not None:
            return end
    for path in inspector.compiled.ancestors([head.end]):
        node = inspector.compiled.flat.nodes[path]
        sources = [s for ends in node.inputs.values() for s in ends]
        outputs = [(path, port) for port in inspector.compiled.report.nodes[path].outputs]
        if (
            sources
            and outputs
            and not any(_is_float(inspector, s) for s in sources)
            and _is_float(inspector, outputs[0])
        ):
            return outputs[0] if inspector.layout.kind(outputs[0]) == "sequence" else None
    return None


def _is_float(inspector: Inspector, end: End) -> bool:
    return inspector.layout.spec(end).dtype.startswith("float")


def _shape_of(inspector: Inspector, end: End) -> Shape | None:
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


# ------------------------------------------------------------------ methods


def grad_cam(inspector: Inspector, sample: Sample, node: str, target: Target) -> Attribution:
    """Feature maps of a node, weighted by the mean gradient of the score, summed, cut at zero, enlarged to the image.

    Source: Selvaraju et al., arXiv 1610.02391.
    """
    start = find_start(inspector, target.head)
    end = (node, cam_port(inspector, node))
    if start is None or end[1] == "" or _shape_of(inspector, start) != "image":
        raise InspectError(
            f"Grad-CAM needs a node with feature maps of an image. '{node}' has none.",
            f"Grad-CAM 需要具有图像特征图的节点，“{node}”没有。",
            node,
        )
    score, others = _score(inspector, sample, end, target)
    maps = inspector.value(sample, end).clone().requires_grad_()
    with inspector.steady():
        value = score.compute(maps, *others).sum()
        (gradient,) = torch.autograd.grad(value, maps)
    weights = gradient.mean((2, 3), keepdim=True)
    cam = (weights * maps.detach()).sum(1, keepdim=True).relu()
    image = inspector.value(sample, start)
    cam = F.interpolate(cam, image.shape[2:], mode="bilinear", align_corners=False)[0, 0]
    return Attribution(
        "grad_cam",
        "image",
        cam.numpy(),
        False,
        value.item(),
        score.answer,
        score.position,
        picture(image[0].numpy()),
    )


def saliency(inspector: Inspector, sample: Sample, target: Target, show: Gradient = "absolute") -> Attribution:
    """The gradient of the score with respect to the input: its magnitude, its sign too, or times the input.

    For tokens the gradient at the embedding is one number a token: its length, or its product with the embedding.

    Source: Simonyan et al., arXiv 1312.6034; captum.attr.Saliency and InputXGradient.
    """
    from captum.attr import InputXGradient, Saliency

    start, shape = _required_start(inspector, target.head)
    if show not in ("absolute", "signed", "times_input"):
        raise InspectError(
            f"A gradient is shown as absolute, signed or times_input. Got {show!r} instead.",
            f"梯度的显示方式为 absolute、signed 或 times_input，收到 {show!r}。",
        )
    if shape == "tokens" and show == "signed":
        show = "times_input"  # the sign of a gradient says nothing along the axes of an embedding
    score, others = _score(inspector, sample, start, target)
    x = inspector.value(sample, start).clone().requires_grad_()
    with inspector.steady():
        if show == "times_input":
            found = InputXGradient(score.compute).attribute(x, additional_forward_args=others)
        else:
            found = Saliency(score.compute).attribute(x, abs=False, additional_forward_args=others)
        value = float(score.compute(x.detach(), *others).sum())
    values = found.detach()
    if shape == "tokens":
        values = values.sum(-1) if show == "times_input" else values.norm(dim=-1)
    elif show == "absolute":
        values = values.abs()
    method = {"absolute": "saliency", "signed": "gradient", "times_input": "gradient_times_input"}[show]
    return _result(inspector, sample, start, shape, method, values, show != "absolute", score, value)


def integrated_gradients(
    inspector: Inspector, sample: Sample, target: Target, baseline: Baseline = "zero", n_steps: int = STEPS
) -> Attribution:
    """The gradient of the score, averaged along the straight way from a baseline to the input, times their difference.

    The values add up to the difference of the two scores (completeness); ``delta`` of the result is what is missing.

    Args:
        baseline: zeros, or the mean of (up to 512) training samples. For tokens, the zero embedding.
        n_steps: points of the Gauss-Legendre rule along the way.

    Source: Sundararajan et al., arXiv 1703.01365; captum.attr.IntegratedGradients.
    """
    from captum.attr import IntegratedGradients

    start, shape = _required_start(inspector, target.head)
    score, others = _score(inspector, sample, start, target)
    x = inspector.value(sample, start)
    reference = _baseline(inspector, start, shape, baseline, x)
    with inspector.steady():
        # One graph is one sample, however many nodes it has: its steps cannot be stacked along the axis of nodes.
        at_once = len(x) if shape == "nodes" else min(n_steps, inspector.batch_size([target.head.end]))
        values = IntegratedGradients(score.compute).attribute(
            x, reference, additional_forward_args=others, n_steps=n_steps, internal_batch_size=at_once
        )
        with torch.no_grad():
            value, at_baseline = (float(score.compute(v, *others).sum()) for v in (x, reference))
    values = values.detach()
    if shape == "tokens":
        values = values.sum(-1)
    return _result(
        inspector, sample, start, shape, "integrated_gradients", values, True, score, value, baseline_score=at_baseline
    )


def cam_port(inspector: Inspector, node: str) -> str:
    """The first output of a node that is feature maps of more than one pixel; empty where there is none."""
    for port in inspector.compiled.report.nodes[node].outputs:
        end = (node, port)
        sizes = inspector.layout.sample_shape(end)
        if inspector.layout.axes(end) == ("B", "C", "H", "W") and sizes[1:] != (1, 1):
            return port
    return ""


def cam_nodes(inspector: Inspector, head: Head) -> list[str]:
    """The nodes with feature maps between the image and an answer, in the order of the data."""
    start = find_start(inspector, head)
    if head.task == "image" or start is None or _shape_of(inspector, start) != "image":
        return []
    return [
        path
        for path in inspector.compiled.ancestors([head.end])
        if inspector.compiled.flat.nodes[path].component.kind in ("layer", "op") and cam_port(inspector, path)
    ]


# ------------------------------------------------------------------ the number that is explained


@dataclass(frozen=True)
class _Score:
    """One number of the model's answer for each sample, as a function of a value; and what it is."""

    compute: Callable[..., Tensor]
    answer: str
    position: int


def _score(inspector: Inspector, sample: Sample, start: End, target: Target) -> tuple[_Score, tuple[Tensor, ...]]:
    head = target.head
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
    program = inspector.function(start, head.end)
    others = tuple(inspector.arguments(program, sample.inputs))

    def compute(value: Tensor, *rest: Tensor) -> Tensor:
        found = sign * head.rows(program(value, *rest))[:, position, column]
        if value.requires_grad and torch.is_grad_enabled() and not found.requires_grad:
            raise InspectError(
                f"No gradient leads from '{head.end[0]}' back to '{start[0]}.{start[1]}'.",
                f"没有从“{head.end[0]}”回到“{start[0]}.{start[1]}”的梯度。",
                start[0],
            )
        return found

    name = visible(head.names[index]) if index < len(head.names) else str(index)
    if head.batched:
        return _Score(compute, name, position), others
    # Captum repeats what it is given along the first axis, which the edges of a graph do not share with its nodes.
    return _Score(lambda value: compute(value, *others), name, position), ()


def _required_start(inspector: Inspector, head: Head) -> tuple[End, Shape]:
    start = find_start(inspector, head)
    shape = None if start is None else _shape_of(inspector, start)
    if start is None or shape is None or head.task == "image":
        raise InspectError(
            "This model's answer cannot be traced back to its input by gradients.",
            "无法用梯度把此模型的答案追溯到输入。",
        )
    return start, shape


def _baseline(inspector: Inspector, start: End, shape: Shape, baseline: Baseline, x: Tensor) -> Tensor:
    if baseline not in ("zero", "mean"):
        raise InspectError(
            f"The baseline must be zero or mean. Got {baseline!r} instead.",
            f"基线必须是 zero 或 mean，收到 {baseline!r}。",
        )
    if baseline == "zero" or shape == "tokens":
        return torch.zeros_like(x)

    def mean() -> Tensor:
        if shape == "nodes":
            return x.mean(0, keepdim=True).expand_as(x).clone()
        count = min(_MEAN_OVER, inspector.size("train"))
        return inspector.batch("train", range(count))[start].mean(0, keepdim=True)

    return inspector.kept(("mean", start), mean)


def _result(
    inspector: Inspector,
    sample: Sample,
    start: End,
    shape: Shape,
    method: str,
    values: Tensor,
    signed: bool,
    score: _Score,
    value: float,
    baseline_score: float | None = None,
) -> Attribution:
    x = inspector.value(sample, start)
    array = (values if shape == "nodes" else values[0]).numpy()
    given: np.ndarray | None = (x if shape == "nodes" else x[0]).numpy()
    steps, names = None, ()
    if shape == "image":
        given = picture(x[0].numpy())
    elif shape == "series":
        if inspector.layout.sample_axes(start)[0] == "C":
            array, given = array.T, x[0].numpy().T
        steps = steps_of(inspector, sample, start, array.shape[0])
    elif shape == "tokens":
        given, steps = None, steps_of(inspector, sample, start, array.shape[0])
    elif shape == "table":
        names = feature_names(inspector.compiled, start)
    return Attribution(
        method, shape, array, signed, value, score.answer, score.position, given, steps, names, baseline_score
    )
