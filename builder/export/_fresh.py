"""Runs exported models in a process of their own, without the packages that wrote them: ``python -I _fresh.py JOBS``,
or exported scripts: ``python -I _fresh.py --scripts FOLDER '[["train.py", "--epochs", "1"]]'``.

JOBS is a JSON list. A job names the exported file, its format, the weights, the batches and where the outputs go; what
the model gives for batch b is stored as ``b/0``, ``b/1`` ... This file imports nothing of ours and may be read as a
recipe for using the exports.
"""

from __future__ import annotations

import importlib.machinery
import json
import runpy
import sys
import traceback
import types
from pathlib import Path
from typing import Any


class Blocked:
    """Makes our own packages impossible to import."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in ("builder", "components"):
            raise ImportError(f"an exported file must not import {name}")


def load_python(job: dict[str, Any]) -> Any:
    import torch
    from safetensors.torch import load_file, save_file

    loader = importlib.machinery.SourceFileLoader(f"exported_{job['number']}", job["file"])
    module = types.ModuleType(loader.name)
    module.__file__ = job["file"]
    sys.modules[loader.name] = module
    loader.exec_module(module)
    torch.manual_seed(job["seed"])
    model = getattr(module, job["class"])()
    if job["initial"]:
        save_file({k: v.detach().clone() for k, v in model.state_dict().items()}, job["initial"])
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    Path(job["outputs"] + ".frozen").write_text(json.dumps(frozen))
    model.load_state_dict(load_file(job["weights"]), strict=True)
    return model.train(job["training"])


def load_pt2(job: dict[str, Any]) -> Any:
    import torch

    return torch.export.load(job["file"]).module()


def load_onnx(job: dict[str, Any]) -> Any:
    import torch

    try:
        import onnxruntime
    except ImportError:
        import onnx
        from onnx.reference import ReferenceEvaluator

        onnx.checker.check_model(job["file"], full_check=True)
        session = ReferenceEvaluator(job["file"])
        names = [str(name) for name in session.input_names]
    else:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = job["threads"]
        session = onnxruntime.InferenceSession(job["file"], options, providers=["CPUExecutionProvider"])
        names = [i.name for i in session.get_inputs()]

    def run(*inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        given = {name: x.numpy() for name, x in zip(names, inputs, strict=False)}
        return tuple(torch.from_numpy(y) for y in session.run(None, given))

    return run


LOADERS = {"python": load_python, "pt2": load_pt2, "onnx": load_onnx}


def run(job: dict[str, Any]) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    torch.set_num_threads(job["threads"])
    model = LOADERS[job["format"]](job)
    given = load_file(job["batches"])
    found = {}
    for number in range(job["count"]):
        inputs = [given[f"{number}/{i}"] for i in range(sum(k.startswith(f"{number}/") for k in given))]
        torch.manual_seed(job["seed"])
        with torch.no_grad():
            outputs = model(*inputs)
        for i, y in enumerate(outputs if isinstance(outputs, tuple | list) else (outputs,)):
            if y is not None:
                found[f"{number}/{i}"] = y.clone().contiguous()
    save_file(found, job["outputs"])


def main() -> None:
    sys.dont_write_bytecode = True  # nothing lies beside the export but the export
    sys.meta_path.insert(0, Blocked())
    if sys.argv[1] == "--scripts":
        folder, scripts = Path(sys.argv[2]), json.loads(sys.argv[3])
        sys.path.insert(0, str(folder))
        for script in scripts:
            sys.argv = script
            runpy.run_path(str(folder / script[0]), run_name="__main__")
        return
    for number, job in enumerate(json.loads(Path(sys.argv[1]).read_text())):
        try:
            run({**job, "number": number})
        except Exception as error:
            lines = traceback.format_exc().splitlines()
            Path(job["outputs"] + ".error").write_text(f"{type(error).__name__}: {error}\n" + "\n".join(lines[-12:]))


if __name__ == "__main__":
    main()
