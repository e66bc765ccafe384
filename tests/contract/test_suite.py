"""The suite itself: a component that breaks a promise is caught by the check of that promise."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import torch
from pydantic import Field
from torch import Tensor, nn

from components.spec import Component, Dims, Ports, example, ints, read_component
from tests.contract import (
    test_documentation,
    test_gradients,
    test_parameters,
    test_shapes,
    test_state,
    test_structure,
    test_training,
)
from tests.contract.support import Case, exemptions

Sequence = Annotated[Tensor, Dims("B T C")]


def broken(target: Any, **changes: Any) -> Component:
    declaration = {
        "id": "test_broken",
        "kind": "layer",
        "family": "Tensor",
        "name": "Broken",
        "name_zh": "损坏",
        "help_zh": "损坏的组件。",
        "source": "none",
        "keywords": "test",
        "examples": [example(x=(2, 3, 5))],
    }
    return read_component(target, **{**declaration, **changes})


def fails(check: Any, component: Component, *arguments: Any, match: str | None = None) -> None:
    """Runs a check, which must not pass."""
    subject = Case(component, 0) if "case" in check.__annotations__ else component
    with pytest.raises((AssertionError, ValueError, RuntimeError), match=match):
        check(subject, *arguments)


def test_a_shape_that_depends_on_the_device_is_caught():
    def layer(x: Sequence) -> Sequence:
        return x if x.is_meta else x[:, 1:]

    fails(test_shapes.test_inferred_shape_and_dtype_equal_the_forward, broken(layer), 0)


def test_a_batch_that_is_baked_in_is_caught():
    def layer(x: Sequence) -> Sequence:
        return x.reshape(2, -1, 5)[:, :3]

    check = test_shapes.test_inferred_shape_and_dtype_equal_the_forward
    check(Case(broken(layer), 0), 0)
    fails(check, broken(layer), 1, match="invalid for input")


def test_an_undeclared_layout_is_caught():
    def layer(x: Sequence) -> Annotated[Tensor, Dims("B C")]:
        return x

    fails(test_shapes.test_outputs_have_the_declared_layout, broken(layer), match="is not")


def test_an_example_of_equal_sizes_is_caught():
    def layer(x: Sequence) -> Sequence:
        return x

    fails(test_shapes.test_axes_of_an_example_differ_in_size, broken(layer, examples=[example(x=(3, 2, 3))]))


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5))

    def forward(self, x: Sequence) -> Sequence:
        return x * self.weight.detach()


def vanishing(x: Sequence) -> Sequence:
    return x.clamp(min=100.0)


def exploding(x: Sequence) -> Sequence:
    return (x - x).sqrt() + x


def cut_off(x: Sequence, z: Sequence) -> Sequence:
    return x + z.detach()


@pytest.mark.parametrize(
    "target, match",
    [
        (Unused, "parameter weight gets no gradient"),
        (vanishing, r"input x\[0\] gets a gradient of zero"),
        (exploding, r"input x\[0\] gets a gradient that is not finite"),
        (cut_off, r"input z\[0\] gets no gradient"),
    ],
)
def test_a_lost_gradient_is_caught(target, match):
    given = example(x=(2, 3, 5), z=(2, 3, 5)) if target is cut_off else example(x=(2, 3, 5))
    fails(test_gradients.test_gradients_are_finite_and_not_zero, broken(target, examples=[given]), match=match)


def test_state_outside_the_state_dict_is_caught():
    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("offset", torch.randn(5), persistent=False)

        def forward(self, x: Sequence) -> Sequence:
            return x + self.offset  # pyright: ignore

    fails(test_state.test_state_dict_carries_everything, broken(Hidden), match="port y differs")


def test_a_draw_in_evaluation_is_caught():
    def layer(x: Sequence) -> Sequence:
        return x + torch.randn_like(x)

    fails(test_state.test_global_generators_stay_untouched, broken(layer))


def test_a_source_of_chance_beside_the_seed_is_caught():
    generator = torch.Generator().manual_seed(0)

    def layer(x: Sequence) -> Sequence:
        return x + torch.randn(x.shape, generator=generator)

    fails(test_state.test_same_seed_same_output, broken(layer), match="training mode with the same seed")


def test_a_change_of_the_input_is_caught():
    def layer(x: Sequence) -> Sequence:
        return x.add_(1)

    fails(test_state.test_inputs_are_not_changed, broken(layer), match="x was changed in place")


def test_outputs_that_depend_on_being_read_are_caught():
    class Fickle(nn.Module):
        wants_z = True

        def forward(self, x: Sequence) -> Annotated[tuple[Tensor, Tensor | None], Ports(y="B T C", z="B T C")]:
            return (x, x) if self.wants_z else (2 * x, None)

    fails(test_state.test_sparing_an_output_keeps_the_others, broken(Fickle), match="y: ")


def batch_mean(x: Sequence) -> Sequence:
    return x - x.mean(0)


def looks_ahead(x: Sequence) -> Sequence:
    return x.flip(1).cumsum(1).flip(1)


def counts_places(x: Sequence) -> Sequence:
    return x + torch.arange(x.shape[1])[:, None]


@pytest.mark.parametrize(
    "target, check",
    [
        (batch_mean, test_structure.test_samples_do_not_see_each_other),
        (looks_ahead, test_structure.test_later_steps_do_not_reach_back),
        (counts_places, test_structure.test_order_goes_through),
    ],
)
def test_a_wrong_tag_is_caught(target, check):
    fails(check, broken(target), match="not close")


@pytest.mark.parametrize(
    "type_, caught",
    [
        (Annotated[int, Field(ge=2)], [1]),
        (Annotated[float, Field(gt=0.0, lt=1.0)], [0.0, 1.0]),
        (bool, ["yes", 1]),
        (tuple[int, ...] | None, ["text", 7]),
    ],
)
def test_bad_values_are_made_from_the_annotation(type_, caught):
    made = test_parameters.bad_values(type_)
    assert all(value in made for value in caught)


def test_undocumented_components_are_caught():
    def layer(x: Sequence, *, amount: int = 1) -> Sequence:
        """does something"""
        return x

    entry = broken(layer, help_zh="only English", family="Nowhere")
    fails(test_documentation.test_docstring_has_its_parts, entry)
    fails(test_documentation.test_docstring_gives_the_shape_of_each_port, entry)
    fails(test_documentation.test_name_and_help_in_both_languages, entry)
    fails(test_documentation.test_labels_are_in_the_glossary, entry, match="amount")


def test_a_metric_that_does_not_add_up_is_caught():
    class Mean(nn.Module):
        higher_is_better = True

        def update(self, x: Sequence) -> Tensor:
            return x.mean().reshape(1)

        def compute(self, stats: Tensor) -> Tensor:
            return stats[0]

    entry = broken(Mean, kind="metric", examples=[example(x=(2, 3, 5))])
    fails(test_training.test_metric_adds_up_over_batches, entry)


def test_a_loss_that_is_no_scalar_is_caught():
    class Each(nn.Module):
        def forward(self, x: Sequence, target: Annotated[Tensor, Dims("B", dtype="int")]) -> Tensor:
            return x.sum((1, 2)) * target

    entry = broken(Each, kind="loss", examples=[example(x=(2, 3, 5), target=ints(2, high=3))])
    fails(test_training.test_loss_is_a_finite_scalar, entry)


def test_an_exemption_is_a_strict_xfail():
    def layer(x: Sequence) -> Sequence:
        return x

    entry = broken(layer, xfail={"gradient": "no gradient passes", "state-1": "only in the second example"})
    (mark,) = exemptions(entry, "gradient", 0)
    assert mark.kwargs == {"reason": "no gradient passes", "strict": True}
    assert [len(exemptions(entry, "state", index)) for index in (0, 1, 2)] == [0, 1, 0]
    fails(
        test_documentation.test_exemptions_name_a_check_and_a_reason,
        broken(layer, xfail={"gradiant": "a slip"}),
        match="there is no check 'gradiant'",
    )
