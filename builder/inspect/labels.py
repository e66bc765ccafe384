"""What the steps of a sequence stand for: the words of a text, the characters, the patches of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from torch import Tensor

from builder.compiler import End
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from components.data._base import TextDataset
from components.targets import IGNORE_INDEX

CLASS_TOKEN = "[CLS]"
_VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


@dataclass(frozen=True)
class Steps:
    """The steps of one axis.

    Args:
        kind: tokens of a text, patches of an image, or just steps.
        names: one for each step.
        extra: learned tokens (a class token) in front of the steps that the data have.
        grid: rows and columns of the patches.
        real: how many steps are no padding, which stands behind.
    """

    kind: Literal["tokens", "patches", "steps"]
    names: tuple[str, ...]
    extra: int = 0
    grid: tuple[int, int] | None = None
    real: int = 0

    def cut(self, part: range) -> Steps:
        """Some neighbouring steps alone; the patches of a part have no rows and columns."""
        if part == range(len(self.names)):
            return self
        extra, real = (max(0, min(n, part.stop) - part.start) for n in (self.extra, self.real))
        return Steps(self.kind, self.names[part.start : part.stop], extra, None, real)


def steps_of(inspector: Inspector, sample: Sample, end: End, length: int) -> Steps:
    """What the ``length`` steps of a value (or of something made of it) stand for."""
    compiled, layout = inspector.compiled, inspector.layout
    way = compiled.ancestors([end])
    extra = sum(
        compiled.report.nodes[path].params["num_tokens"]
        for path in way
        if compiled.flat.nodes[path].component.id == "learned_token"
    )
    front = (CLASS_TOKEN,) if extra == 1 else tuple(f"[{i}]" for i in range(extra))
    words = _words(inspector, sample, end, length - extra)
    if words is not None:
        names, real = words
        return Steps("tokens", (*front, *names), extra, None, extra + real)
    for path in reversed(way):
        for port in compiled.report.nodes[path].outputs:
            if layout.axes((path, port)) != ("B", "C", "H", "W"):
                continue
            height, width = layout.sample_shape((path, port))[1:]
            if isinstance(height, int) and isinstance(width, int) and height * width == length - extra > 1:
                names = tuple(f"{r + 1},{c + 1}" for r in range(height) for c in range(width))
                return Steps("patches", (*front, *names), extra, (height, width), length)
    return numbered(length)


def numbered(length: int) -> Steps:
    """Steps of which nothing is known but their number."""
    return Steps("steps", tuple(str(i) for i in range(length)), 0, None, length)


def tokens_of(inspector: Inspector, sample: Sample, end: End) -> Steps:
    """What the ids (B, T) of a text stand for, up to where it has ended: what is read, or what is (to be) written."""
    ids = (sample.inputs[end] if end in sample.inputs else inspector.value(sample, end))[0]
    pad = sample.inputs.get((end[0], "pad"))
    is_read = _origin(inspector, end) in [source for source in inspector.sources([end]) if source[1] == "x"]
    real = (
        int((~pad[0]).sum())
        if is_read and pad is not None and pad.shape[1] == len(ids)
        else int((ids != IGNORE_INDEX).sum())
    )
    for path, _ in inspector.sources([end]):
        data = inspector.compiled.dataset(path)
        if isinstance(data, TextDataset) and (is_read or data.classes is None):
            words = data.vocabulary if is_read else data.target_vocabulary
            names = [visible(words[i]) if 0 <= i < len(words) else "" for i in ids.tolist()]
            return Steps("tokens", tuple(names), 0, None, real)
    return replace(numbered(len(ids)), real=real)


def _origin(inspector: Inspector, end: End) -> End:
    """Where ids were made that operations only pick or turn."""
    node = inspector.compiled.flat.nodes[end[0]]
    sources = [source for ends in node.inputs.values() for source in ends]
    return end if node.component.kind not in ("op", "transform") or not sources else _origin(inspector, sources[0])


def _words(inspector: Inspector, sample: Sample, end: End, length: int) -> tuple[tuple[str, ...], int] | None:
    """The tokens that a value is made of, and how many are no padding; None for no text of this length."""
    for path, port in inspector.sources([end]):
        ids = sample.inputs.get((path, port))
        vocabulary = getattr(inspector.compiled.dataset(path), "vocabulary", None)
        if port != "x" or vocabulary is None or ids is None or ids.is_floating_point():
            continue  # a text stands in the port x; what is predicted from it may have other words
        if ids.dim() != 2 or ids.shape[1] != length:
            continue
        names = tuple(visible(vocabulary[i]) for i in ids[0].tolist())
        pad = sample.inputs.get((path, "pad"))
        return names, length if pad is None else int((~pad[0]).sum())
    return None


def token_names(vocabulary: Sequence[str], ids: Tensor | np.ndarray) -> tuple[str, ...]:
    """Tokens by their ids, blanks made visible."""
    return tuple(visible(vocabulary[int(i)]) for i in ids)


def visible(token: str) -> str:
    """A token as it is shown: blanks have a sign."""
    return _VISIBLE.get(token, token)
