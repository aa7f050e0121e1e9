"""Failing tests leave their database behind, where that is asked for, and commands look into it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from iris_devtools.admin import Admin

pytest_plugins = ("pytester",)

SEED = """
from library_models import Author

def fill(session):
    session.add_all([Author(name="Ada"), Author(name="Bob"), Author(name="Cy")])
"""
TESTS = """
    import pytest
    from library_models import Author, Book
    from sqlalchemy import delete, select, text

    @pytest.fixture
    def session(iris_session):
        return iris_session

    def test_writes(session):
        ada = session.scalars(select(Author).where(Author.name == "Ada")).one()
        ada.name = "Ada L."
        session.execute(delete(Author).where(Author.name == "Cy"))
        session.add(Book(title="Notes", author=ada))
        session.commit()
        assert session.scalars(select(Author.name).order_by(Author.name)).all() == ["Ada", "Bob"]

    def test_passes(iris_session):
        iris_session.add(Author(name="nobody"))
        iris_session.commit()

    def test_without_a_database():
        assert False
"""


class Standin(Protocol):
    server: Any
    data: Path


@pytest.fixture
def library(pytester: pytest.Pytester, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example project with a seed; the databases that it keeps are dropped at the end."""
    pytester.copy_example("library")
    (pytester.path / "seeds.py").write_text(SEED)
    pytester.makepyprojecttoml('[tool.iris-devtools]\nseed = "seeds:fill"\n')
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    monkeypatch.setenv("IRIS_DEVTOOLS_NAMESPACE", "FAILED")
    monkeypatch.setenv("IRIS_DEVTOOLS_ISOLATION", "rollback")
    for variable in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    pytester.makepyfile(TESTS)
    yield pytester
    with Admin.connect(standin.server) as admin:
        for name in admin.namespaces():
            if name.startswith("KEPT_"):
                admin.drop_namespace(name, missing_ok=True, terminate=True)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    plugin = ("-p", "iris_devtools.testing.extras", "-p", "no:cacheprovider", "-p", "no:randomly")
    return pytester.runpytest_subprocess(*plugin, *arguments, timeout=120)


def command(pytester: pytest.Pytester, *arguments: str, stdin: str = "", code: int = 0) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "iris_devtools.cli", *arguments],
        cwd=pytester.path,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == code, finished.stdout + finished.stderr
    return finished.stdout if code == 0 else finished.stderr


def kept(standin: Standin) -> set[str]:
    with Admin.connect(standin.server) as admin:
        return {name for name in admin.namespaces() if name.startswith("KEPT_")}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_a_rolled_back_test_had_done_can_be_looked_at(
    library: pytest.Pytester, standin: Standin, workers: str
) -> None:
    result = run(library, "--iris-keep-failed", "-n", workers)
    result.assert_outcomes(passed=1, failed=2)
    (namespace,) = kept(standin)
    result.stdout.fnmatch_lines(
        [
            "*iris-devtools: the database of this test*",
            f"iris://_SYSTEM:[*][*][*]@*/{namespace}  (SQLUser.author, SQLUser.book differs from *)",
            f"iris-devtools diff {namespace}",
        ]
    )
    assert result.stdout.str().count("the database of this test") == 1

    shown = command(library, "diff", "test_writes")
    assert re.search(r"SQLUser.author: 0 added, 1 removed, 1 changed", shown)
    assert re.search(r"- id=3, name='Cy'", shown)
    assert re.search(r"~ id=1  name: 'Ada' -> 'Ada L\.'", shown)
    assert re.search(
        r"SQLUser.book: 1 added, 0 removed, 0 changed\n  \+ id=\d+, title='Notes', author_id=1", shown
    )
    tables = json.loads(command(library, "diff", namespace, "--json"))["tables"]
    assert tables["SQLUser.author"]["removed"] == [{"id": 3, "name": "Cy"}]

    answered = command(
        library, "open", "test_writes", stdin="SELECT name FROM author ORDER BY name;\nnonsense\n"
    )
    assert answered.split("\n")[:3] == ["name", "Ada L.", "Bob"]
    assert "INSERT INTO book" in command(library, "open", namespace, "--statements")
    assert namespace in command(library, "open")

    assert namespace in command(library, "drop", "test_writes")
    assert kept(standin) == set()
    assert "No kept databases" in command(library, "diff", "test_writes", code=2)


def test_nothing_is_kept_unless_it_is_asked_for(library: pytest.Pytester, standin: Standin) -> None:
    run(library).assert_outcomes(passed=1, failed=2)
    assert kept(standin) == set()


