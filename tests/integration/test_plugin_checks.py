"""The checks of migrations and models, as tests of a project's own run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pytest

from iris_devtools.admin import Admin

pytest_plugins = ("pytester",)

ENV = """
from alembic import context
from library_models import Base
from sqlalchemy import NullPool, engine_from_config

config = context.config
section = config.get_section(config.config_ini_section, {})
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""


class Standin(Protocol):
    server: Any
    data: Path


@pytest.fixture
def library(pytester: pytest.Pytester, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The example project, with an env.py that names its models, and one test of its own."""
    pytester.copy_example("library")
    (pytester.path / "migrations" / "env.py").write_text(ENV)
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    monkeypatch.setenv("IRIS_DEVTOOLS_NAMESPACE", "CHECKED")
    monkeypatch.setenv("IRIS_DEVTOOLS_ISOLATION", "rollback")
    for variable in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    pytester.makepyfile("def test_it(): pass")
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    plugin = ("-p", "iris_devtools.testing.extras", "-p", "no:cacheprovider")
    return pytester.runpytest_subprocess(*plugin, *arguments, timeout=200)


def check(pytester: pytest.Pytester, *names: str) -> pytest.RunResult:
    return run(pytester, "-o", f"iris_checks={' '.join(names)}")


def migration(pytester: pytest.Pytester, revision: str, body: str, *, down: str = "'0002'") -> None:
    path = pytester.path / "migrations" / "versions" / f"{revision}_new.py"
    path.write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = '{revision}'\n"
        f"down_revision = {down}\n{body}"
    )


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(standin: Standin) -> Any:
    with Admin.connect(standin.server) as admin:
        before = set(admin.namespaces())
        yield
        assert set(admin.namespaces()) == before


def test_nothing_is_checked_unless_it_is_asked_for(library: pytest.Pytester) -> None:
    run(library).assert_outcomes(passed=1)


def test_a_sound_project_passes_every_check(library: pytest.Pytester) -> None:
    result = run(library, "--iris-checks", "-v")
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["iris-checks::every_revision_restores PASSED*"])
    assert len(list((library.path / ".iris-snapshots").glob("*/manifest.json"))) == 1


def test_workers_share_the_checks(library: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    run(library, "--iris-checks", "-n", "2").assert_outcomes(passed=7)


def test_checks_can_be_chosen_by_name_and_by_expression(library: pytest.Pytester) -> None:
    check(library, "single_head", "models_match").assert_outcomes(passed=3)
    run(library, "--iris-checks", "-k", "single_head").assert_outcomes(passed=1, deselected=6)


def test_an_unknown_check_is_refused(library: pytest.Pytester) -> None:
    result = check(library, "no_such_check")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*iris_checks names no_such_check, and there are: all, single_head*"])


def test_two_heads_are_shown_with_the_command_that_joins_them(library: pytest.Pytester) -> None:
    migration(library, "0003a", "def upgrade(): pass\n")
    migration(library, "0003b", "def upgrade(): pass\n")
    result = check(library, "single_head")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["The migrations have 2 heads: 0003a, 0003b.", "Join them: alembic merge *"])


def test_a_model_without_a_migration_is_shown(library: pytest.Pytester) -> None:
    models = library.path / "library_models.py"
    models.write_text(
        models.read_text().replace(
            "title: ", "isbn: Mapped[str | None] = mapped_column(String(13))\n    title: "
        )
    )
    result = check(library, "models_match")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["  add column book.isbn (String(length=13))"])
    assert "Traceback" not in result.stdout.str()


def test_a_project_without_models_skips_their_check_and_says_why(library: pytest.Pytester) -> None:
    (library.path / "migrations" / "env.py").write_text(ENV.replace("Base.metadata", "None"))
    result = run(library, "-rs", "-o", "iris_checks=models_match")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*env.py names no target_metadata*"])
    library.makepyprojecttoml('[tool.iris-devtools]\nmetadata = "library_models:Base"\n')
    check(library, "models_match").assert_outcomes(passed=2)


def test_a_downgrade_that_forgets_something_is_shown(library: pytest.Pytester) -> None:
    migration(
        library,
        "0003",
        "def upgrade():\n    op.create_table('loan', sa.Column('id', sa.Integer, primary_key=True))\n"
        "    op.add_column('book', sa.Column('isbn', sa.String(13)))\n"
        "def downgrade():\n    op.drop_table('loan')\n",
    )
    result = check(library, "downgrades_come_back")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*It failed: the upgrade to 0003 after its downgrade: *"])


def test_a_downgrade_that_takes_too_much_is_shown_as_a_difference(library: pytest.Pytester) -> None:
    migration(
        library,
        "0003",
        "def upgrade():\n    op.add_column('book', sa.Column('isbn', sa.String(13)))\n"
        "def downgrade():\n    op.drop_column('book', 'isbn')\n    op.drop_column('book', 'title')\n",
    )
    result = check(library, "downgrades_come_back")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["0003 (0003_new.py): *", "  - column SQLUser.book.title: *"])


def test_a_downgrade_that_says_there_is_none_ends_the_check(library: pytest.Pytester) -> None:
    migration(library, "0003", "def upgrade(): pass\ndef downgrade(): raise NotImplementedError\n")
    check(library, "downgrades_come_back").assert_outcomes(passed=2)


def test_the_first_revision_that_cannot_be_reached_is_named(library: pytest.Pytester) -> None:
    migration(library, "0003", "def upgrade(): op.execute('ALTER TABLE nowhere ADD x INTEGER')\n")
    migration(library, "0004", "def upgrade(): pass\n", down="'0003'")
    result = check(library, "every_revision_restores", "upgrade_from_base")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        ["*The migration to 0004 failed in *: *", "Revision 0003 cannot be restored."]
    )


def test_a_seed_that_makes_something_else_each_time_is_shown(library: pytest.Pytester) -> None:
    (library.path / "seeds.py").write_text(
        "import secrets\nfrom library_models import Author\n"
        "def fill(session): session.add(Author(name=secrets.token_hex(8)))\n"
    )
    library.makepyprojecttoml('[tool.iris-devtools]\nseed = "seeds:fill"\n')
    result = check(library, "snapshot_is_current")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*SQLUser.author: 1 rows only in the snapshot, 1 only anew"])


def test_the_names_of_the_checks_are_known_without_loading_them() -> None:
    from iris_devtools.testing.checks import CHECKS
    from iris_devtools.testing.extras import CHECK_NAMES

    assert tuple(CHECKS) == CHECK_NAMES
