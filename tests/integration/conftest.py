"""Projects that tests make: a chain of migrations on a namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
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


class ChainProject:
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
def chain(tmp_path: Path, standin: Any, unique: str) -> Iterator[ChainProject]:
    namespace = f"NEAR{unique}".upper()
    url = f"{standin.url_of(namespace)}?plugin=iris-devtools"
    yield ChainProject(tmp_path / "project", url.replace("%", "%%"))
    with Admin.connect(standin.server) as admin:
        admin.drop_namespace(namespace, missing_ok=True, terminate=True)
