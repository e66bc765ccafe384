"""The pure parts of the canvas's scripts, run by the browser they are written for, without the app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from builder.ui.canvas.component import BRIDGE, WEB, bundle
from builder.ui.canvas.parts import parts_of
from builder.ui.canvas.view import KINDS, PIN_W, Element
from builder.ui.catalogue import from_registry
from builder.ui.commands import COMMANDS
from builder.ui.palette import palette_data

pytestmark = pytest.mark.browser

NAMES = [
    "normal",
    "words",
    "abbreviation",
    "oneSlip",
    "indexed",
    "rank",
    "Queue",
    "fixedPoint",
    "fitting",
    "fittingBeside",
    "covers",
    "labelPlace",
    "revealing",
    "Parts",
    "freePlace",
    "commandOf",
    "make",
    "beyond",
    "joins",
    "nearest",
    "flowOrder",
]


@pytest.fixture(scope="module")
def scripts(browser: Browser) -> Iterator[Page]:
    """A page in which ``m`` holds our functions, and ``index`` the search index of all components."""
    page = browser.new_page()
    source = 'const CARD_CSS = "", FRAME_GUARD = "";\n' + bundle(*BRIDGE)
    source += f"\nexport {{ {', '.join(NAMES)} }};"
    entries = palette_data(from_registry(), {}, False, "en")["entries"]
    page.evaluate(
        """async ([source, entries]) => {
          const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
          window.m = await import(url);
          window.index = entries.map(m.indexed);
        }""",
        [source, entries],
    )
    yield page
    page.close()


def run(page: Page, script: str, *given: Any) -> Any:
    return page.evaluate(script, list(given))


def found(page: Page, query: str) -> list[str]:
    return run(page, "([q]) => m.rank(index, q).map(e => e.id)", query)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("linear", "linear"), ("relu", "act_relu"), ("Conv", "conv_standard"), ("卷积", "conv_standard"), ("lstm", "rnn_lstm"),
        ("adam", "opt_adam"), ("cross entropy", "loss_cross_entropy"), ("交叉熵", "loss_cross_entropy"), ("digits", "data_digits"),
        ("loss_cross_entropy", "loss_cross_entropy"),
    ],
)  # fmt: skip
def test_the_obvious_comes_first(scripts: Page, query: str, first: str) -> None:
    assert first in found(scripts, query)[:3]


@pytest.mark.parametrize(("query", "first"), [("conv", "conv_standard"), ("lin", "linear")])
def test_a_name_that_begins_so_comes_before_others(scripts: Page, query: str, first: str) -> None:
    assert found(scripts, query)[0] == first


@pytest.mark.parametrize(
    ("slip", "id"), [("linaer", "linear"), ("conovlution", "conv_standard"), ("sofmax", "act_softmax")]
)
def test_slips_are_forgiven(scripts: Page, slip: str, id: str) -> None:
    assert id in found(scripts, slip)


def test_every_word_must_match(scripts: Page) -> None:
    assert found(scripts, "linear zzz") == []
    assert found(scripts, "   ") == []
    assert len(found(scripts, "linear")) < len(scripts.evaluate("() => index")) / 3


@pytest.mark.parametrize(
    ("a", "b", "close"),
    [("linear", "linear", True), ("linear", "liner", True), ("linear", "lineear", True), ("linear", "linaer", True),
     ("linear", "linesr", True), ("linear", "lienra", False), ("conv", "pool", False), ("ab", "abcd", False)],
)  # fmt: skip
def test_one_slip(scripts: Page, a: str, b: str, close: bool) -> None:
    assert run(scripts, "([a, b]) => m.oneSlip(a, b)", a, b) is close


def test_events_travel_until_they_are_acknowledged(scripts: Page) -> None:
    sent = run(
        scripts,
        """() => {
          const sent = [];
          const queue = new m.Queue(payload => sent.push(payload.events.map(e => e.seq)));
          queue.push('poll');
          queue.push('move', { positions: { a: [1, 2] } });
          queue.acknowledge('somebody else', 9);
          queue.push('select', { nodes: [], edges: [] });
          queue.acknowledge(queue.client, 2);
          queue.push('move', { positions: { b: [3, 4] } });
          const moved = queue.moved();
          return { sent, moved: [...moved], other: moved.has('constructor'), selects: queue.selects() };
        }""",
    )
    assert sent == {
        "sent": [[1], [1, 2], [1, 2, 3], [3, 4]], "moved": [["b", [3, 4]]], "other": False, "selects": True,
    }  # fmt: skip


def test_an_event_that_is_not_heard_is_sent_again_where_nothing_runs(scripts: Page) -> None:
    sent = run(
        scripts,
        """() => {
          let sent = 0;
          const queue = new m.Queue(() => sent++);
          const remind = (idle, late = true) => (late && (queue.sent = -1e6), queue.remind(idle), sent);
          queue.remind(true);
          queue.push('poll');
          const counts = [remind(true, false), remind(false), remind(true), remind(true)];
          for (let time = 0; time < 9; time++) remind(true);
          counts.push(sent);
          queue.acknowledge(queue.client, 1);
          return [...counts, remind(true)];
        }""",
    )
    assert sent == [1, 1, 2, 3, 6, 6]


def test_a_zoom_about_the_fixed_point_gives_the_viewport_asked_for(scripts: Page) -> None:
    start, end = {"x": 10, "y": -30, "k": 0.8}, {"x": 200, "y": 55, "k": 1.3}
    point = run(scripts, "([a, b]) => m.fixedPoint(a, b)", start, end)
    for axis in ("x", "y"):
        assert point[axis] - (point[axis] - start[axis]) / start["k"] * end["k"] == pytest.approx(end[axis])


def test_fitting_shows_everything_but_never_enlarges(scripts: Page) -> None:
    boxes = [{"x": 0, "y": 0, "w": 200, "h": 100}, {"x": 1800, "y": 900, "w": 200, "h": 100}]
    view = run(scripts, "([b]) => m.fitting(b, 1000, 800)", boxes)
    assert view["x"] + 0 * view["k"] >= 40
    assert view["x"] + 2000 * view["k"] <= 960
    assert run(scripts, "([b]) => m.fitting(b, 1000, 800).k", boxes[:1]) == 1
    assert run(scripts, "() => m.fitting([], 1000, 800)") == {"x": 500, "y": 400, "k": 1}


@pytest.mark.slow
def test_fitting_leaves_room_for_what_floats_over_the_canvas(scripts: Page) -> None:
    boxes = [{"x": x, "y": y, "w": 200, "h": 100} for x in (0, 800, 1800) for y in (0, 1400)]
    legend, small = {"x": 12, "y": 12, "w": 360, "h": 70}, {"x": 560, "y": 680, "w": 60, "h": 40}
    fit = "([f, b]) => m.fittingBeside(f, b, 1000, 800)"
    plain = run(scripts, fit, [], boxes)
    assert plain == run(scripts, "([b]) => m.fitting(b, 1000, 800)", boxes)
    assert run(scripts, "([f, v, b]) => m.covers(f, v, b)", [legend], plain, boxes)
    beside = run(scripts, fit, [legend], boxes)
    assert not run(scripts, "([f, v, b]) => m.covers(f, v, b)", [legend], beside, boxes)
    assert 0.9 * plain["k"] < beside["k"] <= plain["k"]
    assert run(scripts, fit, [small], boxes) == plain, "over free ground it takes no room"


@pytest.mark.slow
def test_a_label_of_a_wire_covers_nothing(scripts: Page) -> None:
    place = "([p, b]) => m.labelPlace(p, {w: 60, h: 14}, b)"
    level, steep = {"x": 100, "y": 50, "level": True}, {"x": 300, "y": 50, "level": False}
    assert run(scripts, place, [level], []) == {"x": 70, "y": 30}
    assert run(scripts, place, [level], [{"x": 60, "y": 0, "w": 80, "h": 40}]) == {"x": 70, "y": 56}
    left, right = {"x": 0, "y": 0, "w": 71, "h": 99}, {"x": 140, "y": 0, "w": 71, "h": 99}
    assert run(scripts, place, [level], [left, right]) is None
    assert run(scripts, place, [level, steep], [left, right]) == {"x": 270, "y": 43}


def test_revealing_moves_no_more_than_it_must(scripts: Page) -> None:
    view = {"x": 0, "y": 0, "k": 1}
    inside, outside = {"x": 300, "y": 300, "w": 100, "h": 50}, {"x": 1500, "y": 300, "w": 100, "h": 50}
    assert run(scripts, "([v, b]) => m.revealing(v, b, 1000, 800)", view, inside) == view
    assert run(scripts, "([v, b]) => m.revealing(v, b, 1000, 800)", view, outside) == {"x": -640, "y": 0, "k": 1}


def test_a_place_is_free(scripts: Page) -> None:
    boxes = [{"x": 0, "y": 0, "w": 216, "h": 84}, {"x": 0, "y": 120, "w": 216, "h": 84}]
    place = run(scripts, "([p, b]) => m.freePlace(p, b)", {"x": 20, "y": 10}, boxes)
    assert place["x"] == 20
    assert place["y"] >= 204
    assert run(scripts, "([p, b]) => m.freePlace(p, b)", {"x": 400, "y": 10}, boxes) == {"x": 400, "y": 10}


@pytest.mark.parametrize(
    ("press", "command"),
    [
        ({"key": "z", "ctrlKey": True}, "undo"), ({"key": "Z", "ctrlKey": True, "shiftKey": True}, "redo"),
        ({"key": "y", "metaKey": True}, "redo"), ({"key": "Delete"}, "delete"), ({"key": "Backspace"}, "delete"),
        ({"key": "d", "ctrlKey": True}, "duplicate"), ({"key": "s", "metaKey": True}, "save"), ({"key": "c", "ctrlKey": True}, "copy"), ({"key": "p", "ctrlKey": True}, None),
        ({"key": "d"}, None), ({"key": "z", "ctrlKey": True, "altKey": True}, None), ({"key": "Escape"}, "escape"),
    ],
)  # fmt: skip
def test_keys(scripts: Page, press: dict[str, Any], command: str | None) -> None:
    table = [{"name": c.name, "keys": list(c.keys)} for c in COMMANDS.values()]
    assert run(scripts, "([e, table]) => m.commandOf(e, table)", press, table) == command


FC = {"like": "card", "id": "fc", "pos": (3.0, 4.0), "selected": False, "content": "t", "width": 216, "height": 84}
FC_Y = {"like": "out", "id": "fc.y", "pos": (200.0, 50.0), "parentNode": "fc", "className": "pin out"}


def taken(scripts: Page, *pushes: list[Element]) -> Any:
    """What the last of some pushes brings."""
    script = "([pushes, kinds]) => { const p = new m.Parts(); return pushes.map((push) => p.take(push, kinds)).slice(-1)[0]; }"
    return run(scripts, script, [parts_of(push) for push in pushes], KINDS)


def test_a_push_that_differs_in_places_only_brings_nothing_new(scripts: Page) -> None:
    moved = taken(scripts, [FC, FC_Y], [{**FC, "pos": (9.0, 4.0), "selected": True}, FC_Y])
    assert moved["changed"] is False
    assert moved["elements"][0]["position"] == {"x": 9, "y": 4}
    assert moved["elements"][0]["selected"] is True
    assert taken(scripts, [FC, FC_Y], [{**FC, "content": "u"}, FC_Y])["changed"] is True
    assert taken(scripts, [FC, FC_Y], [FC, {**FC_Y, "className": "pin out used"}])["changed"] is True
    other = {**FC, "id": "other"}
    assert taken(scripts, [FC, other], [other, FC])["changed"] is True
    assert taken(scripts, [FC, FC_Y], [])["changed"] is True


def test_what_has_not_changed_keeps_its_objects(scripts: Page) -> None:
    script = """([one, two, kinds]) => {
      const parts = new m.Parts(), before = parts.take(one, kinds).elements, after = parts.take(two, kinds).elements;
      return after.map((element, at) => [element.data === before[at].data, element.style === before[at].style]);
    }"""
    other = {**FC, "id": "other"}
    pushes = [parts_of([FC, FC_Y, other]), parts_of([FC, FC_Y, {**other, "content": "u"}])]
    assert run(scripts, script, *pushes, KINDS) == [[True, True], [True, True], [False, False]]


def test_an_element_gets_what_is_the_same_for_all_of_its_kind(scripts: Page) -> None:
    card, pin = taken(scripts, [FC, FC_Y])["elements"]
    assert (card["type"], card["data"], card["position"]) == ("default", {"content": "t"}, {"x": 3, "y": 4})
    assert pin["position"] == {"x": 200, "y": 50}
    assert (pin["type"], pin["id"], pin["parentNode"]) == ("input", "fc.y", "fc")
    assert pin["style"]["width"] == f"{PIN_W}px"
    assert {"like", "pos", "content"}.isdisjoint(pin)
    (wire,) = taken(scripts, [{"like": "wire", "id": "w", "type": "smoothstep", "selected": True}])["elements"]
    assert wire == {**KINDS["wire"], "id": "w", "type": "smoothstep", "selected": True}


@pytest.fixture
def guarded(browser: Browser) -> Iterator[Page]:
    """A page in which what stands before React Flow has run."""
    page = browser.new_page()
    page.evaluate((WEB / "guard.js").read_text(encoding="utf-8"))
    yield page
    page.close()


def test_the_list_of_nodes_is_the_same_until_the_nodes_are_others(guarded: Page) -> None:
    script = """() => {
      let state = { nodeInternals: new Map([["a", "A"]]), getNodes: () => [...state.nodeInternals.values()] };
      const set = (part) => (state = Object.assign({}, state, part));
      const lists = [{}, { transform: 1 }, { nodeInternals: new Map([["b", "B"]]) }].map((part) => set(part).getNodes());
      const { getNodes } = state;
      return [lists[0] === lists[1], lists[1], lists[2], getNodes()];
    }"""
    assert guarded.evaluate(script) == [True, ["A"], ["B"], ["B"]]


def test_a_handler_keeps_its_face_and_calls_the_newest(guarded: Page) -> None:
    script = """() => {
      const [before, after] = [() => "before", () => "after"].map((handler) => Object.assign({}, { onEdgeClick: handler }));
      return [before.onEdgeClick === after.onEdgeClick, before.onEdgeClick(), Object.assign({}, { onEdgeClick: null }).onEdgeClick];
    }"""
    assert guarded.evaluate(script) == [True, "after", None]


def test_a_new_wire_goes_to_the_bridge_and_not_to_the_flow(guarded: Page) -> None:
    script = """() => {
      const drawn = [], told = [], flow = Object.assign({}, { onConnect: (wire) => drawn.push(wire) });
      flow.onConnect("before the bridge");
      window.desk.connect = (wire) => told.push(wire);
      flow.onConnect("after");
      return [drawn, told];
    }"""
    assert guarded.evaluate(script) == [[], ["after"]]


def test_texts_never_become_elements(scripts: Page) -> None:
    html = run(
        scripts, "() => m.make('p', { title: '\"><b>', onclick: () => 0, hidden: false }, '<img src=x>').outerHTML"
    )
    assert "<img" not in html
    assert "hidden" not in html
    assert "onclick" not in html


def box(id: str, x: float, y: float) -> dict[str, Any]:
    return {"id": id, "x": x, "y": y, "w": 200, "h": 80}


@pytest.mark.parametrize(("way", "found"), [([1, 0], "right"), ([0, 1], "below"), ([-1, 0], None), ([0, -1], None)])
def test_the_nearest_node_in_a_direction(scripts: Page, way: list[int], found: str | None) -> None:
    boxes = [
        box("from", 0, 0),
        box("right", 300, 20),
        box("far", 900, 0),
        box("below", 40, 200),
        box("aside", 300, 900),
    ]
    nearest = run(scripts, "([from, boxes, way]) => m.nearest(from, boxes, way)?.id ?? null", boxes[0], boxes, way)
    assert nearest == found


def wire(source: str, target: str) -> dict[str, str]:
    return {"source": source, "target": target}


def test_nodes_follow_each_other_as_data_flows(scripts: Page) -> None:
    boxes = [box("c", 0, 0), box("a", 600, 0), box("b", 300, 0), box("alone", 900, 0)]
    edges = [wire("a.y", "b.x"), wire("b.y", "c.x")]
    assert run(scripts, "([boxes, edges]) => m.flowOrder(boxes, edges)", boxes, edges) == ["a", "b", "c", "alone"]


def test_ports_that_can_be_joined_come_in_the_order_of_need(scripts: Page) -> None:
    pins = [
        {"id": id, "className": f"pin {classes}"}
        for id, classes in {
            "a.y": "out used", "b.x": "in used", "b.mask": "in optional", "b.y": "out", "c.x": "in", "s.y": "out schedule",
            "d.xs": "in many used", "d.gone": "in missing", "e.y": "out used",
        }.items()
    ]  # fmt: skip
    edges = [wire("a.y", "b.x"), wire("e.y", "d.xs")]
    script = "([node, pins, edges]) => m.joins(node, pins, edges, () => 0).map((j) => `${j.source}->${j.target}${j.taken ? '!' : ''}`)"
    assert run(scripts, script, "b", pins, edges) == [
        "b.y->c.x", "b.y->d.xs", "a.y->b.mask", "e.y->b.mask", "e.y->b.x!",
    ]  # fmt: skip
    assert run(scripts, script, "a", pins, edges) == ["a.y->c.x", "a.y->b.mask", "a.y->d.xs"]
    assert run(scripts, "([node, edges]) => [...m.beyond(node, edges, true)]", "b", edges) == ["a"]
