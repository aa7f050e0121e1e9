"""What comes before the first test, a database that belongs to others, and what an unused plugin costs."""

from __future__ import annotations

import subprocess
import sys
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
    """The example project, with one test that needs a database."""
    pytester.copy_example("library")
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    monkeypatch.setenv("IRIS_DEVTOOLS_NAMESPACE", "PREFLIGHT")
    monkeypatch.setenv("IRIS_DEVTOOLS_ISOLATION", "rollback")
    for variable in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    pytester.makepyfile("def test_it(iris_session): pass\ndef test_other(iris_session): pass\n")
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    plugin = ("-p", "iris_devtools.testing.extras", "-p", "no:cacheprovider")
    return pytester.runpytest_subprocess(*plugin, *arguments, timeout=120)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_sound_project_takes_off(library: pytest.Pytester, workers: str) -> None:
    result = run(library, "--iris-preflight", "-n", workers)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "preflight: driver: *",
            "preflight: store: *",
            "preflight: server: * (standin-*)",
            "preflight: privileges: *",
            "preflight: heads: 0002; not in the store yet; it will be built",
        ]
    )
    run(library, "--iris-preflight").stdout.fnmatch_lines(
        ["preflight: heads: 0002; in the store", "preflight: room: *"]
    )
    assert "preflight:" not in run(library).stdout.str()


def test_the_preflight_leaves_nothing_beside_the_databases(
    library: pytest.Pytester, standin: Standin
) -> None:
    before = sorted(path.name for path in (standin.data / "mgr").iterdir())
    run(library, "--iris-preflight", "-k", "no_such_test").stdout.fnmatch_lines(["preflight: privileges: *"])
    assert sorted(path.name for path in (standin.data / "mgr").iterdir()) == before


def test_a_server_that_does_not_answer_ends_the_run_at_once(
    library: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "existing")
    monkeypatch.setenv("IRIS_HOST", "127.0.0.1")
    monkeypatch.setenv("IRIS_PORT", "1")
    result = run(library, "--iris-preflight")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.stdout.str() + result.stderr.str()
    assert "iris-devtools: not ready" in text
    assert "server: " in text
    assert "test_it" not in text


def test_migrations_that_cannot_be_read_end_the_run_at_once(library: pytest.Pytester) -> None:
    (library.path / "migrations" / "versions" / "0003_broken.py").write_text(
        "down_revision = '0002'\nthis is not"
    )
    result = run(library, "-o", "iris_preflight=true")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "heads: " in result.stdout.str() + result.stderr.str()


def test_a_database_of_others_is_left_as_it_was(library: pytest.Pytester, standin: Standin) -> None:
    library.makepyfile(
        """
        import pytest
        from sqlalchemy import String, func, select
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase):
            pass

        class Order(Base):
            __tablename__ = "orders"
            id: Mapped[int] = mapped_column(primary_key=True)
            item: Mapped[str] = mapped_column(String(20))
            run: Mapped[str | None] = mapped_column("made_by", String(40))

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it(iris_tagged_session, iris_tagged, turn):
            session = iris_tagged_session
            assert session.scalars(select(Order.item)).all() == ["theirs"]
            session.add(Order(item="mine"))
            session.commit()
            assert session.scalars(select(Order.run).where(Order.item == "mine")).one() == iris_tagged.run_id
        """
    )
    with Admin.connect(standin.server) as admin:
        admin.create_namespace("PREFLIGHT")
        try:
            with admin.connection("PREFLIGHT") as connection:
                cursor = connection.cursor()
                cursor.execute(
                    "CREATE TABLE orders (id INTEGER IDENTITY, item VARCHAR(20), made_by VARCHAR(40))"
                )
                cursor.execute("INSERT INTO orders (item) VALUES ('theirs')")
                cursor.close()
            before = admin.namespaces()
            run(library, "-o", "iris_tag_column=made_by").assert_outcomes(passed=2)
            assert admin.namespaces() == before
            with admin.connection("PREFLIGHT") as connection:
                cursor = connection.cursor()
                cursor.execute("SELECT item FROM orders")
                assert [tuple(row) for row in cursor.fetchall()] == [("theirs",)]
                cursor.close()
        finally:
            admin.drop_namespace("PREFLIGHT", terminate=True)


def test_an_unused_plugin_imports_pytest_and_two_modules_of_ours(pytester: pytest.Pytester) -> None:
    (pytester.path / "count.py").write_text(
        "import sys, pytest\nbefore = set(sys.modules)\n"
        "import iris_devtools.testing.plugin, iris_devtools.testing.extras\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    added = subprocess.run(
        [sys.executable, str(pytester.path / "count.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    ours = {name for name in added if name.startswith("iris_devtools")}
    assert ours == {
        "iris_devtools",
        "iris_devtools.errors",
        "iris_devtools.testing",
        "iris_devtools.testing.extras",
        "iris_devtools.testing.plugin",
    }
    standard = {name for name in added if name.split(".")[0] in sys.stdlib_module_names}
    assert set(added) == ours | standard
    assert len(standard) <= 10, standard


def test_the_package_alone_imports_next_to_nothing() -> None:
    code = "import sys; b = set(sys.modules); import iris_devtools; print(*sorted(set(sys.modules) - b))"
    added = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert {name for name in added if name.split(".")[0] not in sys.stdlib_module_names} == {"iris_devtools"}
    # typing and importlib, with what they import, are most of it; they differ between versions of Python.
    assert len(added) <= 45, added


def test_a_run_that_uses_none_of_it_loads_none_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            heavy = {"alembic", "click", "docker", "iris", "pydantic", "rich", "sqlalchemy"}
            assert not heavy & set(sys.modules)
        """
    )
    run(pytester).assert_outcomes(passed=1)
