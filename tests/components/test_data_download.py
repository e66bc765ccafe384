"""Data sets that are downloaded: from a server of the test's own, with tiny files of the published layout."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision import datasets as published

import components
from components.data import cifar10
from components.data._base import SPLITS, DataUnavailableError

DOWNLOADED = ["data_cifar10", "data_fashion_mnist", "data_mnist"]


class Server:
    """Serves a folder on this machine and counts the requests."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.requests = folder, []
        requests = self.requests

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_request(self, code: Any = "-", size: Any = "-") -> None:
                requests.append(self.path)

            def log_error(self, format: str, *args: Any) -> None: ...

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.url = f"http://127.0.0.1:{self.http.server_port}/"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path / "workspace"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "served"
    folder.mkdir()
    server = Server(folder)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


def closed_address() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def publish_mnist(server: Server, monkeypatch: pytest.MonkeyPatch, *urls: str) -> dict[str, np.ndarray]:
    """A tiny MNIST of 40 and 10 images in which every pixel of image i is i."""
    arrays = {
        "train-images-idx3-ubyte.gz": np.repeat(np.arange(40, dtype=np.uint8), 28 * 28).reshape(40, 28, 28),
        "train-labels-idx1-ubyte.gz": (np.arange(40) % 10).astype(np.uint8),
        "t10k-images-idx3-ubyte.gz": np.repeat(np.arange(200, 210, dtype=np.uint8), 28 * 28).reshape(10, 28, 28),
        "t10k-labels-idx1-ubyte.gz": np.arange(10, dtype=np.uint8),
    }
    resources = []
    for name, array in arrays.items():
        (server.folder / name).write_bytes(idx(array))
        resources.append((name, hashlib.md5((server.folder / name).read_bytes()).hexdigest()))
    for set_ in (published.MNIST, published.FashionMNIST):
        monkeypatch.setattr(set_, "resources", resources)
        monkeypatch.setattr(set_, "mirrors", list(urls) or [server.url])
    return arrays


def publish_cifar10(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny CIFAR-10: 5 files of 20 records and a test file of 10; red is the label, green the file, blue 7."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for file, name in enumerate([*cifar10.TRAIN, *cifar10.TEST]):
            count = 10 if name in cifar10.TEST else 20
            records = np.zeros((count, 3073), np.uint8)
            records[:, 0] = np.arange(count) % 10
            records[:, 1:] = np.repeat(
                np.stack([records[:, 0], np.full(count, file), np.full(count, 7)], 1), 1024, axis=1
            )
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = records.nbytes
            archive.addfile(member, io.BytesIO(records.tobytes()))
    (server.folder / cifar10.ARCHIVE).write_bytes(stream.getvalue())
    monkeypatch.setattr(cifar10, "URL", server.url + cifar10.ARCHIVE)
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(stream.getvalue()).hexdigest())


@pytest.mark.parametrize("id", ["data_mnist", "data_fashion_mnist"])
def test_mnist_files_are_read(server: Server, monkeypatch: pytest.MonkeyPatch, id: str) -> None:
    arrays = publish_mnist(server, monkeypatch)
    dataset = components.create(id, valid_share=0.25)
    data = {name: (part := dataset.load(name)).__getitems__(range(len(part))) for name in SPLITS}
    assert [len(data[name]["y"]) for name in SPLITS] == [30, 10, 10]
    test = data["test"]
    assert torch.equal((test["x"][:, 0, 0, 0] * 255).round(), torch.arange(200.0, 210.0))
    assert torch.equal(test["y"], torch.from_numpy(arrays["t10k-labels-idx1-ubyte.gz"]).long())
    image = torch.cat([(data[name]["x"][:, 0, 5, 5] * 255).round() for name in ("train", "valid")])
    label = torch.cat([data[name]["y"] for name in ("train", "valid")])
    assert sorted(image.tolist()) == list(range(40)) and torch.equal(image.long() % 10, label)
    assert torch.bincount(data["valid"]["y"], minlength=10).tolist() == [1] * 10
    for port, spec in dataset.spec().items():
        assert tuple(test[port].shape[1:]) == spec.shape[1:] and test[port].dtype == getattr(torch, spec.dtype)


