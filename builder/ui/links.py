"""Addresses that open something: ``?graph=lenet5`` puts a graph of the gallery on a new desk."""

from __future__ import annotations

import streamlit as st

from builder.graph import GraphError, load
from builder.ui import files, frame, gallery
from builder.ui.markdown import plain
from builder.ui.text import t

GRAPH = "graph"


def follow() -> None:
    """Opens what the address names, once. What lay on the desk stays under Recent work.

    The address forgets the name last: a run of the page that is cut short on the way is followed by one that opens it again.
    """
    name = st.query_params.get(GRAPH)
    if name is None:
        return
    path = gallery.find(name)
    if path is None:
        st.toast(t("gallery_unknown", name=plain(name[:60])), icon=":material/error:")
    else:
        try:
            files.open_graph(load(path))
        except GraphError as error:
            st.toast(plain(frame.said(error)), icon=":material/error:")
    del st.query_params[GRAPH]
