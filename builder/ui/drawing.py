"""Drawings (SVG) inside HTML that the page cleans: as images, one for a light and one for a dark page."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable


def image(draw: Callable[[int], str], kind: str, width: float, height: float) -> str:
    """HTML of a drawing; CSS shows the image that fits the page.

    Args:
        draw: gives the elements of the drawing, for a light page from 0 and for a dark one from 1.
        kind: CSS class of both images.
        width, height: of the drawing's coordinates.
    """
    images = []
    for mode, name in enumerate(("light", "dark")):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">{draw(mode)}</svg>'
        source = urllib.parse.quote(svg, safe=" ='/:;,.#()-").replace("#", "%23")
        images.append(f'<img class="{kind} on-{name}" src="data:image/svg+xml,{source}" alt="">')
    return "".join(images)
