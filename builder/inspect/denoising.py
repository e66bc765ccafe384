"""The way of a diffusion sampler from noise to an image: its states, and the image that it expects at each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from builder.inspect.features import spread
from builder.inspect.inspector import Inspector
from builder.inspect.pictures import is_image, pictures, usual_split
from components.generative.diffusion._process import data_in


@dataclass(frozen=True)
class Denoising:
    """N images on their way.

    Args:
        node: path of the sampler.
        steps: (S,) numbers of all steps that the sampler walks, the noisiest first.
        noise: (S,) share of noise in the variance of the state at each step.
        change: (S,) root mean squared distance of the expected image from the final one, in the sampler's units.
        shown: (K,) places in ``steps`` of what is drawn, the last among them.
        states: (N, K, H, W) or (N, K, H, W, 3), before each of these steps.
        expected: the same, the images that the network expects at the end.
        images: (N, H, W) or (N, H, W, 3), the result.
        seed: of the noise.
    """

    node: str
    steps: np.ndarray
    noise: np.ndarray
    change: np.ndarray
    shown: np.ndarray
    states: np.ndarray
    expected: np.ndarray
    images: np.ndarray
    seed: int


def diffusion_samplers(inspector: Inspector) -> list[str]:
    """The nodes that make images of noise by a denoiser, step by step."""
    return [
        node.path
        for node in inspector.compiled.of_kind("sampler")
        if isinstance(getattr(inspector.compiled.module(node.path), "denoiser", None), nn.Module)
        and is_image(inspector, (node.path, "x0"))
    ]


def denoise(inspector: Inspector, node: str, count: int, columns: int, seed: int = 0) -> Denoising:
    """Runs a sampler and keeps what it goes through.

    Args:
        node: one of ``diffusion_samplers``.
        count: images.
        columns: steps that are drawn at most, evenly spread.
        seed: of all its noise.
    """
    return inspector.kept(
        ("denoise", node, count, columns, seed), lambda: _denoise(inspector, node, count, columns, seed)
    )


def _denoise(inspector: Inspector, node: str, count: int, columns: int, seed: int) -> Denoising:
    sampler: Any = inspector.compiled.module(node)
    end = (node, "x0")
    batch = inspector.batch(usual_split(inspector), range(count))  # tells how many images, and their size
    with _watched(sampler.denoiser) as calls:
        (images,) = inspector.run(inspector.program([end]), batch, seed)
    states = torch.stack([state for state, _, _ in calls])  # (S, N, C, H, W)
    steps = torch.tensor([step for _, step, _ in calls])
    left = sampler.alpha_bar[steps]
    outputs = torch.stack([output for _, _, output in calls])
    expected = data_in(states, outputs, left.reshape(-1, 1, 1, 1, 1), sampler.predict)
    if sampler.clip:
        expected = expected.clamp(-1, 1)
    shown = spread(len(steps), columns)

    def drawn(values: Tensor) -> np.ndarray:
        made = pictures(inspector, end, values[shown].flatten(0, 1))
        return made.reshape(len(shown), count, *made.shape[1:]).swapaxes(0, 1)

    change = (expected - images).square().mean((1, 2, 3, 4)).sqrt()
    return Denoising(
        node, steps.numpy(), (1 - left).numpy(), change.numpy(), shown, drawn(states), drawn(expected),
        pictures(inspector, end, images), seed,
    )  # fmt: skip


@contextmanager
def _watched(denoiser: nn.Module) -> Iterator[list[tuple[Tensor, int, Tensor]]]:
    """The state, the step and the answer of each call of a denoiser."""
    calls: list[tuple[Tensor, int, Tensor]] = []

    def keep(module: nn.Module, given: tuple[Tensor, Tensor], answer: Tensor) -> None:
        calls.append((given[0], int(given[1][0]), answer))

    handle = denoiser.register_forward_hook(keep)
    try:
        yield calls
    finally:
        handle.remove()
