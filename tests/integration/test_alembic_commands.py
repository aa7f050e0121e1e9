"""``alembic iris-snapshot`` and its sisters, as a user types them, against a stand-in."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from alembic import command as alembic_command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError

from iris_devtools import create_engine
from iris_devtools.admin import Admin
from iris_devtools.provision import SCRATCH_PREFIX

MIGRATIONS = {
    "aaa1": """
        revision, down_revision = "aaa1", None

        def upgrade():
            op.create_table(
                "author",
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("name", sa.String(50), nullable=False, unique=True),
            )

        def downgrade():
            op.drop_table("author")
    """,
    "bbb2": """
        revision, down_revision = "bbb2", "aaa1"

        def upgrade():
            op.add_column("author", sa.Column("email", sa.String(100)))

        def downgrade():
            op.drop_column("author", "email")
    """,
}
SEED = """
    from sqlalchemy import text

    def fill(session):
        for number in range(25):
            session.execute(
                text("INSERT INTO author (name, email) VALUES (:name, :email)"),
                {"name": f"author {number}", "email": f"{number}@example.org"},
            )
"""


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Project:
    """A small project with a chain of migrations, in a namespace of its own."""

    directory: Path
    server: Any
    namespace: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        return self.directory / ".iris-snapshots"

    def write(self, revision: str, source: str) -> None:
        header = "import sqlalchemy as sa\nfrom alembic import op\n\n"
        (self.directory / "migrations" / "versions" / f"{revision}.py").write_text(header + dedent(source))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "alembic", *arguments]

    def environ(self) -> dict[str, str]:
        return os.environ | self.environment

    def alembic(self, *arguments: str) -> Ended:
        finished = subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ended(finished.returncode, finished.stdout, finished.stderr)

    def succeed(self, *arguments: str) -> Ended:
        ended = self.alembic(*arguments)
        assert ended.code == 0, ended.out + ended.err
        return ended

    @contextmanager
    def connected(self, namespace: str | None = None) -> Iterator[Connection]:
        engine = create_engine(self.server.url(namespace or self.namespace), poolclass=NullPool)
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def scalar(self, sql: str, namespace: str | None = None) -> Any:
        with self.connected(namespace) as connection:
            return connection.execute(text(sql)).scalar()

    def namespaces(self) -> tuple[str, ...]:
        with Admin.connect(self.server) as admin:
            return tuple(admin.namespaces())

    def scratch_namespaces(self) -> list[str]:
        return [name for name in self.namespaces() if name.startswith(SCRATCH_PREFIX)]

    def snapshots(self) -> list[str]:
        """The snapshots in the store, without those that were kept on the way to a seeded one."""
        found = [path for path in self.store.glob("*") if not path.name.startswith(".")]
        return [
            path.name
            for path in found
            if not json.loads((path / "manifest.json").read_text())["features"].get("unseeded")
        ]


@pytest.fixture
def project(tmp_path: Path, standin: Any, unique: str) -> Project:
    """A project as ``alembic init`` leaves it, but for its URL, two migrations and a seed."""
    directory = tmp_path / "project"
    directory.mkdir()
    ini = directory / "alembic.ini"
    quiet = open(os.devnull, "w")  # noqa: PTH123, SIM115
    alembic_command.init(Config(ini, stdout=quiet), str(directory / "migrations"))
    quiet.close()
    made = Project(directory, standin.server, f"ALEMBIC{unique}".upper())
    with Admin.connect(standin.server) as admin:
        admin.create_namespace(made.namespace)
    url = standin.url_of(made.namespace).replace("%", "%%")
    ini.write_text(
        "\n".join(
            f"sqlalchemy.url = {url}?plugin=iris-devtools" if line.startswith("sqlalchemy.url") else line
            for line in ini.read_text().splitlines()
        )
    )
    (directory / "pyproject.toml").write_text('[tool.iris-devtools]\nseed = "seeds:fill"\n')
    (directory / "seeds.py").write_text(dedent(SEED))
    for revision, source in MIGRATIONS.items():
        made.write(revision, source)
    return made


def test_a_snapshot_is_built_beside_the_configured_database(project: Project) -> None:
    result = project.succeed("iris-snapshot", "--json").json()

    assert result["built"] is True
    assert result["plan"] == "scratch"
    assert result["revisions"] == ["bbb2"]
    assert result["rows"] == 26  # 25 authors and the row of alembic_version
    assert project.snapshots() == [result["name"]]
    assert project.scratch_namespaces() == []
    assert project.scalar("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'author'") == 0


def test_what_the_store_has_is_not_built_again(project: Project) -> None:
    project.succeed("iris-snapshot")
    result = project.succeed("iris-snapshot", "--json").json()

    assert result["built"] is False
    assert result["plan"] == "exact"


def test_an_edit_of_an_old_migration_gives_a_new_snapshot_and_a_comment_does_not(project: Project) -> None:
    first = project.succeed("iris-snapshot", "--json").json()
    path = project.directory / "migrations" / "versions" / "aaa1.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    assert project.succeed("iris-snapshot", "--json").json()["name"] == first["name"]

    path.write_text(path.read_text().replace("sa.String(50)", "sa.String(60)"))
    second = project.succeed("iris-snapshot", "--json").json()
    assert second["built"] is True
    assert second["name"] != first["name"]


def test_a_new_migration_is_run_on_the_nearest_snapshot(project: Project) -> None:
    """The seed expects the finished schema, so the nearest snapshot has to be one without a seed."""
    (project.directory / "pyproject.toml").write_text("[tool.iris-devtools]\n")
    project.succeed("iris-snapshot")
    project.write(
        "ccc3",
        """
        revision, down_revision = "ccc3", "bbb2"

        def upgrade():
            op.execute("INSERT INTO author (name) VALUES ('Ada')")

        def downgrade():
            pass
        """,
    )
    result = project.succeed("iris-snapshot", "--json").json()

    assert result["plan"] == "nearest"
    assert result["revisions"] == ["ccc3"]
    assert result["rows"] == 2


def test_a_wrecked_database_comes_back(project: Project) -> None:
    project.succeed("iris-snapshot")
    project.succeed("iris-restore")
    with project.connected() as connection:
        connection.execute(text("DELETE FROM author WHERE name LIKE 'author 1%'"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'nonsense'"))
    result = project.succeed("iris-restore", "--json").json()

    assert result["restored_into"] == project.namespace
    assert project.scalar("SELECT COUNT(*) FROM author") == 25
    assert project.scalar("SELECT version_num FROM alembic_version") == "bbb2"


def test_alembic_goes_on_from_a_restored_database(project: Project) -> None:
    project.succeed("iris-snapshot")
    project.succeed("iris-restore")
    project.write(
        "ccc3",
        """
        revision, down_revision = "ccc3", "bbb2"

        def upgrade():
            op.drop_column("author", "email")

        def downgrade():
            pass
        """,
    )
    project.succeed("upgrade", "head")

    assert project.scalar("SELECT version_num FROM alembic_version") == "ccc3"
    assert project.scalar("SELECT COUNT(*) FROM author") == 25


def test_another_namespace_is_made_and_filled(project: Project) -> None:
    project.succeed("iris-snapshot")
    other = f"{project.namespace}B"
    project.succeed("iris-restore", "--namespace", other)

    assert project.scalar("SELECT COUNT(*) FROM author", namespace=other) == 25


def test_a_captured_database_keeps_its_rows_and_is_never_taken_for_a_built_one(project: Project) -> None:
    project.succeed("upgrade", "head")
    with project.connected() as connection:
        connection.execute(text("INSERT INTO author (name) VALUES ('by hand')"))
    captured = project.succeed(
        "iris-snapshot", "--from-database", "--description", "by hand", "--json"
    ).json()
    assert captured["plan"] == "capture"
    assert captured["rows"] == 2
    assert captured["description"] == "by hand"

    with project.connected() as connection:
        connection.execute(text("DELETE FROM author"))
    assert project.succeed("iris-restore", "--json").json()["name"] == captured["name"]
    assert project.scalar("SELECT name FROM author") == "by hand"

    shown = project.succeed("iris-snapshots").out
    assert f"{captured['name']} (captured from {project.namespace})" in shown

    built = project.succeed("iris-snapshot", "--json").json()
    assert built["built"] is True
    assert project.succeed("iris-restore", "--json").json()["name"] == built["name"]
    project.succeed("iris-restore", "--snapshot", captured["name"])
    assert project.scalar("SELECT name FROM author") == "by hand"


def test_status_says_where_the_project_stands(project: Project) -> None:
    before = project.succeed("iris-status", "--json").json()
    assert (before["heads"], before["database"], before["plan"]) == (["bbb2"], [], "scratch")
    assert before["snapshot"] is None

    made = project.succeed("iris-snapshot", "--json").json()
    project.succeed("upgrade", "aaa1")
    after = project.succeed("iris-status", "--json").json()
    assert (after["database"], after["up_to_date"], after["plan"]) == (["aaa1"], False, "exact")
    assert after["snapshot"]["name"] == after["key"] == made["name"]

    shown = project.succeed("iris-status").out
    assert f"{project.namespace} is at aaa1" in shown
    assert "SYS@" not in shown


def test_a_plan_without_migrations_names_the_seed_alone(project: Project) -> None:
    made = project.succeed("iris-snapshot", "--json").json()["name"]
    project.succeed("iris-rm", made)

    assert re.search(
        r"plan +restore bbb2-\S+, then the seed seeds:fill\n", project.succeed("iris-status").out
    )


def test_the_list_marks_the_heads_and_reports_what_is_broken(project: Project) -> None:
    assert "No snapshots" in project.succeed("iris-snapshots").out
    made = project.succeed("iris-snapshot", "--json").json()
    (project.store / "broken").mkdir()
    shown = project.succeed("iris-snapshots").out

    assert [line for line in shown.splitlines() if line.startswith("*") and made["name"] in line]
    assert "2 snapshots in" in shown
    assert [line for line in shown.splitlines() if line.endswith("(before the seed)")]
    assert [line for line in shown.splitlines() if line.startswith("!") and "broken" in line]


@pytest.mark.parametrize("verb", ["iris-snapshot", "iris-restore"])
def test_an_unknown_revision_is_an_error_with_its_exit_code(project: Project, verb: str) -> None:
    ended = project.alembic(verb, "nope")

    assert ended.code == 5
    assert "FAILED: There is no revision 'nope'" in ended.out
    assert "alembic history" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_an_error_is_an_object_with_json(project: Project) -> None:
    ended = project.alembic("iris-restore", "--json")

    assert ended.code == 3
    assert ended.json()["error"] == "SnapshotNotFoundError"
    assert "`alembic iris-snapshot`" in ended.json()["hint"]
    hint = project.alembic("iris-restore", "aaa1", "--json").json()["hint"]
    assert "`alembic iris-snapshot aaa1` makes it" in hint


def test_where_there_is_no_project_that_is_what_is_said(project: Project) -> None:
    (project.directory / "alembic.ini").unlink()

    ended = project.alembic("iris-status")

    assert ended.code == 2
    assert f"There is no alembic.ini in {project.directory}" in ended.out


def test_a_failing_migration_leaves_nothing_behind(project: Project) -> None:
    project.write(
        "ccc3",
        """
        revision, down_revision = "ccc3", "bbb2"

        def upgrade():
            op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
            op.execute("INSERT INTO nowhere (x) VALUES (1)")

        def downgrade():
            pass
        """,
    )
    ended = project.alembic("iris-snapshot")

    assert ended.code == 5
    place = os.path.join("migrations", "versions", "ccc3.py")  # noqa: PTH118
    assert f'{place}, line 9 (op.execute("INSERT INTO nowhere (x) VALUES (1)"))' in ended.out
    assert project.snapshots() == []
    assert project.scratch_namespaces() == []


def test_a_failing_seed_leaves_nothing_behind(project: Project) -> None:
    (project.directory / "seeds.py").write_text("def fill(session):\n    raise RuntimeError('no seed')\n")
    ended = project.alembic("iris-snapshot")

    assert ended.code == 5
    assert "seeds.py, line 2 (raise RuntimeError('no seed')): RuntimeError: no seed" in ended.out
    assert project.snapshots() == []
    assert project.scratch_namespaces() == []


def test_a_failing_env_is_named_and_the_migration_is_not_blamed(project: Project) -> None:
    env = project.directory / "migrations" / "env.py"
    env.write_text("import no_such_module\n" + env.read_text())
    ended = project.alembic("iris-snapshot")

    assert ended.code == 5
    assert "env.py, line 1 (import no_such_module): ModuleNotFoundError" in ended.out
    assert "Mend the migration" not in ended.out


def test_a_command_of_alembic_shows_an_error_of_ours_as_our_own_commands_do(project: Project) -> None:
    (project.directory / "pyproject.toml").write_text('[tool.iris-devtools]\nseeed = "seeds:fill"\n')
    ended = project.alembic("current")

    assert ended.code == 2
    assert "FAILED: There is no setting 'seeed'" in ended.out
    assert "Did you mean 'seed'?" in ended.out
    assert "Traceback" not in ended.err
    assert "Traceback" in project.alembic("--raiseerr", "current").err


def test_an_env_that_takes_its_url_from_elsewhere_is_refused_before_it_migrates(project: Project) -> None:
    """Otherwise the configured database would be migrated in place of the scratch namespace."""
    env = project.directory / "migrations" / "env.py"
    elsewhere = project.server.url(project.namespace).render(hide_password=False)
    env.write_text(
        env.read_text().replace(
            "config = context.config",
            f"config = context.config\nconfig.set_main_option('sqlalchemy.url', {elsewhere!r})",
        )
    )
    ended = project.alembic("iris-snapshot")

    assert ended.code == 5
    assert "env.py connected to" in ended.out
    assert "SYS@" not in ended.out
    assert project.snapshots() == []
    assert project.scalar("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'author'") == 0


def test_a_connection_of_somebody_else_is_named_and_ended_only_on_demand(project: Project) -> None:
    project.succeed("iris-snapshot")
    project.succeed("iris-restore")
    engine = create_engine(project.server.url(project.namespace), poolclass=NullPool)
    connection = engine.connect()
    connection.execute(text("SELECT 1"))
    ended = project.alembic("iris-restore")
    assert ended.code == 6
    assert "_SYSTEM" in ended.out
    assert project.scalar("SELECT COUNT(*) FROM author") == 25

    project.succeed("iris-restore", "--terminate")
    with pytest.raises(DBAPIError):
        connection.execute(text("SELECT 1"))
    connection.invalidate()
    connection.close()
    engine.dispose()


def test_a_damaged_file_is_found_before_the_server_is_touched(project: Project) -> None:
    made = project.succeed("iris-snapshot", "--json").json()
    project.succeed("iris-restore")
    (file,) = Path(made["path"]).glob("IRIS.DAT*")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    other = f"{project.namespace}B"
    # Where the file was staged before, the staged copy is whole; a server that never saw it must not get it.
    with Admin.connect(project.server) as admin:
        staged = [path for path in Path(admin.manager_directory).rglob("*") if made["name"] in path.name]
    for path in staged:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    ended = project.alembic("iris-restore", "--namespace", other)

    assert ended.code == 2
    assert str(file) in ended.out
    assert other not in project.namespaces()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "no manifest.json"),
        ("{", "not JSON"),
        ('{"schema_version": 99}', "format 99"),
    ],
)
def test_a_bad_manifest_is_named(project: Project, content: str | None, complaint: str) -> None:
    made = project.succeed("iris-snapshot", "--json").json()
    manifest = Path(made["path"]) / "manifest.json"
    if content is None:
        manifest.unlink()
    else:
        manifest.write_text(content)
    ended = project.alembic("iris-restore")

    assert ended.code == 1
    assert complaint in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_a_snapshot_of_another_engine_is_refused(project: Project) -> None:
    made = project.succeed("iris-snapshot", "--json").json()
    manifest = Path(made["path"]) / "manifest.json"
    fields = json.loads(manifest.read_text())
    fields["engine"] = "iris-2025.1"
    manifest.write_text(json.dumps(fields))
    ended = project.alembic("iris-restore", "--snapshot", made["name"])

    assert ended.code == 3
    assert "iris-2025.1" in ended.out


def test_a_store_that_cannot_be_written_is_an_error_that_says_so(project: Project, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    project.environment["IRIS_DEVTOOLS_STORE"] = str(blocked / "store")
    ended = project.alembic("iris-snapshot")

    assert ended.code == 3
    assert str(blocked) in ended.out
    assert project.scratch_namespaces() == []


def test_a_server_that_is_not_there_is_an_error_that_says_so(project: Project) -> None:
    ini = project.directory / "alembic.ini"
    ini.write_text(ini.read_text().replace(f":{project.server.port}/", ":1/"))
    ended = project.alembic("iris-status")

    assert ended.code == 4
    assert "127.0.0.1:1" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_a_wrong_password_is_an_error_that_does_not_show_it(project: Project) -> None:
    ini = project.directory / "alembic.ini"
    ini.write_text(ini.read_text().replace("_SYSTEM:SYS@", "_SYSTEM:opensesame@"))
    ended = project.alembic("iris-status")

    assert ended.code == 4
    assert "_SYSTEM" in ended.out
    assert "opensesame" not in ended.out + ended.err


def test_ctrl_c_during_a_build_leaves_nothing_behind(project: Project) -> None:
    started = project.directory / "started"
    (project.directory / "seeds.py").write_text(
        "import pathlib, time\n\ndef fill(session):\n"
        f"    pathlib.Path({str(started)!r}).touch()\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        project.command("iris-snapshot"),
        cwd=project.directory,
        env=project.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not started.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)

    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("FAILED: interrupted.\n") and "Traceback" not in said
    assert project.snapshots() == []
    assert project.scratch_namespaces() == []


def test_the_verbs_can_be_called_from_python(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic_ext import commands

    monkeypatch.chdir(project.directory)
    config = Config(project.directory / "alembic.ini")
    made = commands.snapshot(config)
    restored = commands.restore(config)

    assert made.built
    assert restored.snapshot.directory == made.snapshot.directory
    assert commands.status(config).up_to_date
    assert made.snapshot.name in [one.name for one in commands.snapshots(config).snapshots]


@pytest.mark.parametrize("target", ["two heads", "merged"])
def test_branches_are_snapshot_as_they_are(project: Project, target: str) -> None:
    for name in ("left", "right"):
        project.write(
            name,
            f"""
            revision, down_revision = "{name}", "bbb2"

            def upgrade():
                op.create_table("{name}_table", sa.Column("id", sa.Integer, primary_key=True))

            def downgrade():
                op.drop_table("{name}_table")
            """,
        )
    if target == "merged":
        project.write(
            "merge",
            """
            revision, down_revision = "merge", ("left", "right")

            def upgrade():
                pass

            def downgrade():
                pass
            """,
        )
    result = project.succeed("iris-snapshot", "--json").json()
    project.succeed("iris-restore")

    assert result["revisions"] == (["merge"] if target == "merged" else ["left", "right"])
    assert project.succeed("iris-status", "--json").json()["up_to_date"] is True
