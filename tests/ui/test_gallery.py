"""The gallery as data: every graph, its drawing, search, and files that are broken."""

from __future__ import annotations

import json
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from builder.gallery import graph_files
from builder.graph import Graph, load
from builder.ui import gallery, thumbnail
from builder.ui import workspace as workspaces
from builder.ui.catalogue import Catalogue

SVG = "{http://www.w3.org/2000/svg}"


def drawings(html: str) -> list[ElementTree.Element]:
    sources = [part.split('"', 1)[0] for part in html.split('src="')[1:]]
    return [ElementTree.fromstring(urllib.parse.unquote(source.partition(",")[2])) for source in sources]


def test_every_graph_has_a_card(catalogue: Catalogue) -> None:
    found = gallery.entries(catalogue)
    assert {e.name for e in found} == {p.stem for p in graph_files(workspaces.GALLERY)}
    assert {"lenet5", "vit", "char_gpt", "logistic_regression"} <= {e.name for e in found}
    for entry in found:
        assert entry.error is None
        for key in ("title", "description", "task"):
            assert entry.meta_text(key, "en") != entry.meta_text(key, "zh") != ""
    years = [e.year or 0 for e in found]
    assert years == sorted(years)
    assert found[0].name == "logistic_regression"


def test_a_file_is_read_again_only_when_it_changes(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "GALLERY", tmp_path)
    file = tmp_path / "mine.json"
    file.write_text((Path(__file__).parents[2] / "graphs" / "mlp.json").read_text())
    (first,) = gallery.entries(catalogue)
    assert gallery.entries(catalogue)[0] is first
    file.write_text("{ not json")
    (broken,) = gallery.entries(catalogue)
    assert broken.error is not None
    assert broken.name == "mine"
    assert broken.says("mine")


def test_search_knows_titles_descriptions_and_components(catalogue: Catalogue) -> None:
    by_name = {e.name: e for e in gallery.entries(catalogue)}
    lenet = by_name["lenet5"]
    assert lenet.says("")
    assert lenet.says("LECUN 1998")
    assert lenet.says("cheques convolution")
    assert lenet.says("卷积 图像分类")
    assert not lenet.says("attention")
    assert by_name["vit"].says("attention")


def test_a_drawing_shows_every_node_and_wire_inside_its_frame(catalogue: Catalogue) -> None:
    graph = load(workspaces.GALLERY / "resnet_small.json")
    light, dark = drawings(thumbnail.thumbnail(graph, catalogue))
    assert len(light.findall(f"{SVG}rect")) == 2 * len(graph)
    assert len(light.findall(f"{SVG}path")) == len(list(graph.wires()))
    for box in light.findall(f"{SVG}rect"):
        x, y = float(box.attrib["x"]), float(box.attrib["y"])
        assert 0 <= x <= x + float(box.attrib["width"]) <= thumbnail.WIDTH
        assert 0 <= y <= y + float(box.attrib["height"]) <= thumbnail.HEIGHT
    assert ElementTree.tostring(light) != ElementTree.tostring(dark)


def test_places_of_the_canvas_are_kept_in_the_drawing(catalogue: Catalogue) -> None:
    graph = Graph()
    graph.place("a", "data_iris", position=(0, 0))
    graph.place("b", "linear", position=(1000, 400))
    light, _ = drawings(thumbnail.thumbnail(graph, catalogue))
    a, b = light.findall(f"{SVG}rect")[::2]
    across = float(b.attrib["x"]) - float(a.attrib["x"])
    down = float(b.attrib["y"]) - float(a.attrib["y"])
    assert across / down == pytest.approx(2.5, rel=0.05)


def test_an_empty_graph_and_unknown_components_are_drawn(catalogue: Catalogue) -> None:
    assert len(drawings(thumbnail.thumbnail(Graph(), catalogue))) == 2
    graph = Graph()
    graph.place("x", "no_such_component'/><script>")
    light, _ = drawings(thumbnail.thumbnail(graph, catalogue))
    assert light.findall(f"{SVG}script") == []


