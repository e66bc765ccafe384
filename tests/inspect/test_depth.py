"""Linear probes over depth, and how alike layers are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from builder.graph import Edge
from builder.inspect import InspectError, Inspector, compute
from builder.inspect.features import by_depth, gather, spread
from builder.inspect.probe import can_probe, fit, probes
from builder.inspect.similarity import INITIAL, alignment, centred, layers, rivals, similarity
from builder.train import Run, train
from tests.inspect.graphs import regression, table

Zoo = Callable[[str], Inspector]


# ------------------------------------------------------------------ probes


def test_a_probe_separates_what_is_separable_and_guesses_noise() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 60)
    x = np.eye(3)[y] * 8 + rng.normal(size=(180, 3))
    shuffled = rng.permutation(180)
    x, y = x[shuffled], y[shuffled]
    assert fit(x[:90], y[:90], x[90:], y[90:], True) == (1.0, 1.0)
    noise = rng.normal(size=(180, 3))
    assert fit(noise[:90], y[:90], noise[90:], y[90:], True)[1] < 0.6
    line = x @ np.array([1.0, -2.0, 3.0])
    assert min(fit(x[:90], line[:90], x[90:], line[90:], False)) > 0.99


def test_the_probe_of_a_node_is_that_of_scikit_learn(zoo: Zoo) -> None:
    inspector = zoo("table")
    found = probes(inspector, "valid", inspector.heads[0])
    assert found.nodes == ("data.x", "standardize.y", "fc1.y", "tanh.y", "fc2.y") and found.by_class
    side = {}
    for split in ("train", "valid"):
        batch = inspector.batch(split, range(inspector.size(split)))  # type: ignore[arg-type]
        (vectors,) = inspector.run(inspector.program([("tanh", "y")]), batch)
        side[split] = vectors.double().numpy(), batch["data", "y"].numpy()
    scaler = StandardScaler().fit(side["train"][0])
    model = LogisticRegression(max_iter=300).fit(scaler.transform(side["train"][0]), side["train"][1])
    assert found.score[3] == pytest.approx(model.score(scaler.transform(side["valid"][0]), side["valid"][1]))
    assert found.features.tolist() == [4, 4, 6, 6, 3] and found.judged == len(side["valid"][1])
    assert found.baseline < found.score.max() <= 1


def test_numbers_are_probed_by_ridge() -> None:
    inspector = Inspector(regression())
    found = probes(inspector, "valid", inspector.heads[0])
    assert not found.by_class and found.baseline == 0 and 0.2 < found.score[0] < 0.7  # what is known of these data


def test_nodes_of_a_graph_are_learned_from_where_their_class_is_known(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    found = probes(inspector, "valid", inspector.heads[0])
    assert found.learned + found.judged < 34 and found.nodes[-1] == "gcn2.y"


def test_where_probes_apply(zoo: Zoo) -> None:
    for model, wanted in (("cnn", True), ("faces", True), ("gpt", False), ("autoencoder", False), ("unjudged", False)):
        assert any(can_probe(zoo(model), head) for head in zoo(model).heads) == wanted


# ------------------------------------------------------------------ similarity


@pytest.mark.parametrize("debiased", [True, False])
def test_alignment_ignores_rotation_and_scale_and_only_those(debiased: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 8, generator=generator, dtype=torch.float64) * torch.arange(1.0, 9)
    rotation, _ = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64))
    stretched = x * torch.tensor([100.0, *[1.0] * 7])
    noise = torch.randn(60, 8, generator=generator)
    own, rotated, other, apart = (centred(v, debiased) for v in (x, 7.5 * x @ rotation + 3, stretched, noise))
    found = alignment([own], [own, rotated, other, apart])[0]
    np.testing.assert_allclose(found[:2], 1, atol=1e-9)
    assert found[2] < 0.9 and found[3] < 0.5


def test_alignment_equals_its_definition() -> None:
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randn(20, size, generator=generator, dtype=torch.float64) for size in (5, 9))
    a, b = x - x.mean(0), y - y.mean(0)
    plain = (a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())  # Kornblith et al., equation 4
    found = alignment([centred(x, False)], [centred(y, False)])
    assert found[0, 0] == pytest.approx(float(plain))

    def hsic(k: torch.Tensor, l: torch.Tensor) -> torch.Tensor:  # Song et al., equation 5
        n, one = len(k), torch.ones(len(k), dtype=torch.float64)
        k, l = k - k.diag().diag(), l - l.diag().diag()
        first = (k @ l).trace() + one @ k @ one * (one @ l @ one) / ((n - 1) * (n - 2))
        return (first - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))

    k, l = x @ x.T, y @ y.T
    debiased = hsic(k, l) / (hsic(k, k) * hsic(l, l)).sqrt()
    assert alignment([centred(x, True)], [centred(y, True)])[0, 0] == pytest.approx(float(debiased))


def test_without_bias_independent_vectors_are_not_alike() -> None:
    """Kornblith's estimator tends to 1 with the number of features, the debiased one does not."""
    generator = torch.Generator().manual_seed(2)
    x, y = (torch.randn(40, 2000, generator=generator) for _ in range(2))
    biased, debiased = (alignment([centred(x, d)], [centred(y, d)])[0, 0] for d in (False, True))
    assert biased > 0.9 and abs(debiased) < 0.1


