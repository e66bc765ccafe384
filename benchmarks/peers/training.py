"""Optimizers, schedules and initializers against torch's and timm's, or the nearest that torch has."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from benchmarks.peers.pair import Pair, Peer, Size, function, new

EPOCHS = 100


def pairs(size: Size) -> dict[str, Pair]:
    return {**optimizers(), **schedules(), **initializers()}


def same(peer: Peer, note: str = "", **params: Any) -> Pair:
    return Pair(peer, True, {}, params=params, note=note)


def plain(peer: Peer, **params: Any) -> Pair:
    return Pair(peer, False, {}, params=params)


def optimizers() -> dict[str, Pair]:
    sgd, adam = new("torch.optim.SGD", 0.01), new("torch.optim.Adam")
    momentum = new("torch.optim.SGD", 0.01, momentum=0.9)
    fast = Peer("timm.optim.Lookahead", lambda weights: lookahead(weights))
    return {
        "opt_sgd": same(sgd),
        "opt_momentum": same(momentum),
        "opt_nag": same(new("torch.optim.SGD", 0.01, momentum=0.9, nesterov=True)),
        "opt_rprop": same(new("torch.optim.Rprop")),
        "opt_adagrad": same(new("torch.optim.Adagrad")),
        "opt_rmsprop": same(new("torch.optim.RMSprop")),
        "opt_adadelta": same(new("torch.optim.Adadelta")),
        "opt_adam": same(adam),
        "opt_adamw": same(new("torch.optim.AdamW")),
        "opt_adamax": same(new("torch.optim.Adamax")),
        "opt_nadam": same(new("torch.optim.NAdam")),
        "opt_amsgrad": same(new("torch.optim.Adam", amsgrad=True)),
        "opt_radam": same(new("torch.optim.RAdam")),
        "opt_adafactor": same(new("torch.optim.Adafactor")),
        "opt_lion": same(new("timm.optim.Lion")),
        "opt_lars": same(new("timm.optim.Lars", momentum=0.9, always_adapt=True)),
        "opt_lamb": same(new("timm.optim.Lamb", max_grad_norm=None, always_adapt=True)),
        "opt_novograd": same(new("timm.optim.NvNovoGrad")),
        "opt_lookahead": same(fast, inner="adam"),
        "opt_swa": plain(momentum),
        "opt_adax": plain(adam),
        "opt_amos": plain(adam),
        "opt_sm3": plain(new("torch.optim.Adagrad")),
        "opt_funnelled_sgdm": plain(momentum),
        "opt_zeroth_order": plain(sgd),
        "opt_forward_gradient": plain(sgd),
    }


def lookahead(weights: list[Tensor]) -> torch.optim.Optimizer:
    from timm.optim import Lookahead

    return Lookahead(torch.optim.Adam(weights), k=5)


def schedules() -> dict[str, Pair]:
    rates = "torch.optim.lr_scheduler."
    linear = new(f"{rates}LinearLR", start_factor=0.01, total_iters=5)
    return {
        "sched_constant": same(new(f"{rates}LambdaLR", lambda epoch: 1.0)),
        "sched_step": same(new(f"{rates}StepLR", 10)),
        "sched_exponential": same(new(f"{rates}ExponentialLR", 0.95)),
        "sched_cosine": same(new(f"{rates}CosineAnnealingLR", EPOCHS)),
        "sched_one_cycle": same(new(f"{rates}OneCycleLR", 0.1, total_steps=EPOCHS + 1)),
        "sched_warmup": same(linear),
        "sched_ramp_up": plain(linear),
        "sched_swa_lr": same(new("torch.optim.swa_utils.SWALR", 0.05)),
    }


def initializers() -> dict[str, Pair]:
    filling = "torch.nn.init."
    return {
        "init_zero": same(function(f"{filling}zeros_")),
        "init_random": same(function(f"{filling}trunc_normal_", std=0.02, a=-0.04, b=0.04)),
        "init_sparse": same(function(f"{filling}sparse_", sparsity=0.9)),
        "init_xavier": same(function(f"{filling}xavier_uniform_")),
        "init_kaiming": same(function(f"{filling}kaiming_normal_", nonlinearity="relu")),
        "init_orthogonal": same(function(f"{filling}orthogonal_")),
        "init_identity": same(function(f"{filling}eye_")),
        "init_zero_hadamard": plain(function(f"{filling}orthogonal_")),
        "norm_fixup": plain(function(f"{filling}kaiming_normal_", nonlinearity="relu")),
    }
