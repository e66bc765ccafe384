"""Images of one's own: what a zip of class folders becomes, and one clear error for each thing that can be wrong."""

from __future__ import annotations

import io
import os
import pickle
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

import components
from components.data import _images
from components.data._base import SPLITS, DataError

Zip = Callable[..., str]
CUTS = st.one_of(st.just(0), st.integers(1, 200))  # bytes missing at the end


def encoded(pixels: np.ndarray | Image.Image, format: str = "PNG", **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def flat(value: int, size: tuple[int, int] = (9, 13)) -> bytes:
    """An image of one grey value, which resizing keeps."""
    return encoded(np.full((*size, 3), value, np.uint8))


def two_classes(each: int = 10, prefix: str = "") -> dict[str, bytes]:
    return {f"{prefix}{c}/{i}.png": flat(100 * k + i) for k, c in enumerate(("dark", "light")) for i in range(each)}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zip:
    """Puts a zip into the data folder of a workspace of its own and returns its name."""
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path))
    (tmp_path / "data").mkdir()

    def written(files: Mapping[str | zipfile.ZipInfo, bytes] | bytes, name: str = "photos.zip") -> str:
        path = tmp_path / "data" / name
        if isinstance(files, bytes):
            path.write_bytes(files)
            return name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for member, content in files.items():
                opened.writestr(member, content)
        return name

    return written


def images(file: str, **params: Any) -> Any:
    return components.create("data_image_folder", file=file, **params)


def everything(dataset: Any) -> dict[str, Tensor]:
    parts = [dataset.load(name) for name in SPLITS]
    batches = [part.__getitems__(range(len(part))) for part in parts]
    return {port: torch.cat([batch[port] for batch in batches]) for port in batches[0]}


def assert_refused(dataset: Any, *expected: str, on_load: bool = False) -> None:
    """One error in each language that names the file; already at ``spec``, but for what is inside an image."""
    with pytest.raises(DataError) as error:
        if on_load:
            assert dataset.spec()
        else:
            dataset.spec()
        dataset.load("train")
    for part in ("photos.zip", *expected):
        assert part in error.value.message, error.value.message
    assert "photos.zip" in error.value.message_zh and any("\u4e00" <= c <= "\u9fff" for c in error.value.message_zh)


# ------------------------------------------------------------------ what becomes of an archive


def test_folders_become_classes(archive: Zip) -> None:
    dataset = images(archive(two_classes()), image_size=8)
    assert {port: str(spec) for port, spec in dataset.spec().items()} == {"x": "(B, 3, 8, 8) float32", "y": "(B) int64"}
    assert dataset.classes == ("dark", "light") and dataset.spec()["y"].high == 2
    data = everything(dataset)
    assert data["x"].shape == (20, 3, 8, 8) and data["x"].dtype == torch.float32
    value = (data["x"] * 255).round()
    assert torch.equal(value.amin(dim=(1, 2, 3)), value.amax(dim=(1, 2, 3)))
    assert torch.equal(data["y"], (value[:, 0, 0, 0] >= 100).long())
    assert sorted(value[:, 0, 0, 0].tolist()) == [*range(10), *range(100, 110)]


