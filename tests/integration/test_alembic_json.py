"""What ``--json`` prints has exactly the keys that the reference names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config

from alembic_ext import commands, sharing, verification
from alembic_ext.cli.table import COMMANDS

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "alembic.md"


def section(command: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"(?ms)^## `alembic {command}[ `].*?(?=^## |\Z)", text)
    return str(found)


def words(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def documented(command: str) -> set[str]:
    """The names in the line, or in the first column of the table, that tells the keys of the JSON."""
    text = section(command)
    rows = re.findall(r"(?m)^\| (`\w+`(?:, `\w+`)*) \|", text.partition("| key in the JSON |")[2])
    line = next((line for line in text.splitlines() if line.startswith("JSON:")), "")
    found = words("".join(rows)) | words(re.sub(r"\([^()]*\)", "", line))
    if "the snapshot's keys as above" in line:
        found |= documented("iris-snapshot") - {"built", "plan"}
    if "as `iris-prune`" in line:
        found |= documented("iris-prune")
    return found


@pytest.fixture
def config(chain: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    chain.line(2)
    monkeypatch.chdir(chain.directory)
    monkeypatch.setenv("IRIS_DEVTOOLS_SHARED_STORE", str(tmp_path / "shared"))
    monkeypatch.syspath_prepend(str(chain.directory))
    yield Config(chain.directory / "alembic.ini")


def test_every_command_has_the_documented_keys_and_no_others(config: Config) -> None:
    made = commands.snapshot(config)
    results: dict[str, Callable[[], Any]] = {
        "iris-snapshot": lambda: made,
        "iris-restore": lambda: commands.restore(config),
        "iris-snapshots": lambda: commands.snapshots(config),
        "iris-status": lambda: commands.status(config),
        "iris-key": lambda: commands.key(config),
        "iris-graph": lambda: commands.graph(config),
        "iris-verify": lambda: verification.verify(config),
        "iris-push": lambda: sharing.push(config),
        "iris-prune": lambda: commands.prune(config, dry_run=True, keep=0),
        "iris-rm": lambda: commands.remove(config, []),
    }
    found = {name: set(result().to_json()) for name, result in results.items()}

    assert {name: sorted(keys) for name, keys in found.items()} == {
        name: sorted(documented(name)) for name in found
    }
    assert set(sharing.pull(config).to_json()) == found["iris-push"]
    assert set(sharing.listing(config).to_json()) == {"url", "names"}
    assert set(results) | {"iris-pull"} == {one.name for one in COMMANDS}
