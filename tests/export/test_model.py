"""The exported class equals the compiled model: structure, weights, outputs, and a text that reads as a person's."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies

from builder.compiler import Compiled
from builder.export import ExportError, ModelSource, model_source, verify
from builder.export.samples import SIZES, batch
from builder.export.text import literal
from tests.export.graphs import ALL, NASTY, block, convolutional, data, graph

SEED = 7


@dataclass
class Exported:
    compiled: Compiled
    source: ModelSource
    outcomes: dict[bool, verify.Outcome]


@pytest.fixture(scope="module")
def exported(given_data: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Exported]]:
    """Every graph, written and run in evaluation and in training, all in one process."""
    folder = tmp_path_factory.mktemp("models")
    found: dict[str, Exported] = {}
    jobs: dict[tuple[str, bool], verify.Job] = {}
    for name, make in ALL.items():
        compiled = Compiled(make(), seed=SEED)
        source = model_source(compiled)
        path = folder / f"{name}.py"
        path.write_text(source.text, encoding="utf-8")
        found[name] = Exported(compiled, source, {})
        program = compiled.model
        specs = [compiled.report.nodes[node].outputs[port] for node, port in program.inputs]  # type: ignore[union-attr]
        batches = [batch(specs, seed, sizes) for seed, sizes in enumerate(SIZES)]
        for training in (False, True):
            jobs[name, training] = verify.Job(path, "python", program, batches, source.name, SEED, training)
    for (name, training), outcome in zip(jobs, verify.run(list(jobs.values())), strict=True):
        found[name].outcomes[training] = outcome
    yield found


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("name", ALL)
def test_outputs_are_equal_bit_for_bit(name: str, training: bool, exported: dict[str, Exported]) -> None:
    outcome = exported[name].outcomes[training]
    assert not outcome.error, outcome.error
    assert outcome.equal, outcome.max_difference


@pytest.mark.parametrize("name", ALL)
def test_a_seed_gives_the_same_weights_under_the_same_names(name: str, exported: dict[str, Exported]) -> None:
    expected = Compiled(ALL[name](), seed=SEED).model.state_dict()
    initial = exported[name].outcomes[False].initial
    assert initial.keys() == expected.keys()
    for key, tensor in expected.items():
        assert torch.equal(initial[key], tensor), key


@pytest.mark.parametrize("name", ALL)
def test_the_same_parameters_are_frozen(name: str, exported: dict[str, Exported]) -> None:
    model = exported[name].compiled.model
    frozen = {key for key, parameter in model.named_parameters() if not parameter.requires_grad}
    assert set(exported[name].outcomes[False].frozen) == frozen


@pytest.mark.parametrize("name", ALL)
def test_the_text_is_the_same_every_time(name: str, exported: dict[str, Exported]) -> None:
    assert model_source(Compiled(ALL[name](), seed=1)).text == exported[name].source.text


@pytest.mark.parametrize("name", ALL)
def test_code_is_short_lined_and_knows_nothing_of_us(name: str, exported: dict[str, Exported]) -> None:
    text = exported[name].source.text
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r"\b(components|builder|Annotated|Dims|Inferred|require_\w+)\b", text)
    roots = {"torch", "torchvision", "torch_geometric", "collections", "typing", "math"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= roots
        if isinstance(node, ast.ImportFrom):
            assert str(node.module).partition(".")[0] in roots


def test_settings_are_written(exported: dict[str, Exported]) -> None:
    assert exported["frozen_and_filled"].outcomes[False].frozen == ["conv.weight", "conv.bias"]
    text = exported["frozen_and_filled"].source.text
    assert "self.conv.requires_grad_(False)" in text
    assert 'initialise(self.conv, Kaiming(mode="fan_out"))' in text
    assert "Mimetic()(self.encoder)" in text


def test_a_layer_is_written_with_what_differs_from_its_defaults() -> None:
    text = model_source(Compiled(convolutional())).text
    assert "self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=2)\n" in text
    assert "self.pool1 = nn.MaxPool2d(2)\n" in text
    assert "x = self.conv1(x)  # (B, 6, 12, 12)\n" in text
    assert "x = self.pool1(x)  # (B, 6, 6, 6)\n" in text
    assert text.count("class ") == 1
    assert "class LeNet5OnMNIST(nn.Module):" in text
    assert "A small network." in text and "LeCun et al. 1998" in text


def test_a_block_is_one_class_with_what_differs_as_parameters(exported: dict[str, Exported]) -> None:
    text = exported["residual"].source.text
    assert text.count("class Residual(nn.Module):") == 1 and text.count("class ") == 2
    assert "def __init__(self, in_channels: int, channels: int, stride: int) -> None:" in text
    assert "self.res2 = Residual(8, 16, stride=2)" in text
    copies = 'nn.Sequential(OrderedDict({f"n{i}": Residual(16, 16, stride=1) for i in range(3)}))'
    assert f"self.stack = {copies}" in re.sub(r"\(\s+", "(", re.sub(r"\s+\)", ")", text))
    assert "x = self.stack(x)" in text


def test_a_repeated_block_with_a_common_input_is_a_loop(exported: dict[str, Exported]) -> None:
    text = exported["repeated_with_mask"].source.text
    assert 'self.layers = nn.ModuleDict({f"n{i}": Encoder() for i in range(2)})' in text
    assert re.search(r"for layer in self\.layers\.values\(\):\n            x = layer\(x, pad\)", text)


def test_copies_that_differ_are_written_one_by_one(exported: dict[str, Exported]) -> None:
    text = exported["growing_stack"].source.text
    assert '"n0": Widen(5)' in text and '"n1": Widen(6)' in text


def test_a_shared_module_is_made_once_and_called_again(exported: dict[str, Exported]) -> None:
    text = exported["shared"].source.text
    assert "self.left.fc(" in text
    assert re.search(r"self\.follow\(\w+, self\.left\.fc\)", text)
    assert text.count("self.own(") == 2


def test_two_inputs_of_one_name_are_told_apart() -> None:
    text = model_source(
        Compiled(
            graph(
                {"a": data(x=("B", 2)), "b": data(x=("B", 2)), "add": "op_add", "fc": ("linear", {"out_features": 3})},
                ["a.x>add.xs", "b.x>add.xs", "add.y>fc.x"],
            )
        )
    ).text
    assert "def forward(self, a_x: Tensor, b_x: Tensor) -> Tensor:" in text


# ------------------------------------------------------------------ texts from files


def titled(title: str, description: str = "", block_title: str = "") -> str:
    made = graph(
        {"data": data(x=("B", 3)), "use": "block:passed_on", "fc": ("linear", {"out_features": 2})},
        ["data.x>use.x", "use.y>fc.x"],
        {"passed_on": block({}, {"x": "port_in", "act": "act_relu", "y": "port_out"}, ["x.y>act.x", "act.y>y.x"])},
        {"title": title, "description": description, "source": title},
    )
    made.blocks["passed_on"].meta["title"] = block_title
    return model_source(Compiled(made)).text


def code_of(text: str) -> list[str]:
    """The statements of a file without its docstrings and the name of the model's class."""
    tree = ast.parse(text)
    model = tree.body[-2]
    assert isinstance(model, ast.ClassDef)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.Module):
            assert isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            node.body[0].value.value = ""
    return re.sub(rf"\b{model.name}\b", "Model", ast.unparse(tree)).splitlines()


