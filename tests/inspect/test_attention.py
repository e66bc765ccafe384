"""Attention weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from builder.gallery import FOLDER
from builder.graph import load
from builder.inspect import InspectError, Inspector, Sample, compute, options
from builder.inspect.attention import Attention, attention, attention_nodes, attentions
from builder.inspect.figures.attention_overview import fitted
from builder.inspect.labels import Steps
from tests.inspect.graphs import CE, Node, build, gpt, sentiment

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize(("model", "node"), [("vit", "encoder"), ("gpt", "decoder"), ("cross", "attention")])
def test_rows_sum_to_one(zoo: Zoo, model: str, node: str) -> None:
    inspector = zoo(model)
    assert attention_nodes(inspector) == [node]
    found = attention(inspector, inspector.sample(), node)
    np.testing.assert_allclose(found.weights.sum(-1), 1, rtol=1e-5)


def test_a_query_that_may_look_at_nothing_gives_zeros(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample = inspector.sample()
    hidden = {("data", "pad"): torch.ones(1, 12, dtype=torch.bool)}
    nothing = Sample({**sample.inputs, **hidden}, ("nothing",), "", "")
    weights = attention(inspector, nothing, "encoder").weights
    assert (weights == 0).all()


def test_weights_equal_those_of_torch(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample = inspector.sample("valid", 2)
    values, encoder = inspector.values(sample), inspector.compiled.module("encoder")
    reference = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    reference.load_state_dict(encoder.self_attn.state_dict())  # type: ignore[union-attr]
    with torch.no_grad():
        x = encoder.norm1(values["embedding", "y"])  # type: ignore[union-attr]
        _, expected = reference(x, x, x, key_padding_mask=sample.inputs["data", "pad"], average_attn_weights=False)
    np.testing.assert_allclose(attention(inspector, sample, "encoder").weights, expected[0].numpy(), atol=1e-6)


def test_padding_gets_no_attention_and_is_trimmed(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    found = attention(inspector, inspector.upload_text("a good film"), "encoder")
    assert found.weights.shape == (2, 12, 12)
    assert (found.weights[:, :, 3:] == 0).all()
    trimmed = found.trimmed()
    assert trimmed.weights.shape == (2, 3, 3)
    assert trimmed.keys.names == ("a", "good", "film")
    np.testing.assert_allclose(trimmed.weights.sum(-1), 1, rtol=1e-5)


def test_a_causal_model_looks_back_only(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    weights = attention(inspector, inspector.sample(), "decoder").weights
    assert (np.triu(weights, 1) == 0).all()


def test_queries_and_keys_of_different_kinds(zoo: Zoo) -> None:
    inspector = zoo("cross")
    found = attention(inspector, inspector.upload_text("a good film"), "attention")
    assert found.weights.shape == (2, 14, 12)
    assert found.queries.names[:3] == ("[0]", "[1]", "a")
    assert (found.queries.real, found.keys.real, found.keys.names[0]) == (5, 3, "a")


def test_patches_go_back_to_their_place(zoo: Zoo) -> None:
    inspector = zoo("vit")
    found = attention(inspector, inspector.sample("valid", 1), "encoder")
    maps = found.over_image(0)
    assert maps.shape == (2, 4, 4)
    assert maps[1, 2, 3] == found.weights[1, 0, 1 + 2 * 4 + 3]
    assert found.image is not None and found.image.shape == (8, 8)


def test_words_lie_on_no_image() -> None:
    steps = Steps("tokens", ("a", "b"), real=2)
    with pytest.raises(ValueError, match="must be patches"):
        Attention("node", np.zeros((1, 2, 2)), steps, steps).over_image(0)


def test_modules_go_back_to_the_fast_way() -> None:
    inspector = Inspector(sentiment())
    module = inspector.compiled.module("encoder")
    assert module.wants_weights is False  # type: ignore[union-attr]
    attention(inspector, inspector.sample(), "encoder")
    assert module.wants_weights is False  # type: ignore[union-attr]


def test_a_node_without_attention(zoo: Zoo) -> None:
    inspector = zoo("vit")
    with pytest.raises(InspectError, match="'fc' gives no attention weights"):
        attention(inspector, inspector.sample(), "fc")


# ------------------------------------------------------------------ decoders and pointers


@pytest.fixture(scope="module")
def decoder() -> Inspector:
    """Letters to phonemes, with attention inside the step of the decoder."""
    return Inspector(load(FOLDER / "seq2seq_attention.json"))


def test_attention_inside_the_step_of_a_decoder(decoder: Inspector) -> None:
    sample = decoder.sample("valid", 1)
    assert attention_nodes(decoder) == ["decoder"]
    found = attention(decoder, sample, "decoder")
    assert found.weights.shape == (1, 11, 10) and not found.own
    np.testing.assert_allclose(found.weights.sum(-1), 1, rtol=1e-5)
    data = decoder.compiled.dataset("data")
    trimmed = found.trimmed()
    assert "".join(trimmed.keys.names) == data.decode(sample.inputs["data", "x"][0].tolist())
    assert " ".join(trimmed.queries.names[:-1]) == data.pronounce(sample.inputs["data", "y"][0].tolist())
    assert trimmed.queries.names[-1] == "<end>"


def test_a_step_of_a_decoder_looks_with_its_state(decoder: Inspector) -> None:
    """The first weights are those of the first state, and recording them leaves the decoder as it was."""
    sample = decoder.sample("valid", 1)
    before = decoder.value(sample, ("decoder", "logits"))
    found = attention(decoder, sample, "decoder")
    module = decoder.compiled.module("decoder/step/attention")
    assert module is not None
    memory, state = (decoder.value(sample, (f"encoder/{node}", "y")) for node in ("drop2", "tanh"))
    with torch.no_grad():
        _, expected = module(state, memory, pad=sample.inputs["data", "pad"])
    np.testing.assert_allclose(found.weights[0, 0], expected[0].numpy(), atol=1e-6)
    again = decoder.run(decoder.program((("decoder", "logits"),)), sample.inputs)[0]
    torch.testing.assert_close(again, before)


def test_a_word_without_its_phonemes_has_no_decoder_steps(decoder: Inspector) -> None:
    sample = decoder.sample()
    alone = Sample({end: x for end, x in sample.inputs.items() if end[1] != "y"}, ("alone",), "", "")
    with pytest.raises(InspectError, match="does not reach 'decoder'"):
        attention(decoder, alone, "decoder")
    with pytest.raises(InspectError, match="reaches no attention"):
        attentions(decoder, alone)


def test_a_pointer_network_points_at_numbers() -> None:
    inspector = Inspector(load(FOLDER / "pointer_network.json"))
    sample = inspector.sample()
    found = attention(inspector, sample, "pointer").trimmed()
    count = int((~sample.inputs["data", "pad"]).sum())
    assert found.weights.shape == (1, count, count)
    assert found.keys.names == tuple(f"{v:.2f}" for v in sample.inputs["data", "x"][0, :count, 0].tolist())


def test_one_query() -> None:
    nodes: dict[str, Node] = {
        "data": ("data_motions", {}),
        "lstm": ("rnn_lstm", {"hidden_size": 6}),
        "mean": ("op_mean", {"dim": 1}),
        "attention": ("s2s_attn_dot", {}),
        "fc": ("linear", {"out_features": 4}),
        "loss": CE,
    }
    wires = [
        "data.x lstm.x", "lstm.y mean.x", "mean.y attention.q", "lstm.y attention.h", "attention.c fc.x",
        "fc.y loss.logits", "data.y loss.target",
    ]  # fmt: skip
    inspector = Inspector(build(nodes, wires))
    sample = inspector.sample()
    found = attention(inspector, sample, "attention")
    length = sample.inputs["data", "x"].shape[1]
    assert found.weights.shape == (1, 1, length)
    np.testing.assert_allclose(found.weights.sum(), 1, rtol=1e-5)


# ------------------------------------------------------------------ figures


@pytest.fixture(scope="module")
def long() -> Inspector:
    """A causal model of 60 characters."""
    graph = gpt()
    graph.nodes["data"]["params"] |= {"context": 60}
    graph.nodes["position"]["params"] |= {"max_len": 60}
    return Inspector(graph)


def test_a_part_of_a_long_text(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    found = attention(inspector, inspector.sample(), "decoder")
    part = found.window(range(4, 9), range(2, 5))
    np.testing.assert_array_equal(part.weights, found.weights[:, 4:9, 2:5])
    assert part.queries.names == found.queries.names[4:9] and part.keys.real == 3


def test_lines_run_to_the_strongest(zoo: Zoo) -> None:
    inspector = zoo("vit")
    sample = inspector.sample()
    figure, data = compute(inspector, "attention_links", "encoder", sample, show_head=1)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    drawn = {(t.y[i], t.y[i + 1]) for t in lines for i in range(0, len(t.y), 3)}
    expected = {
        (q, int(k)) for q, row in enumerate(data.weights[1]) for k in np.argsort(-row, kind="stable")[:8] if row[k] >= 0.01
    }  # fmt: skip
    assert drawn == expected
    alone, _ = compute(inspector, "attention_links", "encoder", sample, query=5, show_head=-2)
    starts = {y for trace in alone.data if trace.mode == "lines" for y in trace.y[::3]}
    assert starts == {5}
    assert {trace.name for trace in alone.data if trace.mode == "lines"} == {"head 0", "head 1"}


def test_a_text_as_one_token_sees_it(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    figure, data = compute(inspector, "attention_links", "decoder", inspector.sample(), show="text", query=7)
    shown = np.asarray(figure.data[0].z, dtype=float).ravel()
    np.testing.assert_allclose(shown[~np.isnan(shown)], data.weights.mean(0)[7], rtol=1e-5)


def test_all_heads_of_all_nodes(zoo: Zoo) -> None:
    inspector = zoo("vit")
    figure, data = compute(inspector, "attention_overview", "", inspector.sample(), scale="common")
    assert [layer.node for layer in data.layers] == ["encoder"]
    z, places = np.asarray(figure.data[0].z), np.asarray(figure.data[0].customdata)
    assert set(map(tuple, places[~np.isnan(z)])) == {(0, 0), (0, 1)}
    np.testing.assert_allclose(np.nanmax(z), data.layers[0].weights.max(), rtol=1e-5)
    each, _ = compute(inspector, "attention_overview", "", inspector.sample(), scale="each")
    z = np.asarray(each.data[0].z)
    assert [np.nanmax(z[places[..., 1] == head]) for head in (0, 1)] == [1, 1]


def test_a_map_fits_its_cells() -> None:
    maps = np.arange(12.0).reshape(1, 2, 6)
    np.testing.assert_array_equal(fitted(maps, 3, 2), [[[0.5, 2.5, 4.5], [6.5, 8.5, 10.5]]])
    np.testing.assert_array_equal(fitted(maps, 4, 1)[0, :, 0], [0, 0, 6, 6])
    np.testing.assert_array_equal(fitted(np.arange(5.0)[None], 2, 1), [[0.5, 3]])


def test_a_part_of_a_long_text_is_drawn(long: Inspector) -> None:
    sample = long.sample()
    chosen = {"from_query": 30, "from_key": 10, "width": 8}
    figure, data = compute(long, "attention", "decoder", sample, show_head=1, **chosen)
    np.testing.assert_array_equal(figure.data[0].z, data.weights[1, 30:38, 10:18])
    heads, _ = compute(long, "attention", "decoder", sample, **chosen)
    np.testing.assert_allclose(np.nanmax(heads.data[0].z), data.weights[:, 30:38, 10:18].max())
    last, _ = compute(long, "attention_rollout", "decoder", sample, show="matrix", from_query=59, width=8)
    assert np.asarray(last.data[0].z).shape == (8, 8)  # the last eight: the part keeps its width
    lines, _ = compute(long, "attention_links", "decoder", sample, query=33, **chosen)
    texts = [trace for trace in lines.data if trace.mode == "markers+text"]
    assert texts[0].customdata[0] == [0, 30] and texts[1].customdata[0] == [1, 10]
    assert {y for trace in lines.data if trace.mode == "lines" for y in trace.y[::3]} == {3}


def test_a_short_text_has_no_parts(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    for view in ("attention", "attention_links", "attention_rollout"):
        assert not {"width", "from_query"} & {o.name for o in options(inspector, view, "decoder", inspector.sample())}


def test_a_single_attention_has_no_heads_to_choose(decoder: Inspector) -> None:
    sample = decoder.sample()
    for view in ("attention", "attention_links"):
        assert "show_head" not in {o.name for o in options(decoder, view, "decoder", sample)}
        figure, _ = compute(decoder, view, "decoder", sample)
        assert "head" not in figure.layout.title.subtitle.text