def test_parameters_are_counted_once_and_kept(catalogue: Catalogue, workspace: Path) -> None:
    found = [e for e in gallery.entries(catalogue) if e.name in ("mlp", "lenet5")]
    assert gallery.known_parameters(found) == {}
    gallery.count_parameters(found, seconds=60)
    known = gallery.known_parameters(found)
    assert known["lenet5"] == 61706
    assert (known["mlp"] or 0) > 1000
    file = workspace / "cache" / "gallery.json"
    kept = json.loads(file.read_bytes())
    kept["mlp"][0] = "of an older file"
    file.write_text(json.dumps(kept))
    assert gallery.known_parameters(found) == {"lenet5": 61706}
    file.write_text("[1, 2")
    assert gallery.known_parameters(found) == {}


def test_time_is_limited(catalogue: Catalogue, workspace: Path) -> None:
    found = gallery.entries(catalogue)
    gallery.count_parameters(found, seconds=0.0)
    assert gallery.known_parameters(found) == {}


@pytest.mark.parametrize("name", ["lenet5", "vit"])
def test_a_link_finds_its_file(name: str) -> None:
    path = gallery.find(name)
    assert path is not None
    assert path.stem == name


@pytest.mark.parametrize("name", ["", "../graphs/lenet5", "lenet5.json", "/etc/passwd", "*"])
def test_a_strange_link_finds_nothing(name: str) -> None:
    assert gallery.find(name) is None


def test_every_graph_has_a_task_and_the_year_of_a_source_of_its_own(catalogue: Catalogue) -> None:
    found = gallery.entries(catalogue)
    names = {e.task: e.meta_text("task", "zh") for e in found}
    for entry in found:
        source = entry.meta_text("source", "en")
        years = {2000 + int(month[:2]) for month in re.findall(r"arXiv (\d{4})\.", source)}
        assert entry.year in years | {int(year) for year in re.findall(r"(?<![\d.])(?:19|20)\d\d(?![\d.])", source)}, (
            entry.name
        )
        assert gallery.era(entry)
        assert names[entry.task] == entry.meta_text("task", "zh"), entry.name
    assert len(set(names.values())) == len(names)


def named(name: str, task: str | None, year: int | None) -> gallery.Entry:
    return gallery.Entry(name, Path(f"{name}.json"), {"task": task, "year": year, "title": name}, words=name)


FOUND = [
    named("b", "Generation", 2014),
    named("a", "Generation", 2020),
    named("c", "Robustness", 2011),
    named("d", None, None),
]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (gallery.Filter(), "cbad"), (gallery.Filter(tasks=["Generation"]), "ba"), (gallery.Filter(tasks=["Generation", "Robustness"]), "cba"),
        (gallery.Filter(eras=["since-2020", "until-2011"]), "ca"), (gallery.Filter(tasks=["Generation"], eras=["2012-2016"]), "b"),
        (gallery.Filter(query="d"), "d"), (gallery.Filter(query="d", eras=["since-2020"]), ""),
    ],
)  # fmt: skip
def test_filters_of_one_kind_add_up_and_of_several_kinds_narrow_down(chosen: gallery.Filter, names: str) -> None:
    assert "".join(e.name for e in chosen.chosen(FOUND, "year", "en")) == names


def test_orders_and_tasks() -> None:
    assert "".join(e.name for e in gallery.Filter().chosen(FOUND, "newest", "en")) == "dabc"
    assert "".join(e.name for e in gallery.Filter().chosen(FOUND, "title", "en")) == "abcd"
    assert gallery.tasks(FOUND) == ["Generation", "Robustness"]


def test_eras_have_no_gaps() -> None:
    assert [gallery.era(named("a", None, year)) for year in (1958, 2011, 2012, 2016, 2017, 2019, 2020, 2031)] == [
        era for era in gallery.ERAS for _ in range(2)
    ]
