"""The edit distance between sequences, as a rate of errors."""

from typing import Annotated

import torch
from torch import Tensor

from components.metric._base import Metric, exact_sums
from components.metric._tokens import ended
from components.registry import component
from components.spec import Dims, NonNegative, example, ints


@component(
    id="metric_edit_distance",
    kind="metric",
    family="Metric",
    name="Edit distance (error rate)",
    name_zh="编辑距离（错误率）",
    help_zh="把预测改成参考所需的插入、删除与替换次数之和，除以参考的总长度：字错率 CER、词错率 WER、音素错误率 PER。",
    source="Levenshtein, Binary codes capable of correcting deletions, insertions and reversals, 1966",
    keywords="levenshtein cer wer per character word phoneme error rate 字错率 词错率 音素错误率",
    examples=(
        example(pred=ints(3, 5, high=4), ref=ints(3, 7, high=4)),
        example(pred=ints(3, 5, high=4), ref=ints(3, 7, high=4), eos=2, normalize=False),
    ),
)
class EditDistance(Metric):
    r"""The fewest insertions, deletions and substitutions that turn what is written into what should be.

    $$\mathrm{rate} = \frac{\sum_n d(p_n, r_n)}{\sum_n |r_n|}, \quad
    d_{i,j} = \min\big(d_{i-1,j} + 1,\; d_{i,j-1} + 1,\; d_{i-1,j-1} + [p_i \ne r_j]\big)$$

    Args:
        eos: the token that ends a sequence, which does not count; none where only -100 does.
        normalize: divides by the length of the references, which gives the error rate of characters (CER), words
            (WER) or phonemes; else the mean distance of a sequence.

    Shape:
        pred: (B, T), what is written; ref: (B, U), what should be. A sequence ends at its first -100 or eos.
        value: a scalar of at least 0; a rate is more than 1 where more is wrong than there should be.

    Source: Levenshtein 1966.
    """

    higher_is_better = False

    def __init__(self, eos: NonNegative | None = None, normalize: bool = True) -> None:
        super().__init__()
        self.eos, self.normalize = eos, normalize

    def update(
        self, pred: Annotated[Tensor, Dims("B T", dtype="int")], ref: Annotated[Tensor, Dims("B U", dtype="int")]
    ) -> Tensor:
        (written, lengths), (due, due_lengths) = ended(pred, self.eos), ended(ref, self.eos)
        distances = edit_distances(written, lengths, due, due_lengths)
        return exact_sums(distances, due_lengths if self.normalize else torch.ones_like(due_lengths))

    def compute(self, stats: Tensor) -> Tensor:
        errors, count = stats
        return errors / count


def edit_distances(a: Tensor, a_lengths: Tensor, b: Tensor, b_lengths: Tensor) -> Tensor:
    """The distance (B,) of each pair of a (B, T) and b (B, U), of these lengths.

    One row of the table of all prefixes after the other. Insertions run along a row: the least of the entries to the
    left, each with the steps from there, is a running minimum once the place is subtracted.
    """
    place = torch.arange(b.shape[1] + 1, device=a.device)
    row = place.expand(len(a), -1)
    rows = [row]
    for i in range(a.shape[1]):
        changed = row[:, :-1] + (a[:, i : i + 1] != b)
        row = torch.cat((row[:, :1] + 1, torch.minimum(row[:, 1:] + 1, changed)), 1)
        row = (row - place).cummin(1).values + place
        rows.append(row)
    table = torch.stack(rows, 1)  # (B, T + 1, U + 1)
    return table[torch.arange(len(a), device=a.device), a_lengths, b_lengths]
