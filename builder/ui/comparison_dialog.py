"""The dialog that compares choices in a node's place: what fits there, how often and how long to train, and the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from builder.comparison import NONE, Choice, Plan, parse_choices, plans
from builder.comparison.plan import PLACES, Place
from builder.comparison.variants import Misfit, component_at, misfits, same_place
from builder.graph import BLOCK_PREFIX, Graph, GraphError
from builder.graph.edit.replace import SETTINGS
from builder.train import TrainError
from builder.ui import app_shell, comparison_store, frame, times
from builder.ui.catalogue import Catalogue
from builder.ui.checking import checked
from builder.ui.desk import Desk
from builder.ui.markdown import plain
from builder.ui.text import language, t, text
from builder.ui.warm import WARMUP
from components.glossary import family_label

DIALOG = "compare_here"
KINDS: dict[Place, str] = {"init": "init", "parametrize": "parametrization", "regularize": "regularizer"}
TENSORS = ("layer", "op", "transform")  # kinds that may take each other's place
MOST_SEEDS, MOST_EPOCHS, MOST_REASONS = 50, 100_000, 60

Fits = Mapping[Choice, Misfit | None]


def ask(desk: Desk) -> None:
    """Opens the dialog for the nodes that are selected."""
    if desk.selection:
        nodes = tuple("/".join((*desk.scope, node)) for node in desk.selection)
        st.dialog(t("comparison_title", node=plain(", ".join(nodes))), width="large")(_dialog)(desk, nodes)


@frame.guarded
def _dialog(desk: Desk, nodes: tuple[str, ...]) -> None:
    catalogue = WARMUP.wait_for_catalogue()
    WARMUP.wait()
    if not checked(desk).trains:
        st.warning(t("comparison_not_ready"))
        return
    own = _own(desk, nodes)
    places = places_of(desk.graph, nodes, catalogue)
    place: Place = places[0]
    if own is not None:
        nodes, place = own.nodes, own.place
    elif len(places) > 1:
        place = st.segmented_control(
            t("comparison_place"), places, default=places[0], required=True, key="comparison_place",
            format_func=lambda name: t(f"comparison_place_{name}"),
        ) or places[0]  # fmt: skip
    with st.spinner(t("comparison_proving")):
        fits = _fits(desk, nodes, place, catalogue)
    chosen, misfit = _choose(desk, nodes, place, fits, own, catalogue)
    plan = _amount(desk, nodes, chosen, own)
    if misfit is not None:
        st.error(plain(misfit.message_zh if language() == "zh" else misfit.message))
    ready = plan is not None and misfit is None and len(plan.choices) > 1
    if st.button(
        t("comparison_start"), key="comparison_start", type="primary", icon=":material/play_arrow:", disabled=not ready,
        help=None if ready or misfit is not None else t("comparison_too_few"),
    ) and plan is not None:  # fmt: skip
        _start(desk, plan)
    _reasons(fits, nodes, place, catalogue)


def _start(desk: Desk, plan: Plan) -> None:
    try:
        folder = comparison_store.begin(desk.graph, plan)
    except (GraphError, TrainError) as error:
        st.error(plain(frame.said(error)))
        return
    app_shell.open_page("runs", view="comparisons", comparison=folder.name)


# ------------------------------------------------------------------ what there is to choose from


def _own(desk: Desk, nodes: Sequence[str]) -> Plan | None:
    """The plan of the graph's own that is chosen; at first one that is about this place."""
    found = plans(desk.graph)
    if not found:
        return None
    here = next((i for i, plan in enumerate(found) if _about(desk.graph, plan, nodes)), -1)
    index = st.selectbox(
        t("comparison_own"), range(-1, len(found)), index=here + 1, key="comparison_own",
        format_func=lambda i: t("comparison_own_none") if i < 0 else plan_title(found[i]),
    )  # fmt: skip
    return found[index] if index is not None and index >= 0 else None


def plan_title(plan: Plan) -> str:
    """What a plan is called in the language chosen."""
    return (plan.title_zh if language() == "zh" else plan.title) or plan.title or plan.name


def _about(graph: Graph, plan: Plan, nodes: Sequence[str]) -> bool:
    try:
        return any(same_place(graph, one, other) for one in plan.nodes for other in nodes)
    except GraphError:  # the plan names a node that was removed since
        return False


def places_of(graph: Graph, nodes: Sequence[str], catalogue: Catalogue) -> list[Place]:
    """What can be compared at these nodes: their components, and the settings that all of them have."""
    kinds = {catalogue[id].kind if id in catalogue else "block" for id in (component_at(graph, n) for n in nodes)}
    return [place for place in PLACES if kinds <= set(SETTINGS.get(place, kinds))]


def candidates(graph: Graph, nodes: Sequence[str], place: Place, catalogue: Catalogue) -> list[Choice]:
    """What could stand in this place by its kind, that of the same family first, and nothing at all."""
    present = component_at(graph, nodes[0])
    entry = catalogue.get(present)
    if place != "component":
        found = [e for e in catalogue.values() if e.kind == KINDS[place]]
    elif entry is None:  # a block: what computes may stand for it
        found = [e for e in catalogue.values() if e.placed and e.kind in TENSORS]
    else:
        kinds = TENSORS if entry.kind in TENSORS else (entry.kind,)
        found = [e for e in catalogue.values() if e.placed and e.kind in kinds]
    family = entry.family if entry else ""
    ordered = sorted(found, key=lambda e: (e.id != present, e.family != family, e.family))
    return [*(Choice(e.id) for e in ordered if not e.id.startswith(BLOCK_PREFIX)), Choice(NONE)]


