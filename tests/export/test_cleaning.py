"""What becomes of a component's source: plain Python that says the same, with its comments, and without what is ours."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.export import ExportError, cleaning, library
from builder.export.library import Library, Symbol, definition
from builder.export.text import Names, formatted

MODULE = "components.exported_sample"
SAMPLE = '''
from __future__ import annotations

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.rules import require
from components.spec import Count, Dims, InChannels, Size, example

Kind = Literal["a", "b"]
Share = Annotated[float, Field(ge=0.0)] | None
TABLE = {"a": torch.relu, "b": F.gelu}  # by name
LOW, HIGH = 1, 7


def check(size: int) -> None:
    """Holds the size against its rule."""
    rule = ("odd", "奇数")
    require(size % 2 == 1, "sample", "size", rule, size)


def scaled(x: Tensor, scale: float) -> Tensor:
    """x times the scale.

    Shape:
        x: any.
    """
    return x * scale * LOW


class Sample(nn.Module):
    r"""Does a little.

    $$y = x$$

    Args:
        size: of something.
    """

    def __init__(self, channels: InChannels, size: Size = 3, kind: Kind = "a", share: Share = None) -> None:
        super().__init__()
        # An even size would shift the result.
        check(size)
        if share is not None:
            require(share < 1, "sample", "share", ("less than 1", "小于 1"), share)
        self.act, self.size = TABLE[kind], size  # type: ignore[assignment]

    def forward(self, x: Annotated[Tensor, Dims("N C")], y: Annotated[Tensor, Dims("N")] | None = None) -> Tensor:
        if x.shape[1] > HIGH:
            got, got_zh = f"{HIGH}", f"{x.shape[1]} 项"
            raise InputError(f"Too wide: {HIGH}. Got {got}.", f"太宽：{got_zh}。")
        scale = sum(HIGH for HIGH in (1, 2))
        return scaled(self.act(x), scale)  # a comment that is much longer than a line of the exported file may be, so it moves
'''


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A module of components with every habit that the exporter has to clean."""
    import importlib.util
    import sys

    path = tmp_path / "exported_sample.py"
    path.write_text(SAMPLE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(MODULE, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, MODULE, module)
    spec.loader.exec_module(module)
    for cache in (library.definition, library.source_of, library._checks):
        cache.cache_clear()
    yield MODULE
    for cache in (library.definition, library.source_of, library._checks):
        cache.cache_clear()


def test_a_class_is_cleaned_with_all_that_it_needs(sample: str) -> None:
    made = Library(Names())
    assert made.use(Symbol(sample, "Sample")) == "Sample"
    text = formatted(made.imports() + "\n\n" + made.definitions())
    assert text == textwrap.dedent(
        '''\
        from typing import Literal

        import torch
        import torch.nn.functional as F
        from torch import Tensor, nn

        Kind = Literal["a", "b"]
        TABLE = {"a": torch.relu, "b": F.gelu}  # by name
        LOW, HIGH = 1, 7


        def scaled(x: Tensor, scale: float) -> Tensor:
            """x times the scale."""
            return x * scale * LOW


        class Sample(nn.Module):
            """Does a little."""

            def __init__(
                self,
                channels: int,
                size: int | tuple[int, ...] = 3,
                kind: Kind = "a",
                share: float | None = None,
            ) -> None:
                super().__init__()
                self.act, self.size = TABLE[kind], size

            def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
                if x.shape[1] > HIGH:
                    got, got_zh = f"{HIGH}", f"{x.shape[1]} 项"
                    raise ValueError(f"Too wide: {HIGH}. Got {got}.")
                scale = sum(HIGH for HIGH in (1, 2))
                # a comment that is much longer than a line of the exported file may be, so it moves
                return scaled(self.act(x), scale)
        '''
    )


def test_names_that_are_taken_are_replaced_everywhere(sample: str) -> None:
    made = Library(Names(["Sample", "scaled", "TABLE", "HIGH", "nn", "Tensor"]))
    assert made.use(Symbol(sample, "Sample")) == "Sample2"
    text = formatted(made.imports() + "\n\n" + made.definitions())
    assert "class Sample2(nn2.Module):" in text
    assert "from torch import Tensor as Tensor2\n" in text and "import torch.nn as nn2" in text
    assert "def scaled2(x: Tensor2, scale: float) -> Tensor2:" in text
    assert "TABLE2[kind]" in text and "scaled2(self.act(x), scale)" in text
    assert "LOW, HIGH2 = 1, 7" in text
    assert 'raise ValueError(f"Too wide: {HIGH2}. Got {got}.")' in text, text
    assert "sum(HIGH for HIGH in (1, 2))" in text  # bound in the comprehension: another name


def test_a_name_that_nothing_defines_is_refused(sample: str) -> None:
    with pytest.raises(ExportError, match=f"{MODULE}.missing cannot be written as standalone Python") as caught:
        definition(Symbol(sample, "missing"))
    assert "无法写成独立的 Python" in caught.value.message_zh


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f():\n    drop()\n", "def f():\n    pass\n"),
        ("def f():\n    if a:\n        drop()\n    return 1\n", "def f():\n    return 1\n"),
        ("def f():\n    if a:\n        drop()\n    else:\n        keep()\n", "def f():\n    if a:\n        pass\n    else:\n        keep()\n"),
        ("def f():\n    r = 1\n    drop(r)\n    return 2\n", "def f():\n    return 2\n"),
        ("def f():\n    r = 1\n    drop(r)\n    return r\n", "def f():\n    r = 1\n    return r\n"),
        ("def f():\n    r = 1\n    r += 2\n    drop(r)\n    keep()\n", "def f():\n    keep()\n"),
        ("def f():\n    # why\n    drop()\n    keep()  # stays\n", "def f():\n    keep()  # stays\n"),
    ],
)  # fmt: skip
def test_unwanted_statements_go_with_what_only_they_need(before: str, after: str) -> None:
    def unwanted(statement: ast.stmt) -> bool:
        return isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("drop")

    assert cleaning.drop_statements(before, unwanted) == after


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(a, *b, c=d, **e):\n    return a + b + c + e + g\n", {"d", "g"}),
        ("def f():\n    x = 1\n    return [x for y in z if y]\n", {"z"}),
        ("class A(B):\n    c = d\n    e = c\n    def f(self):\n        return c\n", {"B", "d", "c"}),
        ("def f():\n    import a\n    try:\n        a()\n    except E as error:\n        raise error\n", {"E"}),
        ("f = lambda x: x + y\n", {"f", "y"}),
        ("def f(x: T) -> U:\n    def g():\n        return x\n    return g\n", {"T", "U"}),
        ("def f():\n    global counter\n    counter = 1\n", {"counter"}),
    ],
)  # fmt: skip
def test_global_names_are_those_that_no_scope_binds(source: str, names: set[str]) -> None:
    assert {node.id for node in cleaning.global_names(ast.parse(source))} == names
