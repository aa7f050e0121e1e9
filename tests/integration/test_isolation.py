"""The rungs of the ladder, as tests of users climb them: real runs in processes of their own."""

from __future__ import annotations

import json
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
    pytester.copy_example("library")
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    # Order matters to tests that look at what the one before left.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    for variable in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "IRIS_DEVTOOLS_NAMESPACE"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    pytester.makeconftest(STEPS)
    return pytester


STEPS = """
import pytest
from library_models import Author
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

def _count(engine):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Author))

def _commit(engine, name="Ada"):
    with Session(engine) as session:
        session.add(Author(name=name))
        session.commit()

@pytest.fixture
def count():
    return _count

@pytest.fixture
def commit():
    return _commit
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*arguments, timeout=120)


def namespaces(standin: Standin) -> set[str]:
    with Admin.connect(standin.server) as admin:
        return {name for name in admin.namespaces() if name.startswith("LIBRARY_")}


def test_restore_takes_back_commits_and_leaves_a_clean_namespace_alone(
    library: pytest.Pytester, standin: Standin
) -> None:
    library.makepyfile(
        """
        import os
        import pytest
        from pathlib import Path
        from iris_devtools.admin import Admin
        from library_models import Author
        from sqlalchemy import text

        # Held open, a replaced file keeps its inode, and no copy can be given the same number.
        first = None

        def is_the_first_file(server, namespace):
            global first
            with Admin.connect(server) as admin:
                file = Path(admin.databases(namespace)[0].file)
            if first is None:
                first = os.open(file, os.O_RDONLY)
            return os.path.samestat(os.fstat(first), file.stat())

        @pytest.fixture(scope="module", autouse=True)
        def close_the_first_file():
            yield
            os.close(first)

        @pytest.mark.parametrize("turn", range(3))
        def test_reading(iris_session, iris_engine, iris_server, iris_namespace, count, turn):
            assert count(iris_engine) == 0
            assert is_the_first_file(iris_server, iris_namespace)

        @pytest.mark.parametrize("turn", range(3))
        def test_committing(iris_session, iris_engine, count, turn):
            iris_session.add(Author(name="Ada"))
            iris_session.commit()
            assert count(iris_engine) == 1

        def test_ddl(iris_engine):
            with iris_engine.begin() as connection:
                connection.execute(text("CREATE TABLE extra (a INTEGER)"))

        def test_ddl_is_gone(iris_engine, iris_server, iris_namespace, count):
            with pytest.raises(Exception, match="-30"), iris_engine.connect() as connection:
                connection.execute(text("SELECT * FROM extra"))
            assert not is_the_first_file(iris_server, iris_namespace)

        def test_a_write_of_the_bare_driver_is_seen(iris_server, iris_namespace):
            with Admin.connect(iris_server) as admin, admin.connection(iris_namespace) as connection:
                connection.cursor().execute("INSERT INTO author (name) VALUES ('bare')")

        def test_nothing_is_left_of_it(iris_engine, count):
            assert count(iris_engine) == 0

        def test_a_connection_that_is_left_open_is_ended(iris_engine, commit):
            global kept
            kept = iris_engine.connect()
            kept.execute(Author.__table__.insert(), {"name": "open"})

        def test_nothing_is_left_of_that_either(iris_engine, count):
            assert count(iris_engine) == 0
        """
    )
    before = namespaces(standin)
    run(library, "--iris-isolation=restore").assert_outcomes(passed=12)
    assert namespaces(standin) == before


def test_a_session_commits_also_what_its_connection_has_begun(library: pytest.Pytester) -> None:
    library.makepyfile(
        """
        import pytest
        from library_models import Author
        from sqlalchemy import func, select

        @pytest.mark.parametrize("turn", [1, 2])
        def test_rows_of_both(iris_connection, iris_session, iris_engine, count, turn):
            assert iris_connection.scalar(select(func.count()).select_from(Author)) == 0
            iris_connection.execute(Author.__table__.insert(), {"name": "Ada"})
            iris_session.add(Author(name="Bob"))
            iris_session.commit()
            assert count(iris_engine) == 2
            iris_connection.execute(Author.__table__.insert(), {"name": "Cyd"})
            iris_session.add(Author(name="Dan"))
            iris_session.flush()
            iris_session.rollback()
            assert count(iris_engine) == 2
        """
    )
    run(library, "--iris-isolation=restore").assert_outcomes(passed=2)
    run(library).assert_outcomes(passed=2)


AUTO = """
    import pytest
    from iris_devtools.admin import Admin
    from library_models import Author
    from sqlalchemy import text

    def test_reading_on_a_second_connection_stays(iris_session, iris_engine, count):
        assert count(iris_engine) == 0

    def test_a_second_connection_beside_a_write(iris_session, iris_engine, count):
        assert count(iris_engine) == 0
        iris_session.add(Author(name="Ada"))
        iris_session.commit()
        assert count(iris_engine) == 1

    def test_a_commit_elsewhere(iris_session, iris_engine, count, commit):
        commit(iris_engine)
        assert count(iris_engine) == 1

    def test_ddl(iris_session, iris_namespace):
        iris_session.execute(text("CREATE TABLE extra (a INTEGER)"))
        iris_session.commit()

    def test_commit_on_the_connection(iris_connection):
        iris_connection.execute(Author.__table__.insert(), {"name": "Ada"})
        iris_connection.commit()

    def test_the_bare_driver(iris_session, iris_server, iris_namespace):
        with Admin.connect(iris_server) as admin, admin.connection(iris_namespace) as connection:
            connection.cursor().execute("INSERT INTO author (name) VALUES ('bare')")

    def test_commits_without_a_transaction_can_stand(iris_engine, commit):
        commit(iris_engine)

    def test_all_clean(iris_engine, count):
        assert count(iris_engine) == 0
        with pytest.raises(Exception, match="-30"), iris_engine.connect() as connection:
            connection.execute(text("SELECT * FROM extra"))
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_auto_moves_up_what_a_rollback_cannot_isolate_and_remembers_it(
    library: pytest.Pytester, standin: Standin, workers: tuple[str, ...]
) -> None:
    library.makepyfile(AUTO)
    before = namespaces(standin)
    first = run(library, *workers)
    first.assert_outcomes(passed=8)
    text = first.stdout.str()
    assert "5 climbed" in text
    assert re.search(r"::test_ddl was moved up to isolation 'namespace': it changes the schema: CREATE", text)
    assert re.search(r"::test_a_commit_elsewhere was moved up to isolation 'restore': another conn", text)
    assert re.search(r"::test_the_bare_driver was .*'restore': something wrote .* without an engine", text)
    assert re.search(r"test_commits_without_a_transaction_can_stand was moved up to", text)
    again = run(library, *workers)
    again.assert_outcomes(passed=8)
    assert "climbed" not in again.stdout.str()
    assert namespaces(standin) == before


