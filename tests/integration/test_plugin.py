"""The pytest plugin as its users meet it: real runs in processes of their own, against a real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Protocol

import pytest

from iris_devtools.admin import Admin

pytest_plugins = ("pytester",)


class Standin(Protocol):
    server: Any
    data: Path


@pytest.fixture
def library(pytester: pytest.Pytester, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The example project, with a store of its own and the server that all tests share."""
    pytester.copy_example("library")
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    monkeypatch.setenv("IRIS_DEVTOOLS_NAMESPACE", "LIBRARY")
    for variable in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=120)


def namespaces(standin: Standin) -> set[str]:
    with Admin.connect(standin.server) as admin:
        return {name for name in admin.namespaces() if name.startswith("LIBRARY_")}


ISOLATION = """
    import pytest
    from library_models import Author, Book
    from sqlalchemy import func, select
    from sqlalchemy.exc import IntegrityError

    def names(session):
        return session.scalars(select(Author.name).order_by(Author.name)).all()

    @pytest.mark.parametrize("turn", [1, 2])
    def test_commit_is_invisible_to_the_next_test(iris_session, turn):
        assert names(iris_session) == []
        iris_session.add_all([Author(name="Ada"), Author(name="Bob")])
        iris_session.commit()
        iris_session.add(Book(title="Notes", author=iris_session.scalars(select(Author)).first()))
        iris_session.commit()
        assert names(iris_session) == ["Ada", "Bob"]

    @pytest.mark.parametrize("turn", [1, 2])
    def test_rollback_undoes_what_was_not_committed(iris_session, turn):
        iris_session.add(Author(name="kept"))
        iris_session.commit()
        iris_session.add(Author(name="lost"))
        iris_session.flush()
        iris_session.rollback()
        assert names(iris_session) == ["kept"]
        iris_session.rollback()
        assert names(iris_session) == ["kept"]

    @pytest.mark.parametrize("turn", [1, 2])
    def test_begin_nested_is_undone_alone(iris_session, turn):
        iris_session.add(Author(name="outer"))
        with iris_session.begin_nested():
            iris_session.add(Author(name="inner"))
            with pytest.raises(ZeroDivisionError), iris_session.begin_nested():
                iris_session.add(Author(name="innermost"))
                iris_session.flush()
                1 / 0
        iris_session.commit()
        assert names(iris_session) == ["inner", "outer"]

    @pytest.mark.parametrize("turn", [1, 2])
    def test_a_failed_flush_leaves_the_session_usable(iris_session, turn):
        iris_session.add(Author(name="one"))
        iris_session.commit()
        iris_session.add(Author(name="one"))
        with pytest.raises(IntegrityError):
            iris_session.commit()
        iris_session.rollback()
        iris_session.add(Author(name="two"))
        iris_session.commit()
        assert names(iris_session) == ["one", "two"]

    def test_a_session_of_the_code_under_test_shares_the_connection(iris_session, iris_connection):
        iris_session.add(Author(name="seen"))
        iris_session.flush()
        assert iris_connection.scalar(select(func.count()).select_from(Author)) == 1

    @pytest.mark.parametrize("turn", [1, 2])
    def test_a_connection_is_rolled_back(iris_connection, turn):
        assert iris_connection.scalar(select(func.count()).select_from(Author)) == 0
        iris_connection.execute(Author.__table__.insert(), [{"name": "a"}, {"name": "b"}])
        with iris_connection.begin_nested():
            iris_connection.execute(Author.__table__.insert(), {"name": "c"})
        assert iris_connection.scalar(select(func.count()).select_from(Author)) == 3

    @pytest.mark.iris(isolation="rollback")
    @pytest.mark.parametrize("turn", [1, 2])
    def test_a_connection_refuses_to_commit(iris_connection, turn):
        assert iris_connection.scalar(select(func.count()).select_from(Author)) == 0
        iris_connection.execute(Author.__table__.insert(), {"name": "a"})
        with pytest.raises(Exception, match="commit.. on iris_connection would keep the rows"):
            iris_connection.commit()

    def test_a_hundred_commits_are_no_trouble(iris_session):
        for number in range(100):
            iris_session.add(Author(name=f"author {number}"))
            iris_session.commit()
        assert len(names(iris_session)) == 100
"""


def test_rollback_isolates_tests_from_each_other(library: pytest.Pytester) -> None:
    library.makepyfile(ISOLATION)
    run(library).assert_outcomes(passed=14)


def test_the_namespace_holds_the_migrated_schema_and_is_gone_afterwards(
    library: pytest.Pytester, standin: Standin
) -> None:
    library.makepyfile(
        """
        from sqlalchemy import inspect, text

        def test_schema(iris_engine, iris_namespace, iris_url, iris_server, iris_snapshot):
            assert iris_namespace.startswith("LIBRARY_MAIN_")
            assert iris_url.namespace == iris_engine.url.database == iris_namespace
            assert (iris_url.host, iris_url.port) == (iris_server.host, iris_server.port)
            assert iris_snapshot.key.revisions == ("0002",)
            assert {"author", "book", "alembic_version"} <= set(inspect(iris_engine).get_table_names())
            with iris_engine.connect() as connection:
                assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0002"
        """
    )
    before = namespaces(standin)
    run(library).assert_outcomes(passed=1)
    assert namespaces(standin) == before