def test_splits_are_stratified_and_seeded(archive: Zip) -> None:
    file = archive(two_classes(20))
    assert [len(images(file).load(name)) for name in SPLITS] == [28, 6, 6]
    assert torch.bincount(images(file).load("valid").tensors["y"]).tolist() == [3, 3]
    first, again, other = (images(file, split_seed=s).load("valid").tensors["x"] for s in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_one_folder_around_the_classes_is_looked_through(archive: Zip) -> None:
    litter = {
        "mine/dark/": b"",
        "__MACOSX/mine/dark/._1.png": b"x",
        "mine/.DS_Store": b"x",
        "mine/dark/Thumbs.db": b"x",
    }
    dataset = images(archive({**two_classes(prefix="mine/"), **litter}))
    assert dataset.classes == ("dark", "light") and len(dataset.info["files"]) == 20


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF", "WEBP"])
def test_formats(archive: Zip, format: str) -> None:
    suffix = {"JPEG": "jpg"}.get(format, format.lower())
    picture = encoded(np.full((16, 16, 3), 200, np.uint8), format)
    file = archive({f"{c}/{i}.{suffix.upper()}": picture for c in "ab" for i in range(3)})
    assert ((everything(images(file))["x"] * 255 - 200).abs() < 4).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_colour_and_grey(archive: Zip, channels: int) -> None:
    red = encoded(np.broadcast_to(np.array([255, 0, 0], np.uint8), (4, 4, 3)).copy())
    x = everything(images(archive({f"{c}/{i}.png": red for c in "ab" for i in range(3)}), channels=channels))["x"]
    expected = [255, 0, 0] if channels == 3 else [76]  # 0.299 of full red
    assert (x[0, :, 0, 0] * 255).round().tolist() == expected


def test_resizing_equals_pillow(archive: Zip) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(30, 40, 3)).astype(np.uint8)
    file = archive({f"{c}/{i}.png": encoded(pixels) for c in "ab" for i in range(3)})
    x = everything(images(file, image_size=16))["x"]
    expected = np.asarray(Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    assert np.array_equal((x[0] * 255).round().numpy(), expected)


def test_unusual_pixels(archive: Zip) -> None:
    half = np.zeros((4, 4, 4), np.uint8)  # transparent black
    deep = Image.fromarray(np.full((4, 4), 51 * 257, np.uint16))
    palette = Image.fromarray(np.full((4, 4, 3), 51, np.uint8)).quantize(2)
    turned = Image.fromarray(np.vstack([np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)]))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    files = {
        "a/alpha.png": encoded(half),
        "a/deep.png": encoded(deep),
        "a/palette.png": encoded(palette),
        "b/turned.png": encoded(turned, exif=exif),
        "b/plain.png": flat(51),
        "b/other.png": flat(51),
    }
    dataset = images(archive(files), image_size=4, channels=1)
    values = dict(zip(dataset.info["files"], (everything_in_order(dataset) * 255).round(), strict=True))
    assert (values["a/alpha.png"] == 255).all()  # on white
    for name in ("a/deep.png", "a/palette.png", "b/plain.png"):
        assert (values[name] == 51).all(), name
    assert (values["b/turned.png"][0, 0] == 255).all() and (values["b/turned.png"][0, -1] == 0).all()


def everything_in_order(dataset: Any) -> Tensor:
    return torch.from_numpy(dataset.arrays()["x"]).float() / 255


# ------------------------------------------------------------------ what is refused


def linked(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"../evil.png": b""}, "'../evil.png' must have a path inside the archive"),
        ({"dark/../../evil.png": b""}, "must have a path inside the archive"),
        ({"/etc/evil.png": b""}, "'/etc/evil.png' must have a path inside the archive"),
        ({"C:/evil.png": b""}, "must have a path inside the archive"),
        ({"dark\\..\\..\\evil.png": b""}, "must have a path inside the archive"),
        ({linked("dark/link.png"): b"/etc/passwd"}, "'dark/link.png' must be a plain file, not a link or device"),
        ({"dark/notes.txt": b"hello"}, "'dark/notes.txt' must be an image (.bmp, .gif, .jpeg, .jpg, .png, .webp)"),
        ({"dark/more.zip": b"PK"}, "'dark/more.zip' must be an image"),
        ({"top.png": b""}, "'top.png' must lie directly in the folder of its class"),
        ({"dark/deep/1.png": b""}, "'dark/deep/1.png' must lie directly in the folder of its class"),
        ({"dark/large.png": bytes(_images.MAX_FILE_BYTES + 1)}, "'dark/large.png' must unpack to at most"),
    ],
)
def test_unsafe_or_strange_members(archive: Zip, extra: dict[Any, bytes], expected: str, tmp_path: Path) -> None:
    file = archive({**two_classes(), **extra})
    before = sorted(tmp_path.parent.rglob("*"))
    assert_refused(images(file), expected)
    assert sorted(tmp_path.parent.rglob("*")) == before  # nothing is ever unpacked


def test_encrypted_members(archive: Zip, tmp_path: Path) -> None:
    file = archive(two_classes())
    path = tmp_path / "data" / file
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1  # the flag in the archive's directory
    path.write_bytes(bytes(content))
    assert_refused(images(file), "must not be encrypted")


def test_classes_are_needed(archive: Zip) -> None:
    assert_refused(images(archive({f"only/{i}.png": flat(i) for i in range(9)})), "at least two class folders. Got 1")
    assert_refused(images(archive({})), "at least two class folders. Got 0")
    assert_refused(
        images(archive({f"mine/only/{i}.png": flat(i) for i in range(9)})), "at least two class folders. Got 1"
    )


def test_too_few_images(archive: Zip) -> None:
    with pytest.raises(DataError, match="at least 3 samples"):
        images(archive({"a/1.png": flat(1), "b/1.png": flat(1)})).load("train")


