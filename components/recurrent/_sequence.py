"""What the recurrent layers share: the padding of a batch of sequences, and a check of their arguments."""

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from components.rules import require


def pack(x: Tensor, pad: Tensor | None) -> Tensor | PackedSequence:
    """x (N, T, C) without its padding, so that the last state is that of the last real step."""
    if pad is None:
        return x
    lengths = (~pad).sum(1).clamp(min=1).cpu()  # an empty sequence counts as one step: torch refuses a length of zero
    return pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)


def unpack(y: Tensor | PackedSequence, steps: int) -> Tensor:
    """The outputs (N, steps, C), zero where the input was padding."""
    return y if isinstance(y, Tensor) else pad_packed_sequence(y, batch_first=True, total_length=steps)[0]


def require_layers_for_dropout(component: str, dropout: float, num_layers: int) -> None:
    """Dropout acts between stacked layers: with one layer it would do nothing, unnoticed."""
    rule = (
        "0 where num_layers is 1, for it acts between stacked layers",
        "0（num_layers 为 1 时；失活只作用于层与层之间）",
    )
    require(dropout == 0 or num_layers > 1, component, "dropout", rule, dropout)
