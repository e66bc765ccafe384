"""How a signature becomes parameters and ports, and how a broken rule is worded."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from torch import Tensor, nn

from components.docstring import parse_doc
from components.spec import (
    MISSING,
    Component,
    Count,
    Dims,
    InChannels,
    Inferred,
    NumberedPorts,
    Padding,
    Parameter,
    ParameterError,
    Ports,
    Probability,
    Runtime,
    Size,
    SpatialDims,
    bools,
    edges,
    example,
    ints,
    read_component,
)
from components.wording import describe_type

DECLARATION: dict[str, Any] = {
    "id": "test_component",
    "kind": "layer",
    "family": "Test",
    "name": "Test",
    "name_zh": "测试",
    "help_zh": "测试。",
    "source": "none",
}


def read(target: Any, **declaration: Any) -> Component:
    return read_component(target, **{**DECLARATION, **declaration})


class Cell(nn.Module):
    """Does something.

    Args:
        in_channels: channels that
            arrive.
        p: a share.

    Source: here.
    """

    def __init__(self, in_channels: InChannels, p: Probability = 0.5, names: tuple[str, ...] = ()) -> None:
        super().__init__()

    def forward(
        self,
        x: Annotated[Tensor, Dims("B C T")],
        state: Annotated[Tensor, Dims("B C", dtype="int")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B C T", h=Dims("B C", dtype="int"))]:
        return x, state


def mix(*xs: Annotated[Tensor, Dims("*", dtype="any")], dim: int = 1) -> Tensor:
    """Mixes."""
    return xs[dim]


def cut(
    x: Tensor, *, parts: Count | tuple[Count, ...] = 2
) -> Annotated[tuple[Tensor, ...], NumberedPorts("part", "parts")]:
    """Cuts."""
    return (x,)


def build(params: Annotated[list, Runtime()], rate: float = 0.1) -> nn.Module:
    """Builds."""
    return nn.Identity()


# ------------------------------------------------------------------ forms and ports


def test_class_gives_parameters_from_init_and_ports_from_forward():
    cell = read(Cell)
    assert cell.form == "class"
    assert list(cell.parameters) == ["in_channels", "p", "names"]
    assert cell.parameters["in_channels"].inferred == Inferred("x", axis=1)
    assert not cell.parameters["in_channels"].required
    assert cell.parameters["in_channels"].description == "channels that arrive."
    assert (cell.parameters["p"].default, cell.parameters["p"].description) == (0.5, "a share.")
    assert [(p.name, str(p.dims), p.dims.dtype, p.optional) for p in cell.inputs.values()] == [
        ("x", "(B, C, T)", "float", False),
        ("state", "(B, C)", "int", True),
    ]
    assert [(p.name, str(p.dims), p.dims.dtype) for p in cell.outputs.values()] == [
        ("y", "(B, C, T)", "float"),
        ("h", "(B, C)", "int"),
    ]


def test_op_has_ports_in_front_and_parameters_by_keyword():
    op = read(mix, kind="op")
    assert op.form == "op"
    assert list(op.parameters) == ["dim"]
    assert op.inputs["xs"].variadic and op.inputs["xs"].dims.dtype == "any"
    assert list(op.outputs) == ["y"]


def test_builder_has_its_ports_in_the_decorator():
    builder = read(build, inputs={"x": "B C", "mask?": Dims("B", dtype="bool"), "*more": "*"}, outputs={"y": "B C"})
    assert builder.form == "builder"
    assert list(builder.parameters) == ["rate"]
    assert builder.runtime == ("params",)
    assert [(p.name, p.optional, p.variadic) for p in builder.inputs.values()] == [
        ("x", False, False),
        ("mask", True, False),
        ("more", False, True),
    ]


def test_loss_and_metric_have_their_own_outputs():
    class Loss(nn.Module):
        def forward(self, logits: Tensor, target: Tensor) -> Tensor:
            return logits

    class Metric(nn.Module):
        def update(self, logits: Tensor) -> Tensor:
            return logits

    assert list(read(Loss, kind="loss").outputs) == ["loss"]
    metric = read(Metric, kind="metric")
    assert (list(metric.inputs), list(metric.outputs)) == (["logits"], ["value"])


def test_numbered_outputs_follow_their_parameter():
    op = read(cut, kind="op")
    assert list(op.outputs) == ["part1", "part2"]
    assert list(op.outputs_for({"parts": 3})) == ["part1", "part2", "part3"]
    assert list(op.outputs_for({"parts": [4, 5, 6, 7]})) == ["part1", "part2", "part3", "part4"]
    assert list(op.outputs_for({"parts": 0})) == ["part1", "part2"]
    assert read(mix, kind="op").outputs_for({"dim": 5}).keys() == {"y"}


def test_numbered_outputs_need_their_parameter():
    def wrong(x: Tensor) -> Annotated[tuple[Tensor, ...], NumberedPorts("y", "count")]:
        return (x,)

    with pytest.raises(ValueError, match="its outputs are counted by an unknown parameter 'count'"):
        read(wrong, kind="op")


def test_examples_are_split_into_inputs_and_values():
    cell = read(Cell, examples=[example(x=(2, 3, 5), state=ints(2, 3, high=4), p=0.1)])
    assert dict(cell.examples[0].inputs) == {"x": (2, 3, 5), "state": ints(2, 3, high=4)}
    assert dict(cell.examples[0].params) == {"p": 0.1}
    assert (bools(2).kind, edges(5, 3).shape, edges(5, 3).high) == ("bool", (2, 5), 3)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"kind": "thing"}, "The kind of component 'test_component' must be one of dataset, transform, "),
        ({"id": "Test"}, "A component's id must be lower-case words joined by '_'. Got 'Test' instead."),
        ({"id": "1st"}, "A component's id must be lower-case words joined by '_'. Got '1st' instead."),
    ],
)
def test_bad_declaration_is_refused(change, message):
    with pytest.raises(ValueError) as caught:
        read(Cell, **change)
    assert str(caught.value).startswith(message)


def test_inference_from_an_unknown_port_is_refused():
    def lost(size: Annotated[int, Inferred("z")]) -> nn.Module:
        return nn.Identity()

    with pytest.raises(ValueError, match="'size' is inferred from an unknown port 'z'"):
        read(lost, inputs={"x": "*"}, outputs={"y": "*"})


# ------------------------------------------------------------------ dims


@pytest.mark.parametrize(
    "axes, ranks, text",
    [
        ("B C", {2}, "(B, C)"),
        ("B C L | B C H W", {3, 4}, "(B, C, L) or (B, C, H, W)"),
        ("*", {0, 1, 2, 3, 4, 5}, "(*)"),
        ("B * C", {2, 3, 4, 5}, "(B, *, C)"),
        ("()", {0}, "()"),
    ],
)
def test_dims_accept_ranks_and_say_so(axes, ranks, text):
    dims = Dims(axes)
    assert {rank for rank in range(6) if dims.accepts_rank(rank)} == ranks
    assert str(dims) == text


def test_a_schedule_is_no_tensor():
    assert str(Dims(kind="schedule")) == "schedule"


def test_inferred_reads_an_axis_or_the_rank():
    assert Inferred("x", axis=1).value((2, 3, 5)) == 3
    assert Inferred("x").value((2, 3, 5)) == 5
    assert Inferred("x", rank_minus=2).value((2, 3, 5)) == 1
    with pytest.raises(IndexError):
        Inferred("x", axis=1).value((2,))


# ------------------------------------------------------------------ values and rules


@pytest.mark.parametrize(
    "type_, value, expected",
    [
        (Count, 3, 3),
        (Size, [3, 2], (3, 2)),
        (Size, 4, 4),
        (Padding, "same", "same"),
        (Padding, 0, 0),
        (float, 2, 2.0),
        (Count | None, None, None),
        (tuple[tuple[int, int], ...], [[1, 2], [3, 4]], ((1, 2), (3, 4))),
        (SpatialDims, 3, 3),
    ],
)
def test_good_values_come_out_as_the_constructor_takes_them(type_, value, expected):
    found = Parameter("v", type_).check(value, "test")
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    "type_, value",
    [
        (Count, 0),
        (Count, 2.0),
        (Count, True),
        (Count, "3"),
        (Count, None),
        (Size, (3, 0)),
        (Size, "3"),
        (Padding, "all"),
        (Padding, -1),
        (float, math.nan),
        (float, math.inf),
        (float, "1"),
        (Probability, 1.01),
        (bool, 1),
        (str, 5),
        (SpatialDims, 4),
        (Literal["a", "b"], "c"),
    ],
)
def test_bad_values_are_refused(type_, value):
    with pytest.raises(ParameterError):
        Parameter("v", type_).check(value, "test")


@pytest.mark.parametrize(
    "type_, english, chinese",
    [
        (int, "an integer", "整数"),
        (Count, "an integer of at least 1", "不小于 1的整数"),
        (Probability, "a number of at least 0.0 and at most 1.0", "不小于 0.0、不大于 1.0的数字"),
        (Annotated[float, Field(gt=0, lt=2)], "a number greater than 0 and less than 2", "大于 0、小于 2的数字"),
        (Literal["a", "b"], "one of 'a', 'b'", "以下之一：'a', 'b'"),
        (bool, "true or false", "true 或 false"),
        (int | None, "an integer or none", "整数或空"),
        (tuple[int, ...], "a list whose items are each an integer", "列表（每项为整数）"),
        (tuple[float, float], "a list of 2 items, each a number", "2 项的列表（每项为数字）"),
        (
            Annotated[tuple[int, ...], Field(min_length=1, max_length=3)],
            "a list whose items are each an integer with at least 1 items and with at most 3 items",
            "至少 1 项、至多 3 项的列表（每项为整数）",
        ),
        (Annotated[str, Field(pattern="^a")], "a text matching ^a", "符合 ^a 的文本"),
    ],
)
def test_types_in_words(type_, english, chinese):
    assert describe_type(type_) == (english, chinese)


def test_parameter_error_names_everything_in_both_languages():
    error = ParameterError("conv_standard", "stride", ("an integer", "整数"), "x")
    assert str(error) == "The 'stride' parameter of conv_standard must be an integer. Got 'x' instead."
    assert error.message_zh == "conv_standard 的参数“stride”必须是整数，收到：'x'。"
    assert isinstance(error, ValueError)
    nothing = ParameterError("conv_standard", "stride", ("an integer", "整数"), MISSING)
    assert str(nothing).endswith("Got nothing instead.") and nothing.message_zh.endswith("未给出。")
    assert len(str(ParameterError("c", "p", ("short", "短"), "x" * 1000))) < 150


def test_check_fills_defaults_and_gathers_every_error():
    cell = read(Cell)
    assert cell.check({}) == ({"p": 0.5, "names": ()}, [])
    assert cell.check({"in_channels": None, "p": 1})[0] == {"p": 1.0, "names": ()}
    values, errors = cell.check({"in_channels": 0, "p": 7, "names": ["a"], "other": 1}, "node1")
    assert values == {"names": ("a",)}
    assert [(e.component, e.parameter) for e in errors] == [
        ("node1", "other"),
        ("node1", "in_channels"),
        ("node1", "p"),
    ]
    assert "one of its parameters (in_channels, p, names)" in str(errors[0])


def test_check_misses_what_has_no_default():
    def needy(size: int) -> nn.Module:
        return nn.Identity()

    entry = read(needy, inputs={"x": "*"}, outputs={"y": "*"})
    assert entry.parameters["size"].required
    assert [str(e) for e in entry.check({})[1]] == [
        "The 'size' parameter of test_component must be an integer. Got nothing instead."
    ]


def test_schema_has_ranges_choices_defaults_and_inference():
    def rich(
        in_channels: InChannels,
        count: Count = 4,
        mode: Literal["a", "b"] = "a",
        rate: Probability = 0.25,
        needed: str = MISSING,
    ) -> nn.Module:
        """Builds.

        Args:
            count: how many.
        """
        return nn.Identity()

    schema = read(rich, inputs={"x": "B C"}, outputs={"y": "B C"}).schema()
    properties = schema["properties"]
    assert list(properties) == ["in_channels", "count", "mode", "rate", "needed"]
    assert properties["in_channels"]["x-inferred"] == "x"
    assert properties["in_channels"]["default"] is None
    assert properties["count"] == {
        "default": 4,
        "description": "how many.",
        "minimum": 1,
        "title": "Count",
        "type": "integer",
    }
    assert properties["mode"]["enum"] == ["a", "b"]
    assert (properties["rate"]["minimum"], properties["rate"]["maximum"]) == (0, 1)
    assert schema["required"] == ["needed"]
    assert schema["additionalProperties"] is False


# ------------------------------------------------------------------ docstrings


def test_docstring_parts():
    doc = parse_doc(
        r"""Does it.

        $$y = x$$

        More words.

        Args:
            a: first
                and more.
            b: second: with a colon.

        Shape:
            x: (B, C).
            y: the same.

        Raises:
            ValueError: never.

        Source: Someone, 2020;
        a second line.
        """
    )
    assert doc.summary == "Does it."
    assert doc.body == "$$y = x$$\n\nMore words."
    assert doc.args == {"a": "first and more.", "b": "second: with a colon."}
    assert doc.shape == "x: (B, C).\ny: the same."
    assert doc.raises == "ValueError: never."
    assert doc.source == "Someone, 2020;\na second line."


def test_no_docstring_is_empty():
    assert parse_doc(None) == parse_doc("")
    assert parse_doc(None).summary == ""
