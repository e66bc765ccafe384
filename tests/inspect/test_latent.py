"""Latent spaces: where codes stand, and the images of codes, of axes, of planes and of ways between codes."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from builder.inspect import InspectError, Inspector, compute, options, views
from builder.inspect.latent import code, decode, draw, latent_of, latents, spread_of_codes
from builder.inspect.pictures import image_range
from builder.inspect.reconstruction import reconstruct
from builder.inspect.traversal import Origin, between, effects, origin_drawn, origin_of, plane, rows, strongest
from tests.inspect import generators
from tests.inspect.graphs import cnn


@functools.cache
def model(name: str) -> Inspector:
    return Inspector(getattr(generators, name)())


def reconstruction(inspector: Inspector, mean: torch.Tensor) -> np.ndarray:
    """The small VAE's image of a code, by its layers."""
    with torch.no_grad():
        module = inspector.compiled.module("decoder")
        assert module is not None
        return module(mean).sigmoid().reshape(8, 8).numpy()


def test_codes_are_found_by_what_is_drawn_and_what_an_image_is_made_of() -> None:
    drawn, noise = latents(model("vae"))
    assert (drawn.end, drawn.image, drawn.code, drawn.normal) == (("code", "z"), ("image", "y"), ("mu", "y"), True)
    assert (noise.end, noise.image, noise.code) == (("noise", "z"), ("view", "y"), None)
    (bottleneck,) = latents(model("autoencoder"))
    assert (bottleneck.end, bottleneck.image, bottleneck.normal) == (("down", "y"), ("image", "y"), False)
    (of_flow,) = latents(model("flow"))
    assert (of_flow.end, of_flow.code) == (("noise", "z"), ("step", "z"))
    assert latents(Inspector(cnn())) == []


def test_a_sampler_that_draws_on_its_way_has_no_code() -> None:
    """The state of an ancestral sampler does not determine the image."""
    assert [x.node for x in latents(model("diffusion"))] == ["noise"]
    assert latents(Inspector(generators.diffusion("diff_ddpm_sampler"))) == []


def test_the_images_of_codes_are_in_the_range_of_what_they_are_shown_as() -> None:
    vae = model("vae")
    assert image_range(vae, ("image", "y")) == (-np.inf, np.inf)  # logits
    assert image_range(vae, ("sigmoid", "y")) == (0, 1)
    assert image_range(model("conditional"), ("image", "y")) == (-1, 1)
    assert image_range(model("autoencoder"), ("image", "y")) == (0, 1)  # of the digits that the loss compares with


def test_shared_weights_make_the_same_image_of_a_code() -> None:
    inspector = model("vae")
    drawn, noise = latents(inspector)
    codes = draw(inspector, noise, 5, 3)
    np.testing.assert_allclose(decode(inspector, drawn, codes), decode(inspector, noise, codes), atol=1e-6)
    np.testing.assert_array_equal(codes, draw(inspector, noise, 5, 3))
    assert not torch.equal(codes[:1], draw(inspector, noise, 6))


def test_the_middle_of_a_traversal_is_the_reconstruction() -> None:
    inspector = model("vae")
    sample, latent = inspector.sample("valid", 2), latent_of(inspector, "code")
    mean = inspector.value(sample, ("mu", "y"))
    torch.testing.assert_close(code(inspector, latent, sample), mean)
    found = rows(inspector, latent, origin_of(inspector, latent, sample), 3.0)
    assert found.offsets[len(found.offsets) // 2] == 0 and found.by_rows
    for row in found.images:
        np.testing.assert_allclose(row[5], reconstruction(inspector, mean), atol=1e-6)
    assert found.own is not None
    np.testing.assert_allclose(found.own, sample.inputs["data", "x"][0, 0])


def test_each_row_moves_one_entry_of_the_code() -> None:
    inspector = model("vae")
    sample, latent = inspector.sample(), latent_of(inspector, "code")
    found = rows(inspector, latent, origin_of(inspector, latent, sample), 2.0)
    assert sorted(found.axes) == [0, 1, 2] and (np.diff(found.effects) <= 0).all()
    for row, axis in zip(found.images, found.axes, strict=True):
        moved = code(inspector, latent, sample).clone()
        moved[0, axis] -= 2.0
        np.testing.assert_allclose(row[0], reconstruction(inspector, moved), atol=1e-5)


def test_a_plane_has_its_second_axis_upwards() -> None:
    inspector = model("vae")
    latent = latent_of(inspector, "noise")
    found = plane(inspector, latent, origin_drawn(inspector, latent, 0), 2.0, 2, 0)
    assert found.images.shape == (11, 11, 8, 8) and not found.by_rows
    corner = reconstruction(inspector, torch.tensor([[2.0, 0.0, -2.0]]))  # first row: up; first column: to the left
    np.testing.assert_allclose(found.images[0, 0], corner, atol=1e-6)
    np.testing.assert_allclose(found.images[5, 5], reconstruction(inspector, torch.zeros(1, 3)), atol=1e-6)


def test_the_effect_of_an_axis_is_the_mean_change_of_the_image() -> None:
    inspector = model("vae")
    latent = latent_of(inspector, "noise")
    origin = Origin(torch.tensor([[0.5, -1.0, 0.2]]), "here")
    here = reconstruction(inspector, origin.code)
    found = effects(inspector, latent, origin)
    for axis, unit in enumerate(torch.eye(3)):
        there = [reconstruction(inspector, origin.code + sign * unit) - here for sign in (1, -1)]
        assert found[axis] == pytest.approx(np.sqrt(np.square(there).mean()), rel=1e-4)
    np.testing.assert_array_equal(strongest(inspector, latent, origin, 2), np.argsort(-found)[:2])


def test_codes_of_an_autoencoder_move_by_their_spread() -> None:
    inspector = model("autoencoder")
    latent = latent_of(inspector, "down")
    batch = inspector.batch("valid", range(inspector.size("valid")))
    (codes,) = inspector.run(inspector.program([("down", "y")]), batch)
    np.testing.assert_allclose(spread_of_codes(inspector, latent), codes.std(0), rtol=0.05)
    found = rows(inspector, latent, origin_of(inspector, latent, inspector.sample()), 1.0)
    np.testing.assert_allclose(found.units, spread_of_codes(inspector, latent)[found.axes])
    np.testing.assert_array_equal(spread_of_codes(model("vae"), latent_of(model("vae"), "code")), [1, 1, 1])


def test_both_ends_of_an_interpolation_are_reconstructions() -> None:
    inspector = model("vae")
    latent = latent_of(inspector, "code")
    samples = inspector.sample("valid", 0), inspector.sample("valid", 7)
    start, end = (origin_of(inspector, latent, sample) for sample in samples)
    found = between(inspector, latent, start, end, ("a", "b"))
    for way in found.images:
        np.testing.assert_allclose(way[0], reconstruction(inspector, start.code), atol=1e-6)
        np.testing.assert_allclose(way[-1], reconstruction(inspector, end.code), atol=1e-6)
    linear, spherical, pixels = found.images
    np.testing.assert_allclose(linear[5], reconstruction(inspector, (start.code + end.code) / 2), atol=1e-5)
    np.testing.assert_allclose(pixels[5], (linear[0] + linear[-1]) / 2, atol=1e-6)
    assert not np.allclose(spherical[5], linear[5], atol=1e-4)
    cosine = torch.cosine_similarity(start.code, end.code).item()
    assert found.angle == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-3)
    assert [picture.shape for picture in found.own] == [(8, 8)] * 2


