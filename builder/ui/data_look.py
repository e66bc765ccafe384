"""Previews of data sets, kept: looking at a page again reads no data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

SAMPLES = {"image": 40, "series": 15, "text": 8}
OTHERS = 8


def look(component: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A preview of a data set, kept until its parameters or its file change. Not to be changed.

    Raises:
        DataError, ParameterError: the data cannot be used; messages in both languages.
    """
    from components.data._workspace import data_file, fingerprint

    file = params.get("file")
    stamp = fingerprint(data_file(file)) if isinstance(file, str) and file else None
    return _look(component, json.dumps(params, sort_keys=True, default=str), stamp)


@st.cache_resource(max_entries=12, show_spinner=False)
def _look(component: str, params: str, stamp: tuple[int, int] | None) -> dict[str, Any]:
    from components import registry
    from components.data.preview import preview

    data = registry.create(component, **json.loads(params))
    return preview(data, count=SAMPLES.get(data.modality, OTHERS))
