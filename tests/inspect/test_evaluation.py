"""Whole splits: confusion, losses, worst mistakes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from builder.inspect import InspectError, Inspector
from builder.inspect import inspector as module
from builder.inspect.evaluation import Confusion, confusion, evaluate, worst
from builder.inspect.network import network
from tests.inspect.graphs import cnn, gcn

Zoo = Callable[[str], Inspector]


def logits_and_targets(inspector: Inspector, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    batch = inspector.batch(split, range(inspector.size(split)))  # type: ignore[arg-type]
    with inspector.steady():  # the transforms of an untrained model have measured their data
        return inspector.compiled.model(*(batch[end] for end in inspector.needed)), batch["data", "y"]


def test_losses_and_classes_of_every_sample(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    logits, y = logits_and_targets(inspector, "test")
    found = evaluate(inspector, "test", inspector.heads[0])
    np.testing.assert_allclose(found.loss, F.cross_entropy(logits, y, reduction="none").numpy(), rtol=1e-4)
    np.testing.assert_array_equal(found.predicted, logits.argmax(1).numpy())
    np.testing.assert_array_equal(found.truth, y.numpy())
    np.testing.assert_allclose(found.confidence, logits.softmax(1).max(1).values.numpy(), rtol=1e-5)
    np.testing.assert_array_equal(found.sample, np.arange(len(y)))
    assert found.accuracy == pytest.approx(float((logits.argmax(1) == y).float().mean()))


def test_batches_change_nothing(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate(zoo("cnn"), "valid", zoo("cnn").heads[0])
    monkeypatch.setattr(module, "BATCH_BYTES", 7 * 10_000)
    other = Inspector(cnn())
    assert 1 <= other.batch_size([other.heads[0].end]) < 64
    parts = evaluate(other, "valid", other.heads[0])
    np.testing.assert_allclose(whole.loss, parts.loss, rtol=1e-4)
    np.testing.assert_array_equal(whole.sample, parts.sample)


def test_the_confusion_matrix_equals_that_of_scikit_learn(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    logits, y = logits_and_targets(inspector, "valid")
    found = confusion(evaluate(inspector, "valid", inspector.heads[0]))
    said = logits.argmax(1)
    np.testing.assert_array_equal(found.counts, confusion_matrix(y, said, labels=range(10)))
    np.testing.assert_allclose(
        found.recall, recall_score(y, said, labels=range(10), average=None, zero_division=np.nan)
    )
    np.testing.assert_allclose(
        found.precision, precision_score(y, said, labels=range(10), average=None, zero_division=np.nan)
    )


def test_shares_of_what_never_occurs_are_no_numbers() -> None:
    found = Confusion(np.array([[3, 1, 0], [0, 0, 0], [2, 2, 0]]), ("a", "b", "c"), "valid")
    np.testing.assert_allclose(found.recall, [0.75, np.nan, 0])
    np.testing.assert_allclose(found.precision, [0.6, 0, np.nan])
    assert found.accuracy == 3 / 8


def test_yes_or_no(zoo: Zoo) -> None:
    inspector = zoo("faces")
    logits, y = logits_and_targets(inspector, "test")
    found = evaluate(inspector, "test", inspector.heads[0])
    np.testing.assert_allclose(
        found.loss, F.binary_cross_entropy_with_logits(logits[:, 0], y.float(), reduction="none").numpy(), rtol=1e-4
    )
    np.testing.assert_array_equal(found.predicted, (logits[:, 0] > 0).numpy())
    assert confusion(found).counts.sum() == len(y)


def test_numbers(zoo: Zoo) -> None:
    inspector = zoo("regression")
    predicted, y = logits_and_targets(inspector, "test")
    found = evaluate(inspector, "test", inspector.heads[0])
    np.testing.assert_allclose(found.loss, (predicted - y).square()[:, 0].numpy(), rtol=1e-5)
    np.testing.assert_array_equal(found.truth, y.numpy())
    assert np.isnan(found.accuracy)
    with pytest.raises(InspectError, match="Only classes"):
        confusion(found)


def test_images(zoo: Zoo) -> None:
    inspector = zoo("autoencoder")
    found = evaluate(inspector, "valid", inspector.heads[0])
    assert found.truth is None and found.predicted is None
    assert len(found.loss) == inspector.size("valid") and (found.loss > 0).all()


def test_every_step_of_a_text_counts(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    found = evaluate(inspector, "test", inspector.heads[0])
    assert len(found.loss) == inspector.size("test") * 16
    assert found.position[:17].tolist() == [*range(16), 0]
    mistakes = worst(found, 3)
    by_sample = found.loss.reshape(-1, 16).mean(1)
    assert mistakes.items.tolist() == np.argsort(-by_sample, kind="stable")[:3].tolist()
    assert mistakes.truth is None


def test_only_known_nodes_count(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    known = {}
    for split in ("train", "valid", "test"):
        found = evaluate(inspector, split, inspector.heads[0])  # type: ignore[arg-type]
        known[split] = set(found.position.tolist())
        y = inspector.batch(split, [0])["data", "y"]  # type: ignore[arg-type]
        assert known[split] == set(torch.nonzero(y != -100)[:, 0].tolist())
    assert sum(map(len, known.values())) == 34 == len(set().union(*known.values()))


def test_the_worst_come_first(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = evaluate(inspector, "valid", inspector.heads[0])
    mistakes = worst(found, 5)
    assert mistakes.loss.tolist() == sorted(found.loss.tolist(), reverse=True)[:5]
    assert found.truth is not None and mistakes.truth is not None
    np.testing.assert_array_equal(mistakes.truth, found.truth[mistakes.items])


def test_the_worst_nodes_are_nodes(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    found = evaluate(inspector, "test", inspector.heads[0])
    mistakes = worst(found, 4)
    assert mistakes.items[0] == found.position[found.loss.argmax()]


def test_without_a_target_there_is_nothing_to_evaluate(zoo: Zoo) -> None:
    inspector = zoo("unjudged")
    with pytest.raises(InspectError, match="wire a loss or a metric"):
        evaluate(inspector, "valid", inspector.heads[0])


def test_a_drawn_graph_holds_every_edge_once(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    found = network(inspector, inspector.sample(), inspector.heads[0])
    assert found.points.shape == (34, 2) and found.edges.shape == (2, 78)
    assert (found.edges[0] < found.edges[1]).all()
    assert found.truth is not None and (found.truth >= 0).all()  # known in one split or another
    assert found.judged.sum() == (inspector.sample().inputs["data", "y"] != -100).sum()
    again = network(Inspector(gcn()), inspector.sample("test"), inspector.heads[0])
    np.testing.assert_array_equal(found.points, again.points)


def test_a_model_of_images_is_no_graph(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="does not classify the nodes"):
        network(zoo("cnn"), zoo("cnn").sample(), zoo("cnn").heads[0])


def test_the_worst_of_a_cell_of_the_confusion_matrix(zoo: Zoo) -> None:
    judged = evaluate(zoo("cnn"), "valid", zoo("cnn").heads[0])
    counts = confusion(judged).counts
    truth, predicted = (int(i) for i in np.unravel_index(counts.argmax(), counts.shape))
    found = worst(judged, 1000, truth, predicted)
    assert len(found.items) == counts[truth, predicted]
    assert found.truth is not None and found.predicted is not None
    assert set(found.truth) == {truth} and set(found.predicted) == {predicted}
    assert (np.diff(found.loss) <= 0).all()
    assert len(worst(judged, 1000, predicted=predicted).items) == counts[:, predicted].sum()
    empty = tuple(int(i) for i in np.unravel_index(counts.argmin(), counts.shape))
    with pytest.raises(InspectError, match="No item of this split is of class"):
        worst(judged, 5, *empty)