def _fits(desk: Desk, nodes: tuple[str, ...], place: Place, catalogue: Catalogue) -> Fits:
    """What fits, kept as long as the graph stays the same."""
    key = (nodes, place)
    kept = st.session_state.get("comparison_fits")
    if kept is None or kept[0] is not desk.state or kept[1] != key:
        found = misfits(desk.graph, nodes, candidates(desk.graph, nodes, place, catalogue), place)
        kept = st.session_state["comparison_fits"] = (desk.state, key, found)
    return kept[2]


# ------------------------------------------------------------------ the form


def _choose(
    desk: Desk, nodes: tuple[str, ...], place: Place, fits: Fits, own: Plan | None, catalogue: Catalogue
) -> tuple[tuple[Choice, ...], Misfit | None]:
    """The choices, and what is wrong with the first of them that is none."""
    offered = [choice.name for choice, misfit in fits.items() if misfit is None]
    default = [choice.name for choice in own.choices] if own else offered[:1] if place == "component" else [NONE]
    options = [*dict.fromkeys([*default, *offered])]
    present = catalogue.get(component_at(desk.graph, nodes[0]))
    family = present.family if present is not None and place == "component" else ""
    names = st.multiselect(
        t("comparison_choices"), options, default, key=f"comparison_choices_{own.name if own else ''}_{place}_{nodes[0]}",
        format_func=lambda name: _offered(name, place, catalogue, family), accept_new_options=True,
        placeholder=t("comparison_choices_add"),
    )  # fmt: skip
    st.caption(t("comparison_fit", n=len(offered)))
    found: list[Choice] = []
    for name in names:
        try:
            found += parse_choices(name)
        except GraphError as error:
            return tuple(found), Misfit(error.message, error.message_zh)
    fresh = [choice for choice in found if choice not in fits]
    wrong = misfits(desk.graph, nodes, fresh, place)
    return tuple(dict.fromkeys(found)), next((m for m in wrong.values() if m is not None), None)


def _offered(name: str, place: Place, catalogue: Catalogue, family: str) -> str:
    """A choice, with its family where that is another one."""
    entry = catalogue.get(name)
    label = named(name, place, catalogue, language())
    return (
        f"{label} · {family_label(entry.family, language())}" if entry and family and entry.family != family else label
    )


def named(name: str, place: Place, catalogue: Catalogue, lang: str) -> str:
    """A choice by the label of its component, with its values."""
    try:
        (choice,) = parse_choices(name)
    except ValueError:  # what a person is writing
        return name
    if choice.component == NONE:
        return text(f"comparison_none_{place}", lang)
    entry = catalogue.get(choice.component)
    if entry is None:
        return name
    values = ", ".join(f"{key}={value}" for key, value in choice.params)
    return " · ".join(filter(None, [entry.label(lang), values]))


def _amount(desk: Desk, nodes: tuple[str, ...], choices: tuple[Choice, ...], own: Plan | None) -> Plan | None:
    """Seeds and epochs, and what they come to."""
    suffix = own.name if own else ""
    left, right, said = st.columns([1, 1, 2.6], vertical_alignment="bottom")
    seeds = left.number_input(
        t("comparison_seeds"), 1, MOST_SEEDS, value=own.seeds if own else 3, key=f"comparison_seeds_{suffix}",
        help=t("comparison_seeds_help"),
    )  # fmt: skip
    epochs = right.number_input(
        t("comparison_epochs"), 1, MOST_EPOCHS, key=f"comparison_epochs_{suffix}",
        value=int((own and own.epochs) or desk.graph.training.get("epochs") or 20),
    )  # fmt: skip
    trainings = int(seeds) * len(choices)
    an_epoch = comparison_store.seconds_of_an_epoch(desk.graph)
    if an_epoch is None:
        said.caption(t("comparison_amount", n=trainings))
    else:
        time = times.duration(an_epoch * int(epochs) * trainings, language())
        said.caption(t("comparison_estimate", n=trainings, time=time))
    if not choices:
        return None
    names = (own.name, own.title, own.title_zh) if own else ("", "", "")
    return Plan(nodes, choices, int(seeds), int(epochs), *names)


def _reasons(fits: Fits, nodes: Sequence[str], place: Place, catalogue: Catalogue) -> None:
    """What does not fit, and why: of the families of what does."""
    families = {catalogue[c.component].family for c, m in fits.items() if m is None and c.component in catalogue}
    first = next((c.component for c in fits if c.component in catalogue), "")
    near = {catalogue[first].family} if place == "component" and first else families
    unfit = [(c, m) for c, m in fits.items() if m is not None and c.component in catalogue]
    unfit = [(c, m) for c, m in unfit if catalogue[c.component].family in near][:MOST_REASONS]
    if not unfit:
        return
    with st.expander(t("comparison_unfit", n=len(unfit)), key="comparison_unfit"):
        for choice, misfit in unfit:
            reason = misfit.message_zh if language() == "zh" else misfit.message
            st.markdown(f"**{plain(catalogue[choice.component].label(language()))}**  {plain(reason)}")
