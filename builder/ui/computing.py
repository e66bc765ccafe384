"""A long computation of a view: a word that it goes on, and a bar of how far it is."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from builder.ui.text import t

PATIENCE, STEP = 0.5, 0.3  # seconds until a bar is shown, and between two of its steps


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Within, a computation that tells how far it is (``builder.inspect.progress``) is followed by a bar."""
    from builder.inspect.progress import heard

    done, share = threading.Event(), [0.0]
    label, place = t("inspect_computing"), st.empty()

    def follow() -> None:
        wait = PATIENCE
        while not done.wait(wait):
            wait = STEP
            if share[0]:
                place.progress(min(share[0], 1.0))

    def listen(value: float) -> None:
        share[0] = value

    # A thread of its own: what is drawn within a function whose result is kept would be drawn again with it.
    follower = add_script_run_ctx(threading.Thread(target=follow, daemon=True), get_script_run_ctx())
    follower.start()
    try:
        with st.spinner(label), heard(listen):
            yield
    finally:
        done.set()
        follower.join()
        place.empty()
