"""The weights of a node as pictures: convolution filters, and matrices whose rows look at an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from builder.inspect.channels import PER_PAGE, Ranking
from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.samples import feature_names

GRID = 16  # outputs and inputs of filters that are shown by both


@dataclass(frozen=True)
class Filters:
    """A weight of a node.

    Args:
        node: path of the node.
        name: of the parameter in its module.
        kind: ``filters`` (out, in, H, W) of a convolution over images, (out, in, L) over sequences, (out, in, D, H, W)
            over volumes; ``templates`` (out, C, H, W), rows of a matrix that see an image's pixels; or a ``matrix``.
        array: the values.
        colour: the three inputs are red, green and blue.
        outputs: names of the rows of a matrix, where they are classes.
        inputs: names of its columns, where they are features of a table.
        table: the rows of a matrix are looked up by their numbers, as tokens are in an embedding.
        ranking: the order in which the filters are shown, where it is not their own.
    """

    node: str
    name: str
    kind: Literal["filters", "templates", "matrix"]
    array: np.ndarray
    colour: bool = False
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    table: bool = False
    ranking: Ranking | None = None


def weight_names(inspector: Inspector, node: str) -> list[str]:
    """The parameters of a node with two axes or more, those with the most axes first."""
    module = inspector.compiled.module(node)
    if module is None:
        return []
    found = [
        (name, p.dim())
        for name, p in module.named_parameters()
        if 2 <= p.dim() <= 5 and min(p.shape[2:], default=2) > 0
    ]
    return [name for name, _ in sorted(found, key=lambda item: -item[1])]


def filters(inspector: Inspector, node: str, name: str = "") -> Filters:
    """A weight of a node; the first of ``weight_names`` where none is named.

    Raises:
        InspectError: the node has no such weight.
    """
    names = weight_names(inspector, node)
    if not names or (name and name not in names):
        wanted = f" '{name}'" if name else ""
        raise InspectError(f"'{node}' has no weight{wanted} to draw.", f"“{node}”没有可显示的权重{wanted}。", node)
    name = name or names[0]
    module = inspector.compiled.module(node)
    if module is None:
        raise ValueError(f"A node with weights must have a module. '{node}' has none.")
    weight = module.get_parameter(name).detach()
    owner = module.get_submodule(name.rpartition(".")[0])
    if isinstance(owner, nn.modules.conv._ConvTransposeNd):
        weight = _outputs_first(weight, owner.groups)
    if weight.dim() > 2:
        colour = weight.dim() == 4 and weight.shape[1] == 3 and _sees_image(inspector, node)
        return Filters(node, name, "filters", weight.numpy(), colour)
    image = _image_shape(inspector, node, weight.shape[1])
    if image is not None:
        return Filters(node, name, "templates", weight.unflatten(1, image).numpy(), image[0] == 3)
    if isinstance(owner, nn.Embedding):
        return Filters(node, name, "matrix", weight.numpy(), table=True)
    outputs, inputs = _names(inspector, node)
    return Filters(node, name, "matrix", weight.numpy(), False, outputs, inputs)


def per_page(filters: Filters) -> int:
    """How many outputs are shown at once: fewer where each has a picture for each of several inputs."""
    array = filters.array
    return GRID if array.ndim > 3 and array.shape[1] > 1 and not filters.colour else PER_PAGE


def _names(inspector: Inspector, node: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of what a layer gives and of what it takes, where they have any."""
    outputs = next((h.names for h in inspector.heads if h.end[0] == node and not h.tokens), ())
    way = inspector.compiled.ancestors([(node, "")])[:-1]
    data = inspector.sources([(node, port) for port in inspector.compiled.report.nodes[node].outputs])
    if any(_mixes(inspector, p) for p in way) or len(data) != 1 or inspector.layout.kind(data[0]) != "vector":
        return outputs, ()
    return outputs, feature_names(inspector.compiled, data[0])


def _outputs_first(weight: Tensor, groups: int) -> Tensor:
    """The weight (in, out / groups, *) of a transposed convolution as (out, in / groups, *)."""
    parts = weight.chunk(groups)
    return torch.cat([part.transpose(0, 1) for part in parts])


def _sees_image(inspector: Inspector, node: str) -> bool:
    """Whether the node's input is an image of the data, as it is or transformed."""
    ends = [end for ends in inspector.compiled.flat.nodes[node].inputs.values() for end in ends]
    return any(inspector.layout.kind(end) == "image" for end in ends)


def _image_shape(inspector: Inspector, node: str, features: int) -> tuple[int, int, int] | None:
    """The image (C, H, W) of the data whose flattened pixels are the node's input."""
    way = inspector.compiled.ancestors([(node, "")])[:-1]
    if any(_mixes(inspector, p) for p in way):
        return None
    for path in way:
        for port in inspector.compiled.report.nodes[path].outputs:
            shape = inspector.layout.sample_shape((path, port))
            if inspector.layout.kind((path, port)) == "image" and all(isinstance(s, int) for s in shape):
                channels, height, width = (int(s) for s in shape)
                if channels * height * width == features:
                    return channels, height, width
    return None


def _mixes(inspector: Inspector, path: str) -> bool:
    """Whether a node has weights of its own, so that its features are no pixels any more."""
    module = inspector.compiled.module(path)
    return module is not None and any(p.dim() >= 2 for p in module.parameters())
