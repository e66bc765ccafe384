"""Tables of one's own: what a CSV file becomes, and the one clear error for each thing that can be wrong with it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

import components
from components.data import _csv
from components.data._base import SPLITS, DataError, DataUnavailableError
from components.data._workspace import resolve, workspace

ANIMALS = "name,legs,weight,kind\n" + "".join(
    f"animal{i},{2 + 2 * (i % 2)},{i}.5,{'bird' if i % 2 == 0 else 'cat'}\n" for i in range(40)
)
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Puts a file into the data folder of a workspace of its own and returns its name."""
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path))
    (tmp_path / "data").mkdir()

    def written(content: str | bytes, name: str = "table.csv") -> str:
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "data" / name).write_bytes(raw)
        return name

    return written


def csv_data(file: str, **params: Any) -> Any:
    return components.create("data_csv", file=file, **params)


def everything(dataset: Any) -> dict[str, Tensor]:
    parts = [dataset.load(name) for name in SPLITS]
    batches = [part.__getitems__(range(len(part))) for part in parts]
    return {port: torch.cat([batch[port] for batch in batches]) for port in batches[0]}


def assert_refused(dataset: Any, *expected: str) -> DataError:
    """Both spec and load give one error with a message in each language that names the file and what is expected."""
    with pytest.raises(DataError) as error:
        dataset.spec()
    with pytest.raises(DataError):
        dataset.load("train")
    for part in expected:
        assert part in error.value.message, error.value.message
    assert any("\u4e00" <= c <= "\u9fff" for c in error.value.message_zh)
    assert dataset.file.rpartition("/")[2] in error.value.message_zh
    return error.value


# ------------------------------------------------------------------ what becomes of a table


def test_columns_become_features_and_classes(write: Write) -> None:
    dataset = csv_data(write(ANIMALS))
    assert {port: str(spec) for port, spec in dataset.spec().items()} == {"x": "(B, 2) float32", "y": "(B) int64"}
    assert dataset.spec()["y"].high == 2
    assert dataset.classes == ("bird", "cat")
    assert dataset.info == {"features": ["legs", "weight"], "left_out": ["name"]}
    data = everything(dataset)
    assert len(data["y"]) == 40
    assert torch.equal(data["y"], (data["x"][:, 0] == 4).long())
    assert sorted(data["x"][:, 1].tolist()) == [i + 0.5 for i in range(40)]


