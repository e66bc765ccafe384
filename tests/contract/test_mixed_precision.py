"""Mixed precision: a component takes what the layers around it give there, in bfloat16 or in full, and trains."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.contract.support import Case, cases, set_mode


def _choices(tensors: dict[str, list[Tensor]]) -> list[set[str]]:
    """Which ports get bfloat16: none, as from a data set; all; and each of several alone."""
    ports = [name for name, several in tensors.items() if all(t.is_floating_point() for t in several)]
    return [set(), *([{name} for name in ports] if len(ports) > 1 else []), *([set(ports)] if ports else [])]


@cases("mixed_precision")
@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")  # torch, of a slower kernel
def test_runs_and_trains_in_mixed_precision(case: Case) -> None:
    for low in _choices(case.tensors()):
        tensors = {
            name: [t.bfloat16() if name in low else t for t in several] for name, several in case.tensors().items()
        }
        module = case.build()
        set_mode(module, training=True)
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", torch.bfloat16):
            torch.manual_seed(0)
            outputs = [value for value in case.run(module, tensors).values() if value.is_floating_point()]
        assert all(torch.isfinite(value).all() for value in outputs), f"not finite with {low or 'nothing'} in bfloat16"
        total = sum((value.float().sum() for value in outputs), torch.zeros(()))
        if isinstance(module, nn.Module) and total.requires_grad:
            learned = [p for p in module.parameters() if p.requires_grad]
            for gradient in torch.autograd.grad(total, learned, allow_unused=True):
                assert gradient is None or torch.isfinite(gradient).all()
