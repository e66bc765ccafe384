"""Activations against torch's, and those that torch has not against the nearest that it has."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.peers.pair import Layers, Pair, Peer, Size, function, new


def pairs(size: Size) -> dict[str, Pair]:
    c, (*_, features) = size.channels, size.tokens
    on, tokens = Layers(*size.image), Layers(*size.tokens)
    silu, prelu, softplus = new("torch.nn.SiLU"), new("torch.nn.PReLU", c), new("torch.nn.Softplus")
    gate = new("torchvision.ops.SqueezeExcitation", c, c // 16)
    gated = Peer("torch.nn.Linear and torch.nn.GLU", lambda: nn.Sequential(nn.Linear(features, 64), nn.GLU()))
    per_channel = new("torch.nn.Conv2d", c, c, 3, padding=1, groups=c)
    return {
        "act_step": on.same(Peer("torch.heaviside", heaviside), straight_through=False),
        "act_sigmoid": on.same(new("torch.nn.Sigmoid")),
        "act_hard_sigmoid": on.same(new("torch.nn.Hardsigmoid")),
        "act_tanh": on.same(new("torch.nn.Tanh")),
        "act_hard_tanh": on.same(new("torch.nn.Hardtanh")),
        "act_relu": on.same(new("torch.nn.ReLU")),
        "act_relu6": on.same(new("torch.nn.ReLU6")),
        "act_leaky_relu": on.same(new("torch.nn.LeakyReLU")),
        "act_prelu": on.same(prelu),
        "act_rrelu": on.same(new("torch.nn.RReLU")),
        "act_elu": on.same(new("torch.nn.ELU")),
        "act_celu": on.same(new("torch.nn.CELU")),
        "act_selu": on.same(new("torch.nn.SELU")),
        "act_gelu": on.same(new("torch.nn.GELU")),
        "act_swish": on.same(silu),
        "act_hard_swish": on.same(new("torch.nn.Hardswish")),
        "act_mish": on.same(new("torch.nn.Mish")),
        "act_softplus": on.same(softplus),
        "act_softmax": on.same(new("torch.nn.Softmax", -1)),
        "act_glu": tokens.same(gated),
        "act_maxout": tokens.plain(new("torch.nn.Linear", features, 64)),
        "act_squareplus": on.plain(softplus),
        "act_isru": on.plain(function("torch.nn.functional.softsign")),
        "act_elish": on.plain(silu),
        "act_sau": on.plain(silu, note="An error function and an exponential, where torch has one kernel for its own."),
        "act_smu": on.plain(new("torch.nn.GELU")),
        "act_acon": on.plain(silu),
        "act_pau": on.plain(
            silu, note="Two polynomials with learned coefficients, whose powers are kept for the way back."
        ),
        "act_apl": on.plain(prelu),
        "act_pwlu": on.plain(prelu),
        "act_frelu": on.plain(per_channel),
        "act_dynamic_relu": on.plain(gate),
        "act_dynamic_shift_max": on.plain(gate),
    }


def heaviside() -> Callable[[Tensor], Tensor]:
    zero = torch.zeros(())
    return lambda x: torch.heaviside(x.detach(), zero)  # which has no gradient