def test_splits_are_stratified_and_seeded(write: Write) -> None:
    file = write(ANIMALS)
    sizes = [len(csv_data(file).load(name)) for name in SPLITS]
    assert sizes == [28, 6, 6]
    for name in SPLITS:
        part = csv_data(file).load(name)
        y = part.__getitems__(range(len(part)))["y"]
        assert 2 * int(y.sum()) == len(y)
    first, again, other = (csv_data(file, split_seed=s).load("valid").tensors["x"] for s in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_categories_become_zeros_and_ones(write: Write) -> None:
    dataset = csv_data(write(ANIMALS), target="weight", features=["kind", "legs"])
    assert dataset.info["features"] == ["kind = bird", "kind = cat", "legs"]
    x = everything(dataset)["x"]
    assert torch.equal(x[:, :2].sum(dim=1), torch.ones(40)) and torch.equal(x[:, 1] == 1, x[:, 2] == 4)


def test_a_numeric_target_is_a_regression(write: Write) -> None:
    dataset = csv_data(write(ANIMALS), target="weight", features=["legs"])
    assert str(dataset.spec()["y"]) == "(B, 1) float32" and dataset.classes is None
    assert sorted(everything(dataset)["y"].flatten().tolist()) == [i + 0.5 for i in range(40)]


def test_few_whole_numbers_are_classes_unless_told_otherwise(write: Write) -> None:
    file = write("a,b\n" + "".join(f"{i},{[10, 9, 2][i % 3]}\n" for i in range(30)))
    assert csv_data(file).classes == ("2", "9", "10")
    assert csv_data(file, task="regression").classes is None
    assert str(csv_data(file, task="regression").spec()["y"]) == "(B, 1) float32"
    assert csv_data(file, target="a", task="classification", features=["b"]).task == "classification"
    many = write("a,b\n" + "".join(f"{i},{i}\n" for i in range(50)), "many.csv")
    assert csv_data(many).classes is None


@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_the_delimiter_is_found(write: Write, delimiter: str, name: str) -> None:
    file = write(ANIMALS.replace(",", delimiter))
    assert torch.equal(everything(csv_data(file))["x"], everything(csv_data(file, delimiter=name))["x"])


def test_quotes_spaces_and_line_ends(write: Write) -> None:
    rows = "".join(f'"Smith, J.\nsecond line", {i} ,"say ""{"yes" if i % 2 else "no"}"""\r\n' for i in range(20))
    dataset = csv_data(write("who, how many ,answer\r\n\r\n" + rows))
    assert dataset.info["features"] == ["who = Smith, J.\nsecond line", "how many"]
    assert dataset.classes == ('say "no"', 'say "yes"')


def test_a_table_without_names(write: Write) -> None:
    file = write("".join(f"{i + 7},{i % 3}\n" for i in range(30)))
    dataset = csv_data(file)
    assert dataset.info["features"] == ["column 1"] and len(everything(dataset)["y"]) == 30
    assert len(everything(csv_data(file, header="yes", target="7", features=["0"], task="regression"))["y"]) == 29


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_encodings(write: Write, encoding: str) -> None:
    text = "长度,种类\n" + "".join(f"{i},{'猫' if i % 2 else '狗'}\n" for i in range(20))
    dataset = csv_data(write(text.encode(encoding)), encoding=encoding)
    assert set(dataset.classes) == {"猫", "狗"} and dataset.info["features"] == ["长度"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(write: Write) -> None:
    dataset = csv_data(write(ANIMALS.encode("utf-8-sig")), features=["name"], max_categories=40)
    assert len(dataset.info["features"]) == 40


def test_the_file_is_read_again_when_it_has_changed(write: Write, tmp_path: Path) -> None:
    file = write(ANIMALS)
    assert csv_data(file).classes == ("bird", "cat")
    write(ANIMALS.replace("cat", "dog"))
    os.utime(tmp_path / "data" / file, ns=(1, 1))
    assert csv_data(file).classes == ("bird", "dog")


def test_columns_are_listed_whatever_is_chosen(write: Write) -> None:
    dataset = csv_data(write(ANIMALS), target="nothing")
    assert dataset.columns()[1] == {"name": "legs", "numeric": True, "distinct": 2, "missing": 0}
    assert dataset.columns()[3] == {"name": "kind", "numeric": False, "distinct": 2, "missing": 0}


# ------------------------------------------------------------------ missing cells


GAPS = "a,b,y\n" + "".join(f"{'' if i == 4 else i},{'NA' if i == 7 else 'uv'[i % 2]},{i % 2}\n" for i in range(40))


def test_missing_cells_are_refused_by_default(write: Write) -> None:
    assert_refused(csv_data(write(GAPS)), "table.csv, column 'a', line 6: the cell is missing (1 in this column)")
    assert_refused(csv_data(write(GAPS), features=["b"]), "column 'b', line 9", "'drop' or 'fill'")


def test_rows_with_missing_cells_are_dropped(write: Write) -> None:
    assert len(everything(csv_data(write(GAPS), missing="drop"))["y"]) == 38
    assert len(everything(csv_data(write(GAPS), missing="drop", features=["b"]))["y"]) == 39


def test_missing_cells_are_filled_with_what_training_knows(write: Write) -> None:
    rows = "".join(f"{i if i % 3 else ''},{i % 2}\n" for i in range(60))
    dataset = csv_data(write("a,y\n" + rows), missing="fill")
    train = dataset.load("train").tensors["x"]
    known = [v for v in train.flatten().tolist() if v == round(v)]
    mean = torch.tensor(known).mean()
    for name in SPLITS:
        x = dataset.load(name).tensors["x"].flatten()
        assert not x.isnan().any()
        filled = x[(x != x.round()) | (x == mean)]
        assert len(filled) and torch.allclose(filled, mean)


def test_a_missing_category_is_one_of_its_own(write: Write) -> None:
    dataset = csv_data(write(GAPS), missing="fill")
    assert dataset.info["features"] == ["a", "b = (missing)", "b = u", "b = v"]
    assert everything(dataset)["x"][:, 1].sum() == 1


def test_a_missing_target_cannot_be_filled(write: Write) -> None:
    file = write(GAPS + "3,u,\n")
    assert_refused(csv_data(file, missing="fill"), "column 'y', line 42: the cell is missing", "'drop'")
    assert len(everything(csv_data(file, missing="drop"))["y"]) == 38


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "table.csv is empty"),
        (" \n\n\t\n", "table.csv is empty"),
        (",,\n,,\n", "table.csv has no cell with anything in it"),
        ("a,b\n", "has a row of names but no data"),
        ("a\n1\n2\n3\n", "must have at least two columns"),
        ("a,b\n1,2\n3,4,5\n", "table.csv, line 3: expected 2 cells as in the first row. Got 3 instead"),
        ("a;b\n1,5;2\n3\n", "table.csv, line 3: expected 2 cells as in the first row. Got 1 instead"),
        ("a,a\nx,y\n", "has two columns named 'a'"),
        ('a,b\n1,"2\n', "table.csv, line 2"),
        ("a,b\n" + "1,2\n" * 9 + "oops,2\n", "column 'a', line 11: expected a finite number as in the other rows. Got"),
        ("a,b\n" + "1,2\n" * 9 + "inf,2\n", "column 'a', line 11: expected a finite number"),
        ("a,b\n" + "1,2\n" * 9 + "1e999,2\n", "column 'a', line 11"),
        ("a,b\n" + "1,2\n" * 9 + "-1e39,2\n", "column 'a', line 11: a number must be at most 3.4e+38 in size. Got '-1e39'"),
        ("a" * 200_000 + ",b\n1,2\n", "table.csv, line 1: field larger than field limit"),
        ("a,b\n1," + "x" * 200_000 + "\n", "table.csv, line 2: field larger than field limit"),
        ("a,b\n1,x\n2,y\n", "at least 3 samples"),
        ("a,b\n" + "".join(f"{i},text{i}\n" for i in range(30)), "must have 2 to 15 different values. Got 30 in 30"),
        ("a,b\n" + "1,same\n" * 30, "must have 2 to 15 different values. Got 1 in 30 rows"),
        ("a,b\n" + "".join(f"text{i},{i % 2}\n" for i in range(30)), "has no column to predict from: a hold"),
        (b"a,b\n1,\xff\n2,3\n", "table.csv, line 2: this is not text in utf-8"),
        ("a,b\n1,2\n".encode("utf-16"), "table.csv, line 1: this is not text in utf-8"),
        (b"a,b\n1,\x00\n", "holds zero bytes"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "table.csv, line 1: this is not text in utf-8"),
    ],
)  # fmt: skip
def test_broken_tables(write: Write, content: str | bytes, expected: str) -> None:
    dataset = csv_data(write(content))
    if expected.startswith("at least"):  # a table, but too small to be divided
        with pytest.raises(DataError, match=expected):
            dataset.load("train")
    else:
        assert_refused(dataset, expected)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"target": "colour"}, "has no column 'colour'. Its columns are: name, legs, weight, kind"),
        ({"features": ["legs", "height"]}, "has no column 'height'"),
        ({"features": ["kind"]}, "column 'kind' is the target"),
        ({"features": ["name"]}, "column 'name': a column of texts must have 1 to 20 different values"),
        ({"task": "regression"}, "column 'kind', line 2: the target of a regression must be a number"),
        ({"target": "weight", "task": "classification"}, "must have 2 to 20 different values. Got 40 in 40 rows"),
        ({"delimiter": "tab"}, "must have at least two columns"),
    ],
)  # fmt: skip
def test_wrong_choices(write: Write, params: dict[str, Any], expected: str) -> None:
    assert_refused(csv_data(write(ANIMALS), **params), "table.csv", expected)


