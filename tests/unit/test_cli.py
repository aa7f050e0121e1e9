"""The command line's root: exit codes, help, and what it does not load."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from iris_devtools import errors
from iris_devtools.cli import main
from iris_devtools.cli.exits import EXIT_CODES, ended


def test_the_exit_codes_are_those_of_the_picture():
    assert errors.__doc__ is not None
    pictured = {
        getattr(errors, name): int(code)
        for name, code in re.findall(r"^(?:\s*- )?(\w+Error)\s+(\d)\b", errors.__doc__, re.MULTILINE)
    }

    assert pictured == EXIT_CODES


@pytest.mark.parametrize("kind", sorted(EXIT_CODES, key=lambda kind: kind.__name__))
def test_a_command_ends_with_the_code_and_the_words_of_its_error(kind):
    @click.command()
    def failing() -> None:
        with ended():
            raise kind("It did not work.", hint="Do something else.")

    result = CliRunner().invoke(failing)

    assert result.exit_code == EXIT_CODES[kind]
    assert "It did not work." in result.stderr
    assert "Do something else." in result.stderr
    assert result.stdout == ""


def test_help_names_every_command():
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    for command in main.list_commands(click.Context(main)):
        assert re.search(rf"^  {command} ", result.stdout, re.MULTILINE)


def test_an_unknown_command_is_a_usage_error():
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert version("iris-devtools") in CliRunner().invoke(main, ["--version"]).stdout


def test_importing_the_command_line_loads_nothing_heavy():
    program = (
        "import sys, iris_devtools.cli\n"
        "heavy = {'sqlalchemy', 'alembic', 'docker', 'iris', 'sqlglot', 'pydantic', 'pytest'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert result.stdout.strip() == "[]"


def test_no_line_of_a_list_of_commands_is_cut_off():
    for group in ([], ["fixture"]):
        # What a terminal of 80 columns leaves.
        lines = CliRunner().invoke(main, [*group, "--help"], terminal_width=78).stdout.splitlines()
        assert [line for line in lines if line.endswith("...") and "Usage" not in line] == []


def test_the_package_can_be_run_where_scripts_are_not_on_the_path():
    command = [sys.executable, "-m", "iris_devtools", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout.startswith("iris-devtools, version ")
