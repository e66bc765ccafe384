"""What each part of the input does for an answer: gradients, contributions, and what happens where parts are hidden.

The computations are those of the visualizers in ``components.attribution``.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from builder.inspect.attribution import Attribution, Question, Shape, Target, ask, find_start, shape_of
from builder.inspect.dependence import differentiable
from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from components.attribution import deeplift as _deeplift
from components.attribution import integrated_gradients as _integrated
from components.attribution import lime as _lime
from components.attribution import occlusion as _occlusion
from components.attribution import saliency as _saliency
from components.attribution import smoothgrad as _smoothgrad
from components.attribution._relu_rule import Rule, rule_gradient
from components.attribution._superpixels import superpixels

Baseline = Literal["zero", "mean"]

STEPS = 24  # of integrated gradients; Gauss-Legendre points converge fast
SMOOTH_SAMPLES, FEWEST_SMOOTH = 25, 8
SMOOTH_WORK = 1.5e10  # floating-point operations, which is about half a second
LIME_SAMPLES = 120  # a run of the model each, and another of the one with random weights
_SEEN = 512  # samples of the training split that means and ranges are taken of


def saliency(inspector: Inspector, sample: Sample, target: Target, show: _saliency.Show = "absolute") -> Attribution:
    """The gradient of the score with respect to the input: its magnitude, its sign too, or times the input.

    For tokens the gradient at the embedding is one number a token: its length, or its product with the embedding.

    Source: Simonyan et al., arXiv 1312.6034.
    """
    if show not in ("absolute", "signed", "times_input"):
        raise InspectError(
            f"A gradient is shown as absolute, signed or times_input. Got {show!r} instead.",
            f"梯度的显示方式为 absolute、signed 或 times_input，收到 {show!r}。",
        )
    asked = ask(inspector, sample, target)
    if asked.shape == "tokens" and show == "signed":
        show = "times_input"  # the sign of a gradient says nothing along the axes of an embedding
    with inspector.steady():
        values = _saliency.saliency(asked.score, asked.x, show)
        value = _value(asked, asked.x)
    if asked.shape == "tokens":
        values = values.sum(-1) if show == "times_input" else values.norm(dim=-1)
    method = {"absolute": "saliency", "signed": "gradient", "times_input": "gradient_times_input"}[show]
    return asked.result(method, values, show != "absolute", value)


def smoothgrad(
    inspector: Inspector, sample: Sample, target: Target, sigma: float = 0.15, samples: int | None = None
) -> Attribution:
    """The magnitude of the mean gradient over noisy copies of the input.

    Args:
        sigma: the noise's standard deviation, in parts of the range of the input; of the range that a feature of a
            table or a channel of a series has in training, because their units differ.
        samples: noisy copies; 25 where None, of large models fewer.

    Source: Smilkov et al., arXiv 1706.03825.
    """
    asked = ask(inspector, sample, target)
    samples = smooth_samples(inspector, target.head) if samples is None else samples
    ranges = _ranges(asked) if asked.shape in ("table", "series") and inspector.has_data else None
    with inspector.steady():
        values = _smoothgrad.smoothgrad(asked.score, asked.x, sigma, samples, asked.at_once, ranges)
        value = _value(asked, asked.x)
    return asked.result("smoothgrad", values.norm(dim=-1) if asked.shape == "tokens" else values.abs(), False, value)


def smooth_samples(inspector: Inspector, head: Head) -> int:
    """Fewer noisy copies for larger models and longer inputs, so that an explanation stays quick."""
    once = 3 * inspector.work([head.end])  # a way back costs twice the way there
    return int(min(SMOOTH_SAMPLES, max(FEWEST_SMOOTH, SMOOTH_WORK // max(once, 1))))


def through_relus(inspector: Inspector, sample: Sample, target: Target, rule: Rule) -> Attribution:
    """The gradient of the score, going back through ReLUs as a deconvnet or as guided backpropagation does.

    Source: Zeiler & Fergus, arXiv 1311.2901; Springenberg et al., arXiv 1412.6806.
    """
    if not has_relus(inspector, target.head):
        raise InspectError(
            "Between an image and this answer stands no ReLU whose rule could be changed.",
            "图像与该答案之间没有可改变规则的 ReLU。",
        )
    asked = ask(inspector, sample, target)
    with inspector.steady():
        values = rule_gradient(asked.score, asked.x, rule)
        value = _value(asked, asked.x)
    return asked.result({"deconvnet": "deconvnet", "guided": "guided_backprop"}[rule], values, True, value)


def integrated_gradients(
    inspector: Inspector, sample: Sample, target: Target, baseline: Baseline = "zero", n_steps: int = STEPS
) -> Attribution:
    """The gradient of the score, averaged along the straight way from a baseline to the input, times their difference.

    The values add up to the difference of the two scores (completeness); ``delta`` of the result is what is missing.

    Args:
        baseline: zeros, or the mean of (up to 512) training samples. For tokens, the zero embedding.
        n_steps: points of the Gauss-Legendre rule along the way.

    Source: Sundararajan et al., arXiv 1703.01365.
    """
    asked = ask(inspector, sample, target)
    reference = _baseline(asked, baseline)
    with inspector.steady():
        at_once = min(n_steps, asked.at_once)
        values = _integrated.integrated_gradients(asked.score, asked.x, reference, n_steps, at_once)
    return _contributions(asked, "integrated_gradients", values, reference)


def deeplift(inspector: Inspector, sample: Sample, target: Target, baseline: Baseline = "zero") -> Attribution:
    """The difference of the score from that of a baseline, handed back by the Rescale rule.

    Source: Shrikumar et al., arXiv 1704.02685.
    """
    asked = _batched(ask(inspector, sample, target))
    reference = _baseline(asked, baseline)
    with inspector.steady():
        values = _deeplift.deeplift(asked.score, asked.x, reference)
    return _contributions(asked, "deeplift", values, reference)


def occlusion(
    inspector: Inspector, sample: Sample, target: Target, window: int = 0, baseline: Baseline = "zero"
) -> Attribution:
    """How far the score falls where a patch, a few steps, a feature or a token is replaced by the baseline.

    Args:
        window: side of the patch in pixels, or steps of a series; 0 for a seventh of the image, an eighth of the series.

    Source: Zeiler & Fergus, arXiv 1311.2901.
    """
    asked = _batched(ask(inspector, sample, target))
    reference = _baseline(asked, baseline)
    gone = _patches(asked, window or usual_window(inspector, target.head))
    with inspector.steady():
        values = _occlusion.occlusion(asked.score, asked.x, gone, reference, asked.at_once)
        value = _value(asked, asked.x)
    return asked.result("occlusion", _same_along(asked.shape, values), True, value)


def lime(
    inspector: Inspector, sample: Sample, target: Target, samples: int = LIME_SAMPLES, grid: int = 6
) -> Attribution:
    """The coefficients of a linear model of the score on which superpixels, features, steps or tokens can be seen.

    Hidden superpixels have their mean colour; hidden features are those of the mean training sample (0 where there are no
    data), tokens and steps 0.

    Args:
        samples: number of samples with parts hidden.
        grid: rows and columns that the superpixels of an image grow from.

    Source: Ribeiro et al., arXiv 1602.04938.
    """
    asked = _batched(ask(inspector, sample, target))
    x = asked.x
    if asked.shape == "image":
        rows, columns = min(grid, x.shape[2]), min(grid, x.shape[3])
        regions, count = superpixels(x, rows, columns), rows * columns
        reference, segments = _lime.mean_colours(x, regions, count), regions.unsqueeze(1)
    else:
        axis = _step_axis(asked)
        count = x.shape[axis]
        shape = [1] * x.dim()
        shape[axis] = count
        segments = torch.arange(count).view(shape)
        reference = _baseline(asked, "mean" if asked.shape == "table" and inspector.has_data else "zero")
    with inspector.steady():
        weights = _lime.lime(asked.score, x, segments, reference, count, samples, at_once=asked.at_once)
        value = _value(asked, x)
    values = weights[0][segments].expand_as(x)
    return asked.result("lime", _same_along(asked.shape, values), True, value)


# ------------------------------------------------------------------ where they apply


def has_relus(inspector: Inspector, head: Head) -> bool:
    """Whether ReLUs stand between an image and an answer."""
    start = find_start(inspector, head)
    if head.task == "image" or start is None or shape_of(inspector, start) != "image":
        return False
    way = {path for path, _ in differentiable(inspector, head.end)}
    modules = [inspector.compiled.module(path) for path in way]
    return any(isinstance(part, nn.ReLU) for module in modules if module is not None for part in module.modules())


def takes_parts_away(inspector: Inspector, head: Head) -> bool:
    """Whether an answer about a sample can be asked for without parts of it: not of the nodes of one graph."""
    start = find_start(inspector, head)
    return head.task != "image" and head.batched and start is not None and shape_of(inspector, start) is not None


def usual_window(inspector: Inspector, head: Head) -> int:
    """Of occlusion: a seventh of an image's shorter side, an eighth of a series, one feature or token."""
    start = find_start(inspector, head)
    shape = None if start is None else shape_of(inspector, start)
    if start is None or shape not in ("image", "series"):
        return 1
    sizes = [s for s in inspector.layout.sample_shape(start) if isinstance(s, int)]
    axes = inspector.layout.sample_axes(start)
    if shape == "image":
        return max(1, round(min(sizes[1:]) / 7))
    steps = sizes[axes.index("T")] if "T" in axes and len(sizes) == len(axes) else 8
    return max(1, steps // 8)


# ------------------------------------------------------------------ pieces


def _value(asked: Question, x: Tensor) -> float:
    with torch.no_grad():
        return float(asked.score(x))


def _contributions(asked: Question, method: str, values: Tensor, reference: Tensor) -> Attribution:
    """Values that should add up to the change of the score."""
    with asked.inspector.steady():
        value, before = _value(asked, asked.x), _value(asked, reference)
    return asked.result(method, values.sum(-1) if asked.shape == "tokens" else values, True, value, before)


def _batched(asked: Question) -> Question:
    if asked.shape == "nodes":
        raise InspectError(
            "This method changes single samples, and the nodes of a graph are one.",
            "此方法逐样本改动输入，而整张图的节点是一个样本。",
        )
    return asked


def _same_along(shape: Shape, values: Tensor) -> Tensor:
    """Without the axis along which all values are equal: the channels of an image, the embedding of a token."""
    return values[:, 0] if shape == "image" else values[..., 0] if shape == "tokens" else values


def _step_axis(asked: Question) -> int:
    """The axis of the steps, tokens or features."""
    axes = asked.inspector.layout.axes(asked.start)
    return 2 if asked.shape == "series" and axes[1:2] == ("C",) else 1


def _patches(asked: Question, window: int) -> Tensor:
    """What is taken away in turn, (M, 1, *)."""
    sizes = asked.x.shape
    if asked.shape == "image":
        return _occlusion.patches(sizes[2], sizes[3], window, (window + 1) // 2)
    axis = _step_axis(asked)
    window = window if asked.shape == "series" else 1
    gone = _occlusion.bands(sizes[axis], window, max(1, window // 2))
    shape = [len(gone), 1, *[1] * (len(sizes) - 1)]
    shape[1 + axis] = sizes[axis]
    return gone.view(shape)


def _baseline(asked: Question, baseline: Baseline) -> Tensor:
    if baseline not in ("zero", "mean"):
        raise InspectError(
            f"The baseline must be zero or mean. Got {baseline!r} instead.",
            f"基线必须是 zero 或 mean，收到 {baseline!r}。",
        )
    if baseline == "zero" or asked.shape == "tokens":
        return torch.zeros_like(asked.x)
    inspector, x = asked.inspector, asked.x

    def mean() -> Tensor:
        if asked.shape == "nodes":
            return x.mean(1, keepdim=True).expand_as(x).clone()
        return _seen(asked).mean(0, keepdim=True)

    return inspector.kept(("mean", asked.start), mean)


def _ranges(asked: Question) -> Tensor:
    """The greatest value that training has of each feature or channel, less the least; broadcasts to a sample."""

    def ranges() -> Tensor:
        seen, kept = _seen(asked), 1 if asked.shape == "table" else 3 - _step_axis(asked)
        others = [axis for axis in range(seen.dim()) if axis != kept]
        return seen.amax(others, keepdim=True) - seen.amin(others, keepdim=True)

    return asked.inspector.kept(("ranges", asked.start), ranges)


def _seen(asked: Question) -> Tensor:
    inspector = asked.inspector
    return inspector.batch("train", range(min(_SEEN, inspector.size("train"))))[asked.start]
