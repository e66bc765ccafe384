"""How a text of one's own is read, as HTML: unknown tokens marked, what is left out faded. Texts are escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from builder.ui.text import text

if TYPE_CHECKING:
    from components.data._base import Reading

MOST_TOKENS, MOST_UNKNOWN = 600, 12


def reading(found: Reading, language: str) -> str:
    """The tokens as they are read, and a word on those that are not."""
    gap = "" if all(len(token) == 1 for token in found.tokens) else " "
    first = max(0, min(found.start, len(found.tokens) - MOST_TOKENS))
    shown = range(first, min(first + MOST_TOKENS, len(found.tokens)))
    marked = gap.join(_token(found, place) for place in shown)
    before, after = "… " if first else "", " …" if shown.stop < len(found.tokens) else ""
    lines = [text("reading_tokens", language, n=len(found.tokens))]
    unknown = list(dict.fromkeys(token for token, known in zip(found.tokens, found.known, strict=True) if not known))
    if unknown:
        named = ", ".join(unknown[:MOST_UNKNOWN]) + (" …" if len(unknown) > MOST_UNKNOWN else "")
        lines.append(text("reading_unknown", language, tokens=named))
    if (kept := found.stop - found.start) < len(found.tokens):
        lines.append(text("reading_cut", language, kept=kept, n=len(found.tokens)))
    said = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<div class="reading"><p>{before}{marked}{after}</p><ul>{said}</ul></div>'


def _token(found: Reading, place: int) -> str:
    token = escape(found.tokens[place])
    if not found.start <= place < found.stop:
        return f'<span class="reading-out">{token}</span>'
    return token if found.known[place] else f"<mark>{token}</mark>"
