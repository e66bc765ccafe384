"""Earlier states of saved graphs on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.graph import GraphError, dumps
from builder.ui import versions
from builder.ui import workspace as workspaces
from tests.ui.conftest import chain

pytestmark = pytest.mark.usefixtures("workspace")


def state(width: int) -> bytes:
    graph = chain()
    graph.nodes["fc"]["params"]["out_features"] = width
    return dumps(graph).encode()


def widths() -> list[int]:
    return [version.graph().nodes["fc"]["params"]["out_features"] for version in versions.of("mine")]


def test_versions_are_listed_the_latest_first() -> None:
    for width, time in ((1, 1000.25), (2, 3000.5), (3, 2000.125)):
        versions.keep("mine", state(width), time)
    assert widths() == [2, 3, 1]
    assert [version.time for version in versions.of("mine")] == [3000.5, 2000.125, 1000.25]
    assert versions.of("another") == []


def test_equal_content_is_kept_once_with_its_latest_time() -> None:
    for width, time in ((1, 100.0), (2, 200.0), (1, 300.0), (1, 50.0)):
        versions.keep("mine", state(width), time)
    assert [(version.time, width) for version, width in zip(versions.of("mine"), widths())] == [(300.0, 1), (200.0, 2)]


def test_beyond_the_limit_old_ones_that_lie_close_go_and_the_first_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "KEPT", 8)
    times = [0.0, 1000.0, 2000.0, 2001.0, 3000.0, *(4000.0 + i for i in range(5))]
    for width, time in enumerate(times, 1):
        versions.keep("mine", state(width), time)
    left = [version.time for version in versions.of("mine")]
    assert len(left) == 8
    assert left[-1] == 0.0
    assert left[:4] == [4004.0, 4003.0, 4002.0, 4001.0]
    assert not {2000.0, 2001.0} <= set(left)


def test_a_save_that_fails_leaves_no_half_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    versions.keep("mine", state(1), 100.0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            versions.keep("mine", state(2), 200.0)
    assert widths() == [1]
    assert len(list(versions.folder("mine").iterdir())) == 1


def test_strange_files_are_no_versions(tmp_path: Path) -> None:
    versions.keep("mine", state(1), 100.0)
    place = versions.folder("mine")
    (place / "notes.json").write_text("{}")
    (place / "20260101T000000000000-short.json").write_text("{}")
    secret = tmp_path / "secret.json"
    secret.write_bytes(state(9))
    (place / "20260101T000000000000-0123456789abcdef.json").symlink_to(secret)
    assert widths() == [1]


def test_a_version_that_is_broken_says_so() -> None:
    versions.keep("mine", state(1), 100.0)
    (version,) = versions.of("mine")
    version.path.write_text("{")
    with pytest.raises(GraphError, match="JSON"):
        version.graph()


def test_versions_never_leave_the_workspace(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    workspaces.graphs_folder().mkdir()
    (workspaces.graphs_folder() / ".versions").symlink_to(outside)
    with pytest.raises(GraphError, match="link"):
        versions.keep("mine", state(1), 1.0)
    assert list(outside.iterdir()) == []
    with pytest.raises(GraphError, match="name"):
        versions.keep("../mine", state(1), 1.0)
