"""Templates as the source of classes: one for the model, one for each block (several where its uses differ in form)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from builder.export.calls import replace_names
from builder.export.constructors import Argument
from builder.export.layout import Layout
from builder.export.library import Library
from builder.export.scopes import Key, Leaf, Scope
from builder.export.templates import ClassUse, Hole, Line, Template, Writer
from builder.export.text import LINE_LENGTH, Names, class_name, docstring, literal, plain, type_name
from components.tensor_spec import TensorSpec


def write_classes(layout: Layout, library: Library, name: str, inputs: Mapping[Key, str], doc: str) -> None:
    """Adds the classes of the blocks and of the model to a file's definitions."""
    compiled = layout.compiled
    uses: dict[str, ClassUse] = {}
    by_block: dict[str, list[Scope]] = {}
    shared = tuple(scope.prefix for scope in layout.root.scopes() if scope.owner)
    for scope in layout.root.scopes():
        if scope.block and not scope.prefix.startswith(shared):
            by_block.setdefault(scope.block, []).append(scope)
    for block in sorted(by_block, key=lambda b: max(map(_height, by_block[b]))):
        groups: dict[tuple[Any, ...], list[Template]] = {}
        for scope in by_block[block]:
            given = {key: _input_name(key) for key in scope.inputs if key in scope.used}
            template = Writer(layout, library, uses, scope).template(given)
            groups.setdefault(template.key, []).append(template)
        title = _title(block, compiled.graph.blocks[block].meta)
        for templates in groups.values():
            own = class_name(block.replace("_", " ").title(), "Block")
            uses |= _Class(library, templates).write(own, title)
    template = Writer(layout, library, uses, layout.root).template(inputs)
    _Class(library, [template]).write(name, doc, reserved=True)


def _title(block: str, meta: Mapping[str, Any]) -> str:
    """The docstring of a block's class."""
    words = block.replace("_", " ").strip()
    return plain(meta.get("title") or f"{words[:1].upper()}{words[1:]}{'' if words.endswith('block') else ' block'}.")


def _height(scope: Scope) -> int:
    """How many blocks deep a scope is."""
    inner = [item for item in scope.items.values() if isinstance(item, Scope)]
    taken = [b for i in scope.items.values() if isinstance(i, Leaf) for b in i.blocks.values() if isinstance(b, Scope)]
    return 1 + max(map(_height, [*inner, *taken]), default=0)


def _input_name(key: Key) -> str:
    """The wanted name of a block's input: its port's, numbered where several wires enter by it."""
    port, number = key[0], key[1]
    return key[-1] if port == "" else port if number == "0" else f"{port}{int(number) + 1}"


