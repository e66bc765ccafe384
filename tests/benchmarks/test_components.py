"""The table of what components are timed against is complete, and both sides of each pair do comparable work."""

from __future__ import annotations

import json
import sys

import pytest
from torch import nn

from benchmarks import components as script
from benchmarks.peers import FAMILIES, TINY, UNTIMED, table
from benchmarks.peers.sides import Pass, sides
from components import all_components, get

PAIRS = table(TINY)


def test_every_component_of_the_families_is_timed_or_has_a_reason():
    registry = all_components()
    listed = {id for id, component in registry.items() if component.family in FAMILIES}
    assert set(FAMILIES) <= {component.family for component in registry.values()}
    assert listed - PAIRS.keys() - UNTIMED.keys() == set()
    assert (PAIRS.keys() | UNTIMED.keys()) - registry.keys() == set()
    assert not PAIRS.keys() & UNTIMED.keys()


def weights_of(side: Pass) -> int:
    return sum(p.numel() for p in side.layer.parameters()) if isinstance(side.layer, nn.Module) else 0


@pytest.mark.parametrize("id", PAIRS)
def test_both_sides_take_the_same_input(id):
    pair = PAIRS[id]
    ours, peer = sides(id, pair)
    ours()
    peer()
    if not isinstance(ours, Pass):
        return
    assert isinstance(peer, Pass)
    ports = list(pair.inputs) if pair.takes is None else list(pair.takes)
    assert ports and set(ports) <= set(pair.inputs)
    assert [t.shape for t in peer.inputs] == [t.shape for t in ours.inputs if any(t is other for other in peer.inputs)]
    if get(id).kind != "transform" and id != "act_step":  # the derivative of a step is zero
        assert ours.slopes, "no gradient goes back"
    if pair.same:
        assert [y.shape for y in ours.outputs()] == [y.shape for y in peer.outputs()]
        assert weights_of(ours) == pytest.approx(weights_of(peer), rel=0.01)  # one of the two may have a bias more


def test_what_is_measured_is_shown(capsys, monkeypatch, tmp_path):
    page = tmp_path / "page.md"
    monkeypatch.setattr(script, "TURN", 1e-4)
    monkeypatch.setattr(script, "table", lambda size: table(TINY))
    asked = ["--only", "act_relu,act_tanh,act_smu", "--seconds", "0", "--json", "--markdown", str(page)]
    monkeypatch.setattr(sys, "argv", ["components.py", *asked])
    assert script.main() in (0, 1)
    figures = {figure["id"]: figure for figure in json.loads(capsys.readouterr().out)}
    assert figures.keys() == {"act_relu", "act_tanh", "act_smu"}
    for figure in figures.values():
        assert 0 < figure["low"] <= figure["ratio"] <= figure["high"]
    same, plain = page.read_text(encoding="utf-8").split("## Beside the plain layer")
    assert "| `act_relu` | torch.nn.ReLU |" in same and "| `act_smu` | torch.nn.GELU |" in plain


@pytest.mark.parametrize(
    "ratio, same, note, expected",
    [
        (1.2, True, "", False),
        (1.4, True, "", True),
        (1.4, False, "", False),
        (1.4, True, "torch's kernel does less", False),
    ],
)
def test_slower_than_the_same_needs_a_note(ratio, same, note, expected):
    figure = script.Figure("act_relu", "Activation", "torch.nn.ReLU", same, 1.0, 1.0, ratio, ratio, ratio, note)
    assert figure.too_slow is expected


def test_an_unknown_component_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["components.py", "--only", "act_nothing"])
    with pytest.raises(SystemExit, match="2"):
        script.main()
    assert "act_nothing" in capsys.readouterr().err