def test_layers_of_a_model(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = similarity(inspector, "valid")
    assert (
        found.nodes == ("conv1.y", "relu1.y", "conv2.y", "relu2.y", "flatten.y", "fc.y") or found.nodes[0] == "data.x"
    )
    np.testing.assert_allclose(np.diag(found.values), 1, atol=1e-9)
    np.testing.assert_allclose(found.values, found.values.T, atol=1e-9)
    place = found.nodes.index("relu2.y")
    assert found.values[place, place + 1] == pytest.approx(1)  # the same numbers, flattened
    assert rivals(inspector) == ["itself"]
    with pytest.raises(InspectError, match="no model 'other'"):
        similarity(inspector, "valid", "other")


def test_nodes_of_a_graph_can_be_compared(zoo: Zoo) -> None:
    found = similarity(zoo("gcn"), "valid")
    assert found.samples == 34 and "gcn1.y" in found.nodes


def test_runs_are_compared_with_their_beginning_and_with_each_other(tmp_path: Path) -> None:
    for name, graph in (("one", table()), ("two", table()), ("far", regression())):
        graph.place("sgd", "opt_sgd", {"lr": 0.5})
        graph.wire(Edge("loss", "loss", "sgd", "loss"))
        train(graph, tmp_path / name, epochs=2, seed=0 if name == "one" else 1)
    inspector = Inspector(Run(tmp_path / "one"))
    assert set(rivals(inspector)) == {"itself", INITIAL, "last", "epoch 1", "epoch 2", "two", "far"}
    own, begun, other = (similarity(inspector, "train", name) for name in ("itself", INITIAL, "two"))
    assert np.diag(begun.values)[:2] == pytest.approx([1, 1])  # the data, and standardised, are the same
    assert np.diag(own.values)[2:].min() > np.diag(other.values)[2:].max() - 1e-9
    assert (begun.other, other.other) == (INITIAL, "two")
    with pytest.raises(InspectError, match="different data"):
        similarity(inspector, "train", "far")
    figure, _ = compute(inspector, "similarity", against="two", estimator="biased")
    assert figure.layout.title.text == "Similarity of layers with two"


def test_values_by_depth_are_evenly_chosen(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    ends = layers(inspector)
    few = by_depth(inspector, [inspector.heads[0].end], False, 3)
    assert len(few) == 3 and (few[0], few[-1]) == (ends[0], ends[-1])
    assert all(end != ("data", "y") for end in ends)
    gathered = gather(inspector, ends, "valid", spread(inspector.size("valid"), 6), flat=True)
    assert all(len(v) == 6 for v in gathered.vectors)
