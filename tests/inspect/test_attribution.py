"""Attributions against hand computations and captum on the modules themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from captum.attr import IntegratedGradients, LayerGradCam, LayerIntegratedGradients, Saliency
from scipy.stats import spearmanr

from builder.inspect import InspectError, Inspector, explanation
from builder.inspect import class_activation as class_activation_module
from builder.inspect.attribution import Sanity, Target, can_explain
from builder.inspect.class_activation import averaged_nodes, cam, cam_nodes, class_activation
from builder.inspect.explanation import (
    deeplift,
    integrated_gradients,
    lime,
    occlusion,
    saliency,
    smoothgrad,
    through_relus,
)
from builder.inspect.figures import Style, attribution_figure
from builder.inspect.sanity import rank_correlation, ranked, with_sanity
from tests.inspect.graphs import sentiment

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize("answer", [None, 4])
def test_grad_cam_equals_captum(zoo: Zoo, answer: int | None) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 3)
    x = sample.inputs["data", "x"].clone().requires_grad_()
    logits = inspector.value(sample, ("fc", "y"))
    target = int(logits.argmax()) if answer is None else answer
    conv2 = inspector.root.get_submodule("conv2")
    reference = LayerGradCam(inspector.compiled.model, conv2).attribute(x, target, relu_attributions=True)
    expected = F.interpolate(reference, (8, 8), mode="bilinear").detach()[0, 0]
    found = class_activation(inspector, sample, "conv2", Target(inspector.heads[0], answer))
    np.testing.assert_allclose(found.values, expected.numpy(), rtol=1e-4, atol=1e-7)
    assert found.score == pytest.approx(float(logits[0, target]), rel=1e-5)
    assert (found.answer, found.signed, found.values.shape) == (str(target), False, (8, 8))


def test_grad_cam_shows_only_what_speaks_for_a_class(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    maps = [
        class_activation(inspector, inspector.sample(), "relu1", Target(inspector.heads[0], i)).values
        for i in range(10)
    ]
    assert all((m >= 0).all() for m in maps)
    assert sum(m.max() > 0 for m in maps) > 5


def test_a_map_that_is_zero_everywhere_says_why(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    target = Target(inspector.heads[0])
    found = class_activation(inspector, inspector.sample(), "relu2", target)
    empty = dataclasses.replace(found, values=np.zeros_like(found.values))
    assert f'nothing speaks for "{found.answer}"' in empty.notice("en") and "处处为零" in empty.notice("zh")
    other = dataclasses.replace(empty, method="saliency")
    assert "no part of the input moves the score" in other.notice("en") and "处处为零" in other.notice("zh")
    assert found.values.any() and "zero" not in found.notice("en")


@pytest.mark.parametrize(("show", "absolute"), [("absolute", True), ("signed", False)])
def test_saliency_equals_captum_on_the_model(zoo: Zoo, show: str, absolute: bool) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 5)
    x = sample.inputs["data", "x"].clone().requires_grad_()
    expected = Saliency(inspector.compiled.model).attribute(x, 2, abs=absolute)[0]
    found = saliency(inspector, sample, Target(inspector.heads[0], 2), show)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.values, expected.detach().numpy(), rtol=1e-5, atol=1e-8)
    assert found.signed is not absolute


def test_the_gradient_of_a_linear_model_is_its_weight(zoo: Zoo) -> None:
    inspector = zoo("unjudged")
    sample = inspector.sample()
    weight = inspector.root.get_parameter("fc.weight").detach()
    found = saliency(inspector, sample, Target(inspector.heads[0], 7), "signed")
    np.testing.assert_allclose(found.values.reshape(-1), weight[7].numpy(), rtol=1e-6)
    x = sample.inputs["data", "x"][0]
    times = saliency(inspector, sample, Target(inspector.heads[0], 7), "times_input")
    np.testing.assert_allclose(times.values, weight[7].view(1, 8, 8).numpy() * x.numpy(), rtol=1e-5, atol=1e-8)


def test_integrated_gradients_of_a_linear_model_are_exact(zoo: Zoo) -> None:
    inspector = zoo("unjudged")
    sample = inspector.sample()
    weight = inspector.root.get_parameter("fc.weight").detach()[3].view(8, 8)
    x = sample.inputs["data", "x"][0, 0]
    zero = integrated_gradients(inspector, sample, Target(inspector.heads[0], 3))
    np.testing.assert_allclose(zero.values[0], (weight * x).numpy(), rtol=1e-4, atol=1e-7)
    mean = inspector.batch("train", range(512))["data", "x"].mean(0)[0]
    against_mean = integrated_gradients(inspector, sample, Target(inspector.heads[0], 3), "mean")
    np.testing.assert_allclose(against_mean.values[0], (weight * (x - mean)).numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "model", ["cnn", "colour", "table", "faces", "regression", "sentiment", "gcn", "recurrent", "series"]
)
def test_integrated_gradients_are_complete(zoo: Zoo, model: str) -> None:
    inspector = zoo(model)
    found = integrated_gradients(inspector, inspector.sample(), Target(inspector.heads[0]), n_steps=96)
    assert found.baseline_score is not None and found.delta is not None
    scale = max(abs(found.score - found.baseline_score), np.abs(found.values).sum(), 1e-3)
    assert abs(found.delta) < 1e-2 * scale


def test_integrated_gradients_equal_captum_on_the_model(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 1)
    x = sample.inputs["data", "x"]
    expected = IntegratedGradients(inspector.compiled.model).attribute(x, torch.zeros_like(x), target=1, n_steps=24)[0]
    found = integrated_gradients(inspector, sample, Target(inspector.heads[0], 1), n_steps=24)
    np.testing.assert_allclose(found.values, expected.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_tokens_are_explained_at_their_embedding() -> None:
    inspector = Inspector(sentiment())
    inspector.root.get_parameter("embedding.weight").data[0] = 0  # captum's baseline is made of tokens: of token 0
    sample = inspector.upload_text("this is a good film")
    layer = LayerIntegratedGradients(inspector.compiled.model, inspector.root.get_submodule("embedding"))
    x, pad = sample.inputs["data", "x"], sample.inputs["data", "pad"]
    expected = layer.attribute(x, torch.zeros_like(x), target=1, additional_forward_args=(pad,), n_steps=24)
    found = integrated_gradients(inspector, sample, Target(inspector.heads[0], 1), n_steps=24)
    assert found.shape == "tokens" and found.values.shape == (12,)
    np.testing.assert_allclose(found.values, expected.detach().sum(-1)[0].numpy(), rtol=1e-3, atol=1e-5)
    assert found.steps is not None and found.steps.names[:5] == ("this", "is", "a", "good", "film")


def test_the_length_of_a_tokens_gradient(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    sample = inspector.sample()
    found = saliency(inspector, sample, Target(inspector.heads[0], 5, position=9))
    assert found.values.shape == (16,)
    assert (found.values[10:] == 0).all()  # a causal model does not see what follows
    assert (found.values[:10] > 0).all()
    assert found.answer == "%" and found.position == 9


def test_a_node_is_explained_by_its_neighbourhood(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    sample = inspector.sample()
    found = saliency(inspector, sample, Target(inspector.heads[0], 0, position=0))
    source, target = sample.inputs["data", "edge_index"].numpy()
    near = {0} | set(source[target == 0].tolist())
    two_hops = near | {s for n in near for s in source[target == n].tolist()}
    assert found.values.shape == (34, 34)
    assert set(np.flatnonzero(found.map).tolist()) <= two_hops
    assert found.map[0] > 0


def test_one_logit_speaks_for_yes_and_its_negative_for_no(zoo: Zoo) -> None:
    inspector = zoo("faces")
    sample = inspector.sample()
    yes, no = (saliency(inspector, sample, Target(inspector.heads[0], i), "signed") for i in (1, 0))
    np.testing.assert_allclose(yes.values, -no.values)
    assert (yes.score, yes.answer, no.answer) == (pytest.approx(-no.score), "face", "no face")


def test_series_have_their_steps_first(zoo: Zoo) -> None:
    for model in ("series", "recurrent"):
        inspector = zoo(model)
        found = saliency(inspector, inspector.sample(), Target(inspector.heads[0], 1))
        assert found.values.shape == (100, 6)
        assert found.input is not None and found.input.shape == (100, 6)


def test_features_of_a_table_are_named(zoo: Zoo) -> None:
    inspector = zoo("table")
    found = saliency(inspector, inspector.sample(), Target(inspector.heads[0]))
    assert found.names[2] == "petal length (cm)"
    assert found.values.shape == (4,)


def test_the_map_of_a_colour_image(zoo: Zoo) -> None:
    inspector = zoo("colour")
    sample = inspector.sample()
    magnitude = saliency(inspector, sample, Target(inspector.heads[0]))
    np.testing.assert_array_equal(magnitude.map, magnitude.values.max(0))
    signed = saliency(inspector, sample, Target(inspector.heads[0]), "signed")
    np.testing.assert_allclose(signed.map, signed.values.sum(0))


def test_score_cam_looks_through_the_maps_that_vary_most(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    inspector, tried = zoo("cnn"), []
    sample, target = inspector.sample(), Target(inspector.heads[0])
    every = inspector.value(sample, ("conv2", "y"))

    def score_cam(score: object, x: torch.Tensor, maps: torch.Tensor, at_once: int) -> torch.Tensor:
        tried.append(maps)
        return maps.mean(1)

    monkeypatch.setattr(class_activation_module, "score_cam", score_cam)
    monkeypatch.setattr(class_activation_module, "SEEN_THROUGH", 3)
    class_activation(inspector, sample, "conv2", target, "score_cam")
    spread = every.var((2, 3))[0]
    assert set(tried[0].var((2, 3))[0].tolist()) == set(spread.sort(descending=True).values[:3].tolist())


def test_where_grad_cam_applies(zoo: Zoo) -> None:
    assert cam_nodes(zoo("cnn"), zoo("cnn").heads[0]) == ["conv1", "relu1", "conv2", "relu2"]
    assert cam_nodes(zoo("vit"), zoo("vit").heads[0]) == ["patches"]
    assert cam_nodes(zoo("sentiment"), zoo("sentiment").heads[0]) == []
    assert not can_explain(zoo("autoencoder"), zoo("autoencoder").heads[0])


def test_what_cannot_be_explained(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample, head = inspector.sample(), inspector.heads[0]
    with pytest.raises(InspectError, match="need a node with feature maps"):
        class_activation(inspector, sample, "fc", Target(head))
    with pytest.raises(InspectError, match="outputs 0 to 9"):
        saliency(inspector, sample, Target(head, 10))
    with pytest.raises(InspectError, match="positions 0 to 0"):
        saliency(inspector, sample, Target(head, 1, position=1))
    with pytest.raises(InspectError, match="absolute, signed or times_input"):
        saliency(inspector, sample, Target(head), "squared")  # type: ignore[arg-type]
    with pytest.raises(InspectError, match="zero or mean"):
        integrated_gradients(inspector, sample, Target(head), "black")  # type: ignore[arg-type]
    picture = zoo("autoencoder")
    with pytest.raises(InspectError, match="cannot be traced back"):
        saliency(picture, picture.sample(), Target(picture.heads[0]))


# ------------------------------------------------------------------ methods beside gradients


def test_contributions_of_a_linear_model_are_exact(zoo: Zoo) -> None:
    inspector = zoo("unjudged")
    sample = inspector.sample()
    weight = inspector.root.get_parameter("fc.weight").detach()[3].view(8, 8)
    x = sample.inputs["data", "x"][0, 0]
    share, target = (weight * x).numpy(), Target(inspector.heads[0], 3)
    found = deeplift(inspector, sample, target)
    np.testing.assert_allclose(found.values[0], share, rtol=1e-4, atol=1e-6)
    assert found.delta == pytest.approx(0, abs=1e-5)
    one = occlusion(inspector, sample, target, window=1)
    np.testing.assert_allclose(one.values, share, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("model", ["table", "sentiment", "series", "regression", "faces"])
def test_parts_of_every_kind_of_sample_are_taken_away(zoo: Zoo, model: str) -> None:
    inspector = zoo(model)
    sample, target = inspector.sample(), Target(inspector.heads[0])
    shape = integrated_gradients(inspector, sample, target).map.shape
    for method in (deeplift, occlusion, lime):
        found = method(inspector, sample, target)
        assert found.map.shape == shape and np.isfinite(found.values).all() and found.values.any()


def test_a_feature_taken_away_changes_the_score_by_what_occlusion_says(zoo: Zoo) -> None:
    inspector = zoo("table")
    sample = inspector.upload_row([5.0, 3.0, 1.5, 0.2])
    less = inspector.upload_row([5.0, 3.0, 0.0, 0.2])
    found = occlusion(inspector, sample, Target(inspector.heads[0], 1))
    scores = [float(inspector.value(s, ("fc2", "y"))[0, 1]) for s in (sample, less)]
    assert found.values[2] == pytest.approx(scores[0] - scores[1], rel=1e-4)


def test_rules_of_relu_equal_captum_on_the_model(zoo: Zoo) -> None:
    import captum.attr

    inspector = zoo("cnn")
    sample = inspector.sample("valid", 5)
    x = sample.inputs["data", "x"].clone().requires_grad_()
    for rule, method in (("guided", captum.attr.GuidedBackprop), ("deconvnet", captum.attr.Deconvolution)):
        with pytest.warns(UserWarning, match="Setting backward hooks"):
            expected = method(inspector.compiled.model).attribute(x, 2)[0]
        found = through_relus(inspector, sample, Target(inspector.heads[0], 2), rule)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.values, expected.detach().numpy(), rtol=1e-4, atol=1e-7)
    with pytest.raises(InspectError, match="no ReLU"):
        through_relus(zoo("faces"), zoo("faces").sample(), Target(zoo("faces").heads[0]), "guided")


def test_smoothgrad_without_noise_is_the_saliency(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample, target = inspector.sample(), Target(inspector.heads[0], 4)
    smooth = smoothgrad(inspector, sample, target, sigma=0.0, samples=3)
    np.testing.assert_allclose(smooth.values, saliency(inspector, sample, target).values, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("model", "axes"), [("table", 0), ("series", (0, 2))])
def test_the_noise_of_smoothgrad_has_the_unit_of_each_feature(
    zoo: Zoo, model: str, axes: int | tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The features of a table and the channels of a series may differ in size by orders of magnitude."""
    inspector, given = zoo(model), []
    monkeypatch.setattr(
        "components.attribution.smoothgrad.gradient", lambda score, x: (given.append(x), torch.zeros_like(x))[1]
    )
    sample = inspector.sample()
    smoothgrad(inspector, sample, Target(inspector.heads[0]), sigma=0.5, samples=400)
    end = inspector.needed[0]
    training = inspector.batch("train", range(min(512, inspector.size("train"))))[end].numpy()
    deviation = (torch.cat(given) - sample.inputs[end]).numpy().std(axes)
    np.testing.assert_allclose(deviation, 0.5 * np.ptp(training, axes), rtol=0.1)