def test_cifar10_records_are_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_cifar10(server, monkeypatch)
    dataset = components.create("data_cifar10")
    data = {name: (part := dataset.load(name)).__getitems__(range(len(part))) for name in SPLITS}
    assert [len(data[name]["y"]) for name in SPLITS] == [90, 10, 10]
    for batch in data.values():
        assert batch["x"].shape[1:] == (3, 32, 32)
        assert torch.equal((batch["x"][:, 0, 3, 4] * 255).round().long(), batch["y"])
        assert ((batch["x"][:, 2] * 255).round() == 7).all()
    assert (data["test"]["x"][:, 1] * 255).round().unique().tolist() == [5]
    assert len(dataset.classes) == dataset.spec()["y"].high == 10


def test_progress_is_told_and_files_are_fetched_once(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    publish_cifar10(server, monkeypatch)
    size = (server.folder / cifar10.ARCHIVE).stat().st_size
    told: list[tuple[int, int]] = []
    dataset = components.create("data_cifar10")
    assert not dataset.present()
    dataset.prepare(lambda done, total: told.append((done, total)))
    assert told[-1] == (size, size) and [d for d, _ in told] == sorted(d for d, _ in told)
    dataset.prepare()
    dataset.load("train")
    assert len(server.requests) == 1
    assert dataset.present()
    assert [p.name for p in (tmp_path / "workspace" / "cache" / "CIFAR10").iterdir()] == [cifar10.ARCHIVE]


def test_a_specification_downloads_nothing(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish_mnist(server, monkeypatch)
    publish_cifar10(server, monkeypatch)
    for id in DOWNLOADED:
        dataset = components.create(id)
        assert dataset.spec()["y"].high == 10
        assert not dataset.present()
    assert not server.requests and not (tmp_path / "workspace").exists()


def test_the_next_mirror_is_tried(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_mnist(server, monkeypatch, closed_address(), server.url + "gone/", server.url)
    assert len(components.create("data_mnist").load("test")) == 10


def test_a_file_that_was_put_there_by_hand_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    publish_mnist(server, monkeypatch, closed_address())
    folder = tmp_path / "workspace" / "cache" / "MNIST"
    folder.parent.mkdir(parents=True)
    server.folder.rename(folder)
    dataset = components.create("data_mnist")
    assert dataset.present()
    assert len(dataset.load("test")) == 10
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(b"another file")
    assert not dataset.present()


Break = Callable[[Server, pytest.MonkeyPatch], None]


def no_internet(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "URL", closed_address() + cifar10.ARCHIVE)


def not_found(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    (server.folder / cifar10.ARCHIVE).unlink()


def another_file(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    (server.folder / cifar10.ARCHIVE).write_bytes(b"not what was published")


@pytest.mark.parametrize(
    ("broken", "reason"), [(no_internet, "refused"), (not_found, "404"), (another_file, "checksum")]
)
def test_a_download_that_fails_says_what_to_do(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: Break, reason: str
) -> None:
    publish_cifar10(server, monkeypatch)
    broken(server, monkeypatch)
    folder = tmp_path / "workspace" / "cache" / "CIFAR10"
    with pytest.raises(DataUnavailableError, match=reason) as error:
        components.create("data_cifar10").load("train")
    for message in (error.value.message, error.value.message_zh):
        assert cifar10.ARCHIVE in message and str(folder) in message
    assert not list(folder.iterdir())  # no half a file is left


def test_a_damaged_file_is_fetched_again(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish_cifar10(server, monkeypatch)
    path = tmp_path / "workspace" / "cache" / "CIFAR10" / cifar10.ARCHIVE
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    assert len(components.create("data_cifar10").load("test")) == 10
    assert path.read_bytes() == (server.folder / cifar10.ARCHIVE).read_bytes()


def test_checksums_and_addresses_are_torchvisions() -> None:
    for name in ("MNIST", "FashionMNIST"):
        files = {file for file, _ in getattr(published, name).resources}
        assert files == set(components.data.mnist.FILES) and getattr(published, name).mirrors
    assert list(components.create("data_fashion_mnist").classes) == published.FashionMNIST.classes
