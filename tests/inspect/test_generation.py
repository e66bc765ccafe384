"""Denoising paths, likelihoods of flows and search trees, and every view of generation as a figure."""

from __future__ import annotations

import functools
import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from builder.inspect import Inspector, arrays, compute, options, views
from builder.inspect.decoding import own_width, search_tree, searches
from builder.inspect.denoising import denoise, diffusion_samplers
from builder.inspect.likelihood import densities, flows, likelihood
from builder.inspect.saving import to_plain
from components.sequence.beam import BeamSearch, Growth
from tests.inspect import generators


@functools.cache
def model(name: str, *given: str) -> Inspector:
    return Inspector(getattr(generators, name)(*given))


# ------------------------------------------------------------------ diffusion


@pytest.mark.parametrize("sampler", ["diff_ddim", "diff_ddpm_sampler"])
def test_the_last_image_of_a_path_is_the_samplers(sampler: str) -> None:
    inspector = model("diffusion", sampler)
    assert diffusion_samplers(inspector) == ["sampler"]
    found = denoise(inspector, "sampler", 2, 4, seed=3)
    batch = inspector.batch("valid", range(2))
    (images,) = inspector.run(inspector.program([("view", "y")]), batch, seed=3)  # in the range from 0 to 1
    np.testing.assert_allclose(found.images, images[:, 0], atol=1e-6)
    np.testing.assert_allclose(found.expected[:, -1], found.images, atol=1e-6)
    assert found.change[-1] == pytest.approx(0, abs=1e-6) and found.steps[0] == 11 and found.steps[-1] == 0
    assert len(found.steps) == (6 if sampler == "diff_ddim" else 12) and len(found.shown) == 4
    assert found.shown[0] == 0 and found.shown[-1] == len(found.steps) - 1


def test_a_path_begins_at_the_noise_and_expects_what_the_denoiser_says() -> None:
    inspector = model("diffusion", "diff_ddim")
    found = denoise(inspector, "sampler", 2, 6)
    (noise,) = inspector.run(inspector.program([("noise", "z")]), inspector.batch("valid", range(2)))
    np.testing.assert_allclose(found.states[:, 0], ((noise[:, 0] + 1) / 2).clamp(0, 1), atol=1e-6)
    sampler: Any = inspector.compiled.module("sampler")
    left = sampler.alpha_bar[11]
    with torch.no_grad():
        eps = sampler.denoiser(noise, torch.full((2,), 11))
    x0 = ((noise - (1 - left).sqrt() * eps) / left.sqrt()).clamp(-1, 1)
    np.testing.assert_allclose(found.expected[:, 0], (x0[:, 0] + 1) / 2, atol=1e-5)
    assert found.noise[0] == pytest.approx(1 - float(left))
    other = denoise(inspector, "sampler", 2, 6, seed=1)
    assert not np.allclose(other.states[:, 0], found.states[:, 0])


# ------------------------------------------------------------------ flows


def test_the_density_of_each_sample_is_the_components_own() -> None:
    inspector = model("flow")
    assert flows(inspector) == ["nll"]
    batch = inspector.batch("valid", range(5))
    found, (z, logdet) = densities(inspector, "nll", batch)
    module: Any = inspector.compiled.module("nll")
    for i in range(5):
        bits = float(module(z[i : i + 1], logdet[i : i + 1]))
        assert found[i] == pytest.approx(-bits * 64 * math.log(2), rel=1e-5)
        by_hand = -float((z[i] ** 2).sum()) / 2 - 32 * math.log(2 * math.pi) + float(logdet[i])
        assert found[i] == pytest.approx(by_hand, rel=1e-5)


def test_a_sample_stands_among_its_split() -> None:
    inspector = model("flow")
    sample = inspector.sample("valid", 3)
    found = likelihood(inspector, "nll", sample, "valid")
    assert len(found.densities) == inspector.size("valid") and found.size == 64
    assert np.ptp(found.own) < 1e-3  # nothing is drawn before this flow
    assert found.own.mean() == pytest.approx(found.densities[3], rel=1e-5)
    assert found.parts.sum() == pytest.approx(found.own.mean(), rel=1e-6) and found.names == ("", "step")
    assert found.below == pytest.approx((found.densities < found.own.mean()).mean())
    assert found.bits(np.array([-64 * math.log(2)])) == pytest.approx(1)


