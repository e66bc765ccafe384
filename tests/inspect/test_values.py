"""Outputs of nodes, and what their axes mean."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from builder.inspect import InspectError, Inspector, compute, options
from builder.inspect.labels import visible
from builder.inspect.values import drawn_ports, picture, value
from components.data.cmudict import LETTERS, PHONEMES
from components.targets import IGNORE_INDEX
from tests.inspect.generators import search

Zoo = Callable[[str], Inspector]


def test_a_value_is_what_the_modules_compute(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 4)
    root = inspector.root
    x = sample.inputs["data", "x"]
    with torch.no_grad():
        expected = F.relu(root.get_submodule("conv2")(F.relu(root.get_submodule("conv1")(x))))
    found = value(inspector, sample, ("relu2", "y"))
    np.testing.assert_allclose(found.array, expected[0].numpy(), rtol=1e-6)
    assert (found.kind, found.axes) == ("maps", ("C", "H", "W"))


@pytest.mark.parametrize(
    ("model", "end", "kind", "axes", "shape"),
    [
        ("cnn", ("data", "x"), "image", ("C", "H", "W"), (1, 8, 8)),
        ("cnn", ("data", "y"), "scalar", (), ()),
        ("cnn", ("fc", "y"), "vector", ("C",), (10,)),
        ("vit", ("tokens", "y"), "sequence", ("T", "C"), (16, 8)),
        ("vit", ("encoder", "weights"), "attention", ("h", "T", "S"), (2, 17, 17)),
        ("gpt", ("data", "x"), "tokens", ("T",), (16,)),
        ("sentiment", ("data", "pad"), "mask", ("T",), (12,)),
        ("recurrent", ("lstm", "h"), "sequence", ("L", "C"), (1, 6)),
        ("series", ("conv", "y"), "sequence", ("T", "C"), (96, 4)),  # channels first in the model
        ("series", ("data", "x"), "sequence", ("T", "C"), (100, 6)),
        ("gcn", ("gcn1", "y"), "nodes", ("N", "F"), (34, 5)),
        ("volume", ("conv", "y"), "volume", ("C", "D", "H", "W"), (3, 3, 4, 5)),
        ("autoencoder", ("noise", "y"), "image", ("C", "H", "W"), (1, 8, 8)),
    ],
)
def test_kinds(
    zoo: Zoo, model: str, end: tuple[str, str], kind: str, axes: tuple[str, ...], shape: tuple[int, ...]
) -> None:
    inspector = zoo(model)
    found = value(inspector, inspector.sample(), end)
    if model == "vit" and kind == "attention":
        axes = ("h", "T", "T")
    assert (found.kind, found.axes, found.array.shape) == (kind, axes, shape)


def test_channels_first_is_turned_and_kept_apart(zoo: Zoo) -> None:
    inspector = zoo("series")
    sample = inspector.sample()
    array = value(inspector, sample, ("data", "x")).array
    np.testing.assert_array_equal(array, sample.inputs["data", "x"][0].numpy().T)


def test_words_label_a_sequence_and_padding_is_known(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample = inspector.upload_text("a good film")
    steps = value(inspector, sample, ("embedding", "y")).steps
    assert steps is not None and steps.kind == "tokens"
    assert (steps.names[:4], steps.real, steps.extra) == (("a", "good", "film", "<pad>"), 3, 0)


def test_a_sample_of_two_texts_shows_both() -> None:
    inspector = Inspector(search())
    sample = inspector.sample("valid", 2)
    figure, found = compute(inspector, "sample", "data", sample)
    x, y = (sample.inputs["data", port][0].tolist() for port in ("x", "y"))
    letters = [LETTERS[i] for i in x if i]
    phonemes = [PHONEMES[i] for i in y if i != IGNORE_INDEX]
    assert list(found.read.steps.names[: found.read.steps.real]) == letters
    assert list(found.written.steps.names[: found.written.steps.real]) == phonemes and phonemes[-1] == "<end>"
    shown = [[unescape(text) for text in row if text] for row in figure.data[0].text]
    assert [shown[0], shown[-1]] == [letters, phonemes]
    (port,) = options(inspector, "sample", "data", sample)
    assert [choice.value for choice in port.choices][1:] == ["x", "y", "pad"]  # a mask is no sample


def test_a_text_of_ones_own_has_no_target_to_show() -> None:
    inspector = Inspector(search())
    own = inspector.upload_text("cat")
    (port,) = options(inspector, "sample", "data", own)
    assert [choice.value for choice in port.choices] == ["x", "pad"]
    _, found = compute(inspector, "sample", "data", own)
    assert found.steps.names[: found.steps.real] == ("c", "a", "t")


def test_what_a_search_writes_has_the_words_of_the_target() -> None:
    inspector = Inspector(search("seq2seq_greedy"))
    sample = inspector.sample()
    found = value(inspector, sample, ("search", "tokens"))
    assert found.kind == "tokens" and found.steps is not None
    assert found.steps.names == tuple(PHONEMES[i] for i in found.array)


def test_characters_are_made_visible(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    steps = value(inspector, inspector.upload_text("a b\nc"), ("decoder", "y")).steps
    assert steps is not None
    assert steps.names == ("a", "␣", "b", "⏎", "c")
    assert visible("x") == "x"


def test_patches_are_labelled_by_their_place(zoo: Zoo) -> None:
    inspector = zoo("vit")
    steps = value(inspector, inspector.sample(), ("encoder", "y")).steps
    assert steps is not None
    assert (steps.kind, steps.grid, steps.extra) == ("patches", (4, 4), 1)
    assert steps.names[:6] == ("[CLS]", "1,1", "1,2", "1,3", "1,4", "2,1")


def test_features_and_classes_have_names(zoo: Zoo) -> None:
    inspector = zoo("table")
    sample = inspector.sample()
    assert value(inspector, sample, ("data", "x")).names[0] == "sepal length (cm)"
    assert value(inspector, sample, ("fc2", "y")).names == ("setosa", "versicolor", "virginica")
    assert value(inspector, sample, ("fc1", "y")).names == ()


def test_a_port_that_does_not_exist(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    with pytest.raises(InspectError, match="'conv1' has no output 'z'") as caught:
        value(inspector, inspector.sample(), ("conv1", "z"))
    assert caught.value.node == "conv1"


def test_edges_are_not_drawn(zoo: Zoo) -> None:
    assert drawn_ports(zoo("gcn"), "data") == ["x"]


def test_pictures_lie_between_0_and_1() -> None:
    grey = np.array([[[-2.0, 0.0, 2.0]]])
    np.testing.assert_allclose(picture(grey), [[0, 0.5, 1]])
    inside = np.full((3, 2, 2), 0.25)
    np.testing.assert_array_equal(picture(inside), np.full((2, 2, 3), 0.25))
    assert picture(np.zeros((4, 2, 2))).shape == (2, 2)