def test_one_line_says_which_server_which_snapshot_and_how_long(library: pytest.Pytester) -> None:
    library.makepyfile("def test_it(iris_session): pass")
    line = (
        r"iris-devtools: stand-in at .*; snapshot 0002\S* {}; namespace LIBRARY_MAIN_\w+ ready in [\d.]+ s; "
    )
    first = run(library)
    first.assert_outcomes(passed=1)
    assert re.search(line.format(r"built in [\d.]+ s") + r"\d+ of \d+ repairs in force", first.stdout.str())
    assert re.search(line.format("found in the store"), run(library).stdout.str())
    assert "iris-devtools:" not in run(library, "-q").stdout.str()


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--fixtures-per-test", "--setup-plan"])
def test_looking_alone_prepares_nothing(library: pytest.Pytester, option: str) -> None:
    library.makepyfile("def test_it(iris_session): pass")
    result = run(library, option, "--iris-preflight", "--iris-store", "elsewhere")
    assert "iris_session" in result.stdout.str() or option == "--collect-only"
    assert "iris-devtools:" not in result.stdout.str()
    assert "preflight:" not in result.stdout.str()
    assert not (library.path / "elsewhere").exists()


def test_a_store_can_be_named(library: pytest.Pytester) -> None:
    library.makepyfile("def test_it(iris_session): pass")
    run(library, "--iris-store", "elsewhere").assert_outcomes(passed=1)
    assert list((library.path / "elsewhere").glob("*/manifest.json"))


def test_the_ini_file_can_name_the_migrations(library: pytest.Pytester) -> None:
    (library.path / "db").mkdir()
    (library.path / "alembic.ini").rename(library.path / "db" / "alembic.ini")
    (library.path / "migrations").rename(library.path / "db" / "migrations")
    library.makeini("[pytest]\niris_alembic_ini = db/alembic.ini\niris_server = standin\n")
    library.makepyfile("def test_it(iris_session): pass")
    run(library).assert_outcomes(passed=1)


def test_models_without_migrations_are_a_source_too(library: pytest.Pytester) -> None:
    (library.path / "alembic.ini").unlink()
    library.makepyprojecttoml('[tool.iris-devtools]\nmetadata = "library_models:Base"\n')
    library.makepyfile(
        """
        from library_models import Author

        def test_it(iris_session):
            iris_session.add(Author(name="Ada"))
            iris_session.commit()
        """
    )
    run(library).assert_outcomes(passed=1)


def test_a_project_without_a_schema_is_told_where_we_looked(library: pytest.Pytester) -> None:
    (library.path / "alembic.ini").unlink()
    library.makepyfile("def test_it(iris_session): pass\ndef test_other(): pass")
    result = run(library)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*There is nothing to make a database from: no *alembic.ini*"])


def test_a_failing_migration_is_shown_without_a_traceback(library: pytest.Pytester, standin: Standin) -> None:
    before = namespaces(standin)
    library.makepyfile("def test_a(iris_session): pass\ndef test_b(iris_session): pass\ndef test_c(): pass")
    (library.path / "migrations" / "versions" / "0003_wrong.py").write_text(
        "from alembic import op\nrevision = '0003'\ndown_revision = '0002'\n"
        "def upgrade():\n    op.execute('ALTER TABLE no_such_table ADD COLUMN x INTEGER')\n"
    )
    result = run(library)
    result.assert_outcomes(errors=2, passed=1)
    text = result.stdout.str()
    assert "The migration to 0003 failed in" in text
    assert "0003_wrong.py, line 5 (op.execute(" in text
    told, _ = text.split("short test summary info")  # which pytest cuts short, but not where CI is set
    assert told.count("Mend it and run again") == told.count("(in full where it came first)") == 1
    assert "Traceback" not in text
    assert "run.py" not in text and "provision.py" not in text
    assert len(text.splitlines()) < 60
    assert namespaces(standin) == before


def test_a_host_in_the_url_of_alembic_is_not_where_tests_run(library: pytest.Pytester) -> None:
    ini = library.path / "alembic.ini"
    text = re.sub(
        r"(?m)^sqlalchemy.url.*$", "sqlalchemy.url = iris://u:p@127.0.0.1:1/PRODUCTION", ini.read_text()
    )
    ini.write_text(text)
    assert "PRODUCTION" in text
    library.makepyfile("def test_it(iris_url): assert iris_url.port != 1")
    run(library).assert_outcomes(passed=1)


def test_where_nobody_answers_nothing_is_said_of_namespaces(
    library: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "existing")
    monkeypatch.setenv("IRIS_HOST", "127.0.0.1")
    monkeypatch.setenv("IRIS_PORT", "1")
    library.makepyfile("def test_it(iris_session): pass")
    result = run(library)
    result.assert_outcomes(errors=1)
    assert "nobody answers there" in result.stdout.str()
    assert "could not be dropped" not in result.stdout.str()


