"""Drawings (SVG) inside HTML that the page cleans: as images, one for a light and one for a dark page."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from html import escape

At = Callable[[float, float], tuple[float, float]]
"""Where a point of the data lies in a drawing."""


def image(draw: Callable[[int], str], kind: str, width: float, height: float, alt: str = "") -> str:
    """HTML of a drawing; CSS shows the image that fits the page.

    Args:
        draw: gives the elements of the drawing, for a light page from 0 and for a dark one from 1.
        kind: CSS class of both images.
        width, height: of the drawing's coordinates.
        alt: what it shows, in words; nothing where words beside it say the same.
    """
    images = []
    for mode, name in enumerate(("light", "dark")):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">{draw(mode)}</svg>'
        source = urllib.parse.quote(svg, safe=" ='/:;,.#()-").replace("#", "%23")
        images.append(f'<img class="{kind} on-{name}" src="data:image/svg+xml,{source}" alt="{escape(alt)}">')
    return "".join(images)
