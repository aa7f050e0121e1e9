"""What the test layer costs: for one test, for a suite beside pytest-postgresql, and when nobody uses it.

``python -m tests.bench.testlayer [DIRECTORY]`` works below DIRECTORY (a RAM disk or a disk; the place for
temporary files when left out). The comparison wants PostgreSQL's ``pg_ctl``, and a Python that has
pytest-postgresql, pytest-xdist, SQLAlchemy and psycopg, named by ``BENCH_POSTGRES_PYTHON``; else it is left
out, and says so. As root, which PostgreSQL refuses, it is run as the user ``postgres``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from sqlalchemy import Engine, text

from iris_devtools.testing.ladder import Wish
from iris_devtools.testing.run import TestRun
from tests.bench._report import heading, report, total

LIBRARY = Path(__file__).parent.parent / "examples" / "library"
ROUNDS = 40
ROWS = 10_000
OVERHEAD_LIMIT_S, HIT_P50_S, HIT_P95_S, START_LIMIT_S = 0.001, 0.001, 0.005, 0.05
RESET_LIMIT, SUITE_LIMIT_RAM, SUITE_LIMIT_DISK, WORKERS_LIMIT = 2.0, 0.5, 0.1, 1 / 1.7
SUITE_ROUNDS = 3
MORE = 4

SEED = """
from library_models import Author

def fill(session):
    session.add_all([Author(name=f"author {{number}}") for number in range({rows})])
"""
# The same work for both; only where the session comes from is another.
SUITE = """
import os
import pytest
from library_models import Author, Book
from sqlalchemy import func, select, text

TIMES = int(os.environ.get("BENCH_TIMES", "1"))

@pytest.mark.parametrize("turn", range(180 * TIMES))
def test_reads(session, turn):
    assert session.scalar(select(func.count()).select_from(Author)) == 100
    assert len(session.scalars(select(Author).where(Author.name.like("author 1%"))).all()) == 11

@pytest.mark.parametrize("turn", range(105 * TIMES))
def test_writes(session, turn):
    author = Author(name="new", books=[Book(title=f"{number}") for number in range(5)])
    session.add(author)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Book)) == 5

@pytest.mark.parametrize("turn", range(15 * TIMES))
def test_changes_the_schema(session, turn):
    session.execute(text("CREATE TABLE extra (x INTEGER)"))
    session.execute(text("INSERT INTO extra (x) VALUES (1)"))
    session.commit()
    assert session.scalar(text("SELECT COUNT(*) FROM extra")) == 1
"""
OURS = """
import pytest

@pytest.fixture
def session(iris_session):
    return iris_session
"""
THEIRS = """
import pytest
from library_models import Author, Base
from pytest_postgresql import factories
from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import Session

def engine_for(**where):
    url = "postgresql+psycopg://{user}:{password}@{host}:{port}/{dbname}"
    return create_engine(url.format(**{"password": "", **where}), poolclass=NullPool)

def load(**where):
    engine = engine_for(**where)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Author(name=f"author {number}") for number in range(100)])
        session.commit()

postgresql_proc = factories.postgresql_proc(load=[load])
postgresql = factories.postgresql("postgresql_proc")

@pytest.fixture
def session(postgresql):
    info = postgresql.info
    engine = engine_for(user=info.user, host=info.host, port=info.port, dbname=info.dbname)
    with Session(engine) as session:
        yield session
    engine.dispose()
