"""A compiled graph as one Python file: a class that reads as if a person had written it, and all that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from builder.compiler import Compiled, End
from builder.export.classes import write_classes
from builder.export.layout import Layout
from builder.export.library import Library
from builder.export.samples import samples
from builder.export.scopes import Key
from builder.export.text import Names, class_name, docstring, formatted, packages_of, plain
from components.tensor_spec import TensorSpec


@dataclass(frozen=True)
class ModelSource:
    """The text of ``model.py``: the name of its class, its arguments (data ports of the graph), and its packages."""

    text: str
    name: str
    arguments: dict[End, str]
    outputs: tuple[End, ...]
    packages: frozenset[str]
    layout: Layout

    def state(self, compiled: Compiled) -> dict[str, Tensor]:
        """The weights of the class, with the values of a graph of the same form."""
        return self.layout.state(compiled)


def model_source(compiled: Compiled, outputs: Sequence[End] | None = None, layout: Layout | None = None) -> ModelSource:
    """Writes the model of a graph.

    Args:
        compiled: the graph.
        outputs: what the model gives; its predictions where None.
        layout: what else is computed with its parts.

    Raises:
        ExportError: a node cannot be written as standalone Python.
    """
    wanted = compiled.predictions if outputs is None else list(outputs)
    layout = layout or Layout(compiled, wanted, [])
    program = compiled.program(layout.results)
    ends: list[End] = list(program.outputs)  # type: ignore[arg-type]
    inputs: list[End] = list(program.inputs)  # type: ignore[arg-type]
    meta = compiled.graph.meta
    title = plain(meta.get("title", "")) or "Model"
    names = Names()
    name = names.new(class_name(title, "Model"))
    library = Library(names)
    arguments = {end: _argument(end, inputs) for end in inputs}
    keys: dict[Key, str] = {("", *end): wanted for end, wanted in arguments.items()}
    write_classes(layout, library, name, keys, _doc(compiled, title, arguments, ends))
    parts = [
        docstring(f"{title}."),
        library.definitions(),
        _demonstration(compiled, name, inputs, ends, library, layout),
    ]
    text = "\n\n".join([parts[0], library.imports(), *parts[1:]])  # the imports last: the others may add to them
    return ModelSource(formatted(text), name, arguments, tuple(ends), frozenset(packages_of(text)), layout)


def _argument(end: End, inputs: Sequence[End]) -> str:
    """The name of an input: its port's, with the data set's where two have the same."""
    path, port = end
    alone = [p for _, p in inputs].count(port) == 1
    return port if alone else f"{path.replace('/', '_')}_{port}"


def _doc(compiled: Compiled, title: str, arguments: dict[End, str], outputs: Sequence[End]) -> str:
    meta = compiled.graph.meta
    nodes = compiled.report.nodes
    parts = [f"{title}."]
    if description := plain(meta.get("description", "")):
        parts += ["", description]
    parts += ["", "Shape:"]
    parts += [f"    {name}: {_shape(nodes[path].outputs[port])}" for (path, port), name in arguments.items()]
    parts += [f"    returns: {', '.join(_shape(nodes[path].outputs[port]) for path, port in outputs)}"]
    if source := plain(meta.get("source", "")):
        parts += ["", f"Source: {source}"]
    return "\n".join(parts)


def _shape(spec: TensorSpec) -> str:
    axes = ", ".join(map(str, spec.shape)) + ("," if len(spec.shape) == 1 else "")
    return f"({axes}) {spec.dtype}"


def _demonstration(
    compiled: Compiled, name: str, inputs: Sequence[End], outputs: Sequence[End], library: Library, layout: Layout
) -> str:
    """What the file does when it is run: it shows the model and gives it random inputs."""
    torch = library.torch
    lines = []
    variables = Names([*library.names.taken, "model"])
    for (_, port), sample in zip(
        inputs, samples([compiled.report.nodes[p].outputs[q] for p, q in inputs]), strict=True
    ):
        sizes = ", ".join(map(str, sample.shape))
        if sample.dtype == "bool":
            value = f"{torch}.zeros({sizes}, dtype={torch}.bool)"
        elif sample.dtype.startswith(("int", "uint")):
            value = f"{torch}.randint({sample.high}, {sample.shape})"
        else:
            value = f"{torch}.randn({sizes})"
        lines.append((variables.new(port), value))
    call = f"model({', '.join(variable for variable, _ in lines)})"
    shapes = (
        f"print(tuple({call}.shape))" if len(outputs) == 1 else f"for y in {call}:\n            print(tuple(y.shape))"
    )
    return (
        'if __name__ == "__main__":\n'
        f"    model = {name}().eval()\n"
        "    print(model)\n"
        '    print(sum(p.numel() for p in model.parameters()), "parameters")\n'
        + "".join(f"    {variable} = {value}\n" for variable, value in lines)
        + f"    with {torch}.{without_gradients(layout)}():\n"
        f"        {shapes}\n"
    )


def without_gradients(layout: Layout) -> str:
    """How a prediction is computed: a node that takes a function may need gradients of its own."""
    return "no_grad" if layout.taken else "inference_mode"
