"""Taking a model away: formats, the check of each file against the model in the app, and the download.

Each export is a command of its own beside the server; what it wrote is kept as long as the model stays the same.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from builder.graph import Graph, dumps, write_atomic
from builder.train import Run
from builder.train.plan import fingerprint
from builder.ui import catalogue as catalogues
from builder.ui import frame, numbers, workspace
from builder.ui.jobs import jobs
from builder.ui.markdown import plain
from builder.ui.text import language, t

FILES = {
    "python": "model.py",
    "project": "project.zip",
    "safetensors": "model.safetensors",
    "pt2": "model.pt2",
    "onnx": "model.onnx",
}
SHOWN_LINES = 400


def open_dialog(source: Run | Graph) -> None:
    """Opens the dialog for a run's best weights, or for an untrained graph."""
    st.dialog(t("export_title"), width="large")(_dialog)(*_place(source))


def _dialog(folder: Path, argument: Path) -> None:
    st.fragment(_panel, run_every=1.0)(folder, argument)


@frame.guarded
def _panel(folder: Path, argument: Path) -> None:
    """Writes ``argument`` (a graph file or a run folder) in the format that is chosen into ``folder``, or shows it."""
    format = st.segmented_control(
        t("export_format"), tuple(FILES), key="export_format", default="python", required=True,
        label_visibility="collapsed", format_func=lambda name: t(f"export_{name}"),
    )  # fmt: skip
    format = format or "python"
    st.caption(t(f"export_{format}_about"))
    out, key = folder / FILES[format], f"export {format} {folder}"
    kept = folder / f"{format}.json"
    result = jobs().take(key)
    if result is not None:
        write_atomic(kept, json.dumps({"error": result.error, "error_zh": result.error_zh, "answer": result.answer}))
    if jobs().running(key):
        st.html(f'<div class="export-state is-busy"><i></i>{escape(t("export_working"))}</div>')
        return
    found = _read(kept)
    if found is None or (not found["error"] and not out.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        for old in (out, kept):
            old.unlink(missing_ok=True)
        jobs().start(key, ["export", str(argument), "--format", format, "--out", str(out)])
        st.html(f'<div class="export-state is-busy"><i></i>{escape(t("export_working"))}</div>')
        return
    if found["error"]:
        st.error(plain(str(found["error_zh"] if language() == "zh" else found["error"])))
        st.button(t("export_again"), key="export_again", icon=":material/refresh:", on_click=kept.unlink, args=(True,))
        return
    _ready(format, out, found["answer"])


def _ready(format: str, out: Path, answer: dict[str, Any]) -> None:
    gap = answer.get("max_difference")
    if gap is None:
        said = t("export_random")
    elif gap == 0:
        said = t("export_equal")
    else:
        said = t("export_close", gap=f"{gap:.2g}")
    st.html(f'<div class="export-state is-ok"><i></i>{escape(said)}</div>')
    name, content = _download(out)
    st.download_button(
        t("export_download", name=name, size=numbers.size(len(content))), data=content, file_name=name,
        key=f"export_download_{format}", type="primary", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    if format == "python":
        text = out.read_text(encoding="utf-8")
        lines = text.splitlines()
        st.code("\n".join(lines[:SHOWN_LINES]), language="python", height=420)
        if len(lines) > SHOWN_LINES:
            st.caption(t("export_more_lines", n=len(lines) - SHOWN_LINES))


def _download(out: Path) -> tuple[str, bytes]:
    """The file; where the format took more than one (ONNX with large weights), all of them in a zip."""
    parts = sorted(path for path in out.parent.glob(f"{out.name}*") if path.is_file())
    if len(parts) == 1:
        return out.name, out.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in parts:
            archive.write(path, path.name)
    return f"{out.name}.zip", buffer.getvalue()


def _place(source: Run | Graph) -> tuple[Path, Path]:
    """The cache folder of what is exported of this model, and the file or folder that the command is given."""
    if isinstance(source, Run):
        path = source.checkpoint("best")
        if path is None:
            raise ValueError(f"The run to export must have a checkpoint. Got {source.name!r} without one.")
        state = path.stat()
        words = f"{source.path} {path.name} {state.st_mtime_ns} {state.st_size}"
        return _folder(words), source.path
    words = f"{fingerprint(source)} {source.training.get('seed', 0)} {source.meta.get('title', '')}"
    folder = _folder(words)
    file = folder / "graph.json"
    if not file.exists():
        write_atomic(file, dumps(source))
    return folder, file


def _folder(words: str) -> Path:
    words = f"{words} {catalogues.fingerprint()}"  # another version of the components writes another file
    return workspace.cache_folder() / "exports" / hashlib.sha256(words.encode()).hexdigest()[:20]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"error", "error_zh", "answer"} <= set(found) else None
