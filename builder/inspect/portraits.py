"""What samples look like: pictures of images, the beginning of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from builder.compiler import End
from builder.inspect.inspector import Inspector
from builder.inspect.labels import token_names
from builder.inspect.values import picture

_TOKENS = 60  # of a text


def portraits(inspector: Inspector, batch: Mapping[End, Tensor], end: End) -> tuple[list[np.ndarray], list[str]]:
    """Samples as pictures (H, W) or (H, W, 3), and as texts, by what a value is made of; empty lists where it is neither."""
    pictures: list[np.ndarray] = []
    texts: list[str] = []
    for source in inspector.sources([end]):
        kind, tensor = inspector.layout.kind(source), batch[source]
        vocabulary = getattr(inspector.compiled.dataset(source[0]), "vocabulary", None)
        if kind == "image":
            pictures = [picture(x.numpy()) for x in tensor]
        elif kind == "tokens" and source[1] == "x" and vocabulary is not None:
            pad = batch.get((source[0], "pad"))
            texts = [_text(vocabulary, row, None if pad is None else pad[i]) for i, row in enumerate(tensor)]
    return pictures, texts


def _text(vocabulary: Sequence[str], ids: Any, pad: Any) -> str:
    """The beginning of a text."""
    real = ids if pad is None else ids[~pad]
    names = token_names(vocabulary, real[:_TOKENS])
    return ("" if max(map(len, names), default=0) == 1 else " ").join(names)
