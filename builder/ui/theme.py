"""Colours: one accent per family, the same in palette, node and minimap, for a light and a dark desk."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterable

Accent = tuple[str, str]  # on light, on dark

SLATE: Accent = ("#64748b", "#94a3b8")
BLUE: Accent = ("#2f6fed", "#6ea0ff")
SKY: Accent = ("#0b93d6", "#4cc0f5")
CYAN: Accent = ("#0aa3b5", "#3fd0de")
TEAL: Accent = ("#0d9488", "#37cbbb")
EMERALD: Accent = ("#0e9f6e", "#3ecf9b")
GREEN: Accent = ("#3f9c35", "#76cf6b")
LIME: Accent = ("#7a9a12", "#b3d44a")
AMBER: Accent = ("#d18b0b", "#f2bb4b")
ORANGE: Accent = ("#dd6b20", "#f79a56")
BROWN: Accent = ("#9a6b3f", "#cfa078")
PINK: Accent = ("#d6499b", "#f288c2")
FUCHSIA: Accent = ("#b44bd1", "#d88cf0")
VIOLET: Accent = ("#7c5cf0", "#a896ff")
INDIGO: Accent = ("#4f5bd5", "#8f9aff")
PLUM: Accent = ("#9c4f7f", "#d08fb6")

FAMILIES: dict[str, Accent] = {
    "Data": EMERALD,
    "Data transform": TEAL,
    "Linear": INDIGO,
    "Embedding": PLUM,
    "Convolution": BLUE,
    "Pooling": SKY,
    "Activation": AMBER,
    "Feature normalization": CYAN,
    "Dropout": BROWN,
    "Regularization": BROWN,
    "Recurrent": VIOLET,
    "Attention": FUCHSIA,
    "Channel attention": FUCHSIA,
    "Spatial attention": FUCHSIA,
    "Channel+spatial attention": FUCHSIA,
    "Other CNN attention": FUCHSIA,
    "Non-local attention": FUCHSIA,
    "Transformer": FUCHSIA,
    "Position encoding": PINK,
    "Graph network": LIME,
    "Tensor": SLATE,
    "Noise": SLATE,
    "Higher order": INDIGO,
    "Seq2Seq": VIOLET,
    "Seq2Seq attention": FUCHSIA,
    "VAE": SKY,
    "GAN loss": ORANGE,
    "GAN training": ORANGE,
    "Normalizing flow": CYAN,
    "Diffusion": BLUE,
    "Contrastive learning": EMERALD,
    "Metric learning": GREEN,
    "Semi-supervised learning": LIME,
    "Long-tailed learning": BROWN,
    "Domain adaptation": TEAL,
    "Adversarial attacks": PLUM,
    "Knowledge distillation": AMBER,
    "Parameter-efficient fine-tuning": INDIGO,
    "Multi-task loss weighting": ORANGE,
    "Visualizer": TEAL,
    "CNN visualization": AMBER,
    "Loss": ORANGE,
    "Metric": GREEN,
    "Optimizer": PLUM,
    "Schedule": BROWN,
    "Strategy": PINK,
    "Initialization": SLATE,
    "Block": INDIGO,
    "Unknown": SLATE,
}
OTHERS = (BLUE, TEAL, VIOLET, ORANGE, SKY, PINK, EMERALD, INDIGO, AMBER, FUCHSIA, CYAN, LIME, PLUM, BROWN, GREEN)


@functools.cache
def slug(family: str) -> str:
    """The family as a CSS class: ``fam-data-transform``."""
    return "fam-" + re.sub(r"[^a-z0-9]+", "-", family.lower()).strip("-")


def accent(family: str) -> Accent:
    """The colours of a family; one that is not listed always gets the same of the others."""
    return FAMILIES.get(family) or OTHERS[zlib.crc32(family.encode()) % len(OTHERS)]


# Of optimizers, by their place in a step: told apart by people with colour blindness as well.
TURNS: tuple[Accent, ...] = (BLUE, ORANGE, EMERALD, FUCHSIA, AMBER, SKY, PINK, VIOLET, LIME, BROWN)


def turn(place: int) -> str:
    """The CSS class of the optimizer that acts at this place, from 1; its colour is ``--turn``."""
    return f"turn-{(place - 1) % len(TURNS) + 1}"


def turn_css() -> str:
    """A style sheet that gives each optimizer's class its colour."""
    rules = (f".{turn(place)}{{--turn:light-dark({a},{b})}}" for place, (a, b) in enumerate(TURNS, 1))
    return "\n".join(rules)


def family_css(families: Iterable[str]) -> str:
    """A style sheet that gives each family's class its ``--accent``."""
    rules = []
    for family in sorted({*families, "Block", "Unknown"}):
        light, dark = accent(family)
        rules.append(f".{slug(family)}{{--accent:{light}}}[data-desk=dark] .{slug(family)}{{--accent:{dark}}}")
    return "\n".join(rules)