"""


def main() -> None:
    place = next((argument for argument in sys.argv[1:] if Path(argument).is_dir()), None)
    heading()
    with tempfile.TemporaryDirectory(dir=place, prefix="bench") as directory:
        root = Path(directory)
        root.chmod(0o755)
        _one_test(root)
        _start(root)
        _suites(root)


def _one_test(root: Path) -> None:
    project = _project(root / "project", OURS, "", rows=ROWS)
    sys.path.insert(0, str(project))
    run = TestRun(project, server="standin", run_id=f"{os.getpid():06X}"[-6:])
    try:
        engine = run.lend(Wish("rollback", automatic=True)).engine
        lent, bare = _in_turns(lambda: _in_auto(run), lambda: _bare(engine))
        # The machine may have other work; what both take at the least is theirs alone.
        beyond_s = min(lent) - min(bare)
        total("read-only test in auto, beyond bare", beyond_s, OVERHEAD_LIMIT_S)

        run.expect(20)
        run.fill_pool()
        time.sleep(1)
        hits = [_hit(run) for _ in range(20)]
        total("lending from the pool, p50", statistics.median(hits), HIT_P50_S)
        total("lending from the pool, p95", sorted(hits)[-2], HIT_P95_S)

        _resets(run, root)
    finally:
        run.close()


def _in_turns(*actions: Callable[[], float], rounds: int = ROUNDS) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for times, action in zip(found, actions, strict=True):
            times.append(action())
    return found


def _in_auto(run: TestRun) -> float:
    started = time.perf_counter()
    lent = run.lend(Wish("rollback", automatic=True))
    with lent.connection() as connection, lent.session(connection) as session:
        session.execute(text("SELECT COUNT(*) FROM author")).scalar()
        lent.climb()
    lent.give_back()
    return time.perf_counter() - started


def _bare(engine: Engine) -> float:
    started = time.perf_counter()
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("SELECT COUNT(*) FROM author")).scalar()
        transaction.rollback()
    return time.perf_counter() - started


def _hit(run: TestRun) -> float:
    time.sleep(0.15)  # what a test takes meanwhile
    started = time.perf_counter()
    lent = run.lend(Wish("namespace"))
    taken = time.perf_counter() - started
    lent.give_back()
    return taken


def _resets(run: TestRun, root: Path) -> None:
    """Compare a reset with a plain copy of the same file; both wait for nothing but themselves."""
    wish = Wish("restore")
    (database,) = run.admin().databases(run.namespace().namespace)
    resets, copies = [], []
    for number in range(12):
        lent = run.lend(wish)
        with lent.engine.begin() as connection:
            connection.execute(text("INSERT INTO author (name) VALUES ('dirty')"))
        time.sleep(0.05)  # what the rest of the test takes
        started = time.perf_counter()
        assert lent.give_back()
        resets.append(time.perf_counter() - started)
        started = time.perf_counter()
        shutil.copyfile(database.file, root / f"copy{number}")
        copies.append(time.perf_counter() - started)
    report(f"reset of {ROWS} rows / copy of the file", *map(statistics.median, (resets, copies)), RESET_LIMIT)


def _start(root: Path) -> None:
    (root / "empty").mkdir()
    (root / "empty" / "test_it.py").write_text("def test_it(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    without = [*command, "-p", "no:iris-devtools", "-p", "no:iris_devtools"]
    times = _in_turns(lambda: _run(command, root / "empty"), lambda: _run(without, root / "empty"), rounds=9)
    total("start of pytest, unused plugin, beyond bare", min(times[0]) - min(times[1]), START_LIMIT_S)


def _suites(root: Path) -> None:
    ours = _project(root / "suite", OURS, SUITE, rows=100)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    _run(command, ours)  # the snapshot is built once; its price is that of the migrations
    one, two = (min(_run([*command, *workers], ours) for _ in range(SUITE_ROUNDS)) for workers in _WORKERS)
    # The throughput, without what it takes to start: that is the difference of many tests and few.
    many = {"BENCH_TIMES": str(1 + MORE)}
    slopes = [
        _run([*command, *workers], ours, **many) - few
        for workers, few in zip(_WORKERS, (one, two), strict=True)
    ]
    report(f"{300 * MORE} tests: two workers / one", slopes[1], slopes[0], WORKERS_LIMIT)
    python = os.environ.get("BENCH_POSTGRES_PYTHON")
    pg_ctl = shutil.which("pg_ctl")
    if not python or not pg_ctl:
        print("300 tests / pytest-postgresql: left out, see the module", flush=True)
        return
    theirs = _directory(root / "theirs", THEIRS, SUITE)
    theirs.chmod(0o777)
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    base = [*user, "env", f"TMPDIR={theirs}", python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    base += [f"--postgresql-exec={pg_ctl}", f"--basetemp={theirs}/run"]
    limit = SUITE_LIMIT_RAM if _is_ram(root) else SUITE_LIMIT_DISK
    for workers, took in zip(_WORKERS, (one, two), strict=True):
        bare = min(_run([*base, *workers], theirs) for _ in range(2))
        report(f"300 tests / pytest-postgresql{' -n 2' if workers else ''}", took, bare, limit)


_WORKERS: tuple[list[str], ...] = ([], ["-n", "2"])


def _project(directory: Path, conftest: str, suite: str, *, rows: int) -> Path:
    _directory(directory, conftest, suite)
    (directory / "seeds.py").write_text(SEED.format(rows=rows))
    (directory / "pyproject.toml").write_text(
        '[tool.iris-devtools]\nserver = "standin"\nseed = "seeds:fill"\n'
        f'store = "{directory}/store"\ndata_directory = "{directory}/data"\n'
    )
    return directory


def _directory(directory: Path, conftest: str, suite: str) -> Path:
    shutil.copytree(LIBRARY, directory)
    (directory / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (directory / "conftest.py").write_text(dedent(conftest))
    (directory / "test_suite.py").write_text(dedent(suite))
    return directory


def _run(command: list[str], directory: Path, **environment: str) -> float:
    started = time.perf_counter()
    finished = subprocess.run(
        command, cwd=directory, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - started
    if finished.returncode:
        raise SystemExit(f"{' '.join(command)}\n{finished.stdout}\n{finished.stderr}")
    return taken


def _is_ram(path: Path) -> bool:
    found = subprocess.run(["stat", "-f", "-c", "%T", str(path)], capture_output=True, text=True, check=False)
    return found.stdout.strip() == "tmpfs"


if __name__ == "__main__":
    main()
