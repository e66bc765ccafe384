"""Which regions of an image an answer comes from, seen by the feature maps of a node: CAM and what grew from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.attribution import Attribution, Question, Target, ask, can_explain, find_start, shape_of
from builder.inspect.channels import Ranking, rank
from builder.inspect.dependence import differentiable, origins
from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from components.attribution._maps import enlarged
from components.attribution._score import gradient
from components.attribution.cam import cam as cam_of
from components.attribution.grad_cam import grad_cam as grad_cam_of
from components.attribution.grad_cam_pp import grad_cam_pp
from components.attribution.guided_grad_cam import guided_grad_cam
from components.attribution.score_cam import score_cam

Method = Literal["grad_cam", "grad_cam_pp", "score_cam", "guided_grad_cam"]

# Between the average of the maps and the answer, what may stand for CAM: nothing that bends, and no place is mixed.
_LINEAR = ("linear", "op_flatten", "op_reshape", "drop_dropout")
_AVERAGE = "pool_global_avg"
SEEN_THROUGH = 128  # feature maps that Score-CAM looks through at most: each costs a run of the model


def class_activation(
    inspector: Inspector, sample: Sample, node: str, target: Target, method: Method = "grad_cam"
) -> Attribution:
    """A node's feature maps, weighted by what they do for the score, as a map as large as the image.

    Source: Selvaraju et al., arXiv 1610.02391 (Grad-CAM, guided Grad-CAM); Chattopadhyay et al., arXiv 1710.11063
    (Grad-CAM++); Wang et al., arXiv 1910.01279 (Score-CAM).

    Raises:
        InspectError: the node has no feature maps of an image.
    """
    image, maps = _questions(inspector, sample, node, target)
    functions: dict[Method, Callable[[], Tensor]] = {
        "grad_cam": lambda: grad_cam_of(maps.score, maps.x),
        "grad_cam_pp": lambda: grad_cam_pp(maps.score, maps.x),
        "score_cam": lambda: score_cam(image.score, image.x, _most_varied(maps.x, SEEN_THROUGH), image.at_once),
        "guided_grad_cam": lambda: guided_grad_cam(image.score, image.x, maps.score, maps.x),
    }
    if method not in functions:
        raise InspectError(
            f"The method must be one of {', '.join(functions)}. Got {method!r} instead.",
            f"方法必须是 {'、'.join(functions)} 之一，收到 {method!r}。",
        )
    with inspector.steady():
        found = functions[method]()
        value = _value(image)
    if method == "guided_grad_cam":
        return image.result(method, found, True, value)
    return image.result(method, enlarged(found, image.x)[:, 0], False, value)


def cam(inspector: Inspector, sample: Sample, node: str, target: Target) -> Attribution:
    """What each place of the maps that are averaged and then classified adds to the score, enlarged to the image.

    Source: Zhou et al., arXiv 1512.04150.

    Raises:
        InspectError: between the maps and the answer stands more than an average and a linear layer.
    """
    if node not in averaged_nodes(inspector, target.head):
        raise InspectError(
            f"CAM needs a node whose maps are averaged and then classified by a linear layer. '{node}' is none.",
            f"CAM 需要特征图经全局平均后由线性层分类的节点，“{node}”不是。",
            node,
        )
    image, maps = _questions(inspector, sample, node, target)
    average = next(p for p in _behind(inspector, node) if _component(inspector, p) == _AVERAGE)
    end = (average, "y")
    shape = inspector.value(sample, end).shape[1:]
    pooled = ask(inspector, sample, Target(target.head, image.index, image.position), end)

    def classifier(vectors: Tensor) -> Tensor:
        return pooled.score(vectors.view(len(vectors), *shape)).unsqueeze(1)

    with inspector.steady():
        found = cam_of(maps.x, classifier)
        value = _value(image)
    return image.result("cam", enlarged(found, image.x)[:, 0], True, value)


def rank_channels(inspector: Inspector, sample: Sample, end: End, head: Head) -> Ranking:
    """The channels of maps by gradient times activation, summed over places: what they add to the predicted score.

    Raises:
        InspectError: the answer does not depend on these maps by gradients.
    """
    asked = ask(inspector, sample, Target(head), end)
    with inspector.steady():
        product = (gradient(asked.score, asked.x) * asked.x)[0]
    return rank("attribution", product.flatten(1).sum(1).double().numpy(), asked.answer)


def ranking_head(inspector: Inspector, end: End) -> Head | None:
    """The first answer that gradients lead back from to these maps."""
    return next(
        (h for h in inspector.heads if can_explain(inspector, h) and end in differentiable(inspector, h.end)),
        None,
    )


def _questions(inspector: Inspector, sample: Sample, node: str, target: Target) -> tuple[Question, Question]:
    """The score as a function of the image and of a node's feature maps."""
    end = (node, cam_port(inspector, node) if node in inspector.compiled.report.nodes else "")
    start = find_start(inspector, target.head)
    if start is None or end[1] == "" or shape_of(inspector, start) != "image":
        raise InspectError(
            f"Class activation maps need a node with feature maps of an image. '{node}' has none.",
            f"类激活图需要具有图像特征图的节点，“{node}”没有。",
            node,
        )
    return ask(inspector, sample, target), ask(inspector, sample, target, end)


def _most_varied(maps: Tensor, count: int) -> Tensor:
    """Those of the maps (1, C, H, W) that vary most over the image: a map that is even hides nothing."""
    if maps.shape[1] <= count:
        return maps
    return maps[:, maps.var((2, 3))[0].topk(count).indices.sort().values]


def _value(question: Question) -> float:
    with torch.no_grad():
        return float(question.score(question.x))


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
    if head.task == "image" or start is None or shape_of(inspector, start) != "image":
        return []
    reached, nodes = differentiable(inspector, head.end), inspector.compiled.flat.nodes
    return [
        path
        for path in inspector.compiled.ancestors([head.end])
        if nodes[path].component.kind in ("layer", "op")
        and (path, port := cam_port(inspector, path)) in reached
        and start in origins(inspector, (path, port))
    ]


def averaged_nodes(inspector: Inspector, head: Head) -> list[str]:
    """Those of them whose maps are averaged over all places and then classified by a linear layer alone."""
    return [node for node in cam_nodes(inspector, head) if _is_averaged(inspector, node, head)]


def _is_averaged(inspector: Inspector, node: str, head: Head) -> bool:
    way = set(inspector.compiled.ancestors([head.end]))
    path, averaged = node, False
    while path != head.end[0]:
        readers = [p for p in _behind(inspector, path) if p in way]
        if len(readers) != 1:
            return False
        path = readers[0]
        id = _component(inspector, path)
        if (averaged and id not in _LINEAR) or (not averaged and id != _AVERAGE):
            return False
        averaged = True
    return averaged and path != node


def _behind(inspector: Inspector, path: str) -> list[str]:
    """The nodes that read a node's output."""
    nodes = inspector.compiled.flat.nodes
    return [p for p, n in nodes.items() if any(end[0] == path for ends in n.inputs.values() for end in ends)]


def _component(inspector: Inspector, path: str) -> str:
    return inspector.compiled.flat.nodes[path].component.id
