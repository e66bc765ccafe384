"""Drawn digits become pictures as their data sets have them."""

from __future__ import annotations

import numpy as np
import pytest

import components
from components.data._ink import HandDrawn, block_counts, centred_by_mass


def sheet(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (200, 200)) -> np.ndarray:
    """A sheet with inked boxes: top, left, bottom, right."""
    ink = np.zeros(size, np.float32)
    for top, left, bottom, right in boxes:
        ink[top:bottom, left:right] = 1
    return ink


SEVEN = ((40, 60, 60, 140), (40, 120, 160, 140))


def extent(picture: np.ndarray) -> tuple[int, int]:
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


@pytest.mark.parametrize("boxes", [SEVEN, ((10, 150, 190, 165),), ((90, 20, 110, 180), (60, 20, 110, 40))])
def test_a_digit_of_mnist_fills_its_box_and_hangs_by_its_centre_of_mass(boxes) -> None:
    picture = centred_by_mass(sheet(*boxes))
    assert picture.shape == (28, 28) and picture.min() >= 0 and picture.max() == 1
    assert max(extent(picture)) == 20
    for axis in (0, 1):
        mass = picture.sum(axis=1 - axis)
        assert (mass * np.arange(28)).sum() / mass.sum() == pytest.approx(14, abs=0.5)


@pytest.mark.parametrize("made", [centred_by_mass, block_counts])
def test_where_and_how_large_it_is_drawn_does_not_matter(made) -> None:
    small = sheet(*((top // 2, left // 2, bottom // 2, right // 2) for top, left, bottom, right in SEVEN))
    moved = np.roll(sheet(*SEVEN), (30, -50), (0, 1))
    wide = np.pad(sheet(*SEVEN), ((0, 0), (0, 300)))
    for other in (small, moved, wide, sheet(*SEVEN) * 0.4):
        np.testing.assert_allclose(made(other), made(sheet(*SEVEN)), atol=0.26)
        assert np.corrcoef(made(other).ravel(), made(sheet(*SEVEN)).ravel())[0, 1] > 0.98


def test_the_8x8_digits_stand_from_top_to_bottom_with_the_same_ink_whatever_the_pen() -> None:
    for boxes in (SEVEN, ((40, 60, 44, 140), (40, 136, 160, 140))):
        picture = block_counts(sheet(*boxes))
        assert picture.shape == (8, 8) and extent(picture)[0] == 8
        assert (picture[:, [0, -1]] == 0).all()
        assert picture.mean() == pytest.approx(0.33, abs=0.05)
        assert (picture * 64 == (picture * 64).round()).all()


def test_a_slanted_stroke_is_made_upright() -> None:
    slanted = np.zeros((200, 200), np.float32)
    for row in range(30, 170):
        slanted[row, 130 - row // 2 : 150 - row // 2] = 1
    upright = block_counts(slanted)
    assert extent(upright)[1] <= 4
    assert upright[0].argmax() == pytest.approx(upright[-1].argmax(), abs=1)


@pytest.mark.parametrize("made", [centred_by_mass, block_counts])
def test_an_empty_sheet_is_an_empty_picture_and_a_dot_is_no_error(made) -> None:
    assert not made(sheet()).any()
    dot = made(sheet((50, 50, 51, 51)))
    assert np.isfinite(dot).all() and dot.max() > 0


@pytest.mark.parametrize("name", ["data_mnist_5k", "data_digits"])
def test_a_digit_of_the_data_stays_what_it_is(name: str) -> None:
    data = components.create(name)
    assert isinstance(data, HandDrawn)
    found = []
    for picture in data.arrays()["x"][:200:4, 0]:
        picture = (picture / picture.max()).astype(np.float32)
        again = data.from_ink(np.kron(picture, np.ones((4, 4), np.float32)))
        found.append(np.corrcoef(again.ravel(), picture.ravel())[0, 1])
    assert np.median(found) > 0.88


def test_only_digits_are_drawn_by_hand() -> None:
    for name in ("data_texture", "data_fashion_mnist", "data_iris"):
        assert not isinstance(components.create(name), HandDrawn)