def test_limits(archive: Zip, monkeypatch: pytest.MonkeyPatch) -> None:
    file = archive(two_classes())
    with monkeypatch.context() as patch:
        patch.setattr(_images, "MAX_FILES", 19)
        assert_refused(images(file), "must hold at most 19 files. Got 20 instead")
    with monkeypatch.context() as patch:
        patch.setattr(_images, "MAX_TOTAL_BYTES", 1000)
        assert_refused(images(file), "must unpack to at most 1000 bytes")
    assert_refused(images(file, image_size=10_000), "choose a smaller one", on_load=True)


def test_a_bomb_of_zeros_is_not_unpacked(archive: Zip, tmp_path: Path) -> None:
    file = archive({**two_classes(), "dark/bomb.png": bytes(100 * 2**20)})
    assert (tmp_path / "data" / file).stat().st_size < 2**20
    assert_refused(images(file), "'dark/bomb.png' must unpack to at most 33554432 bytes")


def test_a_member_that_lies_about_its_size(archive: Zip, tmp_path: Path) -> None:
    file = archive({"dark/bomb.png": bytes(2**20), **two_classes()})
    path = tmp_path / "data" / file
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        entry = content.index(signature)
        content[entry + offset : entry + offset + 4] = (100).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    assert_refused(images(file), "'dark/bomb.png' is not a readable image", on_load=True)


@pytest.mark.parametrize("side", [7_000, 20_000])
def test_a_bomb_of_pixels_is_not_decoded(archive: Zip, side: int) -> None:
    bomb = encoded(Image.new("1", (side, side)))
    assert len(bomb) < 2**20
    assert_refused(
        images(archive({**two_classes(), "dark/bomb.png": bomb})), "'dark/bomb.png' is not a readable", on_load=True
    )


def test_truncated_images(archive: Zip) -> None:
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3)).astype(np.uint8)
    for suffix, format in (("png", "PNG"), ("jpg", "JPEG"), ("gif", "GIF"), ("bmp", "BMP"), ("webp", "WEBP")):
        picture = encoded(noise, format)
        file = archive({**two_classes(), f"light/cut.{suffix}": picture[: len(picture) // 2]}, f"{suffix}-photos.zip")
        assert_refused(images(file), f"'light/cut.{suffix}' is not a readable image", on_load=True)


def test_other_files_with_the_name_of_an_image(archive: Zip) -> None:
    for content in (
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        encoded(np.zeros((4, 4), np.uint8), "TIFF"),
    ):
        file = archive({**two_classes(), "dark/fake.png": content}, f"{len(content)}-photos.zip")
        assert_refused(images(file), "'dark/fake.png' is not a readable image (unknown format)", on_load=True)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


def test_a_pickle_in_disguise_is_never_run(archive: Zip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside = archive({**two_classes(), "dark/fake.png": pickle.dumps(Bomb())}, "inside-photos.zip")
    assert_refused(images(inside), "'dark/fake.png' is not a readable image", on_load=True)
    assert_refused(images(archive(pickle.dumps(Bomb()))), "is not a readable zip archive")
    torch.save({"x": Bomb()}, tmp_path / "data" / "torch-photos.zip")  # a pickle inside a zip
    assert_refused(images("torch-photos.zip"), "must be an image")
    assert not Path("pwned").exists()


def test_names_never_leave_the_workspace(archive: Zip) -> None:
    for name in ("../photos.zip", "/photos.zip"):
        assert_refused(images(name), "must stay inside the workspace's data folder")
    assert_refused(images("no-photos.zip"), "There is no file 'no-photos.zip'")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.dictionaries(st.integers(0, 10**6), st.integers(0, 255), min_size=1, max_size=12), cut=CUTS)
def test_any_damage_gives_images_or_one_error(archive: Zip, tmp_path: Path, damage: dict[int, int], cut: int) -> None:
    path = tmp_path / "data" / archive(two_classes(3))
    content = bytearray(path.read_bytes())
    for place, value in damage.items():
        content[place % len(content)] = value
    path.write_bytes(bytes(content[: len(content) - cut]))
    _images.list_images.cache_clear()  # files written within a tick of the clock look alike
    _images.read_images.cache_clear()
    dataset = images("photos.zip", image_size=4)
    try:
        spec = dataset.spec()
        batch = dataset.load("train").__getitems__([0])
    except DataError as error:
        assert error.message and error.message_zh
    else:
        assert batch["x"].shape == (1, *spec["x"].shape[1:])
