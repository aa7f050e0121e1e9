"""The reference page of the repairs lists what is registered, in its order."""

from __future__ import annotations

import re
from pathlib import Path

from iris_devtools.repairs import REPAIRS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "repairs.md").read_text(encoding="utf-8")


def test_the_page_has_one_row_for_each_repair() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)

    assert rows == [
        (one.name, one.mends, ", ".join(re.split("[=<>]", text)[0] for text in one.requires))
        for one in REPAIRS
    ]
