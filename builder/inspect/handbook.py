"""The views of the Inspect page as a page of the documentation: ``python -m builder.inspect.handbook`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from builder.inspect.catalogue import TOPICS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "insight.md"

_HEAD = """# Views of the Inspect page

What each view shows, how it is computed and after whom, and what it does not tell. The page says the same below every figure, in English
and Chinese. A view is there where the graph allows it; `python -m builder inspect RUN|GRAPH --list` names those of a model.

This page is made from the entries in `builder/inspect/catalogue` by `python -m builder.inspect.handbook`.
"""


def page() -> str:
    """The page as Markdown: a table for each topic."""
    parts = [_HEAD]
    for topic in TOPICS:
        rows = [
            f"| {view.name} (`{view.id}`) | {_cell(view.help)} | {_cell(view.method)} | {_cell(view.limits)} |"
            for view in topic.views
        ]
        parts.append("\n".join((f"## {topic.name}\n", "| view | shows | method and source | limits |", "|---|---|---|---|", *rows, "")))  # fmt: skip
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
