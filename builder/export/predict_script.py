"""Writes ``predict.py`` of a project: what the model says of samples of the test split."""

from __future__ import annotations

from collections.abc import Sequence

from builder.compiler import Compiled, End
from builder.export.library import Library, Symbol
from builder.export.loading import loader_name
from builder.export.model import ModelSource, without_gradients
from builder.export.script import LOCALS, Script, script_text
from builder.export.text import Names
from builder.export.training import TrainingPlan
from components.data._base import TextDataset


def write_predict(plan: TrainingPlan, model: ModelSource, title: str) -> Script:
    """A script that loads the weights and shows what the model says of samples of the test split."""
    compiled = plan.compiled
    library = Library(Names([*LOCALS, model.name, "HERE"]))
    for module in ("argparse", "torch"):
        library.use(Symbol(module, ""))
    library.use(Symbol("pathlib", "Path"))
    library.use(Symbol("safetensors.torch", "load_file"))
    sets = list(dict.fromkeys(path for path, _ in model.arguments))
    alone = len(plan.settings) == 1
    batches = {path: "batch" if len(sets) == 1 else f"{path.replace('/', '_')}_batch" for path in sets}
    given = ", ".join(f'{batches[path]}["{port}"]' for path, port in model.arguments)
    prediction = compiled.predictions[0]
    place = model.outputs.index(prediction)
    picked = f"model({given})" + (f"[{place}]" if len(model.outputs) > 1 else "")
    nodes = compiled.report.nodes
    target = next(((path, "y") for path in sets if "y" in nodes[path].outputs), None)
    reading = []
    for path, batch in batches.items():
        reading += [
            f"    data = {loader_name(path, alone)}()",
            '    split = data.load("test")',
            f"    {batch} = split.__getitems__(torch.arange(min(args.count, len(split))))",
        ]
    lines = [
        "def main() -> None:",
        "    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])",
        '    parser.add_argument("--weights", type=Path, default=HERE / "weights.safetensors")',
        '    parser.add_argument("--count", type=int, default=10, help="samples to show")',
        "    args = parser.parse_args()",
        f"    model = {model.name}()",
        "    model.load_state_dict(load_file(args.weights))",
        "    model.eval()",
        *reading,
        f"    with torch.{without_gradients(model.layout)}():",
        f"        prediction = {picked}",
        *_shown(compiled, prediction, target if len(sets) == 1 else None, sets),
        "",
        "",
        'if __name__ == "__main__":',
        "    main()",
    ]
    loaders = sorted({loader_name(path, alone) for path in sets})
    own = f"from data import {', '.join(loaders)}\nfrom model import {model.name}\n\nHERE = Path(__file__).parent\n"
    text = "\n".join(lines) + "\n"
    return Script(script_text(f"Shows predictions of {title} on samples of the test split.", library, own, text))


def _shown(compiled: Compiled, prediction: End, target: End | None, sets: Sequence[str]) -> list[str]:
    """How predictions are printed: as classes with their probability where they are such, else as numbers."""
    dataset = compiled.dataset(sets[0]) if len(sets) == 1 else None
    classes = getattr(dataset, "classes", None)
    shape = compiled.report.nodes[prediction[0]].outputs[prediction[1]].shape
    wanted = compiled.report.nodes[target[0]].outputs[target[1]] if target else None
    if classes and len(shape) == 2 and shape[1] == len(classes) and wanted is not None and len(wanted.shape) == 1:
        return [
            "    probability, best = prediction.softmax(1).max(1)",
            "    for number in range(min(args.count, len(best))):",
            "        said, sure = data.classes[int(best[number])], float(probability[number])",
            '        truth = int(batch["y"][number])',
            '        known = data.classes[truth] if truth >= 0 else "?"',
            '        print(f"{number}: {said} ({sure:.1%}), truth: {known}")',
        ]
    read = next((port for path, port in compiled.program([prediction]).inputs if port == "x"), "")  # type: ignore[union-attr]
    if isinstance(dataset, TextDataset) and len(shape) == 3 and shape[2] == len(dataset.vocabulary) and read:
        return [
            "    for number in range(len(prediction)):",
            "        print(f\"{number}: {data.decode(batch['x'][number].tolist())!r}\")",
            '        print(f"   next: {data.decode(prediction[number].argmax(-1).tolist())!r}")',
        ]
    return [
        "    torch.set_printoptions(precision=4, edgeitems=3, sci_mode=False)",
        "    print(tuple(prediction.shape))",
        "    print(prediction)",
    ]
