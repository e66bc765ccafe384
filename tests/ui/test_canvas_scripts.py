"""The scripts of the canvas, which are one text in the browser."""

from __future__ import annotations

import re
from collections import Counter

from builder.ui.canvas.component import BRIDGE, WEB, bundle

DECLARED = re.compile(r"^(?:export )?(?:const|let|function|class) (\w+)", re.MULTILINE)
IMPORTED = re.compile(r"^import (.*?) from \"\./(\w+)\.js\";$", re.MULTILINE)


def test_no_name_stands_twice_in_what_becomes_one_text() -> None:
    names = Counter(DECLARED.findall(bundle(*BRIDGE)))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_script_comes_after_those_that_it_imports() -> None:
    for place, name in enumerate(BRIDGE):
        for _, other in IMPORTED.findall((WEB / f"{name}.js").read_text(encoding="utf-8")):
            assert other in BRIDGE[:place], f"{name} imports {other}"
