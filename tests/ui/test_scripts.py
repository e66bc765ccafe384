"""The scripts of the canvas are put into one: what they name at the top must be named once."""

from __future__ import annotations

import re
from collections import Counter

from builder.ui.canvas.component import BRIDGE, WEB, bundle


def test_no_name_is_given_twice() -> None:
    found = re.findall(r"^(?:async )?(?:const|let|class|function) (\w+)", bundle(*BRIDGE), re.MULTILINE)
    assert [name for name, count in Counter(found).items() if count > 1] == []
    assert len(found) > 40


def test_a_script_comes_after_those_that_it_imports() -> None:
    for place, name in enumerate(BRIDGE):
        source = (WEB / f"{name}.js").read_text(encoding="utf-8")
        for other in re.findall(r'^import .* from "\./(\w+)\.js";$', source, re.MULTILINE):
            assert other in BRIDGE, f"{name} imports {other}"
            assert place != BRIDGE.index(other)
