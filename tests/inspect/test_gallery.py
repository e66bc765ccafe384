"""Every view of every graph of the gallery, at nodes from the first to the last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from torch import Tensor

from builder.compiler import End
from builder.gallery import graph_files
from builder.inspect import InspectError, Inspector, compute, views
from builder.inspect.features import spread
from components.data._base import SplitName

GALLERY = graph_files()
SAMPLES, NODES = 48, 6  # of a split, and of a view: enough for a linear probe, and few enough for all the gallery
UNDRAWN = {  # what says that it cannot be drawn, and why not
    # log-probabilities: of what was chosen before, minus infinity
    *(("pointer_network", v, node) for v in ("projection", "neighbours") for node in ("pointer", "decode")),
}


class Brief(Inspector):
    """Takes splits for smaller than they are: a few samples, evenly spread, as some are in the order of their classes."""

    def size(self, split: SplitName) -> int:
        return min(SAMPLES, super().size(split))

    def batch(self, split: SplitName, indices: Sequence[int]) -> dict[End, Tensor]:
        step = super().size(split) // self.size(split)
        return super().batch(split, [index * step for index in indices])


@pytest.mark.slow
@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_every_view_of_the_gallery(path: Path) -> None:
    inspector = Brief(path)
    sample = inspector.sample()
    found = views(inspector)
    assert {"sample", "output"} <= {view.id for view in found}
    refused = set()
    for view in found:
        nodes = view.nodes or ("",)
        for node in (nodes[i] for i in spread(len(nodes), NODES)):
            try:
                figure, _ = compute(inspector, view.id, node, sample if view.needs_sample else None)
            except InspectError:
                refused.add((path.stem, view.id, node))
            else:
                assert figure.data, (view.id, node)
    assert refused <= UNDRAWN
