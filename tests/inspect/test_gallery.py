"""Every view of every graph of the gallery."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.gallery import graph_files
from builder.inspect import Inspector, compute, views

GALLERY = graph_files()


@pytest.mark.slow
@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_every_view_of_the_gallery(path: Path) -> None:
    inspector = Inspector(path)
    sample = inspector.sample()
    found = views(inspector)
    assert {"sample", "mistakes", "projection"} <= {view.id for view in found}
    for view in found:
        for node in view.nodes or ("",):
            figure, _ = compute(inspector, view.id, node, sample if view.needs_sample else None)
            assert figure.data, (view.id, node)
