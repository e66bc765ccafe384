"""English characters for a language model: the help texts of Python itself."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from components.data._base import (
    SPLITS,
    Reading,
    Share,
    Split,
    SplitName,
    TensorSpec,
    TensorSplit,
    TextDataset,
    check_split,
)
from components.registry import component
from components.spec import Count, Dims


@lru_cache(maxsize=1)
def _read() -> tuple[str, tuple[str, ...]]:
    """The text and its characters in ascending order."""
    from pydoc_data.topics import topics

    text = "\n".join(topics[name] for name in sorted(topics))
    return text, tuple(sorted(set(text)))


@component(
    id="data_text_characters",
    kind="dataset",
    family="Data",
    name="Characters of English text",
    name_zh="英文字符序列",
    help_zh="Python 帮助文档的约 46 万个英文字符，用于逐字符语言模型：由前文预测下一个字符。",
    source="Python's built-in documentation, pydoc_data.topics",
    outputs={"x": Dims("B T", dtype="int"), "y": Dims("B T", dtype="int")},
    keywords="text language model characters gpt offline 文本 语言模型 字符 离线",
    examples=({"context": 16},),
)
class TextCharacters(TextDataset):
    """Blocks of consecutive characters, each with the character that follows.

    About 465,000 characters of technical English; the exact text depends on the version of Python. The splits are
    consecutive parts of the text: training first, then validation, then test. Blocks do not overlap.

    Args:
        context: characters of a block.
        valid_share: share of the text for validation.
        test_share: share of the text for the test.

    Shape:
        x: (B, context) int64, character ids.
        y: (B, context) int64, x one character later.

    Source: documentation of Python (PSF-2.0).
    """

    def __init__(self, context: Count = 64, valid_share: Share = 0.1, test_share: Share = 0.1) -> None:
        self.context, self.valid_share, self.test_share = context, valid_share, test_share

    def spec(self) -> dict[str, TensorSpec]:
        ids = TensorSpec(("B", self.context), "int64", high=len(self.vocabulary))
        return {"x": ids, "y": ids}

    def load(self, split: SplitName) -> Split:
        check_split(split)
        text = _read()[0]
        valid = round(len(text) * (1 - self.valid_share - self.test_share))
        test = round(len(text) * (1 - self.test_share))
        bounds = (0, valid, test, len(text))
        part = SPLITS.index(split)
        ids = torch.from_numpy(self.encode(text[bounds[part] : bounds[part + 1]]))
        size = (len(ids) - 1) // self.context * self.context
        if not size:
            raise ValueError(
                f"The 'context' parameter of data_text_characters must be less than the characters of each split. "
                f"Got {self.context} for the {len(ids)} characters of '{split}' instead."
            )
        return TensorSplit({"x": ids[:size].view(-1, self.context), "y": ids[1 : size + 1].view(-1, self.context)})

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return _read()[1]

    @property
    def info(self) -> dict[str, Any]:
        return {"vocabulary": list(self.vocabulary), "characters": len(_read()[0])}

    def encode(self, text: str) -> NDArray[np.int64]:
        """The ids (T,) of a text; characters that the vocabulary lacks are left out."""
        ids = {character: i for i, character in enumerate(self.vocabulary)}
        return np.array([ids[c] for c in text if c in ids], dtype=np.int64)

    def read(self, text: str) -> Reading:
        """A text of one's own: its last ``context`` characters; those that the vocabulary lacks are left out."""
        vocabulary = frozenset(self.vocabulary)
        known = tuple(character in vocabulary for character in text)
        places = [i for i, is_known in enumerate(known) if is_known]
        start = places[-self.context :][0] if places else len(text)
        ids = torch.from_numpy(self.encode(text[start:]))
        return Reading(tuple(text), known, start, len(text), {"x": ids[None]})

    def decode(self, ids: Iterable[int]) -> str:
        vocabulary = self.vocabulary
        return "".join(vocabulary[int(i)] for i in ids)
