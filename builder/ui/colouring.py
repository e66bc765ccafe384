"""The colours of nodes by a figure: seven steps of a scale, as rules for the canvas, so that no node is drawn anew. No views here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape

STEPS = 7
# Evenly apart in lightness, from cream to brick and from night to ember; text on each of them keeps its contrast.
HEAT: tuple[tuple[str, str], ...] = (
    ("#fbf3dc", "#27242f"), ("#fbe6b4", "#3a2838"), ("#f9d48b", "#4f2b3c"), ("#f6bf6b", "#652d3b"),
    ("#f1a857", "#7a3037"), ("#ea904c", "#8f3730"), ("#e07a48", "#a14127"),
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """A scale from the smallest to the largest figure, logarithmic or linear; ``bounds`` are the STEPS + 1 limits of its steps."""

    low: float
    high: float
    linear: bool = False

    @property
    def bounds(self) -> list[float]:
        if self.linear:
            return [self.low + (self.high - self.low) * step / STEPS for step in range(STEPS + 1)]
        ratio = self.high / self.low
        return [self.low * ratio ** (step / STEPS) for step in range(STEPS + 1)]

    def step(self, value: float) -> int:
        """The step of a figure, from 0; where all figures are the same, the middle one."""
        if self.high <= self.low:
            return STEPS // 2
        if self.linear:
            return min(max(int((value - self.low) / (self.high - self.low) * STEPS), 0), STEPS - 1)
        if value <= self.low:
            return 0
        place = math.log(min(value, self.high) / self.low) / math.log(self.high / self.low)
        return min(max(int(place * STEPS), 0), STEPS - 1)


def scale_of(values: Iterable[float]) -> Scale | None:
    """The scale of figures; None where none is above 0. An infinite one lies in the last step."""
    known = [value for value in values if value > 0]
    finite = [value for value in known if math.isfinite(value)]
    if not known:
        return None
    return Scale(min(finite), max(finite)) if finite else Scale(1, 1)


def heat(values: Mapping[str, float], scale: Scale | None) -> dict[str, str]:
    """By node, the colour of its figure; nodes without one have none."""
    if scale is None:
        return {}
    return {n: f"var(--heat-{scale.step(v)})" for n, v in values.items() if v > 0 or scale.linear}


def legend_html(scale: Scale, show: Callable[[float], str]) -> str:
    """The steps of a scale with their bounds in words."""
    steps = range(STEPS) if scale.high > scale.low else [STEPS // 2]
    bounds = scale.bounds
    spans = "".join(
        f'<span style="--step:var(--heat-{step})">{escape(show(float(f"{bounds[step]:.3g}")))}</span>' for step in steps
    )
    end = f"<em>{escape(show(scale.high))}</em>" if scale.high > scale.low else ""
    return f'<div class="heat-steps">{spans}{end}</div>'


def heat_css() -> str:
    """The steps as variables."""
    steps = "".join(f"--heat-{step}:light-dark({light},{dark});" for step, (light, dark) in enumerate(HEAT))
    return f":root{{{steps}}}"


def rules(colours: Mapping[str, str]) -> str:
    """A style sheet for the canvas that gives nodes, by their id there, the colour of their card."""
    alike: dict[str, list[str]] = {}
    for node, colour in colours.items():
        alike.setdefault(colour, []).append(f'[data-id="{quoted(node)}"]')
    return "\n".join(
        f".react-flow__node.body:is({','.join(ids)}){{background:{colour};--muted:var(--text);--faint:var(--text)}}"
        for colour, ids in alike.items()
    )


def quoted(text: str) -> str:
    """A text within the quotes of a style sheet: whatever it holds, it stays inside."""
    return re.sub(r"[^A-Za-z0-9_./-]", lambda found: f"\\{ord(found[0]):x} ", text)
