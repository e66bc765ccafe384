"""The augmentation pipeline against torchvision, draw by draw."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms import v2

from components import create
from components.errors import InputError

POLICIES = ["RandAugment", "TrivialAugment", "AutoAugment", "AugMix"]
NOTHING = {"padding": 0, "flip_p": 0.0, "jitter": 0.0, "strength": 0}


def pictures(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def run(module, x, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return module(x)


def build(**params):
    return create("reg_data_augmentation", **(NOTHING | params)).train()


@pytest.mark.parametrize(
    ("params", "peer"),
    [
        ({"policy": "RandAugment", "num_ops": 3, "strength": 12}, v2.RandAugment(3, 12)),
        ({"policy": "TrivialAugment", "strength": 1}, v2.TrivialAugmentWide()),
        ({"policy": "AutoAugment", "strength": 1}, v2.AutoAugment()),
        ({"policy": "AugMix", "strength": 9}, v2.AugMix(severity=3)),
        ({"jitter": 0.4}, v2.ColorJitter(0.4, 0.4, 0.4, 0.2)),
        ({"flip_p": 0.5}, v2.RandomHorizontalFlip(0.5)),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_step_is_torchvisions(params, peer, channels):
    x = pictures(6, channels, 12, 9)
    expected = run(lambda images: torch.stack([peer(image) for image in images]), x)
    y = run(build(**params), x)
    assert torch.equal(y, expected)
    assert not torch.equal(y, x)


def test_a_crop_is_a_shift_within_the_padding():
    x = pictures(40, 1, 5, 7) + 0.1
    y = run(build(padding=2), x)
    padded = torch.nn.functional.pad(x, [2] * 4)
    shifts = set()
    for image, around in zip(y, padded, strict=True):
        found = [(i, j) for i in range(5) for j in range(5) if torch.equal(around[:, i : i + 5, j : j + 7], image)]
        assert len(found) == 1
        shifts.update(found)
    assert len(shifts) > 12


@pytest.mark.parametrize("policy", POLICIES)
def test_zero_strength_is_the_identity(policy):
    x = pictures(5, 3, 8, 8)
    assert torch.equal(run(build(policy=policy), x), x)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_seed_decides_and_each_image_has_draws_of_its_own(policy):
    module = build(policy=policy, strength=20, padding=2, flip_p=0.5, jitter=0.3)
    x = pictures(1, 3, 12, 12).expand(24, -1, -1, -1)
    y = run(module, x)
    assert torch.equal(y, run(module, x))
    assert not torch.equal(y, run(module, x, seed=1))
    assert len({tuple(image.flatten().tolist()) for image in y}) > 12
    assert y.min() >= 0 and y.max() <= 1


def test_evaluation_changes_nothing():
    x = pictures(5, 3, 8, 8)
    assert create("reg_data_augmentation").eval()(x) is x


def test_colours_are_three_or_none():
    with pytest.raises(InputError, match="1 or 3 channels"):
        build()(pictures(2, 4, 8, 8))
