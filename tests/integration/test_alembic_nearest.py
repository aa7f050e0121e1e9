"""One more migration on a long chain: one migration runs, with a seed and without, along branches, too."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from iris_devtools.admin import Admin

ENV = """
from alembic import context
from iris_devtools import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
SEED = """
from sqlalchemy import text

def fill(session):
    session.execute(text("INSERT INTO step (name) VALUES ('seed')"))
"""


class Chain:
    """A project whose migrations each write a line into a file when they run."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.log = directory / "ran"
        (directory / "migrations" / "versions").mkdir(parents=True)
        (directory / "migrations" / "env.py").write_text(dedent(ENV))
        (directory / "seeds.py").write_text(dedent(SEED))
        (directory / "pyproject.toml").write_text('[tool.iris-devtools]\nseed = "seeds:fill"\n')
        (directory / "alembic.ini").write_text(
            "[alembic]\nscript_location = migrations\npath_separator = os\nprepend_sys_path = .\n"
            f"sqlalchemy.url = {url}\n"
        )

    def add(self, revision: str, down: str | tuple[str, ...] | None, *, more: str = "pass") -> Path:
        first = 'op.execute("CREATE TABLE step (name VARCHAR(20))")' if down is None else "pass"
        path = self.directory / "migrations" / "versions" / f"{revision}.py"
        path.write_text(
            dedent(
                f"""
                from alembic import op
                revision, down_revision = {revision!r}, {down!r}

                def upgrade():
                    with open({str(self.log)!r}, "a") as log:
                        log.write({revision!r} + "\\n")
                    {first}
                    op.execute("INSERT INTO step (name) VALUES ('{revision}')")
                    {more}

                def downgrade():
                    raise RuntimeError("a downgrade is never run")
                """
            )
        )
        return path

    def line(self, count: int) -> str:
        previous = None
        for number in range(count):
            self.add(f"r{number:03}", previous)
            previous = f"r{number:03}"
        assert previous is not None
        return previous

    def run(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        finished = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments, "--json"],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert finished.returncode == code, finished.stdout + finished.stderr
        found: dict[str, Any] = json.loads(finished.stdout)
        return found

    def ran(self) -> list[str]:
        """What has run since the last question."""
        if not self.log.exists():
            return []
        names = self.log.read_text().split()
        self.log.unlink()
        return names


@pytest.fixture
def chain(tmp_path: Path, standin: Any, unique: str) -> Iterable[Chain]:
    namespace = f"NEAR{unique}".upper()
    url = f"{standin.url_of(namespace)}?plugin=iris-devtools"
    yield Chain(tmp_path / "project", url.replace("%", "%%"))
    with Admin.connect(standin.server) as admin:
        admin.drop_namespace(namespace, missing_ok=True, terminate=True)


def test_with_one_new_migration_on_sixty_one_runs_and_the_seed(chain: Chain) -> None:
    head = chain.line(60)
    first = chain.run("iris-snapshot")
    assert (first["plan"], len(chain.ran())) == ("scratch", 60)

    chain.add("next", head)
    second = chain.run("iris-snapshot")

    assert second["plan"] == "nearest"
    assert chain.ran() == ["next"]
    assert second["rows"] == 60 + 1 + 1 + 1  # the steps, the seed, and the row of alembic_version


def test_an_edit_goes_back_to_the_newest_state_before_it(chain: Chain) -> None:
    chain.line(4)
    chain.run("iris-snapshot", "r001")
    chain.run("iris-snapshot")
    chain.ran()

    chain.add("r002", "r001", more="op.execute(\"INSERT INTO step (name) VALUES ('more')\")")
    chain.run("iris-snapshot")

    assert chain.ran() == ["r002", "r003"]


def test_a_state_of_several_heads_is_a_start(chain: Chain) -> None:
    chain.line(2)
    chain.add("left", "r001")
    chain.add("right", "r001")
    chain.run("iris-snapshot")
    chain.ran()

    chain.add("merge", ("left", "right"))
    chain.add("after", "merge")
    made = chain.run("iris-snapshot")

    assert made["plan"] == "nearest"
    assert chain.ran() == ["merge", "after"]


def test_the_start_is_the_one_that_leaves_the_least_seconds_not_the_fewest_steps(chain: Chain) -> None:
    """One branch has one slow migration, the other three quick ones."""
    chain.line(1)
    chain.add("slow", "r000", more="__import__('time').sleep(1)")
    chain.add("quick1", "r000")
    chain.add("quick2", "quick1")
    chain.add("quick3", "quick2")
    chain.add("merge", ("slow", "quick3"))
    chain.run("iris-snapshot", "slow")  # from here three quick ones are missing
    chain.run("iris-snapshot", "quick3")  # from here one slow one
    chain.ran()

    made = chain.run("iris-snapshot", "merge")

    assert made["plan"] == "nearest"
    assert chain.ran() == ["quick1", "quick2", "quick3", "merge"]


def test_a_downgrade_is_a_restore(chain: Chain) -> None:
    chain.line(3)
    chain.run("iris-snapshot", "r001")
    chain.run("iris-snapshot")
    chain.run("iris-restore")
    chain.ran()

    restored = chain.run("iris-restore", "r001")

    assert restored["revisions"] == ["r001"]
    assert chain.ran() == []
    assert chain.run("iris-status")["database"] == ["r001"]


def test_the_state_before_the_seed_is_not_kept_where_the_setting_says_so(chain: Chain) -> None:
    with (chain.directory / "pyproject.toml").open("a") as settings:
        settings.write("keep-unseeded = false\n")
    head = chain.line(2)
    chain.run("iris-snapshot")
    assert len(chain.run("iris-snapshots")["snapshots"]) == 1
    chain.ran()

    chain.add("next", head)
    assert chain.run("iris-snapshot")["plan"] == "scratch"


def test_a_damaged_start_is_found_and_passed_over(chain: Chain) -> None:
    head = chain.line(2)
    for one in (chain.run("iris-snapshot"), *chain.run("iris-snapshots")["snapshots"]):
        (Path(one["path"]) / "manifest.json").write_text("{")
    chain.ran()

    chain.add("next", head)
    made = chain.run("iris-snapshot")

    assert made["plan"] == "scratch"
    assert chain.ran() == ["r000", "r001", "next"]
