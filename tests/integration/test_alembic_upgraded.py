"""A snapshot is left behind by an upgrade, and a failure to do so is only a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def upgrade(chain: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", *arguments],
        cwd=chain.directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def namespace(chain: Any, standin: Any) -> str:
    """The configured namespace, which has to be there for an upgrade."""
    from iris_devtools.admin import Admin
    from iris_devtools.urls import parse_url

    ini = (chain.directory / "alembic.ini").read_text()
    url = next(line.partition("= ")[2] for line in ini.splitlines() if line.startswith("sqlalchemy.url"))
    name = parse_url(url.replace("%%", "%")).namespace
    with Admin.connect(standin.server) as admin:
        admin.create_namespace(name)
    return name


def switch_on(chain: Any) -> None:
    with (chain.directory / "pyproject.toml").open("a") as settings:
        settings.write("snapshot-on-upgrade = true\n")


def test_nothing_is_left_unless_the_settings_say_so(chain: Any, namespace: str) -> None:
    chain.line(2)

    assert upgrade(chain, "head").returncode == 0
    assert chain.run("iris-snapshots")["snapshots"] == []


def test_an_upgrade_leaves_the_snapshot_of_what_the_database_is_at(chain: Any, namespace: str) -> None:
    switch_on(chain)
    chain.line(3)
    finished = upgrade(chain, "r001")
    assert finished.returncode == 0, finished.stderr
    assert "Snapshot r001-" in finished.stdout
    assert chain.ran() == ["r000", "r001"] * 2  # the database, and beside it the snapshot

    upgrade(chain, "head")
    assert chain.ran() == ["r002", "r002"]
    made = {tuple(one["revisions"]) for one in chain.run("iris-snapshots")["snapshots"]}
    assert made == {("r001",), ("r002",)}
    assert chain.run("iris-status")["plan"] == "exact"


def test_a_failed_upgrade_leaves_none_and_fails_as_ever(chain: Any, namespace: str) -> None:
    switch_on(chain)
    chain.line(1)
    chain.add("bad", "r000", more="raise RuntimeError('no')")

    assert upgrade(chain, "head").returncode != 0
    assert chain.run("iris-snapshots")["snapshots"] == []


def test_an_upgrade_that_only_prints_sql_leaves_none(chain: Any, namespace: str) -> None:
    switch_on(chain)
    chain.line(1)
    upgrade(chain, "head", "--sql")

    assert chain.run("iris-snapshots")["snapshots"] == []


@pytest.mark.parametrize("fault", ["store", "seed"])
def test_a_failure_to_snapshot_is_a_warning(chain: Any, namespace: str, fault: str) -> None:
    switch_on(chain)
    chain.line(1)
    if fault == "store":
        (chain.directory / ".iris-snapshots").write_text("a file, not a directory")
    else:
        (chain.directory / "seeds.py").write_text("def fill(session):\n    raise RuntimeError('no seed')\n")
    finished = upgrade(chain, "head")

    assert finished.returncode == 0
    assert "WARNING: The upgrade is done, but no snapshot was left:" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert Path(chain.log).read_text().startswith("r000")
