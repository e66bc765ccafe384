"""The HTML of a graph's card: drawing, tags, title, a few sentences and facts. All texts may come from files."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from builder.ui.entry import Entry
from builder.ui.text import language, t


def card(
    entry: Entry, tags: Iterable[str] = (), facts: Iterable[str] = (), foot: str = "", link: str = "", title: str = ""
) -> str:
    """A card.

    Args:
        tags: small marks over the title.
        facts: a line of figures below the description.
        foot: the last line, in pale letters.
        link: HTML in the corner of the drawing.
        title: instead of the file's own.
    """
    lang = language()
    if entry.error:
        reason = t("gallery_broken", reason=entry.error[lang == "zh"])
        name = f'<div class="card-body"><h3>{escape(title or entry.name)}</h3><p>{escape(reason)}</p>'
        return f'{name}<div class="card-source">{escape(foot)}</div></div>'
    chips = "".join(f"<span>{escape(tag)}</span>" for tag in tags if tag)
    about = escape(entry.meta_text("description", lang))
    return (
        f'<div class="card-picture">{entry.drawing}{link}</div><div class="card-body"><div class="card-tags">{chips}</div>'
        f'<h3>{escape(title or entry.title(lang))}</h3><p title="{about}">{about}</p>'
        f'<div class="card-facts">{escape(" · ".join(filter(None, facts)))}</div>'
        f'<div class="card-source" title="{escape(foot)}">{escape(foot)}</div></div>'
    )


def copied_link(address: str) -> str:
    """A link to copy; without a script it leads there."""
    words = f'title="{escape(t("gallery_link"))}" aria-label="{escape(t("gallery_link"))}"'
    mark = '<span class="page-icon" aria-hidden="true">link</span>'
    return f'<a class="card-link" href="{escape(address)}" {words} data-copied="{escape(t("gallery_link_copied"))}">{mark}</a>'
