"""The help on a component: what it does, its formula, ports, an example, graphs that use it, its source, its name in code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder import gallery
from builder.ui import numbers
from builder.ui.facts import Facts
from builder.ui.links import GRAPH
from builder.ui.markdown import plain
from builder.ui.text import language, t
from components.docstring import port_texts
from components.glossary import parameter_label
from components.spec import Component, Port
from components.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from builder.compiler.examples import Worked

MAX_GRAPHS = 6
_PAPER = re.compile(
    r"(?P<arxiv>arXiv[ :](?P<id>\d{4}\.\d{4,5}))|(?P<doi>(?:doi|DOI)[ :]\s*(?P<name>10\.\d{4,9}/[^\s,;]+))"
)


def about(entry: Component, facts: Facts) -> None:
    """Draws the help, folded away: it is made only where it is open, since setting formulas takes the browser long."""
    from builder.compiler.examples import worked

    fold = st.expander(t("section_help"), key="about", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.markdown(plain(entry.help_zh if language() == "zh" else entry.doc.summary))
        if entry.doc.body:
            st.markdown(typeset(entry.doc.body))
        if entry.inputs or entry.outputs:
            st.html(_ports(entry, facts))
        example = worked(entry.id)
        if example is not None:
            st.html(_heading("about_example") + _example(example))
        graphs = gallery.users(entry.id)[:MAX_GRAPHS]
        if graphs:
            st.html(_heading("about_gallery"))
            st.markdown(" · ".join(_link(graph) for graph in graphs))
        st.html(_heading("source"))
        st.caption(linked(entry.source))
        if entry.doc.source and entry.doc.source != entry.source:
            st.caption(f"{plain(t('about_follows'))} {linked(entry.doc.source)}")
        st.html(_heading("about_code"))
        st.code(call(entry, facts.params), language="python", wrap_lines=True)


def typeset(body: str) -> str:
    """A docstring's body as Markdown: a formula between ``$$`` stands by itself, which sets it large; its parts, which
    ``, \\quad`` parts, stand one below the other, since the panel is narrow.
    """
    return re.sub(r"\$\$(.+?)\$\$", lambda match: f"\n$$\n{_stacked(match[1].strip())}\n$$\n", body, flags=re.DOTALL)


def _stacked(formula: str) -> str:
    parts = re.split(r",\s*\\q?quad\b\s*", formula)
    if len(parts) == 1 or any(part.count("{") != part.count("}") for part in parts):
        return formula
    rows = r", \\[5pt] ".join(parts)
    return rf"\begin{{gathered}} {rows} \end{{gathered}}"


def _heading(key: str) -> str:
    return f'<div class="about-head">{escape(t(key))}</div>'


# ------------------------------------------------------------------ ports and example


def _ports(entry: Component, facts: Facts) -> str:
    words = port_texts(entry.doc.shape) if language() == "en" else {}
    outputs = entry.outputs_for(facts.params)
    rows = [_port("about_in", port, facts.inputs.get(port.name, ()), words) for port in entry.inputs.values()]
    rows += [
        _port("about_out", port, [facts.outputs[port.name]] if port.name in facts.outputs else [], words)
        for port in outputs.values()
    ]
    return f'<div class="about-ports">{"".join(rows)}</div>'


def _port(side: str, port: Port, specs: Sequence[TensorSpec], words: Mapping[str, str]) -> str:
    """A port: its name, what runs through it now, and what it is made for."""
    now = " ".join(f"{numbers.shape(spec.shape)} {spec.dtype}" for spec in specs)
    shown = f"<code>{escape(now)}</code>" if now else f"<em>{escape(t('about_open'))}</em>"
    made_for = words.get(port.name) or _made_for(port)
    notes = [t(key) for key, said in (("optional", port.optional), ("about_many", port.variadic)) if said]
    return (
        f'<div class="about-port"><span>{escape(t(side))}</span><b>{escape(port.name)}</b>'
        f"{shown}"
        f"<p>{escape(made_for)}{escape(''.join(f' ({note})' for note in notes))}</p></div>"
    )


def _made_for(port: Port) -> str:
    from builder.compiler.ports import DTYPE_NAMES, in_words

    chinese = language() == "zh"
    words = in_words(port.dims)[chinese].strip()
    dtype = DTYPE_NAMES.get(port.dims.dtype, ("", ""))[chinese] if port.dims.kind == "tensor" else ""
    return f"{words}{'，' if chinese else ', '}{dtype}" if dtype else words


def _example(example: Worked) -> str:
    into = [f"{port} {_shape(shape)}" for port, shapes in example.inputs.items() for shape in shapes]
    given = [f"{parameter_label(name, language())} = {value}" for name, value in example.params.items()]
    outof = [f"{port} {_shape(shape)}" for port, shape in example.outputs.items()]
    chips = "".join(f"<code>{escape(text)}</code>" for text in into)
    results = "".join(f"<code>{escape(text)}</code>" for text in outof)
    arrow = "<i>→</i>" if results else ""
    note = f"<p>{escape(', '.join(given))}</p>" if given else ""
    return f'<div class="about-example">{chips}{arrow}{results}{note}</div>'


def _shape(shape: Sequence[int | str]) -> str:
    return numbers.shape(shape) if shape else t("about_scalar")


# ------------------------------------------------------------------ links and code


def _link(graph: gallery.GalleryEntry) -> str:
    """A graph of the gallery by its title; Streamlit opens links in a new tab, so the work here stays."""
    title = graph.title_zh if language() == "zh" else graph.title
    return f"[{plain(title)}](?{GRAPH}={graph.path.stem})"


def linked(source: str) -> str:
    """A source as Markdown: arXiv numbers and DOIs as links, all else as plain text."""
    text, parts, end = " ".join(source.split()), [], 0
    for match in _PAPER.finditer(text):
        parts.append(_piece(text[end : match.start()]))
        name = match["name"].rstrip(".") if match["doi"] else ""
        address = f"https://doi.org/{name}" if name else f"https://arxiv.org/abs/{match['id']}"
        end = match.end() - (len(match["name"]) - len(name) if name else 0)
        parts.append(f"[{plain(text[match.start() : end])}]({address})")
    return "".join([*parts, _piece(text[end:])])


def _piece(text: str) -> str:
    """Plain text with the blanks at its ends kept."""
    return f"{' ' * text[:1].isspace()}{plain(text)}{' ' * text[-1:].isspace()}" if text.strip() else text


def call(entry: Component, values: Mapping[str, Any]) -> str:
    """The line of Python that makes the component with these values: those that follow from shapes, and no defaults."""
    given = [
        f"{name}={'...' if parameter.block else repr(values[name])}"
        for name, parameter in entry.parameters.items()
        if name in values and (parameter.inferred or values[name] != parameter.default)
    ]
    arguments = ", ".join([f'"{entry.id}"', *(f"{name}=..." for name in entry.runtime), *given])
    return f"components.create({arguments})"