def test_a_large_file_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_csv, "MAX_BYTES", 100)
    assert_refused(csv_data(write(ANIMALS)), "must have at most 100 bytes")


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_in_disguise_is_never_run(
    write: Write, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(pickle.dumps({"data": Bomb()}, protocol), "table.csv")
    assert_refused(csv_data(file), "table.csv")
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    "name",
    ["../secret.csv", "/etc/passwd", "a/../../secret.csv", "..\\secret.csv", "C:\\secret.csv", "C:x.csv", ".", "a\0b"],
)
def test_a_name_never_leaves_the_workspace(write: Write, name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(ANIMALS)
    with pytest.raises(DataError, match="must stay inside the workspace's data folder"):
        csv_data(name).spec()


def test_a_link_never_leaves_the_workspace(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(ANIMALS)
    (tmp_path / "data" / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DataError, match="must stay inside"):
        csv_data("link.csv").spec()


def test_files_in_folders_of_the_workspace(write: Write, tmp_path: Path) -> None:
    (tmp_path / "data" / "mine").mkdir()
    file = write(ANIMALS, "mine/animals.csv")
    assert csv_data(file).classes == ("bird", "cat")
    assert resolve("mine/new.csv") == (tmp_path / "data" / "mine" / "new.csv").resolve()


def test_a_file_that_is_not_there(write: Write) -> None:
    with pytest.raises(DataUnavailableError, match=r"There is no file 'none\.csv' in the workspace's data folder"):
        csv_data("none.csv").spec()
    with pytest.raises(DataError, match="No file is chosen"):
        csv_data("").spec()


def test_the_workspace_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAYERLOOM_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert workspace() == tmp_path / "workspace"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(str.encode),
        st.text(alphabet='ab1.,;\n"\t |?-e', max_size=200).map(str.encode),
    )
)
def test_any_bytes_give_a_table_or_one_error(write: Write, content: bytes, tmp_path: Path) -> None:
    file = write(content)
    _csv._read.cache_clear()  # files written within a tick of the clock look alike
    dataset = csv_data(file)
    try:
        spec = dataset.spec()
        batch = dataset.load("train").__getitems__([0])
    except DataError as error:
        assert error.message and error.message_zh
    else:
        assert batch["x"].shape == (1, *spec["x"].shape[1:])