def test_the_likeliest_samples_come_first() -> None:
    inspector = model("flow")
    figure, found = compute(inspector, "likelihood", "nll", inspector.sample(), split="test")
    assert found.split == "test"
    sheet = next(trace for trace in json.loads(figure.to_json() or "")["data"] if trace["type"] == "scatter")
    shown = [int(text.split("<br>")[0].removeprefix("#")) for text in sheet["text"]]
    order = found.items[np.argsort(-found.densities, kind="stable")]
    assert shown == [*order[:8], *order[::-1][:8]]


# ------------------------------------------------------------------ searches


@pytest.mark.parametrize("kind", ["seq2seq_beam", "seq2seq_greedy"])
def test_the_best_way_of_a_tree_is_the_decoders_own(kind: str) -> None:
    inspector = model("search", kind)
    assert searches(inspector) == ["search"]
    for index in range(3):
        sample = inspector.sample("valid", index)
        tree = search_tree(inspector, "search", sample, own_width(inspector, "search"), 2)
        best = tree.tokens(int(tree.finals[0]))
        assert best == tree.own.tolist()[: len(best)]
        assert tree.given == inspector.compiled.dataset("data").decode(sample.inputs["data", "x"][0].tolist())


def test_the_hypotheses_of_a_tree_are_those_of_the_beam() -> None:
    inspector = model("search", "seq2seq_beam")
    sample = inspector.sample("valid", 1)
    tokens, scores = (inspector.value(sample, ("search", port))[0] for port in ("tokens", "score"))
    tree = search_tree(inspector, "search", sample, 3, 2)
    for row, score, final in zip(tokens.tolist(), scores.tolist(), tree.finals.tolist(), strict=True):
        way = tree.tokens(final)
        assert way == row[: len(way)] and tree.score[final] == pytest.approx(score, abs=1e-5)
        assert tree.total[final] == pytest.approx(np.log(tree.probability[tree.way(final)]).sum(), abs=1e-4)
    assert tree.names[1] in inspector.compiled.dataset("data").target_vocabulary


def test_a_tree_keeps_the_best_branches_of_each_step_and_shows_the_next_ones() -> None:
    inspector = model("search", "seq2seq_beam")
    tree = search_tree(inspector, "search", inspector.sample(), 3, 2)
    assert tree.parent[0] == -1 and (tree.step[1:] == tree.step[tree.parent[1:]] + 1).all()
    for step in range(1, int(tree.step.max()) + 1):
        here = tree.step == step
        kept, dropped = tree.score[here & tree.kept], tree.score[here & ~tree.kept]
        assert len(kept) <= 3 and len(dropped) <= 2
        assert not len(dropped) or kept.min() >= dropped.max()
    assert tree.kept[tree.parent[1:]].all()  # nothing grows from what was dropped
    assert not (~search_tree(inspector, "search", inspector.sample(), 3, 0).kept).any()


def test_a_pointer_network_is_searched_by_its_own_step() -> None:
    inspector = model("pointer")
    for index in range(3):
        sample = inspector.sample("valid", index)
        count = int((~sample.inputs["data", "pad"]).sum())
        tree = search_tree(inspector, "pointer", sample, 1, 1)
        best = tree.tokens(int(tree.finals[0]))
        assert best == tree.own.tolist()[:count] and sorted(best) == list(range(count))
        logp = inspector.value(sample, ("pointer", "ptr_logp"))[0]
        total = sum(float(logp[u, token]) for u, token in enumerate(best))
        assert tree.total[tree.finals[0]] == pytest.approx(total, abs=1e-4)
        value = float(sample.inputs["data", "x"][0, best[0], 0])
        assert tree.names[tree.way(int(tree.finals[0]))[0]] == f"{best[0]} ({value:.2f})"


