"""The command line: ``python -m builder components | check | diff | train | find-rate | evaluate | compare | significance | inspect | export | schema``.

Exit status 0; 1 for a problem in the input (one clear line, or in the JSON); 2 for wrong usage. Never a traceback: set
``LAYERLOOM_DEBUG=1`` to see one.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builder.graph import GraphError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows its number
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort: a person gets one line
        if os.environ.get("LAYERLOOM_DEBUG"):
            raise
        report = getattr(error, "report", None)  # a graph that does not compile: each problem at its node
        extra: dict[str, Any] = {"errors": report.to_json()["errors"]} if report else {}
        if hasattr(error, "message_zh"):
            extra["error_zh"] = error.message_zh  # type: ignore[attr-defined]
        return _fail(_in_words(error), arguments, **extra)


def _in_words(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename!r}" if error.filename is not None else error.strerror
    return f"Unexpected {type(error).__name__}: {error}"


def _fail(message: str, arguments: argparse.Namespace, **extra: Any) -> int:
    if getattr(arguments, "json", False):
        print(json.dumps({"ok": False, "error": message, **extra}, ensure_ascii=False))
    else:
        for line in [line for line in message.splitlines() if line.strip()] or ["Unknown error."]:
            _complain(line)
    return 1


def _complain(text: str) -> None:
    """One line on stderr; what could move the cursor of a terminal is written as its code."""
    print(
        "error:", "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text), file=sys.stderr
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m builder", description="Build, check, train and export networks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(run=run)
        return sub

    sub = command("components", _components, "List the palette.")
    sub.add_argument("--json", action="store_true", help="as JSON, with parameters and ports")

    sub = command("check", _check, "Check a graph: shapes, parameters, FLOPs and every problem.")
    sub.add_argument("graph", metavar="GRAPH")
    sub.add_argument("--json", action="store_true")

    sub = command("diff", _diff, "Compare two graphs: nodes, parameters, wires, blocks and totals.")
    sub.add_argument("before", metavar="BEFORE")
    sub.add_argument("after", metavar="AFTER")
    sub.add_argument("--json", action="store_true")

    sub = command("train", _train, "Train a graph into a run folder.")
    sub.add_argument("graph", metavar="GRAPH")
    sub.add_argument("--out", required=True, metavar="RUN", help="the run folder")
    sub.add_argument("--epochs", type=_at_least(1))
    sub.add_argument("--seed", type=_at_least(0))
    sub.add_argument("--set", action="append", default=[], metavar="node.param=value", dest="overrides")
    sub.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")
    sub.add_argument("--devices", type=_at_least(1), default=1)
    sub.add_argument("--nodes", type=_at_least(1), default=1)
    sub.add_argument(
        "--precision",
        default="32-true",
        choices=("64-true", "32-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true"),
    )
    sub.add_argument("--json", action="store_true")

    sub = command("find-rate", _find_rate, "Search for an optimizer's learning rate: the loss over rising rates.")
    sub.add_argument("graph", metavar="GRAPH")
    sub.add_argument("--out", metavar="FILE.json|html", help="rewritten while it goes on")
    sub.add_argument("--optimizer", metavar="ID", default="", help="its path (the only one)")
    sub.add_argument("--low", type=float, default=1e-7, help="the first rate (1e-7)")
    sub.add_argument("--high", type=float, default=10.0, help="the last rate (10)")
    sub.add_argument("--steps", type=_at_least(2), default=100, help="updates (100)")
    sub.add_argument("--seed", type=_at_least(0))
    sub.add_argument("--language", choices=("en", "zh"), default="en", help="of the .html")
    sub.add_argument("--json", action="store_true")

    sub = command("evaluate", _evaluate, "Evaluate a run's best checkpoint on the test split.")
    sub.add_argument("run_folder", metavar="RUN")
    sub.add_argument("--split", choices=("train", "valid", "test"), default="test")
    sub.add_argument("--json", action="store_true")

    sub = command("compare", _compare, "Train a graph with several choices in a node's place, and compare them.")
    sub.add_argument("graph", metavar="GRAPH")
    sub.add_argument("--name", default="", help="of a comparison that the graph brings along (meta.comparisons)")
    sub.add_argument(
        "--node", default=[], type=_paths, metavar="ID", help="path, as 'conv1' or 'block1/norm'; or a,b,c"
    )
    sub.add_argument(
        "--choices", default=(), type=_choices, metavar="a,b,c",
        help="components, initializations or parametrisations, as 'opt_adam:lr=0.01'; 'none': let pass by",
    )  # fmt: skip
    sub.add_argument("--seeds", type=_at_least(1), help="how many (3)")
    sub.add_argument("--epochs", type=_at_least(1))
    sub.add_argument("--out", metavar="FOLDER", help="of the runs and the result (a folder of the workspace)")
    sub.add_argument("--resume", action="store_true", help="go on with the comparison in the folder")
    sub.add_argument("--json", action="store_true")

    sub = command(
        "significance", _significance, "Say whether finished runs differ: on the same samples, or over seeds."
    )
    sub.add_argument("run_folders", metavar="RUN", nargs="+")
    sub.add_argument("--split", choices=("train", "valid", "test"), default="test")
    sub.add_argument(
        "--by",
        choices=("runs", "seeds"),
        help="each run, or the runs of a graph together (seeds where each has several)",
    )
    sub.add_argument("--out", metavar="FILE.json")
    sub.add_argument("--json", action="store_true")

    sub = command("inspect", _inspect, "Draw a view of a model, as the Inspect page does, into a file.")
    sub.add_argument("source", metavar="RUN|GRAPH")
    sub.add_argument("--list", action="store_true", help="the views of this model, with their nodes and options")
    sub.add_argument("--view", metavar="NAME")
    sub.add_argument("--node", metavar="ID", default="", help="path of the node (the view's first)")
    sub.add_argument("--split", choices=("train", "valid", "test"), default="valid", help="of the data (valid)")
    sub.add_argument(
        "--sample",
        type=_sample,
        default=0,
        metavar="I|FILE.png|txt|csv|json",
        help="number in the split (0), or your own",
    )
    sub.add_argument(
        "--fit",
        choices=("stretch", "crop", "pad", "ink"),
        default="stretch",
        help="your own image to the size of the data",
    )
    sub.add_argument("--invert", action="store_true", help="swap light and dark of your own image")
    sub.add_argument("--set", type=_setting, action="append", default=[], metavar="option=value", dest="chosen")
    sub.add_argument("--out", metavar="FILE.png|html|json")
    sub.add_argument("--language", choices=("en", "zh"), default="en")
    sub.add_argument("--dark", action="store_true", help="for a dark page")
    sub.add_argument("--json", action="store_true")
    sub.set_defaults(misused=sub.error)

    sub = command("export", _export, "Write a model as Python, a project, weights, pt2 or ONNX.")
    sub.add_argument("source", metavar="GRAPH|RUN")
    sub.add_argument("--format", required=True, choices=("python", "project", "safetensors", "pt2", "onnx"))
    sub.add_argument("--out", required=True, metavar="PATH")
    sub.add_argument("--json", action="store_true")

    command("schema", _schema, "Print the JSON Schema of graph files.")
    return parser


def _at_least(minimum: int) -> Any:
    def integer(text: str) -> int:
        value = int(text)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"must be an integer of at least {minimum}, got {text}")
        return value

    return integer


def _sample(text: str) -> int | Path:
    return int(text) if text.isdecimal() else Path(text)


def _paths(text: str) -> list[str]:
    paths = [path.strip() for path in text.split(",")]
    if not all(paths):
        raise argparse.ArgumentTypeError(f"must be paths of nodes with commas between them, got {text!r}")
    return paths


def _choices(text: str) -> Any:
    from builder.comparison import parse_choices

    try:
        return parse_choices(text)
    except GraphError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be option=value, got {text!r}")
    return name, value


def _components(arguments: argparse.Namespace) -> int:
    import components
    from builder import gallery

    entries = [entry.describe() for entry in components.all_components().values()]
    entries += [entry.describe() for entry in gallery.entries()]
    if arguments.json:
        print(json.dumps(entries, ensure_ascii=False, indent=1))
        return 0
    width = max(len(e["id"]) for e in entries)
    for entry in entries:
        print(f"{entry['id']:{width}}  {entry['kind']:10}  {entry['name']}  {entry['name_zh']}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from builder.graph import load

    try:
        graph = load(arguments.graph)
    except GraphError as error:
        place = {"node": error.node, "port": error.port, "message": error.message, "message_zh": error.message_zh}
        return _fail(error.message, arguments, errors=[place], nodes={}, parameters=0, flops=0)
    from builder.compiler import check

    report = check(graph)
    if arguments.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
        return 0 if report.ok else 1
    for path, node in report.nodes.items():
        shapes = "  ".join(f"{port} {spec}" for port, spec in node.outputs.items())
        print(f"{path:30} {shapes:50} {node.parameters:>12,} parameters {node.flops:>15,} FLOPs")
    print(f"{report.parameters:,} parameters, {report.flops:,} FLOPs a sample", flush=True)
    for problem in report.problems:
        place = ".".join(part for part in (problem.node, problem.port) if part)
        fix = f" (fix: {problem.fix.label})" if problem.fix else ""
        _complain(f"{place}: {problem.message}{fix}" if place else problem.message)
    return 0 if report.ok else 1


def _diff(arguments: argparse.Namespace) -> int:
    from builder.compiler import check
    from builder.graph import load
    from builder.graph.difference import difference, lines

    before, after = load(arguments.before), load(arguments.after)
    found = difference(before, after)
    old, new = check(before, fixes=False), check(after, fixes=False)
    totals = {
        name: [getattr(report, name) for report in (old, new)] for name in ("parameters", "flops", "activation_bytes")
    }
    if arguments.json:
        print(json.dumps({"ok": True, **found.to_json(), **totals}, ensure_ascii=False))
        return 0
    for line in lines(found):
        print(line)
    for name, (one, two) in totals.items():
        print(f"{name}: {one:,}" if one == two else f"{name}: {one:,} -> {two:,}")
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from builder.train import train

    result = train(
        arguments.graph,
        arguments.out,
        epochs=arguments.epochs,
        seed=arguments.seed,
        overrides=arguments.overrides,
        resume=arguments.resume,
        devices=arguments.devices,
        nodes=arguments.nodes,
        precision=arguments.precision,
        report=None if arguments.json else _print_progress,
    )
    if not result:  # one of several processes, and not the one that speaks
        return 0
    if arguments.json:
        print(json.dumps({"ok": True, **result}, ensure_ascii=False))
    else:
        _print_values(result)
    return 0


def _print_progress(event: dict[str, Any]) -> None:
    from builder.train import event_line

    print(event_line(event), flush=True)


def _print_values(values: dict[str, Any]) -> None:
    for name, value in values.items():
        print(f"{name}: {value:.6g}" if isinstance(value, float) else f"{name}: {value}")


def _evaluate(arguments: argparse.Namespace) -> int:
    from builder.train import evaluate

    result = evaluate(arguments.run_folder, split=arguments.split)
    if arguments.json:
        print(json.dumps({"ok": True, **result}, ensure_ascii=False))
    else:
        _print_values(result)
    return 0


def _find_rate(arguments: argparse.Namespace) -> int:
    from builder.train.find_rate import find_rate
    from builder.train.rate_search import Writer

    a = arguments
    writer = Writer(a.out, a.language)
    found = find_rate(a.graph, a.optimizer, a.low, a.high, a.steps, a.seed, writer)
    writer.end(found)
    if a.json:
        print(json.dumps({"ok": True, **found.to_json()}, ensure_ascii=False))
        return 0
    values = {"optimizer": found.optimizer, "steps": len(found.rates), "diverged": found.diverged}
    _print_values(values | {"steepest": found.steepest, "tenth": found.tenth, "present": found.present})
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from builder.comparison import ComparisonFolder, compare, default_folder, planned
    from builder.graph import load

    a, graph = arguments, load(arguments.graph)
    if a.resume and a.out:
        plan, out = ComparisonFolder(a.out).plan(), a.out
    else:
        plan = planned(graph, a.name, a.node, a.choices, a.seeds, a.epochs)
        out = a.out or default_folder(a.graph, plan)
    found = compare(graph, plan, out, report=None if a.json else lambda line: print(line, flush=True))
    if found is None:
        raise KeyboardInterrupt
    print(
        json.dumps({"ok": True, "folder": str(out), **found.to_json()}, ensure_ascii=False)
        if a.json
        else f"\n{found.table()}"
    )
    return 0


def _significance(arguments: argparse.Namespace) -> int:
    from builder.significance import judge
    from builder.significance.findings import write
    from builder.train import Run

    found = judge([Run(path) for path in arguments.run_folders], arguments.split, arguments.by)
    if arguments.out:
        write(arguments.out, found)
    print(json.dumps({"ok": True, **found.to_json()}, ensure_ascii=False) if arguments.json else found.table())
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    if not (arguments.list or (arguments.view and arguments.out)):
        arguments.misused("give --view and --out, or --list")
    from builder.inspect import Inspector, draw, listing, sample_of_file

    inspector, sample = Inspector(arguments.source), arguments.sample
    if isinstance(sample, Path):
        sample = sample_of_file(inspector, sample, arguments.fit, arguments.invert)
    if arguments.list:
        found = listing(inspector, arguments.split, sample, arguments.language)
        if arguments.json:
            print(json.dumps({"ok": True, "views": found}, ensure_ascii=False))
            return 0
        for view in found:
            print(f"{view['view']:22} {view['name']}")
            if view["nodes"]:
                print(f"{'':22} --node {' | '.join(view['nodes'])}")
            for option in view["options"]:
                values = option.get("values") or [f"{option['low']}..{option['high']}"]
                print(f"{'':22} --set {option['name']}={' | '.join(map(str, values))}")
        return 0
    said = draw(
        inspector, arguments.out, arguments.view, arguments.node, arguments.split, sample,
        dict(arguments.chosen), arguments.language, arguments.dark,
    )  # fmt: skip
    if arguments.json:
        print(json.dumps({"ok": True, "out": arguments.out, **said}, ensure_ascii=False))
    else:
        _print_values({"out": arguments.out, **{k: said[k] for k in ("name", "node", "sample") if said[k]}})
        _print_values({k: said[k] for k in ("shows", "method", "limits")})
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from builder.export import export

    result = export(arguments.source, arguments.format, arguments.out)
    if arguments.json:
        print(json.dumps({"ok": True, **result.to_json()}, ensure_ascii=False))
    else:
        _print_values(result.to_json())
    return 0


def _schema(arguments: argparse.Namespace) -> int:
    from builder.graph import schema

    print(json.dumps(schema(), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
