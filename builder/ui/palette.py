"""What the palette offers: the components by family, the blocks of the graph, and ports inside a block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph
from builder.ui import block_library, theme
from builder.ui.catalogue import Catalogue
from builder.ui.text import text
from components.glossary import family_label

# Families in the order in which one builds: what every graph needs, then special fields; those not listed follow by name.
ORDER = (
    "Data", "Data transform", "Linear", "Embedding", "Convolution", "Pooling", "Activation", "Feature normalization",
    "Dropout", "Recurrent", "Attention", "Transformer", "Position encoding", "Graph network", "Tensor", "Loss", "Metric",
    "Optimizer", "Schedule", "Strategy", "Visualizer", "Noise", "Higher order", "VAE", "GAN loss", "GAN training",
    "Normalizing flow", "Diffusion", "Seq2Seq", "Seq2Seq attention", "Contrastive learning", "Metric learning",
    "Semi-supervised learning", "Long-tailed learning", "Domain adaptation", "Adversarial attacks",
    "Knowledge distillation", "Parameter-efficient fine-tuning", "Multi-task loss weighting",
)  # fmt: skip
BLOCKS = "Blocks"
MINE = "My blocks"


def palette_data(
    catalogue: Catalogue,
    blocks: Mapping[str, Graph],
    inside_block: bool,
    language: str,
    kept: Sequence[block_library.Kept] = (),
) -> dict[str, Any]:
    """The palette as plain data for the component that draws it; ``kept`` are the blocks of the library."""
    entries = [
        {
            "id": entry.id,
            "name": entry.name,
            "name_zh": entry.name_zh,
            "family": entry.family,
            "family_label": family_label(entry.family, language),
            "help": entry.help,
            "help_zh": entry.help_zh,
            "keywords": entry.keywords,
            "slug": theme.slug(entry.family),
        }
        for entry in catalogue.values()
        if entry.placed
    ]
    entries.sort(key=lambda e: e["name"].lower())
    own = _own(blocks, inside_block, language)
    mine = [_mine(item, language) for item in kept]
    names = {e["family"] for e in entries}
    ordered = [name for name in ORDER if name in names] + sorted(names - set(ORDER))
    families = [
        {"name": n, "label": family_label(n, language), "slug": theme.slug(n), "always": False} for n in ordered
    ]
    heads = [
        {"name": part[0]["family"], "label": part[0]["family_label"], "slug": theme.slug("Block"), "always": True}
        for part in (own, mine)
        if part
    ]
    return {
        "language": language,
        "entries": own + mine + entries,
        "families": heads + families,
        "strings": {key: text(key, language) for key in ("search", "search_none")},
    }


def _own(blocks: Mapping[str, Graph], inside_block: bool, language: str) -> list[dict[str, Any]]:
    label = text("ports_inside" if inside_block and not blocks else "blocks", language)
    common = {"family": BLOCKS, "family_label": label, "slug": theme.slug("Block")}
    own = []
    for port in (PORT_IN, PORT_OUT) if inside_block else ():
        names = {"name": text(port, "en"), "name_zh": text(port, "zh")}
        help_ = {"help": text(f"{port}_help", "en"), "help_zh": text(f"{port}_help", "zh")}
        own.append({"id": port, **names, **help_, "keywords": "port input output 端口", **common})
    for name in blocks:
        help_ = {"help": text("block_help", "en"), "help_zh": text("block_help", "zh")}
        own.append(
            {"id": BLOCK_PREFIX + name, "name": name, "name_zh": name, **help_, "keywords": "block 模块", **common}
        )
    return own


def _mine(item: block_library.Kept, language: str) -> dict[str, Any]:
    """The card of a block of the library; one whose file is broken says why."""
    help_ = item.problem or (text("my_block_help", "en"), text("my_block_help", "zh"))
    return {
        "id": block_library.PREFIX + item.name,
        "name": item.name,
        "name_zh": item.name,
        "help": help_[0],
        "help_zh": help_[1],
        "keywords": "block library 模块 我的模块",
        "family": MINE,
        "family_label": text("my_blocks", language),
        "slug": theme.slug("Block"),
        "broken": item.problem is not None,
    }
