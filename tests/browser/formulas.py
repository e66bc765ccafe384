"""A page with every formula of the components, as the help sets them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import streamlit as st

from builder.ui.form.about import typeset
from components import all_components

for component in all_components().values():
    if "$" in component.doc.body:
        with st.container(key=f"body_{component.id}"):
            st.markdown(typeset(component.doc.body))
st.html('<div id="all-set"></div>')
