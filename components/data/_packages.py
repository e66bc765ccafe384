"""Finds data files that ship inside installed packages, without importing those packages."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from components.data._errors import DataUnavailableError

CORE = "pip install -r requirements.txt"
EXTRA = "pip install --no-deps -r requirements-data.txt"


def package_file(distribution: str, path: str, command: str = EXTRA) -> Path:
    """The path of a file inside an installed distribution.

    Raises:
        DataUnavailableError: the distribution is not installed or lacks the file; says which command installs it.
    """
    try:
        file = Path(str(metadata.distribution(distribution).locate_file(path)))
    except metadata.PackageNotFoundError:
        raise missing_package(distribution, command) from None
    if not file.is_file():
        raise DataUnavailableError(
            f"The installed version of {distribution} has no file {path}. The right version comes with: {command}",
            f"已安装的 {distribution} 中没有文件 {path}。安装正确版本：{command}",
        )
    return file


def missing_package(distribution: str, command: str = EXTRA) -> DataUnavailableError:
    """The error for a package that is not installed."""
    return DataUnavailableError(
        f"These data come with the package {distribution}, which is not installed. Install it with: {command}",
        f"该数据集随 {distribution} 包提供，但尚未安装。安装命令：{command}",
    )
