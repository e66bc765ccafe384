"""What a tag promises about samples, time and order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from components.spec import Port
from tests.contract.support import Case, assert_close, axis_of, cases, set_mode, tagged


def _outputs(case: Case, module: Any, tensors: Mapping[str, list[Tensor]]) -> dict[str, Tensor]:
    # Training mode shows most (batch statistics); what draws at random can be compared in evaluation only.
    set_mode(module, training="stochastic" not in case.component.tags)
    with torch.no_grad():
        return case.run(module, tensors)


def _along(
    ports: Mapping[str, Port],
    tensors: Mapping[str, list[Tensor]],
    name: str,
    fallback: int | None,
    change: Callable[[str, int, Tensor, int], Tensor],
) -> dict[str, list[Tensor]]:
    """The tensors with ``change(port, index, tensor, axis)`` applied wherever a port has the axis of this name."""
    changed: dict[str, list[Tensor]] = {}
    for port, several in tensors.items():
        changed[port] = []
        for index, tensor in enumerate(several):
            axis = axis_of(name, ports[port], tensor.dim(), fallback)
            changed[port].append(tensor if axis is None else change(port, index, tensor, axis))
    return changed


def _having(case: Case, values: Mapping[str, Tensor], name: str, fallback: int | None) -> dict[str, tuple[Tensor, int]]:
    """The outputs that have the axis of this name, with its place: at least one."""
    ports = case.component.outputs_for(case.params)
    places = {port: axis_of(name, ports[port], value.dim(), fallback) for port, value in values.items()}
    found = {port: (values[port], axis) for port, axis in places.items() if axis is not None}
    assert found, f"no output has an axis {name}"
    return found


@cases("batch_independent", where=tagged("batch_independent"))
def test_samples_do_not_see_each_other(case: Case) -> None:
    tensors, module = case.tensors(), case.build()
    whole = _having(case, _outputs(case, module, tensors), "B", 0)
    first, axis = next(iter(whole.values()))
    for sample in range(first.shape[axis]):
        one = _along(case.component.inputs, tensors, "B", 0, lambda _p, _i, t, a, n=sample: t.narrow(a, n, 1))
        alone = _outputs(case, module, one)
        for port, (value, axis) in whole.items():
            assert_close(alone[port], value.narrow(axis, sample, 1), f"{port} of sample {sample}")


@cases("causal", where=tagged("causal"))
def test_later_steps_do_not_reach_back(case: Case) -> None:
    tensors, other, module = case.tensors(), case.tensors(seed=9), case.build()
    whole = _having(case, _outputs(case, module, tensors), "T", 1)
    for step in range(1, min(value.shape[axis] for value, axis in whole.values())):

        def later_from_other(port: str, index: int, tensor: Tensor, axis: int, step: int = step) -> Tensor:
            if tensor.dtype == torch.bool:
                return tensor
            rest = tensor.shape[axis] - step
            return torch.cat((tensor.narrow(axis, 0, step), other[port][index].narrow(axis, step, rest)), axis)

        changed = _outputs(case, module, _along(case.component.inputs, tensors, "T", 1, later_from_other))
        for port, (value, axis) in whole.items():
            assert_close(changed[port].narrow(axis, 0, step), value.narrow(axis, 0, step), f"{port} before step {step}")


@cases("permutation_equivariant", where=tagged("permutation_equivariant"))
def test_order_goes_through(case: Case) -> None:
    # The nodes of a graph (N, with edges that name them) or the members of a set (T).
    ports = case.component.inputs
    name = "N" if any("N" in port.dims.axes.split() for port in ports.values()) else "T"
    tensors, module = case.tensors(), case.build()
    values = _outputs(case, module, tensors)
    whole = _having(case, values, name, None)
    first, axis = next(iter(whole.values()))
    order = torch.randperm(first.shape[axis], generator=torch.Generator().manual_seed(3))
    assert not torch.equal(order, order.sort().values)

    permuted = _along(ports, tensors, name, None, lambda _p, _i, t, a: _permute(t, a, order))
    if "edge_index" in permuted:
        permuted["edge_index"] = [order.argsort()[edges] for edges in tensors["edge_index"]]
    changed = _outputs(case, module, permuted)
    for port, value in values.items():
        expected = _permute(value, whole[port][1], order) if port in whole else value
        assert_close(changed[port], expected, port)


def _permute(tensor: Tensor, axis: int, order: Tensor) -> Tensor:
    """Permutes an axis, and the one behind it where the tensor is a table of pairs (T, T)."""
    tensor = tensor.index_select(axis, order)
    if axis + 1 < tensor.dim() and tensor.shape[axis + 1] == len(order):
        tensor = tensor.index_select(axis + 1, order)
    return tensor
