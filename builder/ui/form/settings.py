"""What a node carries besides its parameters: batches, turns of optimizers, frozen weights, where weights come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from builder.ui.canvas.cards import NO_END
from builder.ui.checking import Checked
from builder.ui.desk import Desk
from builder.ui.form.common import (
    DEFAULT_BATCH,
    choice,
    key_of,
    more,
    number,
    number_field,
    section,
    set_setting,
    setting,
    switch,
)
from builder.ui.form.listed import parametrisations, regularizers
from builder.ui.form.picked import entries, pick
from builder.ui.form.reports import by_hand, follow
from builder.ui.form.weights import weights
from builder.ui.text import t
from components.spec import Component

WITH_WEIGHTS = ("layer", "transform", "loss")
WITH_PHASE = ("layer", "transform", "op", "sampler")
PHASES = ("train", "evaluate", "generate")
OF_WEIGHTS = ("weights", "regularize", "parametrize")
OF_OPTIMIZERS = ("order", "every", "epochs", "accumulate", "clip_value", "decay", "regularize")


def settings(desk: Desk, node: str, entry: Component, known: Checked) -> None:
    """Draws the settings that this kind of component has."""
    if entry.kind == "dataset":
        _dataset(desk, node)
    elif entry.kind == "optimizer":
        _optimizer(desk, node, known)
    else:
        own = entry.kind in WITH_WEIGHTS and entry.form != "op" and _has_weights(desk, node, entry)
        phased = entry.kind in WITH_PHASE and len(entry.inputs) > 0
        if own or phased:
            _layer(desk, node, own, phased)


def _layer(desk: Desk, node: str, own: bool, phased: bool) -> None:
    section("section_settings")
    with st.container(key="settings"):
        if own:
            switch(desk, node, "frozen", default=False, hint=t("frozen_help"))
            pick(
                desk, node, "init", entries("init"), t("init_default"), setting(desk, node, "init"),
                lambda item: set_setting(desk, node, "init", item),
            )  # fmt: skip
        with more(desk, node, (*OF_WEIGHTS, "phase")), st.container(key="settings_more"):
            if own:
                weights(desk, node)
                regularizers(desk, node)
                parametrisations(desk, node)
            if phased:
                _phase(desk, node)


def _has_weights(desk: Desk, node: str, entry: Component) -> bool:
    """Whether settings of weights mean anything at a node; what a file sets in vain stays in view."""
    from builder.compiler.examples import keeps_state

    given = desk.open_graph.nodes[node]["settings"]
    return keeps_state(entry.id) or any(name in given for name in ("frozen", "init", *OF_WEIGHTS))


def block_settings(desk: Desk, node: str) -> None:
    """Draws the settings of a use of a block: they hold for every node inside."""
    with more(desk, node, ("frozen", *OF_WEIGHTS)), st.container(key="settings_more"):
        switch(desk, node, "frozen", default=False, hint=t("frozen_help"))
        weights(desk, node)
        regularizers(desk, node)
        parametrisations(desk, node)


def _phase(desk: Desk, node: str) -> None:
    options = {"": t("phase_always"), **{phase: t(f"phase_{phase}") for phase in PHASES}}
    now = str(setting(desk, node, "phase") or "")
    choice(
        desk, node, "phase", t("phase"), options, now, lambda v: set_setting(desk, node, "phase", v or None),
        t("phase_help"),
    )  # fmt: skip


# ------------------------------------------------------------------ data sets


def _dataset(desk: Desk, node: str) -> None:
    section("section_settings")
    with st.container(key="settings"):
        number(desk, node, "batch_size", str(DEFAULT_BATCH), whole=True)
        switch(desk, node, "shuffle", default=True)
        with more(desk, node, ("drop_last", "subset", "sampler")), st.container(key="settings_more"):
            switch(desk, node, "drop_last", default=False)
            _subset(desk, node)
            pick(
                desk, node, "batch_sampler", entries("sampler", "batches"), t("batch_sampler_none"),
                setting(desk, node, "sampler"), lambda item: set_setting(desk, node, "sampler", item),
                t("batch_sampler_help"),
            )  # fmt: skip


def _subset(desk: Desk, node: str) -> None:
    now = setting(desk, node, "subset")
    now = dict(now) if isinstance(now, Mapping) else {}

    def count(value: float | None) -> None:
        set_setting(desk, node, "subset", None if value is None else {**now, "count": value})

    number_field(desk, node, "subset", "subset", now.get("count"), t("subset_all"), True, count, t("subset_help"))
    if "count" not in now:
        return
    key = key_of(desk, node, "set-subset-per-class")
    follow(key, bool(now.get("per_class")))

    def per_class() -> None:
        rest = {k: v for k, v in now.items() if k != "per_class"}
        set_setting(desk, node, "subset", {**rest, **({"per_class": True} if st.session_state[key] else {})})

    with st.container(key="row_subset_per_class"):
        st.toggle(f"· {t('subset_per_class')}", key=key, on_change=by_hand(key, per_class))

    def seed(value: float | None) -> None:
        rest = {k: v for k, v in now.items() if k != "seed"}
        set_setting(desk, node, "subset", rest if value is None else {**rest, "seed": value})

    number_field(desk, node, "subset_seed", "subset_seed", now.get("seed"), "0", True, seed, low=0, below=True)


# ------------------------------------------------------------------ optimizers


def _optimizer(desk: Desk, node: str, known: Checked) -> None:
    several = len(known.turns) > 1 or setting(desk, node, "parameters") is not None
    section("section_settings")
    with st.container(key="settings"):
        if several:
            _trains(desk, node, known)
        number(desk, node, "clip_norm", t("clip_off"), whole=False)
        with more(desk, node, OF_OPTIMIZERS), st.container(key="settings_more"):
            if not several:
                _trains(desk, node, known)
            number(desk, node, "order", "0", whole=True, hint=t("order_help"), low=-1000)
            number(desk, node, "every", "1", whole=True, hint=t("every_help"))
            _epochs(desk, node)
            number(desk, node, "accumulate", "1", whole=True, hint=t("accumulate_help"))
            number(desk, node, "clip_value", t("clip_off"), whole=False)
            options = {name: t(f"decay_{name}") for name in ("all", "weights")}
            now = str(setting(desk, node, "decay") or "all")
            choice(
                desk, node, "decay", t("decay"), options, now,
                lambda v: set_setting(desk, node, "decay", v if v != "all" else None), t("decay_help"),
            )  # fmt: skip
            regularizers(desk, node, joint=True)


def _trains(desk: Desk, node: str, known: Checked) -> None:
    """Which nodes and blocks an optimizer trains; a path stands for everything inside of it."""
    now = [str(path) for path in setting(desk, node, "parameters") or ()]
    key = key_of(desk, node, "set-parameters")
    follow(key, now)

    def put() -> None:
        set_setting(desk, node, "parameters", list(st.session_state[key]) or None)

    with st.container(key="row_parameters"):
        st.multiselect(
            t("trains"), list(dict.fromkeys([*trainable(known), *now])), key=key, placeholder=t("trains_all"),
            help=t("trains_help"), on_change=by_hand(key, put),
        )  # fmt: skip


def trainable(known: Checked) -> list[str]:
    """The nodes with weights, and the blocks around them; what is inside of a repeated block stands for itself only."""
    found: dict[str, None] = {}
    for path, report in known.report.nodes.items() if known.report else ():
        if not report.parameters:
            continue
        parts = path.split("/")
        copies = [i for i, p in enumerate(parts) if 0 < i < len(parts) - 1 and p[:1] == "n" and p[1:].isdigit()]
        for depth in range(1, (copies[0] if copies else len(parts)) + 1):
            found["/".join(parts[:depth])] = None
    return sorted(found, key=lambda path: path.count("/"))


def _epochs(desk: Desk, node: str) -> None:
    """The window of epochs in which an optimizer acts."""
    now = setting(desk, node, "epochs")
    first, last = now if isinstance(now, Sequence) and len(now) == 2 else (None, None)

    def put(first: float | None, last: float | None) -> None:
        whole = (first or 1) == 1 and (last or NO_END) == NO_END
        set_setting(desk, node, "epochs", None if whole else [first or 1, last or NO_END])

    shown = None if last == NO_END else last
    number_field(
        desk, node, "first_epoch", "first_epoch", first if first != 1 else None, t("first_epoch_default"), True,
        lambda v: put(v, last),
    )  # fmt: skip
    number_field(desk, node, "last_epoch", "last_epoch", shown, t("last_epoch_default"), True, lambda v: put(first, v))
