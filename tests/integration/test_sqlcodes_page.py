"""The reference page of error codes says what the stand-in does, with every code of iris-facts 8.1."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from iris_devtools.standin.sqlcodes import GENERAL_TEXTS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "sqlcodes.md").read_text(encoding="utf-8")
MET, SEVERAL, NEVER = (part.partition("\n## ")[0] for part in PAGE.split("\n## Codes that ")[1:])
SETUP = re.search(r"```sql\n(.*?)\n```", MET, re.DOTALL)
ROWS = re.findall(r"^\| (-\d+) \| (\w+) \| `(.+?)` \| (?:`(.*)`)? \|$", MET, re.MULTILINE)
FACTS = (
    *(-1, -12, -23, -25, -27, -29, -30, -31, -37, -51, -78, -98, -99, -104, -105, -106, -107, -108, -109),
    *(-110, -111, -112, -114, -115, -119, -120, -121, -122, -123, -124, -125, -127, -138, -139, -201, -300),
    *(-304, -305, -306, -307, -308, -310, -311, -314, -315, -316, -317, -320, -321, -322, -324, -333, -334),
    *(-340, -341, -342, -343, -344, -360, -361, -362, -372, -374, -375, -378, -382, -383, -385, -386, -400),
    *(-401, -402, -410, -415, -417, -428, -429, -450, -456, -459, -461, -466, -473, -475, -476, -478),
)


@pytest.fixture(scope="module")
def tables(sql):
    assert SETUP is not None
    sql.run(*(text.strip() for text in re.split(r";$", SETUP[1], flags=re.MULTILINE) if text.strip()))
    return sql


@pytest.mark.parametrize(("code", "kind", "text", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_a_statement_fails_as_the_page_says(tables, standin, code, kind, text, message):
    namespace = tables.value("SELECT $NAMESPACE")
    facts = {"namespace": namespace, "directory": str(standin.data / "mgr" / namespace.lower())}
    for name, value in facts.items():
        text, message = text.replace(f"{{{name}}}", value), message.replace(f"{{{name}}}", value)
    assert tables.failure(text) == (kind, int(code), message)


def test_no_failure_left_anything_behind(tables):
    """A statement that fails changes nothing (iris-sql 7.3): one row each of the tables that were tried."""
    counts = "SELECT (SELECT COUNT(*) FROM T), (SELECT COUNT(*) FROM Child), (SELECT COUNT(*) FROM Same)"
    assert tables.rows(counts) == [(2, 1, 2)]
    names = "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'SQLUser'"
    assert {"two", "Pair", "Sorted", "Checked"} & set(tables.column(names)) == set()


def test_every_code_is_on_the_page_once():
    several = {int(code) for code in re.findall(r"^\| (-\d+)", SEVERAL, re.MULTILINE)}
    never = {
        int(code)
        for codes in re.findall(r"^\| (-\d[-\d, ]*) \|", NEVER, re.MULTILINE)
        for code in codes.split(", ")
    }
    met = [int(code) for code, *_ in ROWS]
    assert len(met) == len(set(met)) > 110
    assert not set(met) & several and not (set(met) | several) & never
    assert set(FACTS) - set(met) - several - never == set()


def test_every_code_has_its_general_text():
    assert [code for code, *_ in ROWS if int(code) not in GENERAL_TEXTS] == []
