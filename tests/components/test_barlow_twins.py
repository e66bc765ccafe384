"""Barlow Twins against its formula, written out."""

import math

import numpy as np
import torch

from components import create


def test_is_the_formula():
    generator = torch.Generator().manual_seed(0)
    z1, z2 = torch.randn(6, 4, generator=generator), torch.randn(6, 4, generator=generator)
    a, b = z1.double().numpy(), z2.double().numpy()
    expected = 0.0
    for i in range(4):
        for j in range(4):
            u, v = a[:, i] - a[:, i].mean(), b[:, j] - b[:, j].mean()
            c = (u * v).mean() / math.sqrt(((u**2).mean() + 1e-5) * ((v**2).mean() + 1e-5))
            expected += (1 - c) ** 2 if i == j else 0.1 * c**2
    found = create("ssl_barlow_twins", redundancy=0.1)(z1, z2)
    torch.testing.assert_close(found.item(), expected, rtol=1e-5, atol=1e-6)


def test_equal_views_without_redundancy_cost_nothing():
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)) - 0.0)
    centred = q - q.mean(0)
    u, _, _ = np.linalg.svd(centred, full_matrices=False)
    whitened = torch.from_numpy(100.0 * u[:, :5])  # orthogonal columns without a mean
    assert whitened.mean(0).abs().max() < 1e-9
    assert create("ssl_barlow_twins")(whitened, whitened).item() < 1e-6
