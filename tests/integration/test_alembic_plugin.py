"""The commands are sub-commands of the stock ``alembic`` program once the package is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from types import ModuleType

import pytest

from alembic_ext.cli import table

COMMANDS = tuple(command.name for command in table.COMMANDS)


def run(*arguments: str, warnings: str = "error") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", warnings, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("program", ["alembic", "alembic_ext"])
def test_the_commands_show_up_in_the_help(program: str) -> None:
    finished = run(program, "--help")

    assert finished.returncode == 0, finished.stderr
    for command in COMMANDS:
        assert finished.stdout.count(f"    {command} ") == 1
    assert "upgrade" in finished.stdout


def test_alembic_loads_the_plugin_without_a_warning() -> None:
    """Alembic 1.20 warns of plugins in the older shape, a collection of modules."""
    finished = run("alembic", "--version", warnings="error")

    assert finished.returncode == 0, finished.stderr
    assert "Warning" not in finished.stderr


def test_the_entry_point_is_a_module_and_a_collection_of_modules() -> None:
    """Alembic up to 1.19 iterates over what the entry point names, from 1.20 on it wants a module."""
    (point,) = entry_points(group="alembic.plugins", name="iris_snapshots")
    loaded = point.load()

    assert isinstance(loaded, ModuleType)
    assert list(loaded) == [loaded]
    assert callable(loaded.setup)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    finished = run("alembic", command, "--help")

    assert finished.returncode == 0, finished.stderr
    assert "--json" in finished.stdout


def test_importing_alembic_imports_neither_driver_nor_docker_nor_pydantic() -> None:
    """Every Alembic command of every project pays for what a plugin imports."""
    script = (
        "import sys, alembic.config; alembic.config.CommandLine(); "
        "print([name for name in ('iris', 'docker', 'pydantic', 'rich', 'pytest') if name in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )

    assert finished.stdout.strip() == "[]"
