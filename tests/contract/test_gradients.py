"""Training reaches everything: each differentiable input and each parameter gets a gradient."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tests.contract.support import Case, cases


@cases("gradient")
def test_gradients_are_finite_and_not_zero(case: Case) -> None:
    tensors = case.tensors()
    leaves: dict[str, Tensor] = {}
    for name, several in tensors.items():
        for index, tensor in enumerate(several):
            if tensor.is_floating_point():
                leaves[f"input {name}[{index}]"] = tensor.requires_grad_()
    module = case.build()
    if isinstance(module, nn.Module):
        module.train()
        leaves |= {f"parameter {n}": p for n, p in module.named_parameters() if p.requires_grad}
    if not leaves:
        return  # integers in, nothing learned
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        outputs = case.run(module, tensors)
    generator = torch.Generator().manual_seed(1)
    # A random-weighted sum: a plain sum has no gradient through a normalisation.
    total = torch.stack(
        [
            (value * torch.randn(value.shape, generator=generator)).sum()
            for value in outputs.values()
            if value.is_floating_point()
        ]
    ).sum()
    gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    for name, gradient in zip(leaves, gradients, strict=True):
        assert gradient is not None, f"{name} gets no gradient"
        assert torch.isfinite(gradient).all(), f"{name} gets a gradient that is not finite"
        assert gradient.any(), f"{name} gets a gradient of zero"