@pytest.mark.parametrize("text", NASTY)
def test_a_text_from_a_file_stays_a_text(text: str) -> None:
    written = titled(text, text, text)
    assert code_of(written) == code_of(titled("Plain", "Plain", "Plain"))
    written.encode("utf-8")
    assert max(map(len, written.splitlines())) <= 100 or "a" * 90 in written
    assert not any(unicodedata.category(c) == "Cf" for c in written)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    strategies.text(max_size=60) | strategies.text(alphabet="\"'\\\n\r{}#()", max_size=20), strategies.text(max_size=80)
)
def test_any_text_from_a_file_stays_a_text(title: str, description: str) -> None:
    assert code_of(titled(title, description, description)) == code_of(titled("Plain", "Plain", "Plain"))


def test_a_docstring_says_what_the_file_says() -> None:
    tree = ast.parse(titled('Say "hi" \\ 你好', "So long"))
    model = tree.body[-2]
    assert isinstance(model, ast.ClassDef)
    assert str(ast.get_docstring(model)).startswith('Say "hi" \\ 你好.\n\nSo long\n')


def test_a_parameter_value_stays_a_value() -> None:
    # No component of a model takes free text, so one is made that does.
    nasty = 'x", __import__("os").system("true") #'
    tree = ast.parse(ast.unparse(literal((nasty, -1.5, 1e-05, float("inf"), None, {"a": [True]}))), mode="eval")
    assert isinstance(tree.body, ast.Tuple)
    assert isinstance(tree.body.elts[0], ast.Constant) and tree.body.elts[0].value == nasty
    assert [ast.unparse(e) for e in tree.body.elts[1:]] == ["-1.5", "1e-05", "float('inf')", "None", "{'a': [True]}"]


