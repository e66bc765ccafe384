"""What the compiler infers without computing is what the forward then gives."""

from __future__ import annotations

import pytest
import torch

from builder.compiler.inference import infer
from components.spec import Tensors
from tests.contract.support import MODULE_KINDS, Case, axes_of, cases, metas, set_mode, with_modules


@pytest.mark.parametrize("batch", [0, 1], ids=["", "larger_batch"])
@cases("shape", (*MODULE_KINDS, "sampler"))
def test_inferred_shape_and_dtype_equal_the_forward(case: Case, batch: int) -> None:
    tensors = case.tensors(batch=batch)
    values = case.values(tensors)
    module = case.build(tensors=tensors)
    set_mode(module, training=False)
    outputs = case.run(module, tensors)
    parts = {n: v.to("meta") if isinstance(v, torch.nn.Module) else v for n, v in with_modules(values).items()}
    inferred = infer(case.component, parts, metas(tensors)).outputs
    expected = {
        name: (meta.shape, meta.dtype)
        for name, meta in zip(case.component.outputs_for(values), inferred, strict=True)
        if meta is not None
    }
    assert {name: (tuple(t.shape), t.dtype) for name, t in outputs.items()} == expected


@cases("layout", (*MODULE_KINDS, "sampler"))
def test_outputs_have_the_declared_layout(case: Case) -> None:
    tensors = case.tensors()
    ports = case.component.outputs_for(case.values(tensors))
    for name, value in case.run(case.build(), tensors).items():
        assert ports[name].dims.accepts_rank(value.dim()), f"{name}: {tuple(value.shape)} is not {ports[name].dims}"


@cases("example", (*MODULE_KINDS, "metric"))
def test_axes_of_an_example_differ_in_size(case: Case) -> None:
    # Otherwise an exchange of two axes would go unseen.
    for name, given in case.component.examples[case.index].inputs.items():
        for shape in given if isinstance(given, list) else [given]:
            if isinstance(shape, Tensors):
                continue
            axes = axes_of(case.component.inputs[name].dims, len(shape))
            sizes = dict(zip(axes, shape, strict=True))
            assert len(set(sizes.values())) == len(sizes), f"{name}: {shape}"


@cases("example", (*MODULE_KINDS, "metric"))
def test_example_gives_every_needed_port(case: Case) -> None:
    needed = {name for name, port in case.component.inputs.items() if not port.optional}
    assert needed <= case.component.examples[case.index].inputs.keys()