def test_cam_adds_up_to_the_score() -> None:
    from tests.inspect.graphs import CE, chain

    layers = {
        "conv": ("conv_standard", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
        "relu": ("act_relu", {}),
        "gap": ("pool_global_avg", {}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 10}),
    }
    inspector = Inspector(chain(("data_digits", {}), layers, CE))
    head, sample = inspector.heads[0], inspector.sample()
    assert averaged_nodes(inspector, head) == ["relu"]
    found = cam(inspector, sample, "relu", Target(head, 7))
    bias = float(inspector.root.get_parameter("fc.bias")[7])
    assert found.values.mean() + bias == pytest.approx(found.score, rel=1e-4)
    same = class_activation(inspector, sample, "relu", Target(head, 7))
    np.testing.assert_allclose(same.values, found.values.clip(0) / 64, atol=1e-6)
    with pytest.raises(InspectError, match="averaged and then classified"):
        cam(inspector, sample, "conv", Target(head, 7))


def test_random_weights_change_everything_but_the_transforms(zoo: Zoo) -> None:
    inspector = zoo("table")
    other = inspector.randomised()
    for name, value in inspector.root.state_dict().items():
        assert torch.equal(value, other.root.state_dict()[name]) == name.startswith("standardize")
    sample, target = inspector.sample(), Target(inspector.heads[0], 1)
    found = saliency(inspector, sample, target)
    checked = with_sanity(inspector, found, lambda model: saliency(model, sample, target))
    assert checked.sanity is not None
    np.testing.assert_array_equal(checked.sanity.values, saliency(other, sample, target).values)


