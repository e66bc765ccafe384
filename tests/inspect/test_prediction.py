"""What a model answers on one sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from builder.inspect import InspectError, Inspector
from builder.inspect.evaluation import evaluate
from builder.inspect.heads import Head
from builder.inspect.prediction import predict, predict_tokens, usual_position
from builder.inspect.reconstruction import reconstruct
from tests.inspect.graphs import Node, build

Zoo = Callable[[str], Inspector]


def test_probabilities_of_classes(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 9)
    found = predict(inspector, sample, inspector.heads[0])
    logits = inspector.compiled.model(sample.inputs["data", "x"])[0]
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, logits.softmax(0).numpy(), rtol=1e-5)
    assert (found.chosen, found.truth) == (int(logits.argmax()), int(sample.inputs["data", "y"]))
    assert (found.position, found.positions, found.steps) == (0, 1, None)


def test_one_logit_gives_no_and_yes(zoo: Zoo) -> None:
    inspector = zoo("faces")
    found = predict(inspector, inspector.sample(), inspector.heads[0])
    yes = 1 / (1 + np.exp(-found.outputs[0]))
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, [1 - yes, yes], rtol=1e-5)
    assert found.truth in (0, 1)


def test_numbers_and_their_truth(zoo: Zoo) -> None:
    inspector = zoo("regression")
    sample = inspector.sample("valid", 2)
    found = predict(inspector, sample, inspector.heads[0])
    assert found.probabilities is None
    assert isinstance(found.truth, np.ndarray)
    np.testing.assert_array_equal(found.truth, sample.inputs["data", "y"][0].numpy())
    assert found.outputs[0] == inspector.value(sample, ("fc", "y"))[0, 0]


def test_an_upload_has_no_truth(zoo: Zoo) -> None:
    inspector = zoo("table")
    assert predict(inspector, inspector.upload_row([5, 3, 4, 1]), inspector.heads[0]).truth is None


def test_a_language_model_is_asked_at_its_last_step(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    sample, head = inspector.sample(), inspector.heads[0]
    logits = inspector.compiled.model(sample.inputs["data", "x"])[0]
    last, fifth = predict(inspector, sample, head), predict(inspector, sample, head, 5)
    assert (last.position, last.positions) == (15, 16)
    assert last.probabilities is not None
    np.testing.assert_allclose(last.probabilities, logits[15].softmax(0).numpy(), rtol=1e-5)
    assert fifth.truth == int(sample.inputs["data", "y"][0, 5])
    everywhere = predict_tokens(inspector, sample, head)
    np.testing.assert_allclose(everywhere.probabilities, logits.softmax(-1).numpy(), rtol=1e-5)
    assert everywhere.truth is not None
    np.testing.assert_array_equal(everywhere.truth[:-1], sample.inputs["data", "x"][0, 1:].numpy())


def test_a_graph_is_asked_at_its_first_known_node(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    sample = inspector.sample("test", 0)
    known = torch.nonzero(sample.inputs["data", "y"] != -100)[:, 0]
    found = predict(inspector, sample, inspector.heads[0])
    assert found.position == int(known[0]) and found.truth == int(sample.inputs["data", "y"][known[0]])
    unknown = next(i for i in range(34) if i not in known.tolist())
    assert predict(inspector, sample, inspector.heads[0], unknown).truth is None


def test_a_reconstruction_and_its_error(zoo: Zoo) -> None:
    inspector = zoo("autoencoder")
    sample = inspector.sample("valid", 4)
    found = reconstruct(inspector, sample, inspector.heads[0])
    clean, output = sample.inputs["data", "x"], inspector.value(sample, ("up", "y"))
    assert found.target is not None
    np.testing.assert_array_equal(found.target, clean[0, 0].numpy())
    assert found.error == pytest.approx(float(torch.nn.functional.mse_loss(output, clean)))
    noisy = inspector.value(sample, ("noise", "y"))[0, 0].numpy()
    assert np.corrcoef(found.entered.ravel(), noisy.ravel())[0, 1] == pytest.approx(1)
    assert not np.allclose(found.entered, found.target)


@pytest.mark.parametrize(
    ("model", "ask", "reason"),
    [
        ("cnn", predict_tokens, "does not predict tokens"),
        ("cnn", reconstruct, "does not answer with an image"),
        ("autoencoder", predict, "see its reconstruction"),
    ],
)
def test_questions_that_a_model_does_not_answer(zoo: Zoo, model: str, ask: Callable[..., object], reason: str) -> None:
    inspector = zoo(model)
    with pytest.raises(InspectError, match=reason):
        ask(inspector, inspector.sample(), inspector.heads[0])


def test_a_sequence_is_asked_at_its_last_step_that_is_no_padding() -> None:
    head = Head(("a", "y"), ("b", "y"), "classes", "logits", -1, ("x", "y"), True, True, "loss")
    assert usual_position(head, 4, np.array([[1, 0, -100, -100]])) == 1
    assert usual_position(head, 4, np.array([[1, 0, 1, 1]])) == usual_position(head, 4, None) == 3


def test_an_image_of_probabilities_is_shown_as_such() -> None:
    """Logits that binary cross-entropy compares with an image; of any number of channels, an image of plain values."""
    for channels, judge in ((1, "loss_bce"), (4, "loss_mse")):
        nodes: dict[str, Node] = {
            "data": ("data_random", {"shape": [channels, 4, 6], "samples": 20}), "squash": ("act_sigmoid", {}),
            "conv": ("conv_standard", {"out_channels": channels, "kernel_size": 3, "padding": 1}), "loss": (judge, {}),
        }  # fmt: skip
        port = "logits" if judge == "loss_bce" else "prediction"
        wires = ["data.x squash.x", "squash.y conv.x", f"conv.y loss.{port}", "squash.y loss.target"]
        inspector = Inspector(build(nodes, wires))
        sample, head = inspector.sample(), inspector.heads[0]
        assert head.task == "image"
        made, wanted = inspector.value(sample, ("conv", "y"))[0], inspector.value(sample, ("squash", "y"))[0]
        made = made.sigmoid() if channels == 1 else made
        found = reconstruct(inspector, sample, head)
        assert found.output.shape == found.entered.shape == (4, 6)
        assert found.error == pytest.approx(float((made - wanted).square().mean()))
        if channels == 1:
            np.testing.assert_allclose(found.output, made[0].numpy(), rtol=1e-6)
        judged = evaluate(inspector, "valid", head)
        assert judged.loss[0] == pytest.approx(found.error)
