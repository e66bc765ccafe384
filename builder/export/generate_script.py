"""Writes ``generate.py`` of a project: what its visualizers show, computed with the weights and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.export.computing import Scribe
from builder.export.layout import Demand
from builder.export.library import Library, Symbol
from builder.export.loading import loader_name
from builder.export.script import LOCALS, Both, Script, script_text
from builder.export.text import Names
from builder.graph import FlatNode

if TYPE_CHECKING:
    from builder.export.train_script import TrainWriter

_WRITE = {
    "images": ['    save_image({value}, folder / "{name}.png")'],
    "maps": [
        "    drawn = {value}.reshape(len({value}), -1, *{value}.shape[-2:]).sum(1, keepdim=True)",
        '    save_image(drawn, folder / "{name}.png", normalize=True, scale_each=True)',
    ],
    "sequences": ["    for row in {value}.tolist():", "        print(*row)"],
    "vectors": ["    print({value})"],
}
"""By form, how a value is shown."""


def write_generate(training: TrainWriter) -> Script:
    """A script that loads the weights, and shows and keeps what each visualizer shows."""
    plan, model = training.plan, training.model
    alone = len(plan.settings) == 1
    own = Library(Names([*LOCALS, model.name, "HERE", "SEED", "folder"]))
    for module in ("argparse", "torch"):
        own.use(Symbol(module, ""))
    own.use(Symbol("pathlib", "Path"))
    for name in ("load_file", "save_file"):
        own.use(Symbol("safetensors.torch", name))
    library = Both(own, training.library.parts)
    words = [path.replace("/", "_") for path in plan.settings]
    names = Names([*own.names.taken, *library.parts.names.taken, *(f"{w}_batch" for w in words), "device"])
    scribe = Scribe(plan.layout, model, library, names, ())
    loaders: dict[str, None] = {}
    body: list[str] = []
    for node, d in plan.views:
        raw = scribe.data_of(d)
        count = int(plan.compiled.analysis.values[node.path].get("count", 1))
        body += ["", f"    # {node.path}"]
        batches = {path: "batch" if alone else f"{path.replace('/', '_')}_batch" for path, _ in raw}
        for path, batch in batches.items():
            loaders[loader_name(path, alone)] = None
            body += [
                f'    split = {loader_name(path, alone)}().load("valid")',
                f"    {batch} = split.__getitems__(torch.arange(min({count}, len(split))))",
            ]
        if raw:
            given = ", ".join(f'{batches[path]}["{port}"]' for path, port in raw)
            body.append(f"    {', '.join(scribe.read(raw))} = {given}")
        body += ["    torch.manual_seed(SEED)", *_shown(node, d, scribe)]
        if _form(training, node) in ("images", "maps"):
            own.use(Symbol("torchvision.utils", "save_image"))
        value = scribe.value(d.ends[0], d)
        name = node.path.replace("/", ".")
        body.append(f'    save_file({{"value": {value}.contiguous()}}, folder / "{name}.safetensors")')
        body += [line.format(value=value, name=name) for line in _WRITE[_form(training, node)]]
    lines = [
        "@torch.no_grad()",
        "def main() -> None:",
        "    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])",
        '    parser.add_argument("--weights", type=Path, default=HERE / "weights.safetensors")',
        "    args = parser.parse_args()",
        f"    model = {model.name}()",
        "    model.load_state_dict(load_file(args.weights))",
        "    model.eval()",
        '    folder = HERE / "generated"',
        "    folder.mkdir(exist_ok=True)",
        *body,
        "",
        "",
        'if __name__ == "__main__":',
        "    main()",
    ]
    flat = plan.compiled.flat.nodes
    shown = {node.path for node, _ in plan.views}
    modules = [f"{name} = {training.made(flat[p], library)}\n" for p, name in scribe.modules.items() if p in shown]
    head = f"from data import {', '.join(sorted(loaders))}\n" if loaders else ""
    head += f"from model import {model.name}\n"
    if library.imported:
        head += f"from parts import {', '.join(sorted(library.imported))}\n"
    head += f"\nHERE = Path(__file__).parent\nSEED = {plan.seed}\n{''.join(modules)}"
    summary = f"Writes what {training.title} generates to the folder generated."
    return Script(script_text(summary, own, head, "\n".join(lines) + "\n"))


def _shown(node: FlatNode, d: Demand, scribe: Scribe) -> list[str]:
    return [f"    {line}" for piece in scribe.pieces(d) for line in piece.lines]


def _form(training: TrainWriter, node: FlatNode) -> str:
    return str(getattr(training.compiled.module(node.path), "form", "vectors"))