def test_rank_correlation_equals_spearmans() -> None:
    one, other = np.random.default_rng(0).integers(0, 6, (2, 5, 7))
    assert rank_correlation(one, other) == pytest.approx(float(spearmanr(one.ravel(), other.ravel())[0]))
    assert rank_correlation(one, one * 3 + 1) == pytest.approx(1)
    assert np.isnan(rank_correlation(one, np.zeros_like(one)))


def test_large_models_get_fewer_noisy_copies(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    inspector = zoo("cnn")
    head = inspector.heads[0]
    assert explanation.smooth_samples(inspector, head) == explanation.SMOOTH_SAMPLES
    monkeypatch.setattr(explanation, "SMOOTH_WORK", 3 * 11 * inspector.work([head.end]))
    assert explanation.smooth_samples(inspector, head) == 11
    monkeypatch.setattr(explanation, "SMOOTH_WORK", 1)
    assert explanation.smooth_samples(inspector, head) == explanation.FEWEST_SMOOTH


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranked(np.array([3.0, 1.0, 3.0, 2.0, 3.0])).tolist() == [4, 1, 4, 2, 4]


def test_nodes_out_of_reach_and_padding_are_not_compared(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    found = saliency(inspector, inspector.sample(), Target(inspector.heads[0]))
    other = np.where(found.map > 0, found.map[::-1] + 1, 0)
    one, two = found.comparable(found.map, other)
    assert (found.map == 0).any() and len(one) == len(two) == (found.map != 0).sum()


def test_a_map_of_zeros_is_like_no_other(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = saliency(inspector, inspector.sample(), Target(inspector.heads[0]))
    assert found.notice("en") == ""
    empty = dataclasses.replace(found, values=np.zeros_like(found.values), sanity=Sanity(found.values, np.nan))
    assert "zero everywhere" in empty.notice("en") and "处处为零" in empty.notice("zh")
    assert "rank correlation" not in attribution_figure(empty, Style()).layout.title.subtitle.text
