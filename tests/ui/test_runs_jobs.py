"""Commands beside the server: their JSON, their errors, and that one is not started twice."""

from __future__ import annotations

import time

from builder.ui.jobs import Jobs, Result


def result(jobs: Jobs, key: str) -> Result:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = jobs.take(key)
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("the command did not end within a minute")


def test_an_error_is_one_sentence() -> None:
    jobs = Jobs()
    jobs.start("check", ["check", "/no/such/file.json"])
    assert jobs.running("check")
    found = result(jobs, "check")
    assert "/no/such/file.json" in found.error
    assert "Traceback" not in found.error
    assert "/no/such/file.json" in found.error_zh
    assert found.error_zh != found.error
    assert not jobs.running("check")
    assert jobs.take("check") is None


def test_wrong_usage_is_an_error_too() -> None:
    jobs = Jobs()
    jobs.start("x", ["evaluate"])
    assert result(jobs, "x").error == "exit status 2"


def test_a_result_is_what_the_command_printed_and_is_made_once() -> None:
    jobs = Jobs()
    jobs.start("check", ["check", "graphs/logistic_regression.json"])
    first = jobs._running["check"][0]
    jobs.start("check", ["check", "graphs/mlp.json"])
    assert jobs._running["check"][0] is first
    found = result(jobs, "check")
    assert found.error == ""
    assert found.answer["ok"] is True
    assert found.answer["parameters"] == 15
