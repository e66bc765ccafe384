"""Fetches a published file into the workspace's cache, once, and checks that it is the published one."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.request
from collections.abc import Sequence
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path

from components.data._base import DataUnavailableError, Progress
from components.data._workspace import resolve

CHUNK = 1 << 18
TIMEOUT = 20  # seconds without a byte


def cached(name: str, md5: str) -> Path | None:
    """The file ``name`` of the cache where it is there, whole and the published one."""
    path = resolve(name, "cache")
    if not path.is_file():
        return None
    state = path.stat()
    return path if _md5(path, state.st_mtime_ns, state.st_size) == md5 else None


@lru_cache(maxsize=64)
def _md5(path: Path, _changed: int, _size: int) -> str:
    """The checksum of a file; it is read again only when it has changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def download(name: str, urls: Sequence[str], md5: str, progress: Progress | None = None) -> Path:
    """The file ``name`` of the cache, fetched from the first of ``urls`` that gives the bytes of this checksum.

    Raises:
        DataUnavailableError: no address gives the file; says where to put it by hand.
    """
    found = cached(name, md5)
    if found:
        return found
    path = resolve(name, "cache")
    path.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in urls:
        try:
            _fetch(url, path, md5, progress)
            return path
        except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
            reasons.append(f"{url}: {error}")
    why = "; ".join(reasons)
    raise DataUnavailableError(
        f"{path.name} could not be downloaded ({why}). Connect to the internet, or put the file into {path.parent}.",
        f"无法下载 {path.name}（{why}）。请连接网络，或将该文件放入 {path.parent}。",
    )


def _fetch(url: str, path: Path, md5: str, progress: Progress | None) -> None:
    digest, done = hashlib.md5(usedforsecurity=False), 0
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
        if digest.hexdigest() != md5:
            raise ValueError("the file has another checksum than the published one")
        Path(part).replace(path)
    finally:
        Path(part).unlink(missing_ok=True)
