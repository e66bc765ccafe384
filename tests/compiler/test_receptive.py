"""Receptive fields against sizes that are known from the literature or worked out by hand."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from builder.compiler.check import Analysis
from builder.compiler.receptive import Extent, Reach, receptive_fields
from builder.graph import Graph, flatten, load
from tests.compiler.build import chain, given, graph, image

GALLERY = Path(__file__).parents[2] / "graphs"


def reaches(made: Graph) -> dict[str, tuple[Reach, ...]]:
    analysis = Analysis(flatten(made))
    assert not analysis.report.problems, analysis.report.problems
    return receptive_fields(analysis)


def sizes(made: Graph) -> dict[str, tuple[Any, ...]]:
    """By node, the sizes of what it sees of the one input."""
    return {path: tuple(e.size for e in found[0].extents) for path, found in reaches(made).items() if found}


def conv(channels: int, kernel: Any = 3, **params: Any) -> tuple[str, dict[str, Any]]:
    return "conv_standard", {"out_channels": channels, "kernel_size": kernel, **params}


def test_lenet5_by_hand() -> None:
    found = sizes(load(GALLERY / "lenet5.json"))
    by_hand = {"augment": 1, "conv1": 5, "tanh1": 5, "pool1": 6, "conv2": 14, "tanh2": 14, "pool2": 16}
    assert {path: found[path] for path in by_hand} == {path: (size, size) for path, size in by_hand.items()}
    assert all(found[path] == (None, None) for path in ("flatten", "fc1", "fc3"))


def test_vgg16() -> None:
    layers: list[tuple[str, Any]] = [("data", image(3, 224, 224))]
    for stage, (channels, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
        for number in range(1, count + 1):
            layers += [(f"conv{stage}_{number}", conv(channels, padding=1)), (f"relu{stage}_{number}", "act_relu")]
        layers.append((f"pool{stage}", "pool_max"))
    found = reaches(chain(*layers))
    known = {
        "conv1_2": (5, 1),
        "pool1": (6, 2),
        "conv2_2": (14, 2),
        "pool3": (44, 8),
        "conv5_3": (196, 16),
        "pool5": (212, 32),
    }
    for path, (size, jump) in known.items():
        assert found[path][0].extents == (Extent(size, Fraction(jump)),) * 2
        assert not found[path][0].whole


def test_alexnet() -> None:
    layers = [
        ("data", image(3, 227, 227)), ("conv1", conv(96, 11, stride=4)), ("pool1", ("pool_max", {"kernel_size": 3, "stride": 2})),
        ("conv2", conv(256, 5, padding=2, groups=2)), ("pool2", ("pool_max", {"kernel_size": 3, "stride": 2})),
        ("conv3", conv(384, padding=1)), ("conv4", conv(384, padding=1)), ("conv5", conv(256, padding=1)),
        ("pool5", ("pool_max", {"kernel_size": 3, "stride": 2})),
    ]  # fmt: skip
    found = sizes(chain(*layers))
    known = {"conv1": 11, "pool1": 19, "conv2": 51, "pool2": 67, "conv3": 99, "conv4": 131, "conv5": 163, "pool5": 195}
    assert {path: found[path] for path in known} == {path: (size, size) for path, size in known.items()}


def test_the_stem_of_resnet_and_a_residual_block() -> None:
    made = graph(
        {
            "data": image(3, 64, 64), "stem": conv(8, 7, stride=2, padding=3), "norm": "norm_batch",
            "pool": ("pool_max", {"kernel_size": 3, "stride": 2, "padding": 1}), "conv1": conv(8, padding=1),
            "conv2": conv(8, padding=1), "add": "op_add", "project": conv(8, 1, stride=2), "down": conv(8, stride=2, padding=1),
            "add2": "op_add", "pooled": "pool_global_avg",
        },
        [
            "data.x stem.x", "stem.y norm.x", "norm.y pool.x", "pool.y conv1.x", "conv1.y conv2.x", "conv2.y add.xs", "pool.y add.xs",
            "add.y project.x down.x", "project.y add2.xs", "down.y add2.xs", "add2.y pooled.x",
        ],
    )  # fmt: skip
    found = reaches(made)
    expected = {"stem": (7, 2), "norm": (7, 2), "pool": (11, 4), "conv1": (19, 4), "conv2": (27, 4), "add": (27, 4), "project": (27, 8),
                "down": (35, 8), "add2": (35, 8)}  # fmt: skip
    assert {p: (f[0].extents[0].size, f[0].extents[0].jump) for p, f in found.items() if p in expected} == expected
    assert found["pooled"][0].extents == (Extent(None), Extent(None))
    assert found["pooled"][0].whole


@pytest.mark.parametrize("kernel", [2, 3])
def test_dilations_that_grow(kernel: int) -> None:
    """1 + (k - 1) (1 + 3 + 9 + 27 + 81 + 243)."""
    dilations = [3**i for i in range(6)]
    layers: list[tuple[str, Any]] = [("data", given(2, 2000))]
    layers += [
        (f"d{d}", ("conv_dilated", {"out_channels": 4, "kernel_size": kernel, "dilation": d, "padding": 0, "dims": 1}))
        for d in dilations
    ]
    found = sizes(chain(*layers))
    expected = itertools.accumulate(((kernel - 1) * d for d in dilations), initial=1)
    assert [found[path][0] for path, _ in layers] == list(expected)


def test_sides_that_differ() -> None:
    made = chain(
        ("data", image(2, 40, 50)),
        ("conv", conv(4, (3, 7), stride=(1, 2), padding=(1, 0))),
        ("pool", ("pool_max", {"kernel_size": (2, 5)})),
    )
    found = reaches(made)["pool"][0]
    assert (found.extents, found.sizes) == ((Extent(4, Fraction(2)), Extent(15, Fraction(10))), (40, 50))
    assert found.count == 60


def test_up_and_down() -> None:
    """Each place of the enlarged map sees one sample, and two of three taps of a convolution behind it fall on one."""
    made = chain(
        ("data", image(2, 16, 16)),
        ("up", ("op_upsample", {"scale_factor": 2.0})),
        ("conv", conv(2, padding=1)),
        ("transposed", ("conv_transposed", {"out_channels": 2, "kernel_size": 4, "stride": 2, "padding": 1})),
        ("linear", ("op_upsample", {"scale_factor": 2.0, "mode": "linear"})),
    )
    found = {path: reach[0].extents[0] for path, reach in reaches(made).items()}
    assert found["up"] == Extent(1, Fraction(1, 2))
    assert found["conv"] == Extent(2, Fraction(1, 2))
    assert found["transposed"] == Extent(3, Fraction(1, 4))
    assert found["linear"] == Extent(3, Fraction(1, 8))


def test_patches() -> None:
    made = chain(("data", image(3, 224, 224)), ("patches", conv(16, 16, stride=16)), ("conv", conv(16, padding=1)))
    assert sizes(made) == {"data": (1, 1), "patches": (16, 16), "conv": (48, 48)}


def test_pooling_to_a_size_depends_on_the_map() -> None:
    found = sizes(
        chain(
            ("data", image(2, 24, 24)),
            ("same", ("pool_adaptive_avg", {"output_size": 24})),
            ("half", ("pool_adaptive_avg", {"output_size": 12})),
            ("one", ("pool_adaptive_avg", {"output_size": 1})),
        )
    )
    assert found == {"data": (1, 1), "same": (1, 1), "half": (2, 2), "one": (None, None)}


def test_attention_sees_the_whole_sequence() -> None:
    made = graph(
        {"data": "data_motions", "fc": ("linear", {"out_features": 6}), "norm": "norm_layer", "attention": ("attn_multi_head", {"num_heads": 2})},
        ["data.x fc.x", "fc.y norm.x", "norm.y attention.q attention.k attention.v"],
    )  # fmt: skip
    assert sizes(made) == {"data": (1,), "fc": (1,), "norm": (1,), "attention": (None,)}


@pytest.mark.parametrize("cell", ["rnn_vanilla", "rnn_gru", "rnn_lstm"])
def test_recurrent_layers_see_the_whole_sequence(cell: str) -> None:
    found = reaches(graph({"data": given(50, 3), "rnn": (cell, {"hidden_size": 4})}, ["data.x rnn.x"]))
    assert found["data"][0].sizes == (50,)
    assert found["rnn"][0].extents == (Extent(None),)


def test_tokens_are_followed_through_an_embedding() -> None:
    found = sizes(
        graph(
            {
                "data": "data_text_characters", "embedding": ("embedding", {"embedding_dim": 6}), "turn": ("op_transpose", {"dim0": 1, "dim1": 2}),
                "conv": conv(4, 5, padding=2, dims=1), "back": ("op_transpose", {"dim0": 1, "dim1": 2}),
            },
            ["data.x embedding.x", "embedding.y turn.x", "turn.y conv.x", "conv.y back.x"],
        )
    )  # fmt: skip
    assert found == {"data": (1,), "embedding": (1,), "turn": (1,), "conv": (5,), "back": (5,)}


@pytest.mark.parametrize("source", ["shared", "average"])
def test_who_has_the_weights_of_another_sees_as_much(source: str) -> None:
    made = chain(
        ("data", image(3, 32, 32)),
        ("first", conv(3, 7, padding=3)),
        ("second", ("conv_standard", {}, {"weights": {"from": source, "node": "first"}})),
    )
    assert sizes(made) == {"data": (1, 1), "first": (7, 7), "second": (13, 13)}


def test_two_inputs_are_told_apart() -> None:
    made = graph(
        {
            "a": image(2, 20, 20),
            "b": image(2, 20, 20),
            "conv": conv(2, 5, padding=2),
            "join": "op_concat",
            "last": conv(2),
        },
        ["a.x conv.x", "conv.y join.xs", "b.x join.xs", "join.y last.x"],
    )
    found = {reach.source[0]: reach.extents[0].size for reach in reaches(made)["last"]}
    assert found == {"a": 7, "b": 3}


def test_what_is_not_fed_by_an_input_sees_nothing() -> None:
    assert reaches(load(GALLERY / "gan.json"))["generator/fc"] == ()


def test_a_broken_graph_has_fields_as_far_as_it_goes() -> None:
    made = chain(("data", image(2, 8, 8)), ("conv", conv(2)), ("large", conv(2, 30)))
    analysis = Analysis(flatten(made))
    assert analysis.report.problems
    assert receptive_fields(analysis)["conv"][0].extents[0].size == 3


@pytest.mark.parametrize(
    "wires", [["data.x conv.x conv.other"], ["data.x conv.other"], ["data.x conv.x", "text.x conv.x"]]
)
def test_wires_that_are_wrong_are_no_fields(wires: list[str]) -> None:
    made = graph({"data": image(2, 8, 8), "text": "data_text_characters", "conv": conv(2)}, wires)
    analysis = Analysis(flatten(made))
    assert analysis.report.problems
    assert set(receptive_fields(analysis)) == {"data", "text"}


@pytest.mark.parametrize("name", sorted(path.stem for path in GALLERY.glob("*.json")))
def test_every_graph_of_the_gallery_is_measured(name: str) -> None:
    analysis = Analysis(flatten(load(GALLERY / f"{name}.json")))
    state = torch.default_generator.get_state()
    found = receptive_fields(analysis)
    assert torch.equal(torch.default_generator.get_state(), state)
    flowing = {p for p, n in analysis.flat.nodes.items() if n.component.kind in ("layer", "op", "dataset", "transform")}
    assert set(found) == flowing
    for path, seen in found.items():
        for reach in seen:
            assert len(reach.sizes) == len(reach.extents) > 0, path


def test_fields_agree_with_gradients() -> None:
    """An independent way: the samples with a gradient from the value in the middle of a real, random network."""
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.AvgPool2d(2), torch.nn.Conv2d(2, 2, 3, padding=2, dilation=2),
        torch.nn.AvgPool2d(3, 2, 1), torch.nn.Conv2d(2, 1, 3, padding=1),
    )  # fmt: skip
    x = torch.ones(1, 1, 64, 64, requires_grad=True)
    module(x)[0, 0, 8, 8].backward()
    assert x.grad is not None
    rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
    found = sizes(
        chain(
            ("data", image(1, 64, 64)), ("a", conv(2, padding=1)), ("b", "pool_avg"), ("c", conv(2, padding=2, dilation=2)),
            ("d", ("pool_avg", {"kernel_size": 3, "stride": 2, "padding": 1})), ("e", conv(1, padding=1)),
        )
    )  # fmt: skip
    assert found["e"][0] == int(rows[-1] - rows[0]) + 1
