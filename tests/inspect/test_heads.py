"""What a model answers, read from its losses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from builder.gallery import FOLDER
from builder.inspect import Inspector
from builder.inspect.heads import Head

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize(
    ("model", "task", "count", "by_class", "batched", "tokens"),
    [
        ("cnn", "classes", 10, True, True, False),
        ("faces", "yes_no", 2, True, True, False),
        ("regression", "values", 1, False, True, False),
        ("autoencoder", "image", 0, False, True, False),
        ("gpt", "classes", 103, True, True, True),
        ("gcn", "classes", 2, True, False, False),
        ("unjudged", "classes", 10, True, True, False),
    ],
)
def test_the_task_follows_from_the_loss(
    zoo: Zoo, model: str, task: str, count: int, by_class: bool, batched: bool, tokens: bool
) -> None:
    (head,) = zoo(model).heads
    assert (head.task, len(head.names), head.by_class, head.batched, head.tokens) == (
        task,
        count,
        by_class,
        batched,
        tokens,
    )


def test_each_loss_has_its_answer(zoo: Zoo) -> None:
    assert [(h.end, h.task, h.judge) for h in zoo("two_heads").heads] == [
        (("fc", "y"), "classes", "loss"),
        (("up", "y"), "image", "picture"),
    ]


def test_a_model_that_nothing_judges_has_no_target(zoo: Zoo) -> None:
    assert zoo("unjudged").heads[0].target is None


def head(task: str, class_axis: int = 1, batched: bool = True, names: int = 3, scale: str = "logits") -> Head:
    return Head(("a", "y"), None, task, scale, class_axis, tuple(map(str, range(names))), batched, False, "")  # type: ignore[arg-type]


def test_pixels_are_positions() -> None:
    """Logits (B, K, H, W) of a segmentation and its target (B, H, W)."""
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(3, (2, 4, 5))
    rows, right = head("classes").rows(logits), head("classes").targets(target)
    assert rows.shape == (2, 20, 3) and right.shape == (2, 20)
    assert torch.equal(rows[1, 7], logits[1, :, 1, 2])
    assert right[1, 7] == target[1, 1, 2]


def test_classes_may_stand_last() -> None:
    logits = torch.randn(2, 5, 3)
    assert torch.equal(head("classes", -1).rows(logits), logits)


def test_nodes_are_positions_of_one_sample() -> None:
    logits, target = torch.randn(7, 3), torch.randint(3, (7,))
    assert torch.equal(head("classes", batched=False).rows(logits), logits[None])
    assert torch.equal(head("classes", batched=False).targets(target), target[None])


def test_probabilities() -> None:
    rows = torch.randn(2, 4, 3)
    chances = head("classes").probabilities(rows)
    torch.testing.assert_close(chances, rows.softmax(-1))
    torch.testing.assert_close(head("classes", scale="log_probs").probabilities(rows.log_softmax(-1)), chances)
    one = head("yes_no", names=2).probabilities(rows[..., :1])
    torch.testing.assert_close(one[..., 1], rows[..., 0].sigmoid())
    torch.testing.assert_close(one.sum(-1), torch.ones(2, 4))
    torch.testing.assert_close(head("yes_no").probabilities(rows), rows.sigmoid())
    with pytest.raises(ValueError, match="Only classes have probabilities"):
        head("values").probabilities(rows)


def test_what_is_written_may_have_other_words_than_what_is_read() -> None:
    head = Inspector(FOLDER / "seq2seq_attention.json").heads[0]
    assert head.tokens and head.names[:4] == ("<pad>", "<start>", "<end>", "AA") and len(head.names) == 42
