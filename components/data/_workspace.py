"""The folder of a person's own files: uploads lie in ``data/``, downloads in ``cache/``; nothing outside is opened."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

from components.data._errors import DataError, DataUnavailableError


def workspace() -> Path:
    """The workspace folder: the environment variable LAYERLOOM_WORKSPACE, or ``workspace`` in the current one."""
    return Path(os.environ.get("LAYERLOOM_WORKSPACE") or "workspace").absolute()


def resolve(name: str, folder: str = "data") -> Path:
    """The path of the file ``name`` below a folder of the workspace, whether it exists or not.

    Raises:
        DataError: the name is empty, absolute, climbs with ``..`` or leads out of the folder through a link.
    """
    root = (workspace() / folder).resolve()
    plain = name.replace("\\", "/")
    climbs = ".." in PurePosixPath(plain).parts
    if not name.strip() or "\0" in name or climbs or plain.startswith("/") or PureWindowsPath(name).drive:
        raise _outside(name, folder)
    path = (root / plain).resolve()
    if path == root or not path.is_relative_to(root):
        raise _outside(name, folder)
    return path


def data_file(name: str) -> Path:
    """The path of an uploaded file that exists.

    Raises:
        DataError: no name is given, or it leads out of the workspace's ``data`` folder.
        DataUnavailableError: there is no such file.
    """
    if not name:
        raise DataError(
            "No file is chosen: upload one and set 'file' to its name.",
            "尚未选择文件：请先上传，再将 file 设为其文件名。",
        )
    path = resolve(name)
    if not path.is_file():
        raise DataUnavailableError(
            f"There is no file {name!r} in the workspace's data folder: upload it first.",
            f"工作区的 data 文件夹中没有文件“{name}”：请先上传。",
        )
    return path


def fingerprint(path: Path) -> tuple[int, int]:
    """When a file was changed last and how large it is, so that what was read from it can be kept until it changes."""
    state = path.stat()
    return state.st_mtime_ns, state.st_size


def _outside(name: str, folder: str) -> DataError:
    return DataError(
        f"A file name must stay inside the workspace's {folder} folder: no absolute path, no '..'. "
        f"Got {name!r} instead.",
        f"文件名必须位于工作区的 {folder} 文件夹内：不能是绝对路径，不能含“..”。收到：{name!r}。",
    )