def test_a_wide_search_of_a_pointer_network_finds_the_likeliest_order_of_all() -> None:
    inspector = model("pointer")
    sample = next(s for i in range(6) if int((~(s := inspector.sample("valid", i)).inputs["data", "pad"]).sum()) == 3)
    tree = search_tree(inspector, "pointer", sample, 6, 0)
    assert len(tree.finals) == 6 and len({tuple(tree.tokens(i)) for i in tree.finals.tolist()}) == 6
    assert np.exp(tree.total[tree.finals]).sum() == pytest.approx(1, abs=1e-4)  # all six orders of three
    assert (np.diff(tree.total[tree.finals]) <= 0).all()


def test_a_tree_says_the_same_in_light_and_dark() -> None:
    """A page takes one of two texts only where they are colours."""
    inspector = model("search", "seq2seq_beam")
    light, dark = (
        [list(t.text or ()) for t in compute(inspector, "search", "search", inspector.sample(), dark=dark)[0].data]
        for dark in (False, True)
    )
    assert light == dark


def test_each_step_of_a_beam_can_be_watched() -> None:
    """The steps of a search add up to its result."""
    inspector = model("search", "seq2seq_beam")
    beam = inspector.compiled.module("search")
    assert isinstance(beam, BeamSearch)
    memory, state = torch.randn(2, 6, 5), torch.randn(2, 5)
    growth: list[Growth] = []
    with torch.no_grad():
        beam.search(memory, state, None, growth.append)
        tokens, score = beam(memory, state)
    assert len(growth) == beam.max_length
    torch.testing.assert_close(growth[-1].score, score)
    torch.testing.assert_close(growth[-1].token, tokens[:, :, -1])


# ------------------------------------------------------------------ as views

OFFERED = {
    "vae": ["latent_space", "traversal", "between_samples"],
    "autoencoder": ["traversal", "between_samples"],
    "conditional": ["latent_space"],
    "flow": ["latent_space", "between_samples", "likelihood"],
    "diffusion": ["latent_space", "denoising"],
    "pointer": ["search"],
    "search": ["search"],
}


@pytest.mark.parametrize("name", OFFERED)
def test_views_of_generation_are_drawn_where_they_fit(name: str) -> None:
    inspector = model(name)
    sample = inspector.sample()
    found = [view for view in views(inspector) if view.topic.id == "generation"]
    assert [view.id for view in found] == OFFERED[name]
    for view in found:
        given = sample if view.needs_sample else None
        for node in view.nodes:
            for language, dark in (("en", False), ("zh", True)):
                figure, data = compute(inspector, view.id, node, given, language=language, dark=dark)
                assert figure.layout.title.text and json.loads(figure.to_json() or "")["data"]
                assert all(isinstance(array, np.ndarray) for array in arrays(data).values())
                json.dumps(to_plain(data), allow_nan=False)
            said = figure.layout.title.text + figure.layout.title.subtitle.text
            assert any("\u4e00" <= letter <= "\u9fff" for letter in said)
            for option in options(inspector, view.id, node, given):
                values = [choice.value for choice in option.choices] or [option.low, option.high]
                for value in (values[0], values[-1]):
                    assert compute(inspector, view.id, node, given, **{option.name: value})[0].data


def test_an_upload_is_interpolated_and_traversed() -> None:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.new("L", (8, 8), 90).save(stream, "PNG")
    inspector = model("vae")
    upload = inspector.upload_image(stream.getvalue())
    assert compute(inspector, "between_samples", "code", upload)[1].names[0] == "your image"
    assert compute(inspector, "traversal", "code", upload)[1].own.shape == (8, 8)


def test_what_is_read_is_not_markup() -> None:
    inspector = model("search", "seq2seq_greedy")
    figure, tree = compute(inspector, "search", "search", inspector.sample())
    assert "<end>" not in figure.layout.title.subtitle.text
    traces = json.loads(figure.to_json() or "")["data"]
    labels = [text for trace in traces if trace["mode"] == "text" for text in trace["text"]]
    assert not any("<end>" in label or "<start>" in label for label in labels)
    assert len(tree.names) == len(tree.parent)
