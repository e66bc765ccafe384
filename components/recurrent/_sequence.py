"""What the recurrent layers share: reading sequences without their padding, and a check of their arguments."""

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from components.rules import require

Layers = Annotated[int, Field(ge=1, le=100)]  # each is built in Python: a slip of the finger must not take minutes

RECURRENCES = {"RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu, "GRU": torch.gru, "LSTM": torch.lstm}
SHUT = 1e4  # far beyond where a sigmoid is 0 or 1 exactly


def lengths(pad: Tensor) -> Tensor:
    """Real steps of each sequence (B,); an empty one counts as one step, for torch refuses a length of zero."""
    return (~pad).sum(1).clamp(min=1)


def pack(x: Tensor, pad: Tensor | None) -> Tensor | PackedSequence:
    """x (B, T, C) without its padding, so that the last state is that of the last real step."""
    if pad is None:
        return x
    return pack_padded_sequence(x, lengths(pad).cpu(), batch_first=True, enforce_sorted=False)


def unpack(y: Any, pad: Tensor | None) -> Tensor:
    """The outputs (B, T, C), zero where the input was padding."""
    if pad is None:
        return y
    return pad_packed_sequence(y, batch_first=True, total_length=pad.shape[1])[0].masked_fill(pad[..., None], 0.0)


def read_padded(layer: nn.RNNBase, x: Tensor, states: tuple[Tensor, ...], pad: Tensor) -> tuple[Tensor, ...]:
    """The same outputs and last states without packing, whose sizes depend on values: for a model that is exported.

    Every direction reads its real steps first and then the padding, whose outputs are thrown away.
    """
    count = lengths(pad)[:, None]  # (B, 1)
    step = torch.arange(x.shape[1], device=x.device)
    over = step >= count  # (B, T), True behind the last real step
    reverse = torch.where(over, step, count - 1 - step)  # (B, T), its own inverse
    directions = 2 if layer.bidirectional else 1
    finals: list[tuple[Tensor, ...]] = []
    for depth in range(layer.num_layers):
        if depth:
            x = F.dropout(x, layer.dropout, layer.training)
        outputs = []
        for k in range(depth * directions, (depth + 1) * directions):
            backward = k % directions == 1
            start = tuple(state[k : k + 1] for state in states)
            y, *last = _one_direction(layer, k, at_steps(x, reverse) if backward else x, start, over)
            last[0] = at_steps(y, count - 1).transpose(0, 1)  # h of the last real step
            outputs.append(at_steps(y, reverse) if backward else y)
            finals.append(tuple(last))
        x = torch.cat(outputs, -1)
    return x.masked_fill(pad[..., None], 0.0), *(torch.cat(state) for state in zip(*finals, strict=True))


def at_steps(x: Tensor, step: Tensor) -> Tensor:
    """The steps (B, S) of each sequence of x (B, T, C): (B, S, C)."""
    return x.gather(1, step[..., None].expand(-1, -1, x.shape[-1]))


def _one_direction(
    layer: nn.RNNBase, k: int, x: Tensor, states: tuple[Tensor, ...], over: Tensor
) -> tuple[Tensor, ...]:
    """Reads x with the weights of one layer and direction. An LSTM's cell stays as it is where x is over."""
    w_input, *rest = layer.all_weights[k]
    if not states:
        states = (x.new_zeros(1, x.shape[0], layer.hidden_size),) * (2 if layer.mode == "LSTM" else 1)
    if layer.mode == "LSTM":  # one more feature, 1 where x is over, shuts the input gate and opens the forget gate
        gates = w_input.new_tensor([-SHUT, SHUT, 0.0, 0.0]).repeat_interleave(layer.hidden_size)
        x, w_input = torch.cat((x, over[..., None].to(x.dtype)), -1), torch.cat((w_input, gates[:, None]), 1)
    start = list(states) if layer.mode == "LSTM" else states[0]
    return RECURRENCES[layer.mode](x, start, [w_input, *rest], True, 1, 0.0, False, False, True)


def require_layers_for_dropout(component: str, dropout: float, num_layers: int) -> None:
    """Dropout acts between stacked layers: with one layer it would do nothing, unnoticed."""
    rule = (
        "0 where num_layers is 1, for it acts between stacked layers",
        "0（num_layers 为 1 时；失活只作用于层与层之间）",
    )
    require(dropout == 0 or num_layers > 1, component, "dropout", rule, dropout)