def test_a_rung_that_was_asked_for_fails_with_what_to_write(library: pytest.Pytester) -> None:
    library.makepyfile(
        """
        import pytest

        @pytest.mark.iris(isolation="rollback")
        def test_it(iris_session, iris_engine, commit):
            commit(iris_engine)

        def test_clean(iris_engine, count):
            assert count(iris_engine) == 0
        """
    )
    result = run(library)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*needs more than isolation 'rollback': another connection*",
            '*@pytest.mark.iris(isolation="restore")*',
        ]
    )


def test_each_test_can_have_a_namespace_of_its_own(library: pytest.Pytester, standin: Standin) -> None:
    library.makepyfile(
        """
        import threading
        import pytest
        from sqlalchemy import text

        @pytest.mark.iris(isolation="namespace")
        @pytest.mark.parametrize("turn", range(6))
        def test_threads_and_ddl(iris_engine, iris_session, iris_namespace, count, commit, turn):
            assert count(iris_engine) == 0
            threads = [threading.Thread(target=commit, args=(iris_engine, str(n))) for n in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert count(iris_engine) == 3
            iris_session.execute(text("CREATE TABLE extra (a INTEGER)"))
            iris_session.commit()

        def test_the_common_one_is_untouched(iris_engine, count):
            assert count(iris_engine) == 0
        """
    )
    before = namespaces(standin)
    run(library).assert_outcomes(passed=7)
    assert namespaces(standin) == before


def test_directories_have_isolations_of_their_own(library: pytest.Pytester) -> None:
    library.makeini(
        "[pytest]\npythonpath = .\niris_isolation = rollback\n"
        "iris_isolation_directories =\n    slow = namespace\n    slow/quick = restore\n"
    )
    for directory, ending in [("slow", r"_\d+"), ("slow/quick", ""), ("fast", "")]:
        (library.path / directory).mkdir()
        (library.path / directory / f"test_{directory.replace('/', '_')}.py").write_text(
            "import re\ndef test_it(iris_namespace):\n"
            f"    assert re.fullmatch(r'LIBRARY_MAIN_[0-9A-F]{{6}}{ending}', iris_namespace)\n"
        )
    run(library).assert_outcomes(passed=3)


