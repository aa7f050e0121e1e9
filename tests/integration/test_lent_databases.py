"""Databases outside the common namespace: factories, fixture directories, unittest, scripts."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from iris_devtools.admin import Admin

pytest_plugins = ("pytester",)


@pytest.fixture
def library(pytester: pytest.Pytester, standin: Any, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    pytester.copy_example("library")
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    for variable in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "IRIS_DEVTOOLS_NAMESPACE"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    return pytester


@pytest.fixture(autouse=True)
def _nothing_is_left(standin: Any, library: pytest.Pytester) -> Any:
    before = namespaces(standin)
    yield
    assert namespaces(standin) == before


def namespaces(standin: Any) -> set[str]:
    with Admin.connect(standin.server) as admin:
        return {name for name in admin.namespaces() if name.startswith(("LIBRARY_", "USER_"))}


def test_factories_make_engines_of_any_scope_and_source(library: pytest.Pytester) -> None:
    library.makepyfile(
        """
        import pytest
        from iris_devtools.testing import iris_engine_factory, iris_session_factory
        from library_models import Author
        from sqlalchemy import func, inspect, select
        from sqlalchemy.orm import Session

        shared_engine = iris_engine_factory(scope="module")
        shared_session = iris_session_factory("shared_engine")
        own_engine = iris_engine_factory(scope="function", revision="0001")
        models_engine = iris_engine_factory(source="metadata", metadata="library_models:Base")

        def count(engine):
            with engine.connect() as connection:
                return connection.scalar(select(func.count()).select_from(Author))

        @pytest.fixture(scope="module")
        def three(shared_engine):
            with Session(shared_engine) as session:
                session.add_all(Author(name=name) for name in "abc")
                session.commit()

        @pytest.mark.parametrize("turn", [1, 2])
        def test_what_a_module_fixture_committed_stays(three, shared_engine, shared_session, turn):
            assert count(shared_engine) == 3
            shared_session.add(Author(name="d"))
            shared_session.commit()

        @pytest.mark.parametrize("turn", [1, 2])
        def test_one_of_its_own(own_engine, iris_engine, turn):
            assert count(own_engine) == 0
            with Session(own_engine) as session:
                session.add(Author(name="a"))
                session.commit()
            assert (count(own_engine), count(iris_engine)) == (1, 0)

        def test_another_source(models_engine):
            assert "author" in inspect(models_engine).get_table_names()
            assert "alembic_version" not in inspect(models_engine).get_table_names()
        """
    )
    run(library).assert_outcomes(passed=5)


def test_a_fixture_directory_is_loaded_for_its_scope(library: pytest.Pytester) -> None:
    library.makepyfile(
        make="""
        import sys
        from pathlib import Path
        from iris_devtools.admin import Admin
        from iris_devtools.snapshots.fixture import create_fixture
        from iris_devtools.testing import database
        from library_models import Author

        def main():
            from iris_devtools import choose_server, load_settings
            with database() as made:
                with made.session() as session:
                    session.add_all([Author(name="Ada"), Author(name="Bob")])
                    session.commit()
                made.engine.dispose()
                with Admin.connect(choose_server(load_settings()).server) as admin:
                    create_fixture(admin, Path("data/two"), namespace=made.namespace)

        main()
        """
    )
    library.mkdir("data")
    result = library.run(sys.executable, "make.py", timeout=60)
    assert result.ret == 0, result.stderr.str()
    (library.path / "alembic.ini").unlink()
    library.makepyfile(
        test_it="""
        import pytest

        def names(connection):
            cursor = connection.cursor()
            cursor.execute("SELECT name FROM author ORDER BY name")
            return [row[0] for row in cursor.fetchall()]

        @pytest.mark.dat_fixture("data/two")
        @pytest.mark.parametrize("turn", [1, 2])
        def test_for_one_test(dat_fixture_connection, turn):
            assert names(dat_fixture_connection) == ["Ada", "Bob"]
            dat_fixture_connection.cursor().execute("DELETE FROM author")

        @pytest.mark.dat_fixture("data/two", "class")
        class TestTogether:
            def test_one(self, dat_fixture_connection):
                dat_fixture_connection.cursor().execute("DELETE FROM author WHERE name = 'Ada'")

            def test_other(self, dat_fixture_connection):
                assert names(dat_fixture_connection) == ["Bob"]

        def test_no_marker(dat_fixture_connection):
            pass

        @pytest.mark.dat_fixture("data/three")
        def test_no_directory(dat_fixture_connection):
            pass
        """
    )
    result = run(library)
    result.assert_outcomes(passed=4, errors=2)
    result.stdout.fnmatch_lines(["*asks for a fixture directory and names none*", "*data/three*"])


def test_a_script_has_a_database_for_a_block(library: pytest.Pytester) -> None:
    script = library.makepyfile(
        script="""
        from iris_devtools.testing import database
        from library_models import Author
        from sqlalchemy import func, select

        def main():
            with database() as one, database(revision="0001") as other:
                def count():
                    with one.session() as session:
                        return session.scalar(select(func.count()).select_from(Author))

                assert one.namespace != other.namespace
                with one.transaction() as session:
                    session.add(Author(name="Ada"))
                    session.commit()
                assert (count(), one.reset()) == (0, False)
                with one.session() as session:
                    session.add(Author(name="Ada"))
                    session.commit()
                assert (count(), one.reset(), count()) == (1, True, 0)

        main()
        """
    )
    result = library.run(sys.executable, "-W", "error", script, timeout=60)
    assert result.ret == 0, result.stderr.str()


def test_a_class_of_unittest_has_a_clean_session_for_each_test(library: pytest.Pytester) -> None:
    library.makepyfile(
        test_them="""
        from iris_devtools.testing import IrisTestCase
        from library_models import Author
        from sqlalchemy import func, select
        from sqlalchemy.orm import Session

        class Common:
            def write(self):
                assert self.session.scalar(select(func.count()).select_from(Author)) == 0
                self.session.add(Author(name="Ada"))
                self.session.commit()

            test_one = test_two = write

        class TestRolledBack(Common, IrisTestCase):
            pass

        class TestRestored(Common, IrisTestCase):
            isolation = "restore"

        class TestNowhere(IrisTestCase):
            isolation = "rolback"

            def test_it(self):
                raise AssertionError("it must not run")

        class TestWrong(IrisTestCase):
            def test_it(self):
                with Session(self.database.engine) as session:
                    session.add(Author(name="Ada"))
                    session.commit()
        """
    )
    result = library.run(sys.executable, "-m", "unittest", "test_them", timeout=60)
    result.stderr.fnmatch_lines(["*Ran 6 tests*", "*FAILED (failures=1, errors=1)*"])
    assert "There is no isolation 'rolback'" in result.stderr.str()
    assert 'Write isolation = "restore" in the class TestWrong' in result.stderr.str()


def run(library: pytest.Pytester) -> pytest.RunResult:
    return library.runpytest_subprocess("-p", "no:cacheprovider", timeout=120)
