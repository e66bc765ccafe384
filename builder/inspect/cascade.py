"""How an explanation changes while the weights become random, layer by layer, from the answer downward."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from builder.inspect.attribution import Attribution, Target
from builder.inspect.features import spread
from builder.inspect.inspector import Inspector
from builder.inspect.sanity import rank_correlation

MOST = 10  # maps of deeper networks are made after some of the layers only
_WINDOW = 7  # pixels of a side of the windows that structural similarity compares, at most

Explain = Callable[[Inspector, Target], Attribution]


@dataclass(frozen=True)
class Cascade:
    """An explanation of a trained model and of S others, more and more of whose layers are random.

    Args:
        attribution: of the model as it is.
        layers: (S,), the layer that became random last.
        counts: (S,), how many layers are random.
        total: how many layers there are.
        maps: (S, *), each as it is drawn.
        correlation: (S,), Spearman's rank correlation with the map of the model as it is; not a number where one of the two
            is the same everywhere.
        magnitude: (S,), that of the magnitudes of the two.
        similarity: (S,), structural similarity of the magnitudes, of images of 3 pixels a side or more; empty else.
    """

    attribution: Attribution
    layers: tuple[str, ...]
    counts: np.ndarray
    total: int
    maps: np.ndarray
    correlation: np.ndarray
    magnitude: np.ndarray
    similarity: np.ndarray


def cascade(inspector: Inspector, target: Target, explain: Explain) -> Cascade:
    """Explains the same answer again and again while more layers take the weights of the untrained model.

    After the last layer, the map is that of the model with random weights.

    Args:
        explain: makes the attribution of a model.

    Source: Adebayo et al., Sanity Checks for Saliency Maps, arXiv 1810.03292, section 3.1.
    """
    found = explain(inspector, target)
    same = Target(target.head, found.index, found.position)  # a random model would predict another class
    other = inspector.randomised()
    layers = layers_down(other, target)
    random = {path: copy.deepcopy(module.state_dict()) for path, module in layers.items()}
    other.root.load_state_dict(inspector.root.state_dict())
    shown = set(spread(len(layers), MOST).tolist())
    names, maps = [], []
    for index, (path, module) in enumerate(layers.items()):
        module.load_state_dict(random[path])
        if index in shown:
            other.forget()
            names.append(path)
            maps.append(found.flat(explain(other, same).values))
    stages, own = np.stack(maps), found.map
    compared = own.ndim == 2 and min(own.shape) >= 3  # less has no windows
    return Cascade(
        found, tuple(names), np.array(sorted(shown)) + 1, len(layers), stages,
        np.array([rank_correlation(*found.comparable(own, map_)) for map_ in stages]),
        np.array([rank_correlation(*map(np.abs, found.comparable(own, map_))) for map_ in stages]),
        np.array([structural_similarity(np.abs(own), np.abs(map_)) for map_ in stages if compared]),
    )  # fmt: skip


def layers_down(inspector: Inspector, target: Target) -> dict[str, nn.Module]:
    """The modules with weights that an answer depends on, by path, the nearest to the answer first; a shared one once."""
    nodes = inspector.compiled.flat.nodes
    found: dict[str, nn.Module] = {}
    for path in reversed(inspector.compiled.ancestors([target.head.end])):
        module = inspector.compiled.module(path)
        if module is None or nodes[path].component.kind == "transform" or not module.state_dict():
            continue
        if all(module is not known for known in found.values()):
            found[path] = module
    return found


def structural_similarity(one: np.ndarray, other: np.ndarray) -> float:
    """The mean structural similarity of two maps (H, W) of 3 pixels a side or more, each brought to the range from 0 to 1.

    Source: Wang et al., Image Quality Assessment, IEEE Transactions on Image Processing 2004, with even windows.
    """
    from skimage import metrics

    a, b = ((m - m.min()) / (np.ptp(m) or 1.0) for m in (one.astype(np.float64), other.astype(np.float64)))
    side = min(_WINDOW, *a.shape)
    found: Any = metrics.structural_similarity(a, b, win_size=side - 1 + side % 2, data_range=1.0)
    return float(found)
