"""Where samples come from, and what the inspector leaves as it was."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from builder.graph import save
from builder.inspect import InspectError, Inspector
from builder.train import checkpoint
from builder.train.run import Run
from tests.inspect.graphs import autoencoder, chain, cnn, table, unjudged, vit

Zoo = Callable[[str], Inspector]


def png(pixels: np.ndarray, mode: str | None = None) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels, mode).save(stream, "PNG") if mode else Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


# ------------------------------------------------------------------ sources


def test_weights_come_from_the_asked_checkpoint(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", table(), {})
    weights = Inspector(table()).root.state_dict()
    for which, value in (("best", 1.0), ("last", 2.0)):
        tensors = {name: torch.full_like(t, value) for name, t in weights.items()}
        checkpoint.save(run.file(f"checkpoints/{which}.safetensors"), tensors, {})
    for source in (run, run.path, str(run.path)):
        inspector = Inspector(source)
        assert inspector.trained
        assert (inspector.root.get_parameter("fc1.weight") == 1).all()
    assert (Inspector(run, "last").root.get_parameter("fc1.weight") == 2).all()


def test_a_run_without_checkpoint_is_untrained(tmp_path: Path) -> None:
    assert not Inspector(Run.create(tmp_path / "run", table(), {})).trained


def test_a_graph_file_is_read(tmp_path: Path) -> None:
    save(unjudged(), tmp_path / "graph.json")
    inspector = Inspector(tmp_path / "graph.json")
    assert [h.end for h in inspector.heads] == [("fc", "y")]


def test_the_model_neither_trains_nor_collects_gradients(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    assert not any(m.training for m in inspector.root.modules())
    assert not any(p.requires_grad for p in inspector.root.parameters())
    assert not any(v.requires_grad for v in inspector.values(inspector.sample()).values())


def test_transforms_of_an_untrained_model_see_training_data(zoo: Zoo) -> None:
    inspector = Inspector(table())
    values = torch.cat([inspector.value(inspector.sample("train", i), ("standardize", "y")) for i in range(90)])
    torch.testing.assert_close(values.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(values.std(0, correction=0), torch.ones(4), atol=1e-4, rtol=0)


def test_noise_is_the_same_each_time_and_the_global_generator_untouched() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, second = (Inspector(autoencoder()) for _ in range(2))
    noisy = [i.value(i.sample("valid", 3), ("noise", "y")) for i in (first, second)]
    assert torch.equal(*noisy)
    assert not torch.equal(noisy[0], first.sample("valid", 3).inputs["data", "x"])
    assert torch.equal(state, torch.get_rng_state())


# ------------------------------------------------------------------ samples of the data


def test_a_sample_is_that_of_the_data(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("test", 7)
    split = inspector.compiled.dataset("data").load("test")
    assert torch.equal(sample.inputs["data", "x"], split.__getitems__([7])["x"])
    assert (sample.label("en"), sample.label("zh")) == ("test sample 7", "测试样本 7")


@pytest.mark.parametrize("index", [-1, 10_000])
def test_a_sample_that_does_not_exist(zoo: Zoo, index: int) -> None:
    with pytest.raises(InspectError, match=f"samples 0 to .* Got {index}") as caught:
        zoo("cnn").sample("valid", index)
    assert str(index) in caught.value.message_zh


def test_a_split_that_does_not_exist(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="one of train, valid, test"):
        zoo("cnn").sample("all", 0)  # type: ignore[arg-type]


def test_missing_data_are_named_in_both_languages() -> None:
    graph = chain(("data_input", {"shape": [1, 8, 8]}), {"flatten": ("op_flatten", {})}, ("loss_mse", {}))
    graph.remove_node("loss")
    inspector = Inspector(graph)
    with pytest.raises(InspectError) as caught:
        inspector.sample()
    assert caught.value.message_zh != caught.value.message


# ------------------------------------------------------------------ uploads


def test_what_a_model_takes(zoo: Zoo) -> None:
    takes = {
        "cnn": "image",
        "colour": "image",
        "table": "table",
        "sentiment": "text",
        "gpt": "text",
        "series": "series",
    }
    for name in ("cnn", "colour", "table", "sentiment", "gpt", "gcn", "series"):
        entry = zoo(name).entry
        assert (entry.takes if entry else None) == takes.get(name)


def test_an_image_keeps_its_pixels_where_the_size_fits(zoo: Zoo) -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    sample = zoo("cnn").upload_image(png(pixels))
    torch.testing.assert_close(sample.inputs["data", "x"][0, 0], torch.from_numpy(pixels / 255).float())
    inverted = zoo("cnn").upload_image(png(pixels), invert=True)
    torch.testing.assert_close(inverted.inputs["data", "x"][0, 0], torch.from_numpy(1 - pixels / 255).float())
    assert sample.key != inverted.key


def test_colours_are_kept_or_turned_grey(zoo: Zoo) -> None:
    red = np.zeros((6, 7, 3), dtype=np.uint8)
    red[..., 0] = 255
    x = zoo("colour").upload_image(png(red)).inputs["data", "x"]
    assert x.shape == (1, 3, 6, 7)
    assert x[0, :, 2, 3].tolist() == [1, 0, 0]
    assert zoo("cnn").upload_image(png(red)).inputs["data", "x"][0, 0, 0, 0] == pytest.approx(76 / 255)


def test_other_proportions_are_stretched_cut_or_filled_up(zoo: Zoo) -> None:
    wide = np.zeros((16, 48), dtype=np.uint8)
    wide[:, 16:32] = 200  # the square in the middle
    rows = {
        fit: zoo("cnn").upload_image(png(wide), fit=fit).inputs["data", "x"][0, 0] for fit in ("stretch", "crop", "pad")
    }  # type: ignore[arg-type]
    assert rows["stretch"][4, 0] == 0 and rows["stretch"][4, 4] > 0.5 and rows["stretch"][0, 4] > 0.5
    assert (rows["crop"] > 0.65).all()
    assert (rows["pad"][0] == 0).all() and rows["pad"][4, 4] > 0.5


def test_transparent_pixels_lie_on_paper(zoo: Zoo) -> None:
    clear = np.zeros((8, 8, 4), dtype=np.uint8)
    assert (zoo("cnn").upload_image(png(clear)).inputs["data", "x"] == 1).all()


@pytest.mark.parametrize("content", [b"", b"no image", png(np.eye(80, dtype=np.uint8))[:60], b"GIF89a" + b"\xff" * 40])
def test_a_broken_image_is_one_clear_error(zoo: Zoo, content: bytes) -> None:
    with pytest.raises(InspectError, match="not a readable image") as caught:
        zoo("cnn").upload_image(content)
    assert "不是可读的图像" in caught.value.message_zh


def test_an_image_of_too_many_pixels_is_refused_unread(zoo: Zoo) -> None:
    huge = io.BytesIO()
    Image.new("1", (8000, 8000)).save(huge, "PNG")
    with pytest.raises(InspectError, match="8000 x 8000 pixels, more than"):
        zoo("cnn").upload_image(huge.getvalue())


def test_an_unknown_fit_is_refused(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="stretch, crop, pad or ink"):
        zoo("cnn").upload_image(png(np.zeros((8, 8), np.uint8)), fit="tile")  # type: ignore[arg-type]


def test_a_text_becomes_ids_of_the_vocabulary(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample = inspector.upload_text("A very good film!")
    vocabulary = inspector.compiled.dataset("data").vocabulary
    pad = sample.inputs["data", "pad"][0]
    words = [vocabulary[i] for i in sample.inputs["data", "x"][0][~pad].tolist()]
    assert words == ["a", "very", "good", "film", "!"]
    assert inspector.value(sample, ("fc", "y")).shape == (1, 2)


def test_a_language_model_reads_the_end_of_a_long_text_and_all_of_a_short_one(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    data = inspector.compiled.dataset("data")
    long, short = inspector.upload_text("a" * 50 + "0123456789abcdef"), inspector.upload_text("if x")
    assert data.decode(long.inputs["data", "x"][0].tolist()) == "0123456789abcdef"
    assert inspector.value(short, ("fc", "y")).shape == (1, 4, 103)


@pytest.mark.parametrize(
    ("text", "reason"), [("  ", "empty"), ("日本", "vocabulary"), ("a" * 100_001, "at most 100000")]
)
def test_a_text_that_cannot_be_read(zoo: Zoo, text: str, reason: str) -> None:
    with pytest.raises(InspectError, match=reason):
        zoo("gpt").upload_text(text)


def test_a_row_by_names_or_in_order(zoo: Zoo) -> None:
    inspector = zoo("table")
    names = inspector.features
    assert names == tuple(inspector.compiled.dataset("data").info["features"])
    assert zoo("cnn").features == ()
    by_name = inspector.upload_row(dict(zip(reversed(names), (4, 3, 2, 1), strict=True)))
    assert by_name.inputs["data", "x"].tolist() == [[1, 2, 3, 4]]
    assert inspector.upload_row([1.0, 2, 3, 4]).key == by_name.key


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([1, 2, 3], "4 numbers"),
        ([1, 2, 3, float("nan")], "finite number"),
        ([1, 2, 3, 1e39], "finite number"),
        ([1, 2, 3, True], "finite number"),
        ([1, 2, 3, "4"], "finite number"),
        ({"petal": 1}, "'petal' is unknown"),
        ({"sepal length (cm)": 1}, "'sepal width .cm.' is missing"),
    ],
)
def test_a_row_that_does_not_fit(zoo: Zoo, row: object, reason: str) -> None:
    with pytest.raises(InspectError, match=reason):
        zoo("table").upload_row(row)  # type: ignore[arg-type]


def test_a_model_of_images_takes_no_text(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="takes no text as a sample, but image"):
        zoo("cnn").upload_text("seven")
    with pytest.raises(InspectError, match="takes no image as a sample"):
        zoo("gcn").upload_image(b"")


def test_an_upload_determines_all_but_the_target(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.upload_image(png(np.zeros((8, 8), np.uint8)))
    assert ("fc", "y") in inspector.values(sample)
    with pytest.raises(InspectError, match=r"depends on 'data\.y', which this sample does not have"):
        inspector.value(sample, ("data", "y"))


# ------------------------------------------------------------------ programs


def test_a_function_starts_anywhere(zoo: Zoo) -> None:
    inspector = zoo("vit")
    values = inspector.values(inspector.sample())
    for start in (("data", "x"), ("tokens", "y"), ("encoder", "y"), ("fc", "y")):
        function = inspector.function(start, ("fc", "y"))
        torch.testing.assert_close(function(values[start]), values["fc", "y"])
    called = {n.target for n in inspector.function(("encoder", "y"), ("fc", "y")).graph.nodes if n.op == "call_module"}
    assert called == {"fc"}


def test_a_function_of_an_embedding_still_takes_the_padding(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample = inspector.sample()
    function = inspector.function(("embedding", "y"), ("fc", "y"))
    assert function.inputs == [("data", "pad")]
    values = inspector.values(sample)
    result = function(values["embedding", "y"], sample.inputs["data", "pad"])
    torch.testing.assert_close(result, values["fc", "y"])


def test_a_value_that_does_not_depend_on_another(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="'conv1' does not depend on 'fc'"):
        zoo("cnn").function(("fc", "y"), ("conv1", "y"))


def test_results_are_kept(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 11)
    assert inspector.values(sample) is inspector.values(inspector.sample("valid", 11))


def test_several_threads_see_the_same() -> None:
    inspector = Inspector(vit())
    found: list[dict[tuple[str, str], torch.Tensor]] = []
    threads = [
        threading.Thread(target=lambda i=i: found.append(inspector.values(inspector.sample("valid", i % 2))))
        for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(("encoder", "weights") in values for values in found)
    assert inspector.compiled.module("encoder").wants_weights is False  # type: ignore[union-attr]


def test_the_seed_of_an_untrained_model() -> None:
    first, second = Inspector(cnn(), seed=1), Inspector(cnn(), seed=2)
    assert not torch.equal(first.root.get_parameter("fc.weight"), second.root.get_parameter("fc.weight"))
