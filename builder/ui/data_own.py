"""Data of one's own: a table (CSV) or images (zip) are uploaded, looked at, and put in the place of a data node."""

from __future__ import annotations

from typing import Any

import streamlit as st

from builder.ui import data_edit, data_look, frame, preview_html, uploads
from builder.ui.checking import checked
from builder.ui.desk import Desk
from builder.ui.markdown import plain
from builder.ui.text import language, t

KINDS = {"table": "data_csv", "images": "data_image_folder"}
TASKS = ("auto", "classification", "regression")
MISSING = ("error", "drop", "fill")
DELIMITERS = ("auto", "comma", "semicolon", "tab", "bar")
HEADERS = ("auto", "yes", "no")
ENCODINGS = ("utf-8", "utf-16", "gb18030", "latin-1")


def draw(desk: Desk, node: str) -> None:
    """Draws the panel for a data node."""
    frame.section(t("own_data"))
    present = desk.graph.nodes[node]["component"]
    default = next((kind for kind, component in KINDS.items() if component == present), "table")
    kind = st.segmented_control(
        t("own_kind"),
        tuple(KINDS),
        key="own_kind",
        default=default,
        format_func=lambda k: t(f"own_{k}"),
        label_visibility="collapsed",
        required=True,
    )
    kind = kind or default
    component = KINDS[kind]
    file = _file(kind, component, desk, node)
    if file is None:
        st.caption(t(f"own_{kind}_hint"))
        return
    given = desk.graph.nodes[node]["params"] if present == component else {}
    if given.get("file") != file:
        given = {}
    try:
        params = _table(file, given) if kind == "table" else _images(file, given, desk, node)
        found = data_look.look(component, params)
    except Exception as error:
        if not hasattr(error, "message_zh"):
            raise
        st.error(plain(frame.said(error)))
        return
    st.html(preview_html.sizes(found, language()))
    if found["balance"]:
        st.html(preview_html.balance(found["balance"], language()))
    same = present == component and desk.graph.nodes[node]["params"] == {
        k: v for k, v in params.items() if v is not None
    }
    if st.button(
        t("own_use", node=plain(node)),
        key="own_use",
        type="primary",
        width="stretch",
        disabled=same,
        help=t("own_used") if same else t("own_use_help"),
    ):
        data_edit.use_data(desk, node, component, params)
        st.rerun()  # all of the page: the check has changed


def _file(kind: str, component: str, desk: Desk, node: str) -> str | None:
    """The file to use: just uploaded, or chosen among those that were."""
    count = st.session_state.setdefault("own_count", 0)  # a new uploader after each upload: the list shows what came
    key, choice = f"own_upload_{kind}_{count}", f"own_file_{kind}"
    with frame.uploader():
        st.file_uploader(
            t(f"own_{kind}_label"),
            type=[suffix[1:] for suffix in uploads.SUFFIXES[component]],
            key=key,
            on_change=_take,
            args=(key, choice),
        )
    stored = uploads.stored(component)
    if not stored:
        return None
    present = desk.graph.nodes[node]["params"].get("file")
    if st.session_state.get(choice) not in stored:
        st.session_state[choice] = present if present in stored else None
    return st.selectbox(t("own_file"), stored, key=choice, placeholder=t("own_choose"))


def _take(key: str, choice: str) -> None:
    given = st.session_state[key]
    if given is not None:
        st.session_state[choice] = uploads.keep(given.name, given.getvalue())
        st.session_state["own_count"] += 1


def _table(file: str, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a table, as chosen. DataError where the file cannot be read."""
    from components import registry

    with st.expander(t("own_reading"), key="own_reading"):
        reading = {
            "delimiter": _choice("delimiter", DELIMITERS, file, given),
            "header": _choice("header", HEADERS, file, given),
            "encoding": _choice("encoding", ENCODINGS, file, given),
        }
    columns = registry.create("data_csv", file=file, **reading).columns()
    names = [column["name"] for column in columns]
    about = {c["name"]: _about(c) for c in columns}
    target = given.get("target") if given.get("target") in names else names[-1]
    target = st.selectbox(
        t("own_target"),
        names,
        index=names.index(target),
        key=f"own_target_{file}",
        format_func=lambda n: about[n],
        help=t("own_target_help"),
    )
    others = [name for name in names if name != target]
    chosen = [name for name in given.get("features") or () if name in others]
    features = st.multiselect(
        t("own_features"),
        others,
        default=chosen,
        key=f"own_features_{file}_{target}",
        format_func=lambda n: about[n],
        placeholder=t("own_features_all"),
        help=t("own_features_help"),
    )
    left, right = st.columns(2)
    with left:
        task = _choice("task", TASKS, file, given)
    with right:
        missing = _choice("missing", MISSING, file, given)
    params = {"file": file, "target": target, "features": features or None, **reading, "task": task, "missing": missing}
    defaults = {"delimiter": "auto", "header": "auto", "encoding": "utf-8", "task": "auto", "missing": "error"}
    kept = {
        name: given[name] for name in ("max_categories", "valid_share", "test_share", "split_seed") if name in given
    }
    return {k: v for k, v in params.items() if v is not None and defaults.get(k) != v} | kept


def _about(column: dict[str, Any]) -> str:
    kind = t("column_numbers") if column["numeric"] else t("column_texts", n=column["distinct"])
    gaps = f", {t('column_missing', n=column['missing'])}" if column["missing"] else ""
    return f"{column['name']}  ({kind}{gaps})"


def _choice(name: str, choices: tuple[str, ...], file: str, given: dict[str, Any]) -> str:
    value = given.get(name, choices[0])
    index = choices.index(value) if value in choices else 0
    return st.selectbox(
        t(f"own_{name}"),
        choices,
        index=index,
        key=f"own_{name}_{file}",
        format_func=lambda c: t(f"{name}_{c}") if name in ("task", "missing", "header", "delimiter") else c,
    )


def _images(file: str, given: dict[str, Any], desk: Desk, node: str) -> dict[str, Any]:
    """The parameters of an archive of images. They begin with the size that the graph is built for."""
    size, channels = _size(desk, node)
    left, right = st.columns(2)
    with left:
        size = st.number_input(
            t("own_size"),
            min_value=1,
            max_value=1024,
            value=int(given.get("image_size", size)),
            key=f"own_size_{file}",
            help=t("own_size_help"),
        )
    with right:
        options = (1, 3)
        channels = st.selectbox(
            t("own_channels"),
            options,
            index=options.index(given.get("channels", channels)),
            key=f"own_channels_{file}",
            format_func=lambda c: t(f"channels_{c}"),
        )
    kept = {name: given[name] for name in ("valid_share", "test_share", "split_seed") if name in given}
    return {"file": file, "image_size": int(size), "channels": int(channels), **kept}


def _size(desk: Desk, node: str) -> tuple[int, int]:
    """Height and channels of the images that the node gives now; 32 and 3 where it gives none."""
    report = checked(desk).report
    known = report.nodes.get(node) if report else None
    for spec in known.outputs.values() if known else ():
        if len(spec.shape) == 4 and spec.shape[1] in (1, 3) and isinstance(spec.shape[2], int):
            return spec.shape[2], int(spec.shape[1])
    return 32, 3
