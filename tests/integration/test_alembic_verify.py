"""``alembic iris-verify``, as a user types it: damage, drift and models that went ahead are found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command as alembic_command
from alembic.config import Config

from iris_devtools.admin import Admin
from iris_devtools.provision import SCRATCH_PREFIX
from iris_devtools.snapshots.compression import FileWriter
from iris_devtools.snapshots.manifest import Manifest
from iris_devtools.snapshots.snapshot import open_snapshot

Alembic = Callable[..., subprocess.CompletedProcess[str]]

MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
author = sa.Table(
    "author",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
)
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "aaa1", None

def upgrade():
    op.create_table(
        "author",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
"""
SEED = """
import os
from sqlalchemy import text

def fill(session):
    names = ["Ada", "Grace", os.environ.get("THIRD", "Edith")]
    for name in names:
        session.execute(text("INSERT INTO author (name) VALUES (:name)"), {"name": name})
"""


@pytest.fixture
def project(tmp_path: Path, standin: Any, unique: str) -> Path:
    """A project whose env.py knows its models, and whose seed reads what no key can see."""
    directory = tmp_path / "project"
    directory.mkdir()
    ini = directory / "alembic.ini"
    with open(os.devnull, "w") as quiet:  # noqa: PTH123
        alembic_command.init(Config(ini, stdout=quiet), str(directory / "migrations"))
    url = standin.url_of(f"VERIFY{unique}").replace("%", "%%")
    lines = ini.read_text().splitlines()
    ini.write_text(
        "\n".join(f"sqlalchemy.url = {url}" if line.startswith("sqlalchemy.url") else line for line in lines)
    )
    env = directory / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace("target_metadata = None", "import models\ntarget_metadata = models.metadata")
    )
    (directory / "models.py").write_text(MODELS)
    (directory / "seeds.py").write_text(SEED)
    (directory / "pyproject.toml").write_text('[tool.iris-devtools]\nseed = "seeds:fill"\n')
    (directory / "migrations" / "versions" / "aaa1.py").write_text(MIGRATION)
    return directory


@pytest.fixture
def alembic(project: Path) -> Alembic:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=project,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def made(alembic: Alembic) -> Path:
    ended = alembic("iris-snapshot", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return Path(json.loads(ended.stdout)["path"])


@pytest.fixture(autouse=True)
def _no_scratch_namespace_is_left(standin: Any):
    yield
    with Admin.connect(standin.server) as admin:
        assert [name for name in admin.namespaces() if name.startswith(SCRATCH_PREFIX)] == []


def rewrite(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = directory / "manifest.json"
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


def test_a_snapshot_that_is_right_passes_every_check(alembic, made):
    ended = alembic("iris-verify", "--cold", "--models", "--json")

    answer = json.loads(ended.stdout)
    assert ended.returncode == 0, ended.stdout
    assert answer["ok"]
    assert [check["name"] for check in answer["checks"]] == [
        "manifest",
        "checksums",
        "revisions",
        "tables",
        "rows",
    ]
    assert answer["drift"] == {"only_cached": [], "only_rebuilt": [], "rows": []}
    assert answer["models"] == []
    assert "is as it should be" in alembic("iris-verify", made.name).stdout


def test_a_damaged_file_is_exit_code_2_and_a_missing_manifest_1(alembic, made):
    (file,) = made.glob("IRIS.DAT*")
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    assert alembic("iris-verify").returncode == 2

    (made / "manifest.json").unlink()
    assert alembic("iris-verify").returncode == 1

    shutil.rmtree(made)
    assert alembic("iris-verify").returncode == 3


def test_rows_that_are_not_those_of_the_manifest_are_found(alembic, made):
    def change(raw: dict[str, Any]) -> None:
        next(table for table in raw["tables"] if table["name"] == "author")["rows"] = 7

    rewrite(made, change)

    ended = alembic("iris-verify", "--json")

    (failed,) = [check for check in json.loads(ended.stdout)["checks"] if not check["ok"]]
    assert (ended.returncode, failed["name"]) == (3, "rows")
    assert "'sqluser.author': 7" in failed["detail"]


def test_a_seed_that_does_something_else_today_is_drift_with_its_rows(alembic, made):
    ended = alembic("iris-verify", "--cold", "--json", THIRD="Mary")

    answer = json.loads(ended.stdout)
    assert ended.returncode == 3, ended.stdout
    (table,) = answer["drift"]["rows"]
    assert table["table"].casefold() == "sqluser.author"
    assert [row["name"] for row in table["first_rows"]] == ["Edith"]
    assert [row["name"] for row in table["second_rows"]] == ["Mary"]
    assert (table["only_first"], table["only_second"]) == (1, 1)
    shown = alembic("iris-verify", "--cold", THIRD="Mary")
    assert "DIFFERS" in shown.stdout
    assert "Mary" in shown.stdout


def test_a_schema_that_is_another_today_is_drift(alembic, made, project):
    """The migration reads what no key can see."""
    migration = project / "migrations" / "versions" / "aaa1.py"
    migration.write_text(
        MIGRATION.replace("import sqlalchemy", "import os\nimport sqlalchemy").replace(
            "sa.String(50)", 'sa.String(int(os.environ.get("LENGTH", "50")))'
        )
    )
    assert alembic("iris-snapshot").returncode == 0

    answer = json.loads(alembic("iris-verify", "--cold", "--json", LENGTH="60").stdout)

    assert [line for line in answer["drift"]["only_cached"] if "VARCHAR(50)" in line]
    assert [line for line in answer["drift"]["only_rebuilt"] if "VARCHAR(60)" in line]


def test_models_that_went_ahead_of_the_migrations_are_found(alembic, made, project):
    (project / "models.py").write_text(
        MODELS.replace("nullable=False),", 'nullable=False),\n    sa.Column("born", sa.Date),')
    )

    ended = alembic("iris-verify", "--models", "--json")

    (difference,) = json.loads(ended.stdout)["models"]
    assert ended.returncode == 3
    assert "add_column" in difference
    assert "born" in difference


def test_models_without_metadata_are_a_mistake_that_says_so(alembic, made, project):
    env = project / "migrations" / "env.py"
    env.write_text(env.read_text().replace("models.metadata", "None"))

    ended = alembic("iris-verify", "--models")

    assert ended.returncode == 2
    assert "target_metadata" in ended.stdout + ended.stderr


def test_what_was_made_from_other_sources_cannot_be_rebuilt(alembic, made, project):
    migration = project / "migrations" / "versions" / "aaa1.py"
    migration.write_text(MIGRATION.replace("String(50)", "String(51)"))

    ended = alembic("iris-verify", made.name, "--cold")

    assert ended.returncode == 3
    assert "cannot be rebuilt" in ended.stdout + ended.stderr


def test_a_file_that_is_no_database_is_refused_by_the_server(alembic, made):
    rubbish = b"not a database" * 5000
    snapshot = open_snapshot(made)
    with FileWriter(made / snapshot.manifest.files[0].name, level=3) as out:
        out.write(rubbish)

    def change(raw: dict[str, Any]) -> None:
        raw["files"][0] |= {"size": out.size, "stored_size": out.stored_size, "sha256": out.sha256}

    rewrite(made, change)
    Manifest.read(made)

    assert alembic("iris-verify").returncode == 4