def test_the_arc_between_codes_of_one_length_keeps_it() -> None:
    inspector = model("vae")
    latent = latent_of(inspector, "noise")
    start, end = Origin(torch.tensor([[3.0, 0.0, 0.0]]), 1), Origin(torch.tensor([[0.0, 3.0, 0.0]]), 2)
    found = between(inspector, latent, start, end, ("a", "b"))
    np.testing.assert_allclose(found.lengths[1], 3, atol=1e-4)
    assert found.lengths[0, 5] == pytest.approx(3 / np.sqrt(2)) and np.isnan(found.lengths[2]).all()
    assert found.angle == pytest.approx(90) and found.own == ()


def test_a_flow_gives_a_sample_back() -> None:
    inspector = model("flow")
    latent, sample = latent_of(inspector, "noise"), inspector.sample()
    image = decode(inspector, latent, code(inspector, latent, sample))[0]
    np.testing.assert_allclose(image, sample.inputs["data", "x"][0, 0], atol=1e-5)


def test_an_image_of_a_class_takes_that_of_the_sample() -> None:
    inspector = model("conditional")
    latent = latent_of(inspector, "noise")
    noise = draw(inspector, latent, 1)
    labels = inspector.batch("valid", range(40))["data", "y"].tolist()
    other = next(i for i, label in enumerate(labels) if label != labels[0])
    images = [decode(inspector, latent, noise, inspector.sample("valid", i)) for i in (0, other)]
    np.testing.assert_array_equal(decode(inspector, latent, noise), images[0])
    assert not np.allclose(images[0], images[1])


def test_noise_belongs_to_no_sample() -> None:
    inspector = model("vae")
    with pytest.raises(InspectError, match="belongs to no sample"):
        code(inspector, latent_of(inspector, "noise"), inspector.sample())


def test_the_second_sample_is_of_another_class_to_begin_with() -> None:
    inspector = model("vae")
    sample = inspector.sample("valid", 4)
    (other,) = options(inspector, "between_samples", "code", sample)
    labels = inspector.batch("valid", range(inspector.size("valid")))["data", "y"]
    assert labels[other.default] != labels[4]


def test_what_is_shown_can_be_chosen() -> None:
    inspector = model("vae")
    for show, shape in (("plane", (11, 11)), ("rows", (3, 11)), ("between", (3, 11))):
        figure, data = compute(inspector, "latent_space", "noise", show=show, draw=2)
        assert data.images.shape[:2] == shape and figure.layout.title.text
    (known,) = [v for v in views(inspector) if v.id == "latent_space"]
    assert known.nodes == ("code", "noise") and known.node == "noise"
    _, data = compute(inspector, "latent_space", "noise", across=1, up=0, reach=5)
    assert data.axes.tolist() == [1, 0] and data.offsets.max() == 5


def test_the_reconstruction_of_logits_is_what_they_say_beside_what_the_loss_compares_them_with() -> None:
    inspector = model("vae")
    sample, head = inspector.sample("valid", 2), next(h for h in inspector.heads if h.task == "image")
    found = reconstruct(inspector, sample, head)
    shown, x = inspector.value(sample, ("image", "y")).sigmoid(), sample.inputs["data", "x"]
    np.testing.assert_allclose(found.output, shown[0, 0].numpy(), atol=1e-6)
    assert found.target is not None and found.error == pytest.approx(float((shown - x).square().mean()))