def test_a_test_at_an_older_revision_is_restored_there(library: pytest.Pytester, standin: Standin) -> None:
    library.makepyfile(
        """
        import pytest
        from sqlalchemy import inspect, text

        @pytest.mark.iris(revision="0001")
        @pytest.mark.parametrize("turn", [1, 2])
        def test_it(iris_engine, turn):
            with iris_engine.begin() as connection:
                assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
                connection.execute(text("CREATE TABLE extra (a INTEGER)"))

        def test_at_the_head(iris_engine):
            with iris_engine.connect() as connection:
                assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0002"

        @pytest.mark.iris(revision="9999")
        def test_unknown(iris_engine):
            pass

        @pytest.mark.iris("restore")
        class TestAmongOthers:
            @pytest.mark.iris(revision="0001")
            def test_it(self, iris_namespace): pass

        @pytest.mark.iris(revision="0001")
        class TestWithARung:
            @pytest.mark.iris("restore")
            def test_it(self, iris_namespace): pass
        """
    )
    before = namespaces(standin)
    result = run(library)
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(["*9999*", "*TestWithARung::test_it: isolation 'restore' is for the heads*"])
    assert namespaces(standin) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('isolation="container", revision="0001"', "*isolation 'container' is for the heads*"),
        ('isolation="sometimes"', "*there is no isolation 'sometimes'*"),
        ('level="restore"', "*the marker iris has no level*"),
        ('isolation="restore", revision="0001"', "*is for the heads*"),
        ('"restore", "0001"', "*is for the heads*"),
        ('"auto", "0001", "0002"', "*has no more than 2 arguments*"),
    ],
)
def test_a_marker_that_means_nothing_is_an_error(library: pytest.Pytester, line: str, message: str) -> None:
    library.makepyfile(f"import pytest\n@pytest.mark.iris({line})\ndef test_it(iris_session): pass\n")
    result = run(library)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])


def test_tests_that_are_gone_are_forgotten_and_others_are_not(library: pytest.Pytester) -> None:
    body = """
        def test_stays(iris_session, iris_engine, commit): commit(iris_engine)
        def test_other(iris_session, iris_engine, commit): commit(iris_engine)
    """
    library.makepyfile(test_one=body, test_two=body)
    assert run(library).parseoutcomes() == {"passed": 4, "climbed": 4}
    (library.path / "test_two.py").unlink()
    library.makepyfile(test_one=body.replace("test_other", "test_renamed"))
    run(library, "--lf", "-k", "nothing")
    run(library, "test_one.py::test_stays").assert_outcomes(passed=1)
    assert sorted(remembered(library)) == ["test_one.py::test_other", "test_one.py::test_stays"]
    assert run(library).parseoutcomes() == {"passed": 2, "climbed": 1}
    assert sorted(remembered(library)) == ["test_one.py::test_renamed", "test_one.py::test_stays"]


def remembered(library: pytest.Pytester) -> dict[str, str]:
    path = library.path / ".pytest_cache" / "v" / "iris-devtools" / "rungs"
    found: dict[str, str] = json.loads(path.read_text())
    return found


def test_a_stale_schema_in_a_namespace_of_that_name_is_restored_by_itself(
    library: pytest.Pytester, standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "c0ffee")
    with Admin.connect(standin.server) as admin:
        admin.create_namespace("LIBRARY_MAIN_C0FFEE")
        with admin.connection("LIBRARY_MAIN_C0FFEE") as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
            cursor.execute("INSERT INTO alembic_version (version_num) VALUES ('0001')")
            cursor.execute("CREATE TABLE author (something INTEGER)")
            cursor.close()
    library.makepyfile(
        """
        from library_models import Author
        from sqlalchemy import text

        def test_it(iris_session, iris_namespace):
            assert iris_namespace == "LIBRARY_MAIN_C0FFEE"
            iris_session.add(Author(name="Ada"))
            iris_session.flush()
            assert iris_session.scalar(text("SELECT version_num FROM alembic_version")) == "0002"
        """
    )
    run(library).assert_outcomes(passed=1)
    assert "LIBRARY_MAIN_C0FFEE" not in namespaces(standin)
