"""Checkpoints: a safetensors file with every tensor of a run and every number in its header. Nothing in it can execute.

Weights and buffers stand under their names in ``Compiled.root``. What only training needs stands under names with a
``/``, which those never hold: ``optimizer/<path>/<number of the parameter>/<what>``, ``gradient/<path>/<number>`` (what
an optimizer has gathered so far), ``rounds/<path>/<what>`` (of a strategy) and ``random/<rank>/<generator>``.
The header's ``state`` is JSON.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from builder.train.errors import TrainError

Tensors = dict[str, Tensor]


# ------------------------------------------------------------------ files


def save(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any], safely: bool = True) -> None:
    """Replaces a checkpoint in one step: a reader sees the old one or the new one, tensors and numbers together.

    Args:
        safely: waits for the disk, so that it outlives a power failure.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        save_file({k: _owned(t) for k, t in tensors.items()}, temporary, {"state": json.dumps(state)})
        if safely:
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def load(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """The tensors and the state of a checkpoint; TrainError where it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            state = json.loads((file.metadata() or {}).get("state", "{}"))
    except (OSError, SafetensorError, ValueError) as error:
        raise TrainError(
            f"The checkpoint '{path.name}' cannot be read: {error}.", f"检查点“{path.name}”无法读取：{error}。"
        ) from None
    return tensors, state


def below(tensors: Mapping[str, Tensor], prefix: str) -> Tensors:
    """The tensors whose names begin so, by what follows."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _owned(tensor: Tensor) -> Tensor:
    """The tensor on the processor, alone in its memory: the file format takes no views of a shared one."""
    tensor = tensor.detach().cpu().contiguous()
    alone = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
    return tensor if alone else tensor.clone()


# ------------------------------------------------------------------ weights


def weights_of(root: nn.Module) -> Tensors:
    """Parameters and buffers by name, each once: what several nodes share stands under its first name."""
    found: Tensors = {}
    seen: set[int] = set()
    for name, tensor in root.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            found[name] = tensor.detach()
    return found


def load_weights(root: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Puts a checkpoint's weights into the modules of the graph that wrote it; TrainError where they do not fit."""
    own = weights_of(root)
    given = {name: tensor for name, tensor in tensors.items() if "/" not in name}
    wrong = [n for n in own if n not in given or given[n].shape != own[n].shape] + [n for n in given if n not in own]
    if wrong:
        node = wrong[0].rpartition(".")[0]
        raise TrainError(
            f"The checkpoint does not fit the graph: '{wrong[0]}' differs or is missing.",
            f"检查点与图不符：“{wrong[0]}”不同或缺失。",
            node.replace(".", "/"),
        )
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[name])


# ------------------------------------------------------------------ optimizers


def optimizer_state(path: str, optimizer: torch.optim.Optimizer) -> tuple[Tensors, dict[str, Any]]:
    """An optimizer's state as tensors by name, and the rest as JSON: numbers, none, and the settings of its groups."""
    state = optimizer.state_dict()
    tensors: Tensors = {}
    numbers: dict[str, dict[str, Any]] = {}
    for index, values in state["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer/{path}/{index}/{key}"] = value
            else:
                numbers.setdefault(str(index), {})[key] = value
    groups = [{k: v for k, v in group.items() if k != "params"} for group in state["param_groups"]]
    return tensors, {"numbers": numbers, "groups": groups}


def load_optimizer_state(
    path: str, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], state: Mapping[str, Any]
) -> None:
    """Continues from what ``optimizer_state`` gave."""
    found: dict[int, dict[str, Any]] = {}
    prefix = f"optimizer/{path}/"
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split("/")
            found.setdefault(int(index), {})[key] = tensor
    for index, values in state["numbers"].items():
        found.setdefault(int(index), {}).update(values)
    own = optimizer.state_dict()["param_groups"]
    groups = []
    for mine, saved in zip(own, state["groups"], strict=True):
        restored = {k: tuple(v) if isinstance(mine.get(k), tuple) else v for k, v in saved.items()}
        groups.append({**mine, **restored})
    optimizer.load_state_dict({"state": found, "param_groups": groups})


# ------------------------------------------------------------------ random numbers


def random_state(device: torch.device) -> Tensors:
    """The state of every global generator of this process, as bytes."""
    version, words, gauss = random.getstate()
    numbers: dict[str, Any] = np.random.get_state(legacy=False)  # type: ignore[assignment]
    found = {
        "torch": torch.get_rng_state(),
        "python": torch.tensor([version, *words], dtype=torch.int64),
        "python_gauss": torch.tensor([] if gauss is None else [gauss], dtype=torch.float64),
        "numpy": torch.tensor(
            [*numbers["state"]["key"].tolist(), numbers["state"]["pos"], numbers["has_gauss"]], dtype=torch.int64
        ),
        "numpy_gauss": torch.tensor(numbers["gauss"], dtype=torch.float64),
    }
    if device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        found["mps"] = torch.mps.get_rng_state()
    return found


def set_random_state(state: Mapping[str, Tensor], device: torch.device) -> None:
    """Continues every global generator from what ``random_state`` gave."""
    torch.set_rng_state(state["torch"])
    version, *words = state["python"].tolist()
    random.setstate((version, tuple(words), next(iter(state["python_gauss"].tolist()), None)))
    *keys, position, has_gauss = state["numpy"].tolist()
    np.random.set_state(("MT19937", np.array(keys, np.uint32), position, has_gauss, float(state["numpy_gauss"])))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])
