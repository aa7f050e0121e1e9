"""The reference page of the stand-in says what the stand-in does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import iris
import pytest

from iris_devtools.admin import Admin
from iris_devtools.standin.catalog import parser
from iris_devtools.standin.storage.label import FORMAT
from tests.compliance.known import read_known

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "standin.md").read_text(encoding="utf-8")
REFUSALS = re.findall(r"^\| `(.+)` \| (-\d+) \| .+ \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def cursor(standin: Any) -> Iterator[Any]:
    with Admin.connect(standin.server) as admin:
        admin.create_namespace("REFUSALS")
    connection = iris.connect(standin.host, standin.port, "REFUSALS", "_SYSTEM", "SYS")
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE Person (id INT PRIMARY KEY, Name VARCHAR(30), Age INT)")
    cursor.execute("CREATE TABLE Computed (a INT, b INT COMPUTECODE { Do Something })")
    yield cursor
    connection.close()
    with Admin.connect(standin.server) as admin:
        admin.drop_namespace("REFUSALS", terminate=True)


def test_the_page_lists_refusals() -> None:
    assert len(REFUSALS) > 30
    assert len({statement for statement, _ in REFUSALS}) == len(REFUSALS)


@pytest.mark.parametrize(("statement", "sqlcode"), REFUSALS)
def test_what_the_page_says_is_refused_with_its_code(cursor: Any, statement: str, sqlcode: str) -> None:
    with pytest.raises(Exception, match=re.escape(f"[SQLCODE: <{sqlcode}>")) as caught:
        cursor.execute(statement)

    assert isinstance(caught.value, iris.dbapi.Error)


@pytest.mark.parametrize("missing", sorted({feature.split(" (")[0] for _, feature in parser._REFUSED}))
def test_every_definition_that_is_refused_is_on_the_page(missing: str) -> None:
    assert missing in PAGE


def test_every_known_failure_of_the_compliance_suite_is_on_the_page() -> None:
    assert [one.reason for one in read_known() if one.reason not in PAGE] == []
    assert not [one for one in read_known() if one.fault == "stand-in"]


def test_the_page_has_the_format_of_the_files() -> None:
    assert f"{FORMAT} (engine `standin-{FORMAT}`)" in PAGE
