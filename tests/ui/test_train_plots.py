"""Curves as plain data: what is drawn, that nothing is lost by thinning, and that texts stay texts."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest

from builder.train.run import Best, History
from builder.ui import chart, plots, run_html
from builder.ui.plots import Quantity


def history(epochs: int, metrics: tuple[str, ...] = ("accuracy",), losses: tuple[str, ...] = ("loss",)) -> History:
    steps, ends = [], []
    for number in range(epochs):
        figures: dict[str, Any] = {
            "train": dict.fromkeys(losses, 1 / (number + 1)),
            "rate": {"optimizer": 0.1},
            "gradient_norm": {"optimizer": 2.0},
            "samples_per_second": 50.0,
        }
        steps.append(
            {"event": "step", "epoch": number + 0.5, "step": 10 * number + 5, "seconds": number + 0.5, **figures}
        )
        valid = {**dict.fromkeys(metrics, number / 10), **dict.fromkeys(losses, 1.5 / (number + 1))}
        ends.append(
            {
                "event": "epoch",
                "epoch": number + 1,
                "step": 10 * (number + 1),
                "seconds": number + 1,
                **figures,
                "valid": valid,
            }
        )
    return History(steps, ends)


def test_a_run_has_a_plot_for_the_loss_each_metric_and_each_instrument() -> None:
    found = plots.panels(history(4, ("accuracy", "top5")), Best(3, 0.2, "accuracy"), "en")
    assert [p.key for p in found] == [
        "loss",
        "metric_accuracy",
        "metric_top5",
        "learning_rate",
        "gradient_norm",
        "throughput",
    ]
    assert [p.small for p in found] == [False, False, False, True, True, True]
    for panel in found:
        json.dumps(panel.figure, allow_nan=False)


def test_the_loss_shows_steps_training_and_validation() -> None:
    loss = plots.panels(history(3), None, "en")[0].figure
    assert [c["name"] for c in loss["data"]] == ["train, steps", "train", "validation"]
    assert [c["x"] for c in loss["data"]] == [[0.5, 1.5, 2.5], [1, 2, 3], [1, 2, 3]]
    assert loss["data"][2]["y"] == [1.5, 0.75, 0.5]
    chinese = plots.panels(history(3), None, "zh")[0].figure
    assert chinese["layout"]["title"]["text"] == "损失"


def test_the_losses_of_a_node_share_a_plot() -> None:
    (panel,) = [p for p in plots.panels(history(2, losses=("gan.loss_d", "gan.loss_g")), None, "en") if "loss" in p.key]
    assert {c["name"].split(" · ")[0] for c in panel.figure["data"]} == {"loss_d", "loss_g"}
    assert len(panel.figure["data"]) == 6
    assert sum(c.get("showlegend", True) for c in panel.figure["data"]) == 4


def test_each_node_of_losses_has_a_plot() -> None:
    found = plots.panels(history(2, losses=("gan.loss_d", "gan.loss_g", "penalty")), None, "en")
    losses = {p.key: p.figure for p in found if p.key.startswith("loss")}
    assert list(losses) == ["loss_gan", "loss_penalty"]
    assert losses["loss_penalty"]["layout"]["title"]["text"] == "Loss · penalty"
    assert [c["name"] for c in losses["loss_penalty"]["data"]] == ["train, steps", "train", "validation"]


def test_the_best_epoch_is_marked_where_it_was_judged() -> None:
    best = Best(2, 0.1, "accuracy")
    loss, metric = plots.panels(history(3), best, "en")[:2]
    (star,) = [c for c in metric.figure["data"] if c["mode"] == "markers"]
    assert (star["x"], star["y"]) == ([2], [0.1])
    assert metric.figure["layout"]["annotations"][0]["text"] == "best 0.1"
    assert not [c for c in loss.figure["data"] if c["mode"] == "markers"]
    assert loss.figure["layout"]["annotations"][0]["text"] == "best epoch"
    assert all(p.figure["layout"]["shapes"][0]["x0"] == 2 for p in (loss, metric))


def test_a_run_that_has_only_steps_is_drawn() -> None:
    begun = History(history(1).steps, [])
    found = plots.panels(begun, None, "en")
    assert [p.key for p in found] == ["loss", "learning_rate", "gradient_norm", "throughput"]
    assert found[0].figure["data"][0]["y"] == [1.0]


def test_zoom_survives_new_data() -> None:
    keys = {p.figure["layout"]["uirevision"] for n in (2, 5) for p in plots.panels(history(n), None, "en")}
    assert len(keys) == 1


def test_a_logarithmic_loss_leaves_the_metric_linear() -> None:
    loss, metric = plots.panels(history(3), None, "en", log_loss=True)[:2]
    assert loss.figure["layout"]["yaxis"]["type"] == "log"
    assert metric.figure["layout"]["yaxis"]["type"] == "linear"


def test_thinning_keeps_the_ends_and_every_peak() -> None:
    xs = [float(i) for i in range(10_000)]
    ys: list[float | None] = [math.sin(i / 300) for i in range(10_000)]
    ys[4567], ys[1234], ys[777] = 50.0, -50.0, None
    thin_x, thin_y = plots.thinned(xs, ys)
    assert len(thin_x) <= plots.MOST_POINTS + 4
    assert (thin_x[0], thin_x[-1]) == (0.0, 9999.0)
    assert dict(zip(thin_x, thin_y, strict=True))[4567.0] == 50.0
    assert dict(zip(thin_x, thin_y, strict=True))[1234.0] == -50.0
    assert thin_x == sorted(thin_x)
    assert plots.thinned(xs[:5], ys[:5]) == (xs[:5], ys[:5])


def test_points_leave_out_what_is_not_a_number() -> None:
    broken = History(
        [], [{"epoch": 1, "valid": {"a": None}}, {"epoch": None, "valid": {"a": 1}}, {"epoch": 2, "valid": {"a": "x"}}]
    )
    assert plots.points(broken, Quantity("valid", "a")) == ([1.0], [None])


def test_runs_are_compared_by_what_they_have() -> None:
    histories = [history(3), history(2, ("f1",))]
    found = plots.quantities(histories)
    assert found[:2] == [Quantity("valid", "accuracy"), Quantity("valid", "f1")]
    assert Quantity("speed") in found
    figure = plots.comparison(
        [("one", histories[0], Best(2, 0.1, "accuracy")), ("two", histories[1], None)], found[0], "en"
    )
    assert [c["name"] for c in figure["data"]] == ["one", "best", "two"]
    assert figure["data"][2]["x"] == []
    by_time = plots.comparison([("one", histories[0], Best(2, 0.1, "accuracy"))], found[0], "en", by_time=True)
    assert by_time["data"][0]["x"] == [1.0, 2.0, 3.0]
    assert len(by_time["data"]) == 1


def test_names_from_files_stay_text() -> None:
    evil = "<b onmouseover=alert(1)>x</b>"
    drawn = plots.comparison([(evil, history(2), None)], Quantity("valid", "accuracy"), "en")
    assert "<b" not in json.dumps(drawn)
    assert "<b" not in json.dumps(plots.panels(history(2, (evil,)), None, "en")[1].figure)


def test_two_figures_of_one_theme_each_become_one() -> None:
    light = {"a": "#ffffff", "b": [1, 2, {"c": "same"}], "d": "rgba(0,0,0,0)"}
    dark = {"a": "#000000", "b": [1, 2, {"c": "same"}], "d": "rgba(0,0,0,0)"}
    assert chart.both(light, dark) == {"a": "#ffffff|#000000", "b": [1, 2, {"c": "same"}], "d": "rgba(0,0,0,0)"}


def test_every_colour_of_a_curve_has_a_light_and_a_dark_form() -> None:
    pair = re.compile(r"#[0-9a-f]{6}\|#[0-9a-f]{6}")
    for panel in plots.panels(history(3), Best(2, 0.1, "accuracy"), "en"):
        assert all(pair.fullmatch(curve["line"]["color"]) for curve in panel.figure["data"] if "line" in curve)
        assert pair.fullmatch(panel.figure["layout"]["font"]["color"])


def test_a_sparkline_follows_what_the_run_watches() -> None:
    drawn = run_html.sparkline(history(5), Best(5, 0.4, "accuracy"))
    heights = [float(pair.split(",")[1]) for pair in re.findall(r"points='([^']+)'", drawn)[0].split()]
    assert heights == sorted(heights, reverse=True)
    assert drawn.count("<img") == 2
    assert run_html.sparkline(history(1), None) == ""
    assert run_html.sparkline(History([], []), None) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_compared_has_a_name(language: str) -> None:
    labels = {q.label(language) for q in plots.quantities([history(2)])}
    assert len(labels) == len(plots.quantities([history(2)]))
