"""The page about classes and language says what the server has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from iris_devtools.standin.objectscript.definition import ClassDefinition
from iris_devtools.standin.objectscript.dispatch import CLASSES as SERVER
from iris_devtools.standin.terminal.classes import CLASSES as TERMINAL
from iris_devtools.standin.terminal.functions import FUNCTIONS
from iris_devtools.standin.terminal.functions_system import SYSTEM_FUNCTIONS
from iris_devtools.standin.terminal.functions_variables import VARIABLE_FUNCTIONS
from iris_devtools.standin.terminal.parser import parse_line

Terminal = Callable[..., tuple[str, int]]

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "standin-classes.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in row[1:-1].split(" |")] for row in section.splitlines() if row[:1] == "|"
    ]
    return rows[2:]


ROWS = table("Classes")


def named(cell: str) -> set[str]:
    return set(re.findall(r"`(.+?)`", cell))


def members(name: str, part: str) -> set[str]:
    found: set[str] = set()
    for definition in (SERVER.get(name), TERMINAL.get(name)):
        if isinstance(definition, ClassDefinition):
            found |= set(getattr(definition, part))
    return found


def test_the_table_has_every_class() -> None:
    names = {definition.name for definition in (*SERVER.values(), *TERMINAL.values())}

    assert [row[0] for row in ROWS] == [f"`{name}`" for name in sorted(names)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_every_member_of_its_class(row: list[str]) -> None:
    name = row[0].strip("`")

    assert named(row[2]) == members(name, "class_methods")
    assert named(row[3]) == members(name, "methods")
    assert named(row[4]) == members(name, "properties")
    assert ("terminal" in row[1]) == (name not in SERVER)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_line_of_a_row_writes_what_the_row_says(terminal: Terminal, row: list[str]) -> None:
    line, written = row[5].strip("`"), row[6].strip("`")
    output, code = terminal(line, namespace="%SYS")

    assert code == 0
    assert output.split("%SYS>", 1)[1].split("%SYS>")[0].strip("\n") == written


@pytest.mark.parametrize("row", table("Functions of the terminal"), ids=lambda row: row[0])
def test_the_functions_of_the_page_are_known(row: list[str]) -> None:
    known = {*FUNCTIONS, *VARIABLE_FUNCTIONS, *SYSTEM_FUNCTIONS, "case", "select"}

    assert {name.lower() for name in re.findall(r"`\$(\w+)", row[1])} - known == set()


def test_the_commands_of_the_page_are_parsed_or_refused_as_it_says() -> None:
    for word in re.findall(r"`(\w+)`", table("Commands of the terminal")[3][1]):
        assert parse_line(f"{word} 1").commands[0].word == "UNIMPLEMENTED"
