"""Projects that tests make, and statements on the real driver."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import iris
import pytest

from iris_devtools.admin import Admin
from iris_devtools.servers.server import Server

_namespaces = itertools.count(1)
_QUERY = re.compile(r"[\s(]*(?:SELECT|WITH|CALL|EXPLAIN|SHOW|DECLARE|/\*|--)", re.IGNORECASE)

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


class Sql:
    """Statements on a connection of the real driver, with their rows and failures as values."""

    def __init__(self, server: Server, namespace: str) -> None:
        self._server, self._namespace = server, namespace
        self.connection = self.connect()
        self.cursor = self.connection.cursor()

    def connect(self, *, autocommit: bool = True) -> Any:
        """Return one more connection."""
        server = self._server
        return iris.connect(
            server.host,
            server.port,
            self._namespace,
            server.username,
            server.password,
            autoCommit=autocommit,
        )

    def rows(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement; return the rows of a query."""
        self.cursor.execute(text, list(values))
        # After a statement without rows the driver keeps the last description, and fetches None or fails.
        if self.cursor.description is None or not _QUERY.match(text):
            return []
        return [tuple(row) for row in self.cursor.fetchall() or ()]

    def run(self, *statements: str) -> None:
        """Run statements one after the other."""
        for statement in statements:
            self.cursor.execute(statement)

    def column(self, text: str, *values: object) -> list[Any]:
        """Return the first column of a query."""
        return [row[0] for row in self.rows(text, *values)]

    def value(self, text: str, *values: object) -> Any:
        """Return the only value of a query."""
        ((value,),) = self.rows(text, *values)
        return value

    def failure(self, text: str, *values: object) -> tuple[str, int, str]:
        """Run a statement that fails; return the exception's name, the SQLCODE and the %msg."""
        with pytest.raises(iris.dbapi.Error) as caught:
            self.rows(text, *values)
        found = re.search(r"\[SQLCODE: <(-?\d+)>:.*?(?:\[%msg: <(.*)>\])?$", str(caught.value), re.S)
        assert found is not None, str(caught.value)
        return type(caught.value).__name__, int(found[1]), found[2] or ""

    def close(self) -> None:
        # The driver crashes when a cursor that has read streams outlives its connection.
        self.cursor.close()
        self.connection.close()


@pytest.fixture(scope="module")
def sql(server_under_test: Server) -> Iterator[Sql]:
    """A namespace of this module's own, with a connection to it."""
    namespace = f"IRISDEVTOOLSTEST{os.getpid()}SQL{next(_namespaces)}"
    with Admin.connect(server_under_test) as admin:
        admin.create_namespace(namespace)
        sql = Sql(server_under_test, namespace)
        yield sql
        sql.close()
        admin.drop_namespace(namespace, terminate=True)