class _Class:
    """One class from templates that differ in their holes only."""

    def __init__(self, library: Library, templates: Sequence[Template]) -> None:
        self.library, self.templates = library, templates
        self.first = templates[0]
        self.vectors = [tuple(t.holes[i] for t in templates) for i in range(len(self.first.holes))]
        self.params: dict[str, tuple[Any, ...]] = {}
        """The constructor's parameters, with each use's value."""
        self.param_of: dict[int, str] = {}
        self._find_params()

    def _find_params(self) -> None:
        """Holes whose value differs from use to use become parameters, named after the block's of the same values."""
        names = Names(self.library.names.taken)
        wanted: dict[tuple[str, str], str] = {}
        for index, holes in enumerate(self.vectors):
            values = tuple(hole.key for hole in holes)
            if len(set(values)) == 1:
                continue
            hint = next((p for p in self.first.scope.params if self._block_values(p) == values), holes[0].hint)
            name = wanted.get((hint, str(values)))
            if name is None:
                name = wanted[hint, str(values)] = names.new(hint)
                self.params[name] = tuple(hole.value for hole in holes)
            self.param_of[index] = name

    def _block_values(self, name: str) -> tuple[str, ...]:
        return tuple(Hole(t.scope.params[name], "").key for t in self.templates)

    # ------------------------------------------------------------------ text

    def write(self, name: str, doc: str, reserved: bool = False) -> dict[str, ClassUse]:
        """Adds the class to the library; how each of the scopes constructs it."""
        if not reserved:
            name = self.library.names.new(name)
        kept = self._kept_params()
        inits = [ast.unparse(self._filled(s, in_forward=False)) for s in self.first.inits]
        tensor = self.library.tensor
        arguments = [
            f"{a}: {self.library.nn}.Module" if a in self.first.modules else f"{a}: {tensor}"
            for a in self.first.arguments
        ]
        results = self.first.results
        returns = tensor if len(results) == 1 else f"tuple[{', '.join([tensor] * len(results))}]"
        lines = [f"class {name}({self.library.nn}.Module):", _indented(docstring(doc, 4), 4)]
        params = [f"{p}: {type_name(values)}" for p, values in self.params.items()]
        if inits or kept:
            lines += ["", f"    def __init__({', '.join(['self', *params])}) -> None:", "        super().__init__()"]
            lines += [f"        self.{attribute} = {param}" for param, attribute in kept.items()]
            lines += [_indented(text, 8) for text in inits]
        if self.first.has_forward:
            lines += ["", f"    def forward({', '.join(['self', *arguments])}) -> {returns}:"]
            lines += self._input_comment()
            for index, line in enumerate(self.first.lines):
                code = _indented(ast.unparse(self._filled(line.statement, in_forward=True)), 8)
                lines += _commented(code, self._shapes([t.lines[index] for t in self.templates]))
            lines.append(f"        return {', '.join(results)}")
        self.library.add_text(name, "\n".join(lines) + "\n")
        return {
            t.scope.prefix: ClassUse(name, {p: values[i] for p, values in self.params.items()})
            for i, t in enumerate(self.templates)
        }

    def _kept_params(self) -> dict[str, str]:
        """The parameters that forward reads, and the attribute that keeps each."""
        read = {n.id for line in self.first.lines for n in ast.walk(line.statement) if isinstance(n, ast.Name)}
        taken = Names({a.split(".")[0] for a in self._attributes()})
        self.kept = {
            p: taken.new(p)
            for p in self.params
            if any(self.param_of.get(i) == p and f"__hole_{i}__" in read for i in range(len(self.vectors)))
        }
        return self.kept

    def _attributes(self) -> Iterable[str]:
        for statement in self.first.inits:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
                yield statement.targets[0].attr

    def _filled(self, statement: ast.stmt, in_forward: bool) -> ast.stmt:
        """A template's statement with values, parameters or attributes in the place of its holes."""
        known: dict[str, ast.expr] = {}
        for index, holes in enumerate(self.vectors):
            param = self.param_of.get(index)
            if param is None:
                known[f"__hole_{index}__"] = literal(holes[0].value)
            elif in_forward and param in self.kept:
                known[f"__hole_{index}__"] = ast.Attribute(ast.Name("self", ast.Load()), self.kept[param], ast.Load())
            else:
                known[f"__hole_{index}__"] = ast.Name(param, ast.Load())
        dropped = {f"__hole_{i}__" for i, holes in enumerate(self.vectors) if self._is_default(i, holes[0])}
        return _spliced(replace_names(_without(statement, dropped), known))

    def _is_default(self, index: int, hole: Hole) -> bool:
        argument = Argument("keyword" if hole.keyword else "", hole.value, hole.default)
        return index not in self.param_of and argument.is_default

    # ------------------------------------------------------------------ shapes

    def _input_comment(self) -> list[str]:
        shapes = [
            (name, [t.shapes[i] for t in self.templates])
            for i, name in enumerate(a for a in self.first.arguments if a not in self.first.modules)
        ]
        text = ", ".join(f"{name} {self._shape(specs)}" for name, specs in shapes if None not in specs)  # type: ignore[arg-type]
        return [f"        # {text}"] if text and len(text) < LINE_LENGTH - 10 else []

    def _shapes(self, lines: Sequence[Line]) -> str:
        names = [name for name, _ in lines[0].shapes]
        texts = [self._shape([line.shapes[i][1] for line in lines]) for i in range(len(names))]
        return texts[0] if len(texts) == 1 else ", ".join(f"{n} {t}" for n, t in zip(names, texts, strict=True))

    def _shape(self, specs: Sequence[TensorSpec]) -> str:
        """A shape in words; an axis that differs between uses has the name of a parameter of these sizes, or ``*``."""
        axes = []
        for sizes in zip(*(spec.shape for spec in specs), strict=False):
            found = next((p for p, values in self.params.items() if values == sizes), "*")
            axes.append(str(sizes[0]) if len(set(sizes)) == 1 else found)
        return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


def _indented(text: str, spaces: int) -> str:
    """Code moved to the right; the lines of a docstring stand where they should already."""
    first, *rest = text.split("\n")
    indent = " " * spaces
    if text.startswith('"""'):
        return "\n".join([indent + first, *rest])
    return "\n".join(indent + line for line in (first, *rest))


def _commented(code: str, comment: str) -> list[str]:
    """Code with a comment behind it, or above it where the line would be too long."""
    if not comment:
        return [code]
    if "\n" not in code and len(code) + len(comment) + 4 <= LINE_LENGTH:
        return [f"{code}  # {comment}"]
    return [f"        # {comment}", code]


def _without(statement: ast.stmt, dropped: set[str]) -> ast.stmt:
    """A statement without the keyword arguments that are given one of these names."""
    copied = ast.parse(ast.unparse(statement)).body[0]
    for call in (n for n in ast.walk(copied) if isinstance(n, ast.Call)):
        call.keywords = [k for k in call.keywords if not (isinstance(k.value, ast.Name) and k.value.id in dropped)]
    return copied


def _spliced(statement: ast.stmt) -> ast.stmt:
    """A statement with ``f(*(1, 2))`` written as ``f(1, 2)``."""
    for call in (n for n in ast.walk(statement) if isinstance(n, ast.Call)):
        args: list[ast.expr] = []
        for arg in call.args:
            inner = arg.value if isinstance(arg, ast.Starred) else None
            args += inner.elts if isinstance(inner, ast.Tuple | ast.List) else [arg]
        call.args = args
    return statement