@pytest.mark.parametrize("kind", ["docker", "nonsense"])
def test_isolations_that_are_not_there_are_refused_before_any_test(
    library: pytest.Pytester, kind: str
) -> None:
    library.makepyfile("def test_it(): pass")
    result = run(library, f"--iris-isolation={kind}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*isolation*'{kind}'*"])


@pytest.mark.parametrize(
    "line", ["iris_slow_setup_s=soon", "iris_keep_failed_count=-1", "iris_keep_failed_days=inf"]
)
def test_numbers_that_are_none_are_refused_before_any_test(library: pytest.Pytester, line: str) -> None:
    library.makepyfile("def test_it(): pass")
    result = run(library, "-o", line)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name, _, value = line.partition("=")
    result.stderr.fnmatch_lines([f"ERROR: {name} is a number from 0 on, and not '{value}'."])


def test_the_server_alone_needs_no_schema(library: pytest.Pytester) -> None:
    (library.path / "alembic.ini").unlink()
    library.makepyfile("def test_it(iris_server): assert iris_server.kind == 'standin'")
    result = run(library)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["iris-devtools: stand-in at *"])


def test_workers_share_one_snapshot_and_have_a_namespace_each(
    library: pytest.Pytester, standin: Standin
) -> None:
    pytest.importorskip("xdist")
    before = namespaces(standin)
    library.makepyfile(
        """
        import os, pathlib
        import pytest
        from library_models import Author
        from sqlalchemy import func, select

        @pytest.mark.parametrize("turn", range(8))
        def test_it(iris_session, iris_namespace, turn):
            assert iris_namespace.startswith(f"LIBRARY_{os.environ['PYTEST_XDIST_WORKER'].upper()}_")
            pathlib.Path("seen").mkdir(exist_ok=True)
            (pathlib.Path("seen") / iris_namespace).touch()
            assert iris_session.scalar(select(func.count()).select_from(Author)) == 0
            iris_session.add(Author(name="Ada"))
            iris_session.commit()
        """
    )
    result = run(library, "-n", "2")
    result.assert_outcomes(passed=8)
    assert len(list((library.path / "seen").iterdir())) == 2
    assert len(list((library.path / ".iris-snapshots").glob("*/manifest.json"))) == 1
    text = result.stdout.str()
    assert len(re.findall(r"gw\d: .*snapshot 0002\S* built in", text)) == 1
    assert len(re.findall(r"gw\d: stand-in at ", text)) == 2
    assert namespaces(standin) == before


def test_a_server_that_dies_in_the_middle_is_a_clear_error(
    library: pytest.Pytester, standin_factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = standin_factory()
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(private.data))
    # With the server gone, the next one would start a new one and hide what this test is about.
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "existing")
    monkeypatch.setenv("IRIS_HOST", private.host)
    monkeypatch.setenv("IRIS_PORT", str(private.port))
    monkeypatch.setenv("STANDIN_PID", str(private.process.pid))
    library.makepyfile(
        """
        import os, signal
        from library_models import Author
        from sqlalchemy import select

        def test_before(iris_session):
            assert iris_session.scalars(select(Author)).all() == []

        def test_during(iris_session):
            iris_session.scalars(select(Author)).all()
            os.kill(int(os.environ["STANDIN_PID"]), signal.SIGKILL)
            iris_session.scalars(select(Author)).all()

        def test_after(iris_session):
            pass
        """
    )
    result = run(library)
    result.assert_outcomes(passed=1, failed=1, errors=1)
    text = result.stdout.str()
    assert "OperationalError" in text
    assert re.search(r"The existing server at \S+ does not answer any more", text)
    assert re.search(r"the namespace LIBRARY_MAIN_\w+ could not be dropped", text)
    assert private.server.password not in re.findall(r"password.*", text)


def test_the_namespace_of_a_killed_run_is_dropped_by_the_next(
    library: pytest.Pytester, standin: Standin
) -> None:
    before = namespaces(standin)
    library.makepyfile(
        """
        import os, signal

        def test_it(iris_session):
            if os.environ.get("DIE"):
                os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIE", "1")
        assert run(library).ret == -9
    assert len(namespaces(standin) - before) == 1
    run(library).assert_outcomes(passed=1)
    assert namespaces(standin) == before


def test_an_unused_plugin_loads_nothing_and_says_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            heavy = {"alembic", "docker", "iris", "pydantic", "sqlalchemy", "sqlglot"}
            assert not heavy & set(sys.modules)
            ours = {name for name in sys.modules if name.startswith("iris_devtools.")}
            testing = {f"iris_devtools.testing{part}" for part in ("", ".extras", ".plugin")}
            assert ours == {"iris_devtools.errors", *testing}
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1)
    assert "iris-devtools:" not in result.stdout.str()


def test_the_options_explain_themselves(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--help")
    for name in ("--iris-server", "--iris-store", "--iris-isolation", "iris_alembic_ini"):
        assert name in result.stdout.str()
