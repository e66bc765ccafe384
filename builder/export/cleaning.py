"""Turns the source of one of our definitions into plain Python: no decorator, no marks of ports, no checks.

Each pass takes the text of one top-level statement and gives a new text, so that comments stay where they are.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from typing import TypeGuard

from builder.export.text import LINE_LENGTH, docstring

Function = ast.FunctionDef | ast.AsyncFunctionDef
_PRAGMA = re.compile(r"#\s*(type:\s*ignore|noqa|fmt:|pyright:|ruff:).*")


class Edits:
    """Replacements in a text, at the places of nodes of its tree."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self._edits: list[tuple[int, int, str]] = []

    def offset(self, line: int, column: int) -> int:
        """The index of a place that the tree gives as a line and a column in UTF-8 bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt | ast.arg) -> tuple[int, int]:
        end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(*end)

    def replace(self, node: ast.expr | ast.stmt | ast.arg, new: str) -> None:
        self.cut(*self.span(node), new)

    def cut(self, start: int, end: int, new: str = "") -> None:
        self._edits.append((start, end, new))

    def remove(self, statement: ast.stmt) -> None:
        """Removes a statement's lines, with the comment lines directly above it."""
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        while first > 1 and self.lines[first - 2].strip().startswith("#"):
            first -= 1
        self.cut(self.starts[first - 1], self.starts[statement.end_lineno or statement.lineno])

    def apply(self) -> str:
        text = self.text
        for start, end, new in sorted(self._edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text


# ------------------------------------------------------------------ decorators, docstrings, annotations, pragmas


def strip_decorators(text: str, ours: Callable[[ast.expr], bool]) -> str:
    """Without the decorators that ``ours`` recognises."""
    edits = Edits(text)
    for node in ast.walk(ast.parse(text)):
        for decorator in getattr(node, "decorator_list", []):
            if ours(decorator):
                edits.cut(edits.starts[decorator.lineno - 1], edits.starts[decorator.end_lineno])
    return edits.apply()


def shorten_docstrings(text: str) -> str:
    """Each docstring cut down to its first line."""
    edits = Edits(text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | Function) and (found := ast.get_docstring(node)):
            edits.replace(node.body[0], docstring(found.splitlines()[0], node.body[0].col_offset))
    return edits.apply()


def wrap_comments(text: str) -> str:
    """With comments that make a line too long put above it (below it, where it opens a block) and wrapped."""
    edits = Edits(text)
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type != tokenize.COMMENT or len(token.line.rstrip()) <= LINE_LENGTH:
            continue
        code = token.line[: token.start[1]].rstrip()
        indent = token.line[: len(token.line) - len(token.line.lstrip())] + ("    " if code.endswith(":") else "")
        words = token.string.lstrip("# ")
        comment = textwrap.fill(words, LINE_LENGTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        start, end = edits.starts[token.start[0] - 1 : token.start[0] + 1]
        lines = [code, comment] if code.endswith(":") else [comment, code]
        edits.cut(start, end, "".join(f"{line}\n" for line in lines if line))
    return edits.apply()


def strip_pragmas(text: str) -> str:
    """Without the comments that talk to linters and type checkers."""
    edits = Edits(text)
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type == tokenize.COMMENT and _PRAGMA.fullmatch(token.string):
            line = edits.starts[token.start[0] - 1]
            edits.cut(line + len(token.line[: token.start[1]].rstrip()), line + token.end[1])
    return edits.apply()


def rewrite_annotations(text: str, plain: Callable[[ast.expr], ast.expr]) -> str:
    """With every annotation of an argument, a result or a variable replaced by ``plain`` of it."""
    edits = Edits(text)
    for annotation in annotations_in(ast.parse(text)):
        new = ast.unparse(plain(annotation))
        if new != ast.unparse(annotation):
            edits.replace(annotation, new)
    return edits.apply()


def annotations_in(tree: ast.AST) -> Iterator[ast.expr]:
    """The annotations in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield node.annotation
        if isinstance(node, Function) and node.returns:
            yield node.returns


# ------------------------------------------------------------------ statements and errors


def drop_statements(text: str, unwanted: Callable[[ast.stmt], bool]) -> str:
    """Without the unwanted statements, the ``if``s that they leave empty, and the locals that only they read."""
    edits = Edits(text)

    def goes(statement: ast.stmt) -> bool:
        emptied = isinstance(statement, ast.If) and not statement.orelse and all(map(goes, statement.body))
        return emptied or unwanted(statement)

    def visit(node: ast.AST) -> None:
        for _, value in ast.iter_fields(node):
            statements = [s for s in value if isinstance(s, ast.stmt)] if isinstance(value, list) else []
            going = [s for s in statements if goes(s)]
            for statement in going:
                if len(going) == len(statements) and statement is going[-1]:
                    edits.replace(statement, "pass")
                else:
                    edits.remove(statement)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and child not in going:
                    visit(child)

    for statement in ast.parse(text).body:
        visit(statement)
    return _drop_dead_locals(text, edits.apply())


def _drop_dead_locals(before: str, after: str) -> str:
    """Without the assignments in functions to names that were read before, and no longer are."""
    read = _loads(ast.parse(before))
    while True:
        edits, found = Edits(after), False
        for function in ast.walk(ast.parse(after)):
            if not isinstance(function, Function):
                continue
            dead = read - _loads(function)
            for statement in ast.walk(function):
                if isinstance(statement, ast.Assign | ast.AugAssign) and _targets(statement) <= dead:
                    edits.remove(statement)
                    found = True
        if not found:
            return after
        after = edits.apply()


def _targets(statement: ast.Assign | ast.AugAssign) -> set[str]:
    """The names that an assignment sets; ``"?"``, which no name is, where it sets anything else."""
    targets: Sequence[ast.expr] = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    leaves = [item for t in targets for item in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return {item.id if isinstance(item, ast.Name) else "?" for item in leaves}


def _loads(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def plain_errors(text: str, bilingual: Callable[[ast.expr], bool]) -> str:
    """With our errors in two languages turned into ValueErrors; what only the second language reads is left out."""
    edits = Edits(text)
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and bilingual(n.func)]
    for call in calls:
        edits.replace(call, f"ValueError({text[slice(*edits.span(call.args[0]))]})")
    for node in global_names(ast.parse(text)):
        if bilingual(node) and not any(a <= edits.span(node)[0] < b for a, b in map(edits.span, calls)):
            edits.replace(node, "ValueError")
    return _drop_dead_locals(text, edits.apply())


# ------------------------------------------------------------------ names


def global_names(tree: ast.AST) -> Iterator[ast.Name]:
    """The places where a top-level statement uses names that neither it nor a function around them binds."""
    yield from _free(tree, set())


def _free(node: ast.AST, bound: set[str]) -> Iterator[ast.Name]:
    if isinstance(node, ast.Name):
        if node.id not in bound:
            yield node
    elif isinstance(node, Function | ast.Lambda):
        # Decorators, defaults and annotations belong to the scope around the function.
        arguments = node.args
        for outer in [*getattr(node, "decorator_list", []), *arguments.defaults, *filter(None, arguments.kw_defaults)]:
            yield from _free(outer, bound)
        for annotation in annotations_in(node) if isinstance(node, Function) else ():
            if _belongs(annotation, node):
                yield from _free(annotation, bound)
        body = node.body if isinstance(node, Function) else [node.body]
        inner = bound | _bindings(node)
        for child in body:
            yield from _free(child, inner)
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        inner = bound | {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        for child in ast.iter_child_nodes(node):
            yield from _free(child, inner)
    elif isinstance(node, ast.ClassDef):
        # A class's own names are seen by the statements of its body, but not inside its methods.
        own = {n.id for s in node.body for n in ast.walk(s) if not isinstance(s, Function) and _stores(n)}
        for child in ast.iter_child_nodes(node):
            inside = child in node.body and not isinstance(child, Function)
            yield from _free(child, bound | own if inside else bound)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _free(child, bound)


def _stores(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _belongs(annotation: ast.expr, function: Function | ast.Lambda) -> bool:
    """Whether an annotation is one of the function's own arguments or its result, not of something inside it."""
    args = function.args
    own = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
    return annotation is getattr(function, "returns", None) or any(annotation is a.annotation for a in own)


def _bindings(function: Function | ast.Lambda) -> set[str]:
    """The names that a function binds: its arguments, and what it assigns, defines or imports inside."""
    args = function.args
    own = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
    bound = {a.arg for a in own}
    declared: set[str] = set()
    stack: list[ast.AST] = list(function.body) if isinstance(function, Function) else [function.body]
    while stack:
        node = stack.pop()
        if _stores(node):
            bound.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Global):
            declared |= set(node.names)
        if isinstance(node, Function | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.comprehension):  # its target is bound within it only
            stack += [node.iter, *node.ifs]
        elif not isinstance(node, ast.Lambda):
            stack += ast.iter_child_nodes(node)
    return bound - declared


def rename(text: str, names: dict[str, str]) -> str:
    """With the global names replaced that ``names`` lists, and the definition's own name with them."""
    if all(old == new for old, new in names.items()):
        return text
    edits = Edits(text)
    tree = ast.parse(text)
    renamed = [n for n in global_names(tree) if names.get(n.id, n.id) != n.id]
    # Python 3.11 does not know the places of what stands inside an f-string: it is written anew as a whole.
    formats = [f for f in ast.walk(tree) if isinstance(f, ast.JoinedStr) and any(n in renamed for n in ast.walk(f))]
    inside = {id(n) for f in formats for n in ast.walk(f)}
    for node in renamed:
        if id(node) not in inside:
            edits.replace(node, names[node.id])
        node.id = names[node.id]
    for node in formats:
        edits.replace(node, ast.unparse(node))
    statement = tree.body[0]
    if isinstance(statement, Function | ast.ClassDef) and names.get(statement.name, statement.name) != statement.name:
        head = edits.offset(statement.lineno, statement.col_offset)
        start = text.index(statement.name, head + len("def " if isinstance(statement, Function) else "class "))
        edits.cut(start, start + len(statement.name), names[statement.name])
    return edits.apply()
