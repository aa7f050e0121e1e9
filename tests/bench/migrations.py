"""What a new migration at the end of a long chain costs, as a ratio to running all of them.

Each migration makes a table with a few columns and an index, and puts rows into it; ``env.py`` is the one
that ``alembic init`` writes. ``ours`` is everything between wanting the snapshot and having it in the store:
keys, plan, namespace, restore, the one migration, capture. ``bare`` is ``alembic upgrade head`` in an empty
namespace, in the same process. Before each round another migration is added.

``python -m tests.bench.migrations [revisions ...]``
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from alembic import command
from alembic.config import Config

from alembic_ext.source import AlembicSource, environment_for
from iris_devtools.admin import Admin
from iris_devtools.provision import ensure_snapshot, namespace_url
from iris_devtools.servers.standin import start_standin
from iris_devtools.snapshots.store import Store
from tests.bench._report import heading, report

LIMITS = {60: 0.1, 440: 0.03}
"""By the number of revisions; where a number has no limit, the nearest one's."""

STATUS_LIMIT = 1.5
BUILD_ROUNDS, STATUS_ROUNDS = 5, 5

_ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_MIGRATION = '''
"""Step {number}."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "r{number:04}", {down!r}


def upgrade():
    table = op.create_table(
        "step{number}",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("noted", sa.DateTime),
        sa.Column("share", sa.Numeric(10, 2)),
    )
    op.create_index("step{number}_name", "step{number}", ["name"])
    op.bulk_insert(table, [{{"id": 1, "name": "one"}}, {{"id": 2, "name": "two"}}])


def downgrade():
    op.drop_table("step{number}")
'''


class _Project:
    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.count = 0
        self._versions = root / "migrations" / "versions"
        self._versions.mkdir(parents=True)
        (root / "migrations" / "env.py").write_text(dedent(_ENV))
        (root / "alembic.ini").write_text(
            f"[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\nsqlalchemy.url = {url}\n"
        )

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            down = f"r{self.count - 1:04}" if self.count else None
            text = _MIGRATION.format(number=self.count, down=down)
            (self._versions / f"r{self.count:04}.py").write_text(text)
            self.count += 1

    def config(self) -> Config:
        return Config(self.root / "alembic.ini")

    def run(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            # With it neither Python's caches nor ours are kept, and every start compiles every script.
            env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        )


def main() -> None:
    lengths = [int(text) for text in sys.argv[1:] if text.isdigit()] or sorted(LIMITS)
    heading()
    sys.dont_write_bytecode = False
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        with start_standin(data=root / "data") as standin, Admin.connect(standin.server) as admin:
            for length in lengths:
                url = namespace_url(admin, f"CHAIN{length}").render(hide_password=False)
                project = _Project(root / f"project{length}", f"{url}?plugin=iris-devtools")
                project.add(length)
                _build(admin, project, Store(project.root / ".iris-snapshots"), length)
                _status(project, length)


def _build(admin: Admin, project: _Project, store: Store, length: int) -> None:
    def ours() -> None:
        provisioned = ensure_snapshot(admin, AlembicSource(project.config()), store)
        assert provisioned.built

    def bare() -> None:
        config = project.config()
        with environment_for(config, namespace_url(admin, "REPLAY")):
            command.upgrade(config, "head")

    ours()  # the snapshot that a new migration starts from
    replay_s = min(_replayed(admin, bare) for _ in range(2))
    build_s = []
    for _ in range(BUILD_ROUNDS):
        project.add()
        os.sync()
        started = time.perf_counter()
        ours()
        build_s.append(time.perf_counter() - started)
    limit = LIMITS[min(LIMITS, key=lambda known: abs(known - length))]
    report(f"1 new on {length} revisions / replay", min(build_s), replay_s, limit)


def _replayed(admin: Admin, replay: Callable[[], None]) -> float:
    admin.create_namespace("REPLAY")
    try:
        started = time.perf_counter()
        replay()
        return time.perf_counter() - started
    finally:
        admin.drop_namespace("REPLAY", terminate=True)


def _status(project: _Project, length: int) -> None:
    seconds: dict[str, list[float]] = {"iris-status": [], "heads": []}
    for number in range(STATUS_ROUNDS + 1):
        for verb, taken in seconds.items():
            started = time.perf_counter()
            project.run(verb)
            if number:  # the first round warms up
                taken.append(time.perf_counter() - started)
    report(
        f"iris-status, {length} revisions / heads",
        min(seconds["iris-status"]),
        min(seconds["heads"]),
        STATUS_LIMIT,
    )


if __name__ == "__main__":
    main()
