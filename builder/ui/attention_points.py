"""A click in a figure of attention: on a head, a token or a patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from builder.inspect.labels import Steps

VIEWS = ("attention", "attention_links", "attention_overview", "attention_rollout", "attention_flow")


def follow(view: str, data: Any, chosen: Mapping[str, Any], point: Any) -> None:
    """Chooses what was clicked.

    Args:
        view: one of ``VIEWS``.
        data: what it shows.
        chosen: its options.
        point: what the browser says of the point: whole numbers.
    """
    if not isinstance(point, list) or any(not isinstance(i, int) or isinstance(i, bool) or i < 0 for i in point):
        return
    if view == "attention_overview":
        _open_head(data, point)
    elif view == "attention_links":
        _choose_token(data, chosen, point)
    elif view == "attention" and len(point) == 3 and point[0] < len(data.weights):
        st.session_state["inspect_opt_attention_show_head"] = point[0]
    elif view == "attention":
        _choose_patch(view, data.keys, len(data.queries.names), point)
    else:
        _choose_patch(view, data.steps, len(data.steps.names), point)


def _open_head(data: Any, point: list[int]) -> None:
    """Goes from a small map (node, head) to the large one."""
    if len(point) == 2 and point[0] < len(data.layers) and point[1] < len(data.layers[point[0]].weights):
        st.session_state["inspect_node_attention"] = data.layers[point[0]].node
        st.session_state["inspect_opt_attention_show_head"] = point[1]
        st.session_state["inspect_pick"] = "attention"


def _choose_token(data: Any, chosen: Mapping[str, Any], point: list[int]) -> None:
    """Shows a token on the left (side, number) alone, or, where it is, all again."""
    if len(point) == 2 and point[0] == 0 and point[1] < len(data.queries.names):
        alone = chosen.get("query") == point[1]
        st.session_state["inspect_opt_attention_links_query"] = -1 if alone else point[1]


def _choose_patch(view: str, steps: Steps, count: int, point: list[int]) -> None:
    """Takes a patch (row, column), from 1, for the query."""
    if len(point) != 2 or steps.grid is None or not (1 <= point[0] <= steps.grid[0] and 1 <= point[1] <= steps.grid[1]):
        return
    query = steps.extra + (point[0] - 1) * steps.grid[1] + point[1] - 1
    if query < count:
        st.session_state[f"inspect_opt_{view}_query"] = query
