"""The ladder in runs that go wrong, and beside the plugins that people have."""

from __future__ import annotations

import signal
import subprocess
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
    pytester.makepyfile(
        steps="""
        from library_models import Author
        from sqlalchemy import func, select
        from sqlalchemy.orm import Session

        def count(engine):
            with engine.connect() as connection:
                return connection.scalar(select(func.count()).select_from(Author))

        def commit(engine):
            with Session(engine) as session:
                session.add(Author(name="Ada"))
                session.commit()
        """
    )
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*arguments, timeout=120)


def namespaces(standin: Any) -> set[str]:
    with Admin.connect(standin.server) as admin:
        return {name for name in admin.namespaces() if name.startswith("LIBRARY_")}


SUITE = """
    import pytest
    from steps import commit, count

    @pytest.mark.parametrize("turn", range(4))
    class TestEach:
        def test_commit_elsewhere(self, iris_session, iris_engine, turn):
            assert count(iris_engine) == 0
            commit(iris_engine)
            assert count(iris_engine) == 1

        def test_clean(self, iris_engine, turn):
            assert count(iris_engine) == 0

        @pytest.mark.iris(isolation="namespace")
        def test_own(self, iris_engine, turn):
            assert count(iris_engine) == 0
            commit(iris_engine)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n", "2", "--dist", "loadscope"),
        ("-n", "2", "--dist", "worksteal", "-p", "randomly"),
        ("--reruns", "1", "--timeout", "60", "-p", "randomly"),
    ],
    ids=["loadscope", "worksteal-random", "reruns-timeout-random"],
)
def test_other_plugins_do_not_disturb_the_ladder(
    library: pytest.Pytester, standin: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    if "randomly" in arguments:
        monkeypatch.delenv("PYTEST_ADDOPTS")
        arguments = tuple(part for part in arguments if part not in ("-p", "randomly"))
    library.makepyfile(SUITE)
    before = namespaces(standin)
    result = run(library, *arguments)
    result.assert_outcomes(passed=12)
    assert "4 climbed" in result.stdout.str()
    assert namespaces(standin) == before


def test_a_flaky_test_is_rerun_on_a_clean_database(library: pytest.Pytester) -> None:
    library.makepyfile(
        """
        from steps import commit, count

        turns = []

        def test_flaky(iris_session, iris_engine):
            assert count(iris_engine) == 0
            commit(iris_engine)
            turns.append(1)
            assert len(turns) > 2
        """
    )
    result = run(library, "--reruns", "2", "--iris-isolation=restore")
    result.assert_outcomes(passed=1)
    assert "2 rerun" in result.stdout.str()


def test_what_fails_half_way_leaves_the_next_test_a_clean_database(
    library: pytest.Pytester, standin: Any
) -> None:
    library.makepyfile(
        """
        import threading

        import pytest
        from steps import commit, count

        @pytest.fixture
        def raises_before(iris_engine):
            commit(iris_engine)
            raise RuntimeError("before")

        @pytest.fixture
        def raises_after(iris_engine):
            yield
            commit(iris_engine)
            raise RuntimeError("after")

        def test_before(raises_before): pass
        def test_clean_1(iris_engine): assert count(iris_engine) == 0
        def test_after(raises_after): pass
        def test_clean_2(iris_engine): assert count(iris_engine) == 0

        def test_fails(iris_engine):
            commit(iris_engine)
            assert False

        def test_clean_3(iris_engine): assert count(iris_engine) == 0

        @pytest.mark.timeout(1.5, func_only=True)
        def test_takes_too_long(iris_session, iris_engine):
            commit(iris_engine)
            threading.Event().wait()

        def test_clean_4(iris_engine): assert count(iris_engine) == 0
        """
    )
    before = namespaces(standin)
    run(library).assert_outcomes(passed=5, failed=2, errors=2)
    run(library, "--lf").assert_outcomes(failed=2, passed=1, errors=2)
    run(library, "-x").assert_outcomes(errors=1)
    assert namespaces(standin) == before


def test_an_interrupted_run_leaves_no_namespace(library: pytest.Pytester, standin: Any) -> None:
    library.makepyfile(
        """
        import os, signal
        import pytest
        from steps import commit

        @pytest.mark.iris(isolation="namespace")
        def test_it(iris_session, iris_engine):
            commit(iris_engine)
            os.kill(os.getpid(), signal.SIGINT)

        def test_never(iris_session): pass
        """
    )
    before = namespaces(standin)
    assert run(library).ret == pytest.ExitCode.INTERRUPTED
    assert namespaces(standin) == before


def test_a_worker_that_dies_leaves_nothing_locked(library: pytest.Pytester, standin: Any) -> None:
    library.makepyfile(
        """
        import os, signal
        import pytest
        from steps import commit

        @pytest.mark.iris(isolation="namespace")
        def test_dies(iris_session, iris_engine):
            commit(iris_engine)
            if os.environ.get("DIE"):
                os.kill(os.getpid(), signal.SIGKILL)

        @pytest.mark.parametrize("turn", range(4))
        def test_others(iris_session, turn): pass
        """
    )
    before = namespaces(standin)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIE", "1")
        run(library, "-n", "2").assert_outcomes(passed=4, failed=1)
    run(library).assert_outcomes(passed=5)
    assert namespaces(standin) == before


def test_two_runs_at_once_do_not_collide(library: pytest.Pytester, standin: Any) -> None:
    library.makepyfile(SUITE)
    before = namespaces(standin)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    runs = [subprocess.Popen(command, cwd=library.path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=120)[0] for one in runs]
    assert [one.returncode for one in runs] == [0, 0], said
    assert namespaces(standin) == before


def test_a_server_that_dies_under_restore_is_a_clear_error(
    library: pytest.Pytester, standin_factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = standin_factory()
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "existing")
    monkeypatch.setenv("IRIS_HOST", private.host)
    monkeypatch.setenv("IRIS_PORT", str(private.port))
    monkeypatch.setenv("STANDIN_PID", str(private.process.pid))
    library.makepyfile(
        f"""
        import os
        import pytest
        from steps import commit

        def test_during(iris_engine):
            commit(iris_engine)
            os.kill(int(os.environ["STANDIN_PID"]), {int(signal.SIGKILL)})

        def test_after(iris_engine): commit(iris_engine)

        @pytest.mark.iris(isolation="namespace")
        def test_pool(iris_engine): pass
        """
    )
    result = run(library, "--iris-isolation=restore")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    assert "Traceback" not in text
    assert "nobody answers there" in text


def test_fixtures_that_commit_and_outcomes_other_than_passed_climb_as_well(library: pytest.Pytester) -> None:
    library.makepyfile(
        """
        import pytest
        from library_models import Author
        from sqlalchemy import create_engine, func, select, text
        from steps import commit, count

        def test_autocommit_on_an_engine_that_is_not_ours(iris_session, iris_url):
            engine = create_engine(iris_url.to_sqlalchemy(), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text("INSERT INTO author (name) VALUES ('x')"))
            engine.dispose()

        @pytest.mark.xfail(strict=True)
        def test_expected_to_fail(iris_session, iris_engine):
            iris_session.add(Author(name="q"))
            iris_session.commit()
            assert count(iris_engine) == 0

        class TestOnCommittedRows:
            @pytest.fixture(autouse=True)
            def rows(self, iris_engine):
                commit(iris_engine)

            @pytest.mark.parametrize("turn", [1, 2])
            def test_it(self, iris_session, turn):
                assert iris_session.scalar(select(func.count()).select_from(Author)) == 1

        def test_clean(iris_engine):
            assert count(iris_engine) == 0
        """
    )
    result = run(library, "--junitxml=report.xml")
    result.assert_outcomes(passed=4, xfailed=1)
    assert "4 climbed" in result.stdout.str()
    assert run(library).parseoutcomes() == {"passed": 4, "xfailed": 1}


def test_random_numbers_and_identities_go_on_from_the_seed_where_that_is_asked_for(
    library: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS")  # pytest-randomly seeds between set-up and test
    library.makepyprojecttoml('[tool.iris-devtools]\nseed = "seeds:fill"\n')
    library.makepyfile(
        seeds="""
        import random
        from library_models import Author

        def fill(session):
            session.add_all(Author(name=str(random.random())) for _ in range(3))
        """,
        test_it="""
        import random
        import pytest
        from library_models import Author

        drawn = []

        def next_id(session):
            author = Author(name="next")
            session.add(author)
            session.commit()
            return author.id

        @pytest.mark.parametrize("turn", range(3))
        def test_draws_the_same(iris_random, turn):
            assert "random" in iris_random
            drawn.append(random.random())
            assert len(set(drawn)) == 1

        @pytest.mark.parametrize("turn", range(3))
        def test_uses_numbers_up(iris_session, turn):
            next_id(iris_session)

        @pytest.mark.iris(isolation="namespace")
        @pytest.mark.parametrize("turn", range(3))
        def test_counts_from_the_seed(iris_session, turn):
            assert next_id(iris_session) == 4
        """,
    )
    run(library).assert_outcomes(passed=9)
