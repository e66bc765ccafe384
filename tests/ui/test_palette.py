"""What the palette offers, and the colours of families."""

from __future__ import annotations

import re

from builder.graph import Graph
from builder.ui import theme
from builder.ui.catalogue import Catalogue
from builder.ui.palette import palette_data


def test_every_placeable_component_has_one_card(catalogue: Catalogue) -> None:
    data = palette_data(catalogue, {}, False, "en")
    ids = [entry["id"] for entry in data["entries"]]
    assert len(ids) == len(set(ids))
    assert set(ids) == {c.id for c in catalogue.values() if c.placed}
    assert {"init_zero", "norm_spectral", "sampler_pairs"} & set(catalogue) - set(ids) == {
        "init_zero",
        "norm_spectral",
        "sampler_pairs",
    }
    assert {f["name"] for f in data["families"]} == {entry["family"] for entry in data["entries"]}
    assert data["families"][0]["name"] == "Data"


def test_the_palette_speaks_chinese(catalogue: Catalogue) -> None:
    data = palette_data(catalogue, {}, False, "zh")
    labels = {f["name"]: f["label"] for f in data["families"]}
    assert labels["Convolution"] == "卷积"
    assert all(re.search(r"[\u4e00-\u9fff]", label) for label in labels.values())


def test_blocks_of_the_graph_and_ports_inside_a_block_come_first(catalogue: Catalogue, nested: Graph) -> None:
    outside = palette_data(catalogue, nested.blocks, False, "en")
    assert [e["id"] for e in outside["entries"][:1]] == ["block:pair"]
    inside = palette_data(catalogue, nested.blocks, True, "en")
    assert [e["id"] for e in inside["entries"][:3]] == ["port_in", "port_out", "block:pair"]
    assert inside["families"][0]["always"]


def test_a_family_has_one_colour_everywhere(catalogue: Catalogue) -> None:
    css = theme.family_css({e.family for e in catalogue.values()})
    for entry in catalogue.values():
        light, dark = theme.accent(entry.family)
        assert f".{theme.slug(entry.family)}" in css
        assert light in css
        assert dark in css


def test_a_family_that_nobody_listed_gets_a_colour_that_stays() -> None:
    assert theme.accent("Something new") == theme.accent("Something new")
    assert re.fullmatch(r"fam-[a-z0-9-]+", theme.slug("Faces: detection, recognition"))
