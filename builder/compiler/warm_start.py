"""Weights of an earlier run: where its folder lies, and the tensors of one of its nodes."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from builder.compiler.inference import NodeError
from components.data._workspace import workspace

GALLERY_RUNS = Path(__file__).resolve().parents[2] / "graphs" / "runs"
WEIGHTS = "checkpoints/best.safetensors"


def find_run(name: str) -> Path:
    """The weights of the run of this name: among a person's runs, in ``runs`` here, or beside the gallery.

    Raises:
        NodeError: there is no such run, or it has no weights yet.
    """
    folders = (workspace() / "runs", Path("runs").absolute(), GALLERY_RUNS)
    if name and not name.startswith(".") and not set(name) & set("/\\\0"):
        for folder in folders:
            path = folder / name / WEIGHTS
            if path.is_file():
                return path
    raise NodeError(
        (
            f"The weights should come from the run '{name}', but there is none with a checkpoint: train it first.",
            f"权重应取自训练“{name}”，但没有带检查点的此训练：请先完成训练。",
        ),
        "setting",
    )


def shapes_in(run: str, target: str) -> dict[str, tuple[int, ...]]:
    """The shapes of a node's weights in a run, by their names within the node's module.

    Args:
        run: the run's name.
        target: the name of the node's module.

    Raises:
        NodeError: the run or its weights cannot be read.
    """
    with _Opened(run) as file:
        prefix = f"{target}."
        return {
            name.removeprefix(prefix): tuple(file.get_slice(name).get_shape())
            for name in file.keys()  # noqa: SIM118
            if name.startswith(prefix)
        }


def load_into(module: nn.Module, run: str, target: str) -> None:
    """Gives a module the weights that a node had in a run.

    Raises:
        NodeError: they do not fit.
    """
    own = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    check_fit(own, shapes_in(run, target), run, target)
    with _Opened(run) as file:
        given: dict[str, Tensor] = {name: file.get_tensor(f"{target}.{name}") for name in own}
    module.load_state_dict(given)


def check_fit(own: dict[str, tuple[int, ...]], given: dict[str, tuple[int, ...]], run: str, target: str) -> None:
    """NodeError where the weights of a run are others than a module has."""
    node = target.replace(".", "/")
    if own and not given:
        raise NodeError(
            (f"The run '{run}' has no weights of a node '{node}'.", f"训练“{run}”中没有节点“{node}”的权重。"),
            "setting",
        )
    for name in own.keys() | given.keys():
        if own.get(name) != given.get(name):
            here, there = (str(shapes.get(name, "nothing")) for shapes in (own, given))
            raise NodeError(
                (
                    f"The weights of '{node}' in the run '{run}' do not fit: {name} is {here} here and {there} there.",
                    f"训练“{run}”中“{node}”的权重不匹配：{name} 在此处为 {here}，在该训练中为 {there}。",
                ),
                "setting",
            )


class _Opened:
    """The weights file of a run, open for reading."""

    def __init__(self, run: str) -> None:
        self.run, self.path = run, find_run(run)

    def __enter__(self) -> safe_open:
        try:
            self.file = safe_open(self.path, framework="pt")
            return self.file.__enter__()
        except (OSError, SafetensorError) as error:
            raise NodeError(
                (
                    f"The weights of the run '{self.run}' cannot be read: {error}.",
                    f"训练“{self.run}”的权重无法读取：{error}。",
                ),
                "setting",
            ) from None

    def __exit__(self, *what: object) -> None:
        self.file.__exit__(*what)