def test_a_value_that_no_source_can_hold_is_refused() -> None:
    with pytest.raises(ExportError, match="type object cannot be written") as caught:
        literal(object())
    assert "object" in caught.value.message_zh


# ------------------------------------------------------------------ words that have a meaning

WORDS = [
    "self", "forward", "x", "y", "z", "nn", "torch", "Tensor", "F", "math", "Model", "OrderedDict", "class", "def", "None",
    "True", "lambda", "match", "print", "super", "tuple", "int", "train", "eval", "training", "parameters", "layer", "n0",
    "i", "values", "type", "half", "T_destination", "collections", "initialise", "Orthogonal", "block", "split", "range",
    "Linear", "init", "weight", "add_module", "x2", "y2", "Inner", "conv1",
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(strategies.lists(strategies.sampled_from(WORDS), min_size=10, max_size=10, unique=True), strategies.booleans())
def test_any_words_may_be_ids(words: list[str], repeated: bool) -> None:
    a, b, c, d, use, name, port, out, inner, param = words
    made = graph(
        {
            "data": data(x=("B", 6), y=("B", 4)),
            a: ("linear", {"out_features": 4}, {"init": {"component": "init_orthogonal"}}),
            b: ("op_split", {"sections": 2}),
            c: "op_add",
            use: (f"block:{name}", {param: 2}, {"repeat": 2} if repeated else {}),
            d: ("op_concat", {"dim": 1}),
        },
        [f"data.x>{a}.x", f"{a}.y>{b}.x", f"{b}.y1>{c}.xs", f"{b}.y2>{c}.xs", f"{c}.y>{use}.{port}", f"{use}.{out}>{d}.xs",
         f"data.y>{d}.xs"],
        {
            name: block(
                {param: 3},
                {port: "port_in", inner: ("linear", {"out_features": {"param": param}}), "act": "act_softmax", out: "port_out"},
                [f"{port}.y>{inner}.x", f"{inner}.y>act.x", f"act.y>{out}.x"],
            )
        },
        {"title": a},
    )  # fmt: skip
    compiled = Compiled(made, seed=1)
    source = model_source(compiled)
    namespace: dict[str, object] = {"__name__": "exported"}
    exec(compile(source.text, "model.py", "exec"), namespace)  # a text of this test's own making
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = namespace[source.name]()  # type: ignore[operator]
    assert model.state_dict().keys() == compiled.model.state_dict().keys()
    inputs = torch.randn(3, 6), torch.randn(3, 4)
    assert torch.equal(model(*inputs), compiled.model(*inputs))
