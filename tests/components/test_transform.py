"""Transforms against independent implementations; what they draw is drawn for each sample, and only in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as TF

import components
from components.spec import ParameterError

AUGMENTATIONS = [id for id in components.all_components() if id.startswith("aug_")]
Draw = Any


def build(id: str, **params: Any) -> nn.Module:
    return components.create(id, **params).train()


def run(module: nn.Module, x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return module(x)


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


# ------------------------------------------------------------------ all augmentations


def test_there_are_augmentations() -> None:
    assert len(AUGMENTATIONS) == 6


@pytest.mark.parametrize("id", AUGMENTATIONS)
def test_augmentations_leave_evaluation_alone(id: str) -> None:
    x = pictures(4, 3, 8, 8)
    assert build(id).eval()(x) is x


@pytest.mark.parametrize("id", AUGMENTATIONS)
def test_each_sample_has_a_draw_of_its_own(id: str) -> None:
    x = pictures(1, 3, 16, 16).expand(32, -1, -1, -1)
    y = run(build(id), x)
    assert len({tuple(image.flatten().tolist()) for image in y}) > (1 if id == "aug_random_flip" else 8)
    # What one sample becomes does not depend on the values of the others.
    other = x.clone()
    other[1:] = 0.5
    assert torch.equal(run(build(id), other)[0], y[0])


@pytest.mark.parametrize("id", AUGMENTATIONS)
def test_the_seed_decides(id: str) -> None:
    x = pictures(8, 3, 8, 8)
    module = build(id)
    assert torch.equal(run(module, x, 1), run(module, x, 1))
    assert not torch.equal(run(module, x, 1), run(module, x, 2))


@pytest.mark.parametrize("id", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (2, 3, 9, 12)])
def test_shapes_and_types_stay(id: str, shape: tuple[int, ...]) -> None:
    for dtype in (torch.float32, torch.float64):
        x = pictures(*shape).to(dtype)
        y = run(build(id), x)
        assert y.shape == x.shape and y.dtype == dtype


# ------------------------------------------------------------------ standardisation


@pytest.mark.parametrize(("id", "peer"), [("dnorm_standardize", StandardScaler()), ("dnorm_min_max", MinMaxScaler())])
def test_scalers_equal_sklearn(id: str, peer: Any) -> None:
    rng = np.random.default_rng(0)
    train = rng.normal(5.0, [0.1, 3.0, 40.0], size=(200, 3)).astype(np.float32)
    train = np.concatenate([train, np.full((200, 1), 7.0, np.float32)], axis=1)  # a constant feature
    test = rng.normal(5.0, 20.0, size=(50, 4)).astype(np.float32)
    module = components.create(id, in_channels=4, in_features=4)
    module.fit(torch.from_numpy(train))
    expected = peer.fit(train)
    for x in (train, test):
        torch.testing.assert_close(
            module(torch.from_numpy(x)).numpy(), expected.transform(x).astype(np.float32), atol=2e-4, rtol=1e-5
        )


@pytest.mark.parametrize(("id", "peer"), [("dnorm_standardize", StandardScaler()), ("dnorm_min_max", MinMaxScaler())])
@pytest.mark.parametrize(("per", "axis"), [("channel", 1), ("feature", -1), ("all", None)])
def test_scalers_group_what_they_should(id: str, peer: Any, per: str, axis: int | None, draw: Draw) -> None:
    x = draw(10, 3, 5, 7) * 4 + 2
    module = components.create(id, in_channels=3, in_features=7, per=per).double()
    module.fit(x)
    rows = x.reshape(-1, 1) if axis is None else x.movedim(axis, -1).flatten(0, -2)
    expected = torch.from_numpy(peer.fit_transform(rows.numpy()))
    y = module(x)
    actual = y.reshape(-1, 1) if axis is None else y.movedim(axis, -1).flatten(0, -2)
    torch.testing.assert_close(actual, expected)


def test_min_max_maps_onto_its_range(draw: Draw) -> None:
    x = draw(50, 3)
    module = components.create("dnorm_min_max", in_channels=3, in_features=3, range=[-1.0, 2.0]).double()
    module.fit(x)
    y = module(x)
    torch.testing.assert_close(y.amin(dim=0), torch.full((3,), -1.0, dtype=torch.float64))
    torch.testing.assert_close(y.amax(dim=0), torch.full((3,), 2.0, dtype=torch.float64))
    expected = torch.from_numpy(MinMaxScaler((-1, 2)).fit_transform(x.numpy()))
    torch.testing.assert_close(y, expected)


@pytest.mark.parametrize("id", ["dnorm_standardize", "dnorm_min_max"])
def test_scalers_do_nothing_before_they_are_fitted(id: str) -> None:
    x = pictures(4, 3)
    assert torch.equal(components.create(id, in_channels=3, in_features=3)(x), x)


@pytest.mark.parametrize("id", ["dnorm_standardize", "dnorm_min_max"])
def test_statistics_travel_with_the_weights(id: str) -> None:
    first, second = (components.create(id, in_channels=3, in_features=3) for _ in range(2))
    x = pictures(20, 3)
    first.fit(x)
    second.load_state_dict(first.state_dict(), strict=True)
    assert torch.equal(first(x), second(x)) and not torch.equal(first(x), x)
    # Evaluation data never change them.
    before = {name: value.clone() for name, value in first.state_dict().items()}
    first.train()(pictures(5, 3, seed=1) * 9)
    assert all(torch.equal(value, before[name]) for name, value in first.state_dict().items())


def test_a_falling_range_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"'range' parameter of dnorm_min_max .* the first below the second"):
        components.create("dnorm_min_max", in_channels=3, in_features=3, range=[1.0, 1.0])


# ------------------------------------------------------------------ flip, crop, affine


@pytest.mark.parametrize(("direction", "axis"), [("horizontal", -1), ("vertical", -2)])
def test_flip_mirrors_some_images_whole(direction: str, axis: int) -> None:
    x = pictures(400, 3, 5, 7)
    y = run(build("aug_random_flip", p=0.3, direction=direction), x)
    mirrored = (y == x.flip(axis)).flatten(1).all(dim=1)
    assert torch.equal(y[~mirrored], x[~mirrored])
    assert 80 < mirrored.sum() < 160  # 120 expected, standard deviation 9
    for p, expected in ((0.0, x), (1.0, x.flip(axis))):
        assert torch.equal(run(build("aug_random_flip", p=p, direction=direction), x), expected)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
def test_crop_is_a_window_of_the_padded_image(mode: str) -> None:
    x = pictures(300, 2, 5, 7)
    y = run(build("aug_random_crop", padding=2, padding_mode=mode), x)
    padded = nn.functional.pad(x, [2] * 4, mode="constant" if mode == "zeros" else mode)
    windows = padded.unfold(2, 5, 1).unfold(3, 7, 1)  # (B, C, 5, 5, 5, 7)
    found = (windows == y[:, :, None, None]).all(dim=-1).all(dim=-1).all(dim=1)  # (B, 5, 5)
    assert found.flatten(1).any(dim=1).all()
    # All 25 places occur, about equally often: chi-squared with 24 degrees of freedom, 99.9 % quantile 51.2.
    if mode == "zeros":
        counts = found.flatten(1).float().argmax(dim=1).bincount(minlength=25)
        assert ((counts - 12) ** 2 / 12).sum() < 51.2


def draws_of_affine(count: int, module: Any, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Angle in degrees, factor, and shift in shares of height and width, as the module draws them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        turn, size, down, right = torch.rand(4, count)
    low, high = module.scale
    shift = module.translate
    return module.degrees * (2 * turn - 1), low + (high - low) * size, shift * (2 * down - 1), shift * (2 * right - 1)


@pytest.mark.parametrize(("height", "width"), [(17, 17), (12, 20)])
def test_affine_equals_torchvision(height: int, width: int) -> None:
    module = build("aug_random_affine", degrees=40.0, translate=0.2, scale=[0.7, 1.4])
    x = pictures(12, 3, height, width)
    y = run(module, x, seed=3)
    angle, factor, down, right = (v.tolist() for v in draws_of_affine(12, module, 3))
    for i in range(12):
        expected = TF.affine(
            x[i],
            angle=angle[i],
            translate=[right[i] * width, down[i] * height],
            scale=factor[i],
            shear=[0.0, 0.0],
            interpolation=TF.InterpolationMode.BILINEAR,
        )
        # torchvision turns the border into a mask of its own, so compare where the map stays inside.
        inside = TF.affine(
            torch.ones_like(x[i]), angle[i], [right[i] * width, down[i] * height], factor[i], [0.0, 0.0],
            interpolation=TF.InterpolationMode.BILINEAR,
        ) > 0.999  # fmt: skip
        assert inside.float().mean() > 0.3
        torch.testing.assert_close(y[i][inside], expected[inside], atol=2e-3, rtol=0)


def test_affine_without_amounts_is_the_identity() -> None:
    x = pictures(5, 3, 8, 11)
    torch.testing.assert_close(run(build("aug_random_affine", degrees=0.0, translate=0.0), x), x, atol=1e-5, rtol=0)


def test_affine_stays_within_its_amounts() -> None:
    # A white image that is shifted by a quarter of its width loses at most a quarter of its columns.
    x = torch.ones(200, 1, 40, 40)
    y = run(build("aug_random_affine", degrees=0.0, translate=0.25), x)
    columns = y[:, 0].amax(dim=1).sum(dim=1)
    assert columns.min() >= 29.9 and columns.min() < 33 and columns.max() > 38
    border = run(build("aug_random_affine", degrees=90.0, translate=0.5, padding_mode="border"), x)
    assert (border == 1).float().mean() > 0.99


def test_affine_scale_must_not_fall() -> None:
    with pytest.raises(ParameterError, match="'scale' parameter of aug_random_affine"):
        components.create("aug_random_affine", scale=[1.2, 0.8])


# ------------------------------------------------------------------ noise, erasing, colour


def test_noise_has_its_deviation() -> None:
    x = torch.zeros(100, 3, 20, 20)
    y = run(build("aug_gaussian_noise", std=0.3), x)
    assert abs(y.mean()) < 0.005 and abs(y.std() - 0.3) < 0.005
    assert torch.equal(run(build("aug_gaussian_noise", std=0.0), x), x)


def test_noise_can_stay_in_evaluation() -> None:
    x = torch.zeros(2, 5)
    assert run(build("aug_gaussian_noise", when="always").eval(), x).std() > 0
    assert run(build("aug_gaussian_noise", when="train").eval(), x) is x


def test_erasing_blanks_one_rectangle() -> None:
    x = 1 + pictures(500, 3, 32, 48)
    module = build("aug_random_erasing", p=0.6, area=[0.1, 0.3], aspect=2.0, value=-1.0)
    y = run(module, x)
    erased = (y == -1)[:, 0]
    assert torch.equal((y == -1).all(dim=1), erased) and torch.equal(y[:, 0][~erased], x[:, 0][~erased])
    hit = erased.flatten(1).any(dim=1)
    assert 250 < hit.sum() < 350  # 300 expected, standard deviation 11
    rows, columns = erased.any(dim=2), erased.any(dim=1)
    assert torch.equal(erased, rows[:, :, None] & columns[:, None, :])  # a rectangle ...
    for line in (rows[hit], columns[hit]):
        assert ((line[:, 1:] != line[:, :-1]).sum(dim=1) <= 2).all()  # ... without gaps
    share = erased[hit].float().mean(dim=(1, 2))
    assert 0.09 < share.min() < 0.12 and 0.26 < share.max() < 0.32
    ratio = rows[hit].sum(dim=1) / columns[hit].sum(dim=1)
    assert 0.45 < ratio.min() < 0.6 and 1.6 < ratio.max() < 2.2


def test_erasing_reaches_every_corner() -> None:
    y = run(build("aug_random_erasing", p=1.0), torch.ones(500, 1, 8, 8))
    assert (y == 0).any(dim=0)[0].all()


@pytest.mark.parametrize(("params", "name"), [({"area": [0.5, 0.2]}, "area"), ({"aspect": 0.5}, "aspect")])
def test_erasing_refuses(params: dict[str, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=f"'{name}' parameter of aug_random_erasing"):
        components.create("aug_random_erasing", **params)


@pytest.mark.parametrize("channels", [1, 3])
def test_colour_equals_torchvision(channels: int) -> None:
    x = pictures(10, channels, 6, 7)
    module = build("aug_color_jitter", brightness=0.5, contrast=0.8)
    y = run(module, x, seed=4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        factors = 1 + torch.tensor([0.5, 0.8])[:, None] * (2 * torch.rand(2, 10) - 1)
    for i in range(10):
        brighter = TF.adjust_brightness(x[i], factors[0, i].item())
        torch.testing.assert_close(y[i], TF.adjust_contrast(brighter, factors[1, i].item()))


# ------------------------------------------------------------------ one-hot


def test_one_hot() -> None:
    y = components.create("op_one_hot", num_classes=4)(torch.tensor([[0, 3], [2, 2]], dtype=torch.int32))
    assert y.dtype == torch.float32 and torch.equal(y, torch.eye(4)[torch.tensor([[0, 3], [2, 2]])])
    with pytest.raises(RuntimeError, match="smaller than num_classes"):
        components.create("op_one_hot", num_classes=2)(torch.tensor([2]))


@pytest.mark.parametrize("method", ["zca", "pca"])
def test_whitening_makes_the_covariance_the_identity(draw: Any, method: str) -> None:
    x = draw(500, 4) @ draw(4, 4) + draw(4)
    layer = components.create("dnorm_whitening", in_features=4, method=method, eps=1e-12).double()
    torch.testing.assert_close(layer(x), x)  # before it has seen the training data
    layer.fit(x)
    y = layer(x)
    torch.testing.assert_close(y.mean(0), torch.zeros(4).double())
    torch.testing.assert_close(y.mT.cov(correction=0), torch.eye(4).double())
    spread = x.mT.cov(correction=0)
    if method == "zca":
        torch.testing.assert_close(layer.matrix, layer.matrix.mT)
        torch.testing.assert_close(layer.matrix @ spread @ layer.matrix, torch.eye(4).double())
        assert (torch.linalg.eigvalsh(layer.matrix) > 0).all()
    else:
        lengths = layer.matrix.square().sum(1)  # of each component: one over its variance
        torch.testing.assert_close(1 / lengths, torch.linalg.eigvalsh(spread).flip(0))


def test_whitening_bounds_what_it_enlarges(draw: Any) -> None:
    x = torch.cat((draw(50, 2), torch.zeros(50, 1).double()), 1)
    layer = components.create("dnorm_whitening", in_features=3, eps=0.01).double()
    layer.fit(x.view(10, 5, 3))
    assert torch.isfinite(layer(x)).all()
    assert layer.matrix[2, 2].item() == pytest.approx(10.0)
