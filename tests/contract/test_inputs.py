"""A wrong input is refused at its node and port, with what was expected and what came."""

from __future__ import annotations

import torch

from builder.compiler import check
from components.spec import Component, Dims
from tests.contract.graphs import graph_around
from tests.contract.support import Case, cases

RUNNING_KINDS = ("layer", "op", "loss", "transform", "metric", "regularizer", "sampler")
WRONG_DTYPE = {"float": torch.int64, "int": torch.float32, "bool": torch.float32}


def _tensor_ports(component: Component) -> list[tuple[str, Dims]]:
    return [(n, p.dims) for n, p in component.inputs.items() if p.dims.kind == "tensor"]


def _wrong_rank(dims: Dims) -> int | None:
    return next((rank for rank in range(8) if not dims.accepts_rank(rank)), None)


@cases("input_rank", RUNNING_KINDS, lambda c: any(_wrong_rank(d) is not None for _, d in _tensor_ports(c)))
def test_wrong_rank_is_refused_at_its_port(case: Case) -> None:
    for name, dims in _tensor_ports(case.component):
        rank = _wrong_rank(dims)
        tensors = case.tensors()
        if rank is None or name not in tensors:
            continue
        bad = torch.empty(tuple(range(2, 2 + rank)), dtype=tensors[name][0].dtype, device="meta")
        report = check(graph_around(case.component, case.params, {**tensors, name: [bad]}), fixes=False)
        found = [p for p in report.problems if (p.node, p.port, p.code) == ("node", name, "shape")]
        assert found, f"no problem at {name}: {report.problems}"
        expected = (
            ("a single number", "单个数值") if dims.axes == "()" else (str(dims), str(dims).replace(" or ", " 或 "))
        )
        for message, layout in zip((found[0].message, found[0].message_zh), expected, strict=True):
            assert layout in message and str(tuple(bad.shape)).replace(",)", ")") in message


@cases("input_dtype", RUNNING_KINDS, lambda c: any(d.dtype != "any" for _, d in _tensor_ports(c)))
def test_wrong_dtype_is_refused_at_its_port(case: Case) -> None:
    for name, dims in _tensor_ports(case.component):
        tensors = case.tensors()
        if dims.dtype == "any" or name not in tensors:
            continue
        bad = [t.to(WRONG_DTYPE[dims.dtype]) for t in tensors[name]]
        report = check(graph_around(case.component, case.params, {**tensors, name: bad}), fixes=False)
        found = [p for p in report.problems if (p.node, p.port, p.code) == ("node", name, "shape")]
        assert found, f"no problem at {name}: {report.problems}"
        assert str(bad[0].dtype).removeprefix("torch.") in found[0].message


@cases("input_rank", RUNNING_KINDS)
def test_missing_input_is_reported_at_its_port(case: Case) -> None:
    for name, port in case.component.inputs.items():
        if port.optional:
            continue
        tensors = {n: t for n, t in case.tensors().items() if n != name}
        report = check(graph_around(case.component, case.params, tensors), fixes=False)
        assert [(p.node, p.port, p.code) for p in report.problems] == [("node", name, "unconnected")]
