"""Where a click in a figure of attention leads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st

from builder.inspect.attention import Attention
from builder.inspect.attention_paths import Rollout
from builder.inspect.labels import Steps
from builder.ui import attention_points

PATCHES = Steps("patches", ("[CLS]", *(f"{r},{c}" for r in (1, 2) for c in (1, 2, 3))), 1, (2, 3), 7)
FOUND = Attention("block/attention", np.zeros((4, 7, 7)), PATCHES, PATCHES, True, np.zeros((4, 6)))
ROLLED = Rollout(("block/attention",), np.zeros((1, 7, 7)), PATCHES, np.zeros((4, 6)))
ALL = SimpleNamespace(layers=(FOUND, FOUND))


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    found: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", found)
    return found


@pytest.mark.parametrize(
    ("view", "data", "point", "expected"),
    [
        ("attention", FOUND, [2, 5, 5], {"inspect_opt_attention_show_head": 2}),
        ("attention", FOUND, [1, 1], {"inspect_opt_attention_query": 1}),
        ("attention", FOUND, [2, 3], {"inspect_opt_attention_query": 6}),
        ("attention_rollout", ROLLED, [2, 1], {"inspect_opt_attention_rollout_query": 4}),
        ("attention_flow", ROLLED, [1, 2], {"inspect_opt_attention_flow_query": 2}),
        ("attention_links", FOUND, [0, 3], {"inspect_opt_attention_links_query": 3}),
        ("attention_links", FOUND, [1, 3], {}),  # a key
        (
            "attention_overview", ALL, [1, 3],
            {"inspect_node_attention": "block/attention", "inspect_opt_attention_show_head": 3, "inspect_pick": "attention"},
        ),
    ],
)  # fmt: skip
def test_a_click_chooses(
    state: dict[str, Any], view: str, data: Any, point: list[int], expected: dict[str, Any]
) -> None:
    attention_points.follow(view, data, {"query": -1}, point)
    assert state == expected


def test_a_second_click_shows_all_tokens_again(state: dict[str, Any]) -> None:
    attention_points.follow("attention_links", FOUND, {"query": 3}, [0, 3])
    assert state == {"inspect_opt_attention_links_query": -1}


@pytest.mark.parametrize("view", attention_points.VIEWS)
@pytest.mark.parametrize(
    "point", [None, "a → b", 7, [], [0], [9, 9], [-1, 0], [True, 1], [1.0, 1], [99, 0, 0], [1, 2, 3, 4]]
)
def test_what_is_no_point_does_nothing(state: dict[str, Any], view: str, point: Any) -> None:
    data = ALL if view == "attention_overview" else FOUND if view in ("attention", "attention_links") else ROLLED
    attention_points.follow(view, data, {}, point)
    assert state == {}
