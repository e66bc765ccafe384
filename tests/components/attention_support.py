"""Weights for the tests of attention modules: all random, and copied from ours to a peer in their order."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import components


def make(id: str, seed: int = 0, **params: object) -> nn.Module:
    """A component in double precision and evaluation whose parameters and running statistics are all random."""
    module = components.create(id, **params)
    if not isinstance(module, nn.Module):
        raise TypeError(id)
    module = module.double().eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.6)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator, dtype=torch.float64))
            elif name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=generator, dtype=torch.float64) + 0.5)
    return module


def copied(ours: nn.Module, peer: nn.Module, skip: tuple[str, ...] = ()) -> nn.Module:
    """The peer with our weights, entry by entry of the two state dicts in their order; a 1x1 kernel is a matrix."""
    peer = peer.double().eval()
    source = list(ours.state_dict().values())
    state = peer.state_dict()
    names = [name for name in state if name not in skip]
    if len(names) != len(source):
        raise ValueError(f"{len(source)} tensors for {names}")
    for name, tensor in zip(names, source, strict=True):
        state[name] = tensor.reshape(state[name].shape)
    for name in skip:
        state[name] = torch.zeros_like(state[name])
    peer.load_state_dict(state)
    return peer


def influence(function, x: Tensor, row: int, column: int) -> Tensor:
    """Where (H, W) the sum of the first sample's outputs at one position looks at, as booleans."""
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x)[0, :, row, column].sum(), x)
    return gradient[0].abs().sum(0) > 1e-12