def test_only_the_newest_are_kept_and_a_test_has_one(library: pytest.Pytester, standin: Standin) -> None:
    library.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(iris_session, number):
            assert False
        """
    )
    run(library, "--iris-keep-failed", "-o", "iris_keep_failed_count=2").assert_outcomes(failed=4)
    listed = command(library, "open")
    assert re.findall(r"test_it\[(\d)\]", listed) == ["3", "2"]
    assert len(kept(standin)) == 2
    run(library, "--iris-keep-failed", "-k", "3").assert_outcomes(failed=1, deselected=3)
    assert len(kept(standin)) == 2
    command(library, "drop", "--all")
    assert kept(standin) == set()


def test_what_is_too_old_goes(library: pytest.Pytester, standin: Standin) -> None:
    run(library, "--iris-keep-failed").assert_outcomes(passed=1, failed=2)
    (record,) = (library.path / ".iris-devtools" / "kept").iterdir()
    raw = json.loads(record.read_text())
    record.write_text(json.dumps({**raw, "kept_at": "2020-01-01T00:00:00+00:00"}))
    library.makepyfile(test_other="def test_it(iris_session): assert False")
    run(library, "--iris-keep-failed", "test_other.py").assert_outcomes(failed=1)
    assert len(kept(standin)) == 1
    assert "test_other.py::test_it" in command(library, "open")


def test_committed_rows_and_new_tables_are_seen_from_beside(library: pytest.Pytester) -> None:
    library.makepyfile(
        """
        from sqlalchemy import text

        def test_it(iris_engine):
            with iris_engine.begin() as connection:
                connection.execute(text("CREATE TABLE extra (x INTEGER)"))
                connection.execute(text("DELETE FROM author WHERE name = 'Bob'"))
            assert False
        """
    )
    result = run(library, "--iris-keep-failed")
    result.stdout.fnmatch_lines(["not as the test saw it: SQLUser.extra: the test made it"])
    shown = command(library, "diff", "test_it")
    assert "SQLUser.author: 0 added, 1 removed, 0 changed" in shown
    assert "SQLUser.extra: not compared: the test made it" in shown


@pytest.mark.parametrize("rung", ["auto", "restore", "namespace"])
def test_every_kind_of_isolation_leaves_its_database(
    library: pytest.Pytester, standin: Standin, rung: str
) -> None:
    result = run(library, "--iris-keep-failed", f"--iris-isolation={rung}")
    result.assert_outcomes(passed=1, failed=2)
    tables = json.loads(command(library, "diff", "test_writes", "--json"))["tables"]
    assert tables["SQLUser.author"]["removed"] == [{"id": 3, "name": "Cy"}]
    assert [row["title"] for row in tables["SQLUser.book"]["added"]] == ["Notes"]
    assert len(kept(standin)) == 1


def test_older_revisions_factories_and_fixture_directories_are_kept_as_well(
    library: pytest.Pytester, standin: Standin
) -> None:
    library.makepyfile(
        test_it="""
        import pytest
        from iris_devtools.testing import iris_engine_factory, iris_session_factory
        from library_models import Author
        from sqlalchemy import text
        from sqlalchemy.orm import Session

        shared_engine = iris_engine_factory(scope="module")
        shared_session = iris_session_factory("shared_engine")

        @pytest.mark.iris(revision="0001")
        def test_older(iris_engine):
            with iris_engine.begin() as connection:
                connection.execute(text("INSERT INTO author (name) VALUES ('Dee')"))
            assert False

        def test_two(shared_session, iris_session):
            shared_session.add(Author(name="Eve"))
            shared_session.flush()
            iris_session.add(Author(name="Fay"))
            iris_session.flush()
            assert False

        @pytest.mark.dat_fixture("directory")
        def test_directory(dat_fixture_connection):
            cursor = dat_fixture_connection.cursor()
            cursor.execute("DELETE FROM author WHERE name = 'Ada'")
            cursor.close()
            assert False
        """
    )
    script = """
        from pathlib import Path
        from iris_devtools.testing import database
        from iris_devtools.admin import Admin
        from iris_devtools.servers.choose import choose_server
        from iris_devtools.config import load_settings
        from iris_devtools.snapshots.fixture import create_fixture
        with database() as db, choose_server(load_settings(Path.cwd())) as handle:
            with Admin.connect(handle.server) as admin:
                create_fixture(admin, Path("directory"), namespace=db.namespace)
    """
    library.makepyfile(make_directory=script)
    assert library.runpython(library.path / "make_directory.py").ret == 0
    result = run(library, "--iris-keep-failed", "test_it.py")
    result.assert_outcomes(failed=3)
    assert "not kept" not in result.stdout.str()
    assert result.stdout.str().count("(SQLUser.author differs from the snapshot)") == 4
    assert len(kept(standin)) == 4
    for test, change, name in (
        ("test_it.py::test_directory", "removed", "Ada"),
        ("test_it.py::test_two (shared_session)", "added", "Eve"),
    ):
        tables = json.loads(command(library, "diff", test, "--json"))["tables"]
        assert [row["name"] for row in tables["SQLUser.author"][change]] == [name]
