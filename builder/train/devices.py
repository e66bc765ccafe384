"""Where a run computes: one device or many, in which precision."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from builder.compiler.rng import isolated_rng
from builder.train.checkpoint import random_state, set_random_state
from builder.train.errors import TrainError, in_words
from builder.train.loader import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

PLAIN = "32-true"


class Devices:
    """The devices of a run, and this process's place among them.

    Several devices, several machines and other precisions are lightning-fabric's work. One device in full precision
    needs none of it: its import would take longer than many a run, its wrappers some percent of a small step.

    Several devices share each batch. Their gradients are added up in one flat all-reduce behind the backward pass: it
    serves any number of optimizers that share parameters, as a wrapper around one module does not.

    Args:
        devices: on each machine.
        nodes: machines.
        precision: as lightning-fabric names it.
    """

    def __init__(self, devices: int = 1, nodes: int = 1, precision: str = PLAIN) -> None:
        self.fabric = None if devices * nodes == 1 and precision == PLAIN else _launch(devices, nodes, precision)
        if self.fabric is None:
            self.device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
            self.rank, self.world = 0, 1
        else:
            self.device = self.fabric.device
            self.rank, self.world = self.fabric.global_rank, self.fabric.world_size
        self.on_cpu = self.device.type == "cpu"
        self._fabric = None if precision == PLAIN else self.fabric  # what converts, where there is something to convert

    @property
    def leads(self) -> bool:
        """Whether this process writes the run folder."""
        return self.rank == 0

    # -------------------------------------------------------------- one step

    def place(self, root: nn.Module) -> None:
        """Moves all modules to the device, in the precision of the run."""
        if self._fabric is not None:
            self._fabric.strategy.precision.convert_module(root)
        root.to(self.device)

    def move(self, batch: Batch) -> Batch:
        """A batch on the device."""
        if self.on_cpu:
            return batch
        values = {end: tensor.to(self.device, non_blocking=True) for end, tensor in batch.values.items()}
        return batch._replace(values=values)

    def forward(self, program: fx.GraphModule) -> Callable[..., tuple[Tensor, ...]]:
        """The program as a function in the precision of the run."""
        if self._fabric is None:
            return program.forward
        precision = self._fabric.strategy.precision

        def converted(*inputs: Tensor) -> tuple[Tensor, ...]:
            with precision.forward_context():
                return program.forward(*precision.convert_input(inputs))

        return converted

    def backward(self, loss: Tensor, inputs: Sequence[Tensor] | None = None, retain_graph: bool = False) -> None:
        """Adds the gradients of a loss to the parameters in ``inputs``, or to all."""
        if self._fabric is None:
            loss.backward(inputs=inputs, retain_graph=retain_graph)
        else:
            self._fabric.backward(loss, inputs=inputs, retain_graph=retain_graph)

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Takes the factor of mixed precision out of the gradients."""
        if self._fabric is not None:
            self._fabric.strategy.precision.unscale_gradients(optimizer)

    def update(self, optimizer: torch.optim.Optimizer) -> Callable[[], Any]:
        """The optimizer's step as a function."""
        if self._fabric is None:
            return optimizer.step
        return self._fabric.setup_optimizers(optimizer).step  # type: ignore[union-attr]

    # -------------------------------------------------------------- several processes

    def sum_gradients(self, parameters: Sequence[nn.Parameter], share: float) -> None:
        """Adds up all processes' gradients, each by its share: the gradient of the whole batch's mean loss."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = self.sum(torch.cat([g.reshape(-1) for g in gradients]).mul_(share))
        pieces = flat.split([g.numel() for g in gradients])
        for parameter, piece in zip(parameters, pieces, strict=True):
            parameter.grad = piece.view_as(parameter)

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum of all processes' tensors."""
        if self.fabric is None or self.world == 1:
            return tensor
        return self.fabric.all_reduce(tensor, reduce_op="sum")  # type: ignore[return-value]

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """The sums of all processes' numbers, one by one."""
        if self.world == 1:
            return list(numbers)
        dtype = torch.float32 if self.device.type == "mps" else torch.float64  # Apple's GPUs have no doubles
        return self.sum(torch.tensor(numbers, dtype=dtype, device=self.device)).tolist()

    def gather(self, tensor: Tensor) -> Tensor:
        """All processes' tensors, stacked."""
        if self.world == 1:
            return tensor[None]
        own = tensor.to(self.device)
        found = [torch.empty_like(own) for _ in range(self.world)]
        torch.distributed.all_gather(found, own)
        return torch.stack(found).to(tensor.device)

    def from_leader(self, value: Any) -> Any:
        """The leader's value, in every process."""
        return value if self.fabric is None or self.world == 1 else self.fabric.broadcast(value)

    def leader_first(self) -> contextlib.AbstractContextManager[None]:
        """Within, the other processes of this machine wait until the first is through."""
        return contextlib.nullcontext() if self.fabric is None else self.fabric.rank_zero_first(local=True)

    def level_buffers(self, root: nn.Module) -> None:
        """Gives every process the leader's buffers: running statistics differ where each sees its share of the data."""
        if self.world > 1:
            for buffer in root.buffers():
                torch.distributed.broadcast(buffer, 0)

    # -------------------------------------------------------------- random numbers

    def seed(self, seed: int) -> None:
        """Seeds the global generators, in each process differently."""
        own = seed + 1_000_003 * self.rank
        random.seed(own)
        np.random.seed(own % 2**32)
        torch.manual_seed(own)

    @contextlib.contextmanager
    def fixed_random_numbers(self, seed: int) -> Iterator[None]:
        """Within, nodes draw the same numbers each time; behind it the training draws on as if nothing had been."""
        with isolated_rng(seed):
            if self.on_cpu:
                yield
                return
            accelerator = getattr(torch, self.device.type)
            state = accelerator.get_rng_state()
            accelerator.manual_seed(seed)
            try:
                yield
            finally:
                accelerator.set_rng_state(state)

    @contextlib.contextmanager
    def own_random_numbers(self) -> Iterator[None]:
        """Puts the global generators back behind it as they were."""
        before = random_state(self.device)
        try:
            yield
        finally:
            set_random_state(before, self.device)


def _launch(devices: int, nodes: int, precision: str) -> Fabric:
    """The processes of a run that needs several, or another precision; TrainError says why there can be none."""
    from lightning_fabric import Fabric

    try:
        fabric = Fabric(
            accelerator="auto",
            strategy="ddp" if devices * nodes > 1 else "auto",
            devices=devices,
            num_nodes=nodes,
            precision=precision,  # type: ignore[arg-type]
        )
        fabric.launch()
    except (ValueError, TypeError, RuntimeError) as error:
        message, message_zh = in_words(error)
        raise TrainError(f"These devices cannot be used: {message}", f"无法使用这些设备：{message_zh}") from error
    return fabric
