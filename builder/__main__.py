"""The command line: ``python -m builder components | check | train | evaluate | export | schema``.

Exit status 0; 1 for a problem in the input (one clear line, or in the JSON); 2 for wrong usage. Never a traceback: set
``LAYERLOOM_DEBUG=1`` to see one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from builder.graph import GraphError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort: a person gets one line
        if os.environ.get("LAYERLOOM_DEBUG"):
            raise
        kind = "" if isinstance(error, ValueError) else f"Unexpected {type(error).__name__}: "
        return _fail(f"{kind}{error}", arguments)


def _fail(message: str, arguments: argparse.Namespace, **extra: Any) -> int:
    lines = [line for line in message.splitlines() if line.strip()] or ["Unknown error."]
    if getattr(arguments, "json", False):
        print(json.dumps({"ok": False, "error": message, **extra}, ensure_ascii=False))
    else:
        print("\n".join(f"error: {line}" for line in lines), file=sys.stderr)
    return 1


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
        "--precision", default="32-true", choices=("64-true", "32-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true")
    )
    sub.add_argument("--json", action="store_true")

    sub = command("evaluate", _evaluate, "Evaluate a run's best checkpoint on the test split.")
    sub.add_argument("run_folder", metavar="RUN")
    sub.add_argument("--split", choices=("train", "valid", "test"), default="test")
    sub.add_argument("--json", action="store_true")

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


def _components(arguments: argparse.Namespace) -> int:
    import components

    entries = [entry.describe() for entry in components.all_components().values()]
    if arguments.json:
        print(json.dumps(entries, ensure_ascii=False, indent=1))
        return 0
    width = max(len(e["id"]) for e in entries)
    for entry in entries:
        print(f"{entry['id']:{width}}  {entry['kind']:10}  {entry['name']}  {entry['name_zh']}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from builder.compiler import check
    from builder.graph import load

    try:
        report = check(load(arguments.graph))
    except GraphError as error:
        place = {"node": error.node, "port": error.port, "message": error.message}
        return _fail(error.message, arguments, errors=[place], nodes={}, parameters=0, flops=0)
    if arguments.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
        return 0 if report.ok else 1
    for path, node in report.nodes.items():
        shapes = "  ".join(f"{port} {spec}" for port, spec in node.outputs.items())
        print(f"{path:30} {shapes:50} {node.parameters:>12,} parameters {node.flops:>15,} FLOPs")
    print(f"{report.parameters:,} parameters, {report.flops:,} FLOPs a sample")
    for problem in report.problems:
        port = f".{problem.port}" if problem.port else ""
        fix = f" (fix: {problem.fix.label})" if problem.fix else ""
        print(f"error: {problem.node}{port}: {problem.message}{fix}", file=sys.stderr)
    return 0 if report.ok else 1


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
