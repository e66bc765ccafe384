"""Normalizations of features, parameters and data against torch's, timm's and scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.peers.pair import Layers, Pair, Peer, Size, function, new
from components.spec import Tensors, sub


def pairs(size: Size) -> dict[str, Pair]:
    b, c, n = size.batch, size.channels, size.side
    features = size.tokens[-1]
    rows = 4 * n * b
    on, tokens, table = Layers(*size.image), Layers(*size.tokens), Layers(rows, features)
    batch, instance, layer = (
        new("torch.nn.BatchNorm2d", c),
        new("torch.nn.InstanceNorm2d", c),
        new("torch.nn.LayerNorm", features),
    )
    linear = new("torch.nn.Linear", features, 64)
    domains = {"x": size.image, "domain": Tensors((b,), "int", 2)}
    labelled = {"x": size.image, "seg": (b, 5, n, n)}
    styled = {"content": size.image, "style": size.image}
    added = {"x": size.image, "residual": size.image}
    conv = {"x": size.image}
    branch = sub("linear", in_features=features, out_features=features)
    return {
        "norm_batch": on.same(batch),
        "norm_sync_batch": on.same(batch),
        "norm_layer": tokens.same(layer),
        "norm_rms": tokens.same(new("torch.nn.RMSNorm", features, eps=1e-6)),
        "norm_instance": on.same(instance),
        "norm_group": on.same(new("torch.nn.GroupNorm", 4, c)),
        "norm_lrn": on.same(new("torch.nn.LocalResponseNorm", 5)),
        "norm_frn": on.same(new("timm.layers.FilterResponseNormTlu2d", c)),
        "norm_weight": Pair(
            Peer("torch.nn.utils.parametrizations.weight_norm", lambda: parametrized("weight_norm", c)),
            True, conv, parametrizes=True,
        ),
        "norm_spectral": Pair(
            Peer("torch.nn.utils.parametrizations.spectral_norm", lambda: parametrized("spectral_norm", c)),
            True, conv, parametrizes=True,
        ),
        "dnorm_min_max": table.same(Peer("sklearn.preprocessing.MinMaxScaler", lambda: scaler("MinMaxScaler", rows, features))),
        "dnorm_standardize": table.same(
            Peer("sklearn.preprocessing.StandardScaler", lambda: scaler("StandardScaler", rows, features))
        ),
        "dnorm_whitening": table.plain(new("torch.nn.Linear", features, features)),
        "dnorm_layerwise": table.plain(new("torch.nn.BatchNorm1d", features)),
        "norm_switchable": on.plain(batch),
        "norm_batch_renorm": on.plain(batch),
        "norm_l1_batch": on.plain(batch),
        "norm_generalized_batch": on.plain(batch),
        "norm_adabn": on.plain(batch, inputs=domains),
        "norm_adain": on.plain(instance, inputs=styled),
        "norm_spade": on.plain(new("torch.nn.Conv2d", c, c, 3, padding=1), inputs=labelled),
        "norm_dynamic_tanh": tokens.plain(layer),
        "norm_cosine": tokens.plain(linear),
        "norm_rezero": on.plain(function("torch.add"), inputs=added, takes=("x", "residual")),
        "norm_mix_ln": tokens.plain(Peer("torch.nn.LayerNorm and torch.nn.Linear", lambda: nn.Sequential(
            nn.LayerNorm(features), nn.Linear(features, features))), branch=branch),
    }  # fmt: skip


def parametrized(name: str, c: int) -> nn.Module:
    """A convolution whose weight torch normalizes."""
    return getattr(nn.utils.parametrizations, name)(nn.Conv2d(c, c, 3, padding=1))


def scaler(name: str, rows: int, features: int) -> Callable[[Tensor], Tensor]:
    """What scikit-learn makes of a table, between two views of the same memory."""
    from sklearn import preprocessing

    fitted = getattr(preprocessing, name)().fit(torch.randn(rows, features).numpy())
    return lambda x: torch.from_numpy(fitted.transform(x.detach().numpy()))
