"""The reference pages say what the code does."""

from __future__ import annotations

import ast
import pkgutil
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from alembic_ext.cli.table import COMMANDS
from iris_devtools import errors
from iris_devtools.config import Settings
from iris_devtools.errors import IrisDevtoolsError

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference"


def test_the_table_of_errors_has_every_class_with_its_exit_code() -> None:
    rows = re.findall(r"`(\w+Error)` \| (\d+) \|", (REFERENCE / "errors.md").read_text(encoding="utf-8"))
    classes = [getattr(errors, name) for name in errors.__all__]

    assert dict(rows) == {one.__name__: str(one.exit_code) for one in classes}
    assert all(issubclass(one, IrisDevtoolsError) for one in classes)


@pytest.mark.parametrize(
    "option",
    [
        "--from-database",
        "--rebuild",
        "--description",
        "--snapshot",
        "--namespace",
        "--engine",
        "--mermaid",
        "--html",
        "--keep",
        "--max-bytes",
        "--older-than",
        "--unreachable",
        "--dry-run",
    ],
)
def test_the_page_of_the_alembic_commands_has_every_option(option: str) -> None:
    assert f"`{option}" in (REFERENCE / "alembic.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(REFERENCE.parent.rglob("*.md")), ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_what_examples_import_of_ours_is_there() -> None:
    for page in [REFERENCE.parent.parent / "README.md", *REFERENCE.parent.rglob("*.md")]:
        for _, block in re.findall(
            r"^( *)```python\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.S | re.M
        ):
            for node in ast.walk(ast.parse(textwrap.dedent(block), filename=str(page))):
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith(("iris_dev", "alembic_")):
                    for one in node.names:
                        pkgutil.resolve_name(f"{node.module}.{one.name}")


def test_links_into_a_page_lead_to_one_of_its_headings() -> None:
    lost = []
    for page in [REFERENCE.parent.parent / "README.md", *REFERENCE.parent.rglob("*.md")]:
        for place, heading in re.findall(
            r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")
        ):
            if heading not in _anchors(page.parent / place if place else page):
                lost.append(f"{page.name}: {place}#{heading}")

    assert lost == []


def test_the_page_of_the_alembic_commands_has_every_command() -> None:
    page = (REFERENCE / "alembic.md").read_text(encoding="utf-8")

    assert [one.name for one in COMMANDS if f"## `alembic {one.name}" not in page] == []


def test_the_table_of_settings_has_every_setting() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")

    assert [name for name in Settings.model_fields if f"| `{name}` |" not in page] == []


def test_the_table_of_settings_says_what_the_code_says() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    rows = {
        name: (default, says)
        for name, default, says in re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\| (.*) \|$", page, re.MULTILINE)
    }

    told = {name: (_default(field.default), field.description) for name, field in _fields()}

    assert rows == told


def _anchors(page: Path) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = [heading.lower() for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def _fields() -> list[tuple[str, Any]]:
    return list(Settings.model_fields.items())


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "{}"
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
