"""The data sets of sequences: numbers to sort and the pronunciation of words."""

from __future__ import annotations

import pytest
import torch

import components
from components.data._base import SPLITS, DataError
from components.data.cmudict import END, LETTERS, PHONEMES


def whole(dataset, split):
    samples = dataset.load(split)
    return samples.__getitems__(range(len(samples)))


def test_positions_sort_the_numbers():
    dataset = components.create("data_sorting", min_length=3, length=7, samples=500)
    seen = set()
    for split in SPLITS:
        batch = whole(dataset, split)
        for x, pad, y in zip(batch["x"], batch["pad"], batch["y"], strict=True):
            n = int((~pad).sum())
            seen.add(n)
            assert pad.tolist() == [False] * n + [True] * (7 - n)
            assert x[y[:n], 0].diff().ge(0).all() and sorted(y[:n].tolist()) == list(range(n))
            assert (y[n:] == -100).all() and (x[n:] == 0).all()
    assert seen == {3, 4, 5, 6, 7}


def test_numbers_follow_the_seed():
    first, again, other = (components.create("data_sorting", samples=50, seed=s).arrays()["x"] for s in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_no_two_splits_share_numbers():
    dataset = components.create("data_sorting", samples=300)
    numbers = [{tuple(row) for row in whole(dataset, split)["x"].squeeze(2).tolist()} for split in SPLITS]
    assert not numbers[0] & numbers[1] and not (numbers[0] | numbers[1]) & numbers[2]


def test_least_length_beyond_the_greatest_is_refused():
    with pytest.raises(ValueError, match="'min_length' parameter of data_sorting"):
        components.create("data_sorting", min_length=9, length=5)


@pytest.fixture(scope="module")
def words():
    return components.create("data_cmudict", samples=100_000, max_len=12)


def test_known_words_are_pronounced_as_in_the_dictionary(words):
    spoken = {word: " ".join(PHONEMES[i] for i in ids) for word, ids in words.words()}
    known = {"cat": "K AE T", "phone": "F OW N", "knight": "N AY T", "thought": "TH AO T", "queue": "K Y UW"}
    found = {word: spoken[word] for word in known if word in spoken}
    assert len(found) >= 3
    assert found == {word: known[word] for word in found}


def test_each_word_stands_once_and_in_one_split(words):
    batches = [whole(words, split) for split in SPLITS]
    texts = [[words.decode(x) for x in batch["x"][:2000]] for batch in batches]
    assert len({word for word, _ in words.words()}) == words.samples
    assert not set(texts[0]) & set(texts[1]) and not set(texts[1]) & set(texts[2])


def test_letters_and_phonemes_come_back(words):
    lexicon = dict(words.words())
    batch = whole(words, "valid")
    for x, pad, y in zip(batch["x"][:500], batch["pad"], batch["y"], strict=False):
        word = words.decode(x)
        assert torch.equal(words.encode(word), x[~pad])
        assert words.pronounce(y) == " ".join(PHONEMES[i] for i in lexicon[word])
        end = y.tolist().index(END)
        assert (y[end + 1 :] == -100).all() and (y[:end] > END).all()


def test_a_word_of_ones_own_is_read(words):
    read = words.read(" It's ")
    assert read.tokens == ("i", "t", "'", "s") and read.known == (True, True, False, True)
    assert words.decode(read.tensors["x"][0]) == "its"
    assert torch.equal(read.tensors["pad"][0], torch.arange(words.max_len) >= 3)
    long = words.read("a" * (words.max_len + 2))
    assert (long.start, long.stop) == (0, words.max_len)
    assert words.read("42").stop == 0


def test_ids_fit_the_vocabularies(words):
    assert len(LETTERS) == 27 and len(PHONEMES) == 42
    batch = whole(words, "train")
    assert batch["x"].max() == 26 and batch["y"].max() == 41
    assert set(batch["y"].unique().tolist()) == {-100, *range(2, 42)}
    assert words.info["vocabulary"] == list(LETTERS) and words.info["phonemes"] == list(PHONEMES)


def test_more_words_than_there_are_is_refused():
    with pytest.raises(DataError, match=r"'samples' parameter of data_cmudict must be at most \d+"):
        components.create("data_cmudict", samples=100_000, max_len=3).load("train")
