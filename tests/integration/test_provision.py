"""Migrations run once: in a scratch namespace, by one process, and nothing is left when they fail."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.admin.driver import login
from iris_devtools.errors import ChecksumError, MigrationError, StoreError, UnknownRevisionError
from iris_devtools.progress import LineReporter, Reporter
from iris_devtools.provision import (
    SCRATCH_PREFIX,
    UNSEEDED_FEATURE,
    ensure_snapshot,
    namespace_url,
    ready_namespace,
    restore_namespace,
)
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey, combine, revision_key
from iris_devtools.snapshots.manifest import SeedInfo
from iris_devtools.snapshots.plan import Ancestor
from iris_devtools.snapshots.sharing import SharedStore
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store
from iris_devtools.urls import IrisUrl

VERSIONS = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num))"


class ChainSource:
    """A chain of statements, one a revision: a schema source without SQLAlchemy, so that a failure is ours.

    ``log`` gets a line for each revision that runs, also when another process runs it.
    """

    name = "chain"
    revision_table: str | None = "alembic_version"

    def __init__(self, log: Path, steps: dict[str, str], *, rows: Sequence[str] = ()) -> None:
        self.log = log
        self.steps = steps
        self.rows = rows

    @property
    def seeding(self) -> SeedInfo | None:
        return SeedInfo(reference="chain:rows", digest=combine((), *self.rows)) if self.rows else None

    def key(self, engine: str, revisions: Sequence[str] | None = None) -> RevisionKey:
        (head,) = revisions or [list(self.steps)[-1]]
        if head not in self.steps:
            raise UnknownRevisionError(f"There is no revision {head}.")
        return self._key(head, engine, self.seeding.digest if self.seeding else None)

    def ancestors(self, key: RevisionKey) -> Sequence[Ancestor]:
        names = list(self.steps)
        head = names.index(key.revisions[0])
        found = [
            Ancestor(self._key(name, key.engine, None), float(head - number))
            for number, name in enumerate(names[: head + 1])
        ]
        return [ancestor for ancestor in found if ancestor.key != key]

    def upgrade(self, url: IrisUrl, *, to: RevisionKey) -> None:
        with self._connection(url) as connection:
            cursor = connection.cursor()
            names = list(self.steps)
            done = self._version(cursor)
            for name in names[names.index(done) + 1 if done else 0 : names.index(to.revisions[0]) + 1]:
                with self.log.open("a") as log:
                    log.write(f"{name}\n")
                try:
                    cursor.execute(self.steps[name])
                except Exception as error:
                    raise MigrationError(f"Revision {name} failed: {error}") from error
                cursor.execute("DELETE FROM alembic_version")
                cursor.execute("INSERT INTO alembic_version (version_num) VALUES (?)", [name])
            cursor.close()

    def seed(self, url: IrisUrl) -> None:
        with self._connection(url) as connection:
            cursor = connection.cursor()
            for statement in self.rows:
                cursor.execute(statement)
            cursor.close()

    def current(self, connection: object) -> tuple[str, ...]:
        raise AssertionError("building a snapshot does not ask this")

    def _key(self, head: str, engine: str, seed: str | None) -> RevisionKey:
        digest = ""
        for name in list(self.steps)[: list(self.steps).index(head) + 1]:
            digest = combine([digest], name, self.steps[name])
        return revision_key([head], sources=[digest], seed=seed, engine=engine)

    def _connection(self, url: IrisUrl):
        server = Server("standin", url.host, url.port, url.username, url.password)
        return contextlib.closing(login(server, url.namespace))

    def _version(self, cursor) -> str | None:
        cursor.execute("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'alembic_version'")
        if not cursor.fetchone()[0]:
            cursor.execute(VERSIONS)
        cursor.execute("SELECT version_num FROM alembic_version")
        row = cursor.fetchone()
        return str(row[0]) if row else None

    @property
    def ran(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


STEPS = {
    "a1": "CREATE TABLE patient (id INTEGER NOT NULL, PRIMARY KEY (id))",
    "b2": "ALTER TABLE patient ADD COLUMN name VARCHAR(20)",
    "c3": "CREATE TABLE visit (id INTEGER NOT NULL, PRIMARY KEY (id))",
}
ROWS = [
    "INSERT INTO patient (id, name) VALUES (1, 'Ada')",
    "INSERT INTO patient (id, name) VALUES (2, 'Grace')",
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> ChainSource:
    return ChainSource(tmp_path / "log", dict(STEPS), rows=ROWS)


@pytest.fixture
def target(admin: Admin, unique: str) -> Iterator[str]:
    name = f"PRO{unique}".upper()
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


@pytest.fixture(autouse=True)
def _no_scratch_namespace_is_left(standin) -> Iterator[None]:
    yield
    with Admin.connect(standin.server) as admin:
        left = scratch(admin)
        for name in left:
            admin.drop_namespace(name, terminate=True)
    assert left == []


def scratch(admin: Admin) -> list[str]:
    return [name for name in admin.namespaces() if name.startswith(SCRATCH_PREFIX)]


def rows(admin: Admin, namespace: str, sql: str = "SELECT id, name FROM patient ORDER BY id") -> list[tuple]:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        found = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        cursor.close()
    return found


def test_the_migrations_run_once_and_never_again(admin, source, store):
    first = ensure_snapshot(admin, source, store)
    second = ensure_snapshot(admin, source, store)

    assert (first.built, first.plan.kind) == (True, "scratch")
    assert (second.built, second.plan.kind) == (False, "exact")
    assert second.snapshot == first.snapshot
    assert first.key == source.key(admin.engine)
    assert source.ran == ["a1", "b2", "c3"]
    assert {"create", "migrate", "seed", "capture", "drop"} <= set(first.timings)


def test_the_snapshot_says_how_it_was_made(admin, source, store):
    manifest = ensure_snapshot(admin, source, store).snapshot.manifest

    assert manifest.seed == source.seeding
    assert manifest.namespace.startswith(SCRATCH_PREFIX)
    assert {"migrate", "seed", "count", "copy"} <= set(manifest.timings)
    assert {str(table).rpartition(".")[2]: table.rows for table in manifest.tables} == {
        "alembic_version": 1,
        "patient": 2,
        "visit": 0,
    }


def test_a_namespace_is_made_and_filled(admin, source, store, target):
    ready = ready_namespace(admin, source, store, namespace=target)

    assert ready.created
    assert ready.provisioned.built
    assert rows(admin, target) == [(1, "Ada"), (2, "Grace")]

    rows(admin, target, "DELETE FROM patient")
    again = ready_namespace(admin, source, store, namespace=target)

    assert not again.created
    assert not again.provisioned.built
    assert rows(admin, target) == [(1, "Ada"), (2, "Grace")]


def test_only_the_migrations_since_the_nearest_snapshot_run(admin, tmp_path, store, target):
    source = ChainSource(tmp_path / "log", dict(STEPS))
    ensure_snapshot(admin, source, store, revisions=["a1"])
    ensure_snapshot(admin, source, store, revisions=["b2"])
    source.log.unlink()

    ready = ready_namespace(admin, source, store, namespace=target)

    assert ready.provisioned.plan.kind == "nearest"
    assert ready.provisioned.plan.start == source.key(admin.engine, ["b2"])
    assert source.ran == ["c3"]
    assert rows(admin, target, "SELECT version_num FROM alembic_version") == [("c3",)]
    assert rows(admin, target) == []


def test_a_snapshot_may_be_kept_as_a_difference_from_what_it_was_built_on(admin, source, tmp_path, target):
    store = Store(tmp_path / "small", compression=3, delta=True)
    for revision in ("b2", "c3"):
        ensure_snapshot(admin, source, store, revisions=[revision])

    found = {(one.key.revisions[0], one.manifest.seed is not None): one for one in store.snapshots()}
    depths = {name: one.manifest.depth for name, one in found.items()}
    assert depths == {("b2", False): 0, ("b2", True): 1, ("c3", False): 1, ("c3", True): 2}
    assert found["c3", True].manifest.bases == {found["c3", False].name}
    restore_namespace(admin, found["c3", True], namespace=target, thoroughness="rows")
    assert rows(admin, target) == [(1, "Ada"), (2, "Grace")]
    assert source.ran == ["a1", "b2", "c3"]

    whole = found["b2", False]
    change_a_byte(whole.path(whole.manifest.files[0]))
    ready_namespace(admin, source, store, namespace=target)
    assert source.ran == ["a1", "b2", "c3"] * 2, "what stands on a damaged one is built anew"
    assert rows(admin, target) == [(1, "Ada"), (2, "Grace")]


class TestAStartInTheSharedStore:
    """Somebody else published older states; this machine has none."""

    @pytest.fixture
    def shared(self, tmp_path):
        return SharedStore((tmp_path / "shared").as_uri(), delay_s=0.0)

    @pytest.fixture
    def chain(self, admin, tmp_path, shared):
        source = ChainSource(tmp_path / "log", dict(STEPS))
        others = Store(tmp_path / "others")
        for revision in ("a1", "b2"):
            shared.push(ensure_snapshot(admin, source, others, revisions=[revision]).snapshot)
        source.log.unlink()
        return source

    @pytest.fixture
    def here(self, tmp_path, shared):
        return Store(tmp_path / "here", compression=3, shared=shared)

    def test_the_nearest_one_is_pulled_and_only_what_is_missing_runs(self, admin, chain, here, target):
        lines = io.StringIO()

        ready = ready_namespace(admin, chain, here, namespace=target, reporter=LineReporter(lines))

        assert ready.provisioned.plan.kind == "nearest"
        assert ready.provisioned.plan.start == chain.key(admin.engine, ["b2"])
        assert chain.ran == ["c3"]
        assert rows(admin, target, "SELECT version_num FROM alembic_version") == [("c3",)]
        assert {one.manifest.revisions for one in here.snapshots()} == {("b2",), ("c3",)}
        start = chain.key(admin.engine, ["b2"]).name
        assert f"Pulling IRIS.DAT of {start} ... done" in lines.getvalue()

    def test_one_that_is_damaged_leaves_the_next(self, admin, chain, here, shared, tmp_path):
        name = chain.key(admin.engine, ["b2"]).name
        (file,) = (tmp_path / "shared" / name).glob("*/IRIS.DAT")
        change_a_byte(file)

        provisioned = ensure_snapshot(admin, chain, here)

        assert provisioned.plan.start == chain.key(admin.engine, ["a1"])
        assert chain.ran == ["b2", "c3"]

    def test_nothing_is_pulled_where_it_saves_nothing(self, admin, chain, here, shared):
        shared.pull(chain.key(admin.engine, ["b2"]).name, here)

        assert ensure_snapshot(admin, chain, here).plan.start == chain.key(admin.engine, ["b2"])
        assert {one.manifest.revisions for one in here.snapshots()} == {("b2",), ("c3",)}

    def test_what_is_built_from_nothing_on_request_is(self, admin, chain, here):
        assert ensure_snapshot(admin, chain, here, rebuild=True).plan.kind == "scratch"
        assert chain.ran == ["a1", "b2", "c3"]

    def test_a_shared_store_that_cannot_be_read_is_no_obstacle(self, admin, chain, tmp_path, caplog):
        nowhere = SharedStore("no-such-kind://place", delay_s=0.0)

        assert ensure_snapshot(admin, chain, Store(tmp_path / "here", shared=nowhere)).plan.kind == "scratch"
        assert "No start is taken from the shared store." in caplog.text


def test_a_new_seed_does_not_run_the_migrations_again(admin, tmp_path, store, target):
    plain = ChainSource(tmp_path / "log", dict(STEPS))
    ensure_snapshot(admin, plain, store)
    plain.log.unlink()

    ready_namespace(admin, ChainSource(plain.log, STEPS, rows=ROWS[:1]), store, namespace=target)

    assert plain.ran == []
    assert rows(admin, target) == [(1, "Ada")]


def test_a_seeded_snapshot_is_nobodys_ancestor(admin, source, store):
    ensure_snapshot(admin, source, store, revisions=["b2"], keep_unseeded=False)
    assert [one.manifest.seed for one in store.snapshots()] == [source.seeding]

    assert ensure_snapshot(admin, source, store).plan.kind == "scratch"


def test_the_state_before_the_seed_is_where_the_next_migration_starts(admin, source, store, target):
    ensure_snapshot(admin, source, store, revisions=["b2"])
    source.log.unlink()

    ready = ready_namespace(admin, source, store, namespace=target)

    assert ready.provisioned.plan.kind == "nearest"
    assert source.ran == ["c3"]
    assert rows(admin, target) == [(1, "Ada"), (2, "Grace")]
    kept = [one for one in store.snapshots() if one.manifest.seed is None]
    assert {one.manifest.revisions for one in kept} == {("b2",), ("c3",)}
    assert all(one.manifest.features[UNSEEDED_FEATURE] for one in kept)


def test_the_state_before_the_seed_is_left_to_another_process_that_makes_it(admin, source, store, caplog):
    before = next(
        one.key for one in source.ancestors(source.key(admin.engine)) if one.key.revisions == ("c3",)
    )
    with store.lock(before, doing="builds it without a seed"):
        provisioned = ensure_snapshot(admin, source, store)

    assert provisioned.built
    assert [one.key for one in store.snapshots()] == [provisioned.key]
    assert "builds it without a seed" in caplog.text


def test_a_damaged_snapshot_is_said_to_be_once(admin, source, store, caplog):
    made = ensure_snapshot(admin, source, store)
    (made.snapshot.directory / "manifest.json").write_text("{")

    assert ensure_snapshot(admin, source, store).built
    said = [one.getMessage() for one in caplog.records if "counts as missing" in one.getMessage()]
    assert len(said) == 1
    assert ". It counts as missing" in said[0]


def test_a_mended_seed_runs_on_what_the_migrations_made(admin, source, store):
    rows_that_work, source.rows = source.rows, ["INSERT INTO nowhere (id) VALUES (1)"]
    with pytest.raises(Exception, match=r"(?i)nowhere"):
        ensure_snapshot(admin, source, store)
    source.log.unlink()
    source.rows = rows_that_work

    assert ensure_snapshot(admin, source, store).plan.kind == "nearest"
    assert source.ran == []


def test_a_changed_migration_makes_another_snapshot(admin, source, store):
    first = ensure_snapshot(admin, source, store)
    source.steps["a1"] = source.steps["a1"].replace("patient (", "patient (born INTEGER, ")

    second = ensure_snapshot(admin, source, store)

    assert second.built
    assert second.key != first.key
    assert len([one for one in store.snapshots() if one.manifest.seed]) == 2


def test_an_ancestor_that_is_damaged_is_passed_over(admin, tmp_path, store, target):
    source = ChainSource(tmp_path / "log", dict(STEPS))
    ancestor = ensure_snapshot(admin, source, store, revisions=["b2"]).snapshot
    change_a_byte(ancestor.directory / "IRIS.DAT")
    source.log.unlink()

    ready_namespace(admin, source, store, namespace=target)

    assert source.ran == ["a1", "b2", "c3"]
    assert rows(admin, target, "SELECT version_num FROM alembic_version") == [("c3",)]


def change_a_byte(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])


@pytest.mark.parametrize("how", ["truncated", "no manifest", "broken manifest"])
def test_an_entry_that_is_not_whole_is_built_again(admin, source, store, how):
    broken = ensure_snapshot(admin, source, store).snapshot.directory
    if how == "truncated":
        os.truncate(broken / "IRIS.DAT", 100)
    elif how == "no manifest":
        (broken / "manifest.json").unlink()
    else:
        (broken / "manifest.json").write_text("{")

    again = ensure_snapshot(admin, source, store)

    assert again.built
    again.snapshot.verify()
    assert store.survey().broken == ()


def test_a_damaged_snapshot_is_refused_by_a_restore_and_built_again_for_a_ready_namespace(
    admin, source, store, target
):
    damaged = ensure_snapshot(admin, source, store).snapshot
    change_a_byte(damaged.directory / "IRIS.DAT")

    with pytest.raises(ChecksumError):
        restore_namespace(admin, damaged, namespace=target)
    assert not admin.namespace_exists(target)

    ready = ready_namespace(admin, source, store, namespace=target)
    assert ready.provisioned.built
    assert rows(admin, target) == [(1, "Ada"), (2, "Grace")]


def test_a_snapshot_is_rebuilt_on_request(admin, source, store):
    first = ensure_snapshot(admin, source, store)
    source.log.unlink()

    second = ensure_snapshot(admin, source, store, rebuild=True)

    assert (second.built, second.plan.kind) == (True, "scratch")
    assert source.ran == ["a1", "b2", "c3"]
    assert second.key == first.key
    assert store.find(first.key) == second.snapshot != first.snapshot


def test_a_failing_migration_leaves_no_snapshot_and_no_scratch_namespace(admin, source, store):
    source.steps["b2"] = "ALTER TABLE nothing ADD COLUMN name VARCHAR(20)"

    with pytest.raises(MigrationError, match="b2"):
        ensure_snapshot(admin, source, store)

    assert scratch(admin) == []
    survey = store.survey()
    assert (survey.snapshots, survey.broken, survey.leftovers) == ((), (), ())


def test_a_failing_rebuild_leaves_the_snapshot_that_was_there(admin, source, store):
    first = ensure_snapshot(admin, source, store)
    source.rows = [*ROWS]
    source.seed = lambda url: (_ for _ in ()).throw(MigrationError("The seed failed."))  # type: ignore[method-assign]

    with pytest.raises(MigrationError, match="seed"):
        ensure_snapshot(admin, source, store, rebuild=True)

    assert store.find(first.key) == first.snapshot
    first.snapshot.verify()
    assert scratch(admin) == []


def test_who_waited_for_a_build_that_failed_fails_with_it_and_the_next_one_builds(
    admin, source, store, standin
):
    building, waiting = threading.Event(), threading.Event()
    failures: list[MigrationError] = []

    def failing(url: IrisUrl, *, to: RevisionKey) -> None:
        building.set()
        assert waiting.wait(60)
        raise MigrationError("The seed is wrong.", hint="Mend it.")

    def first() -> None:
        builder = ChainSource(source.log, dict(STEPS), rows=ROWS)
        builder.upgrade = failing  # type: ignore[method-assign]
        with Admin.connect(standin.server) as own:
            try:
                ensure_snapshot(own, builder, store)
            except MigrationError as error:
                failures.append(error)

    class Waiting(Reporter):
        def step(self, description: str, **more: Any) -> Any:
            if description.startswith("Waiting for"):
                waiting.set()
            return super().step(description, **more)

    thread = threading.Thread(target=first)
    thread.start()
    assert building.wait(60)
    with pytest.raises(MigrationError) as caught:
        ensure_snapshot(admin, source, store, reporter=Waiting())
    thread.join()

    assert str(caught.value) == str(failures[0]) == "The seed is wrong.\nMend it."
    assert source.ran == []
    assert ensure_snapshot(admin, source, store).built
    assert list((store.directory / ".locks").glob("*.failed")) == []


def test_ctrl_c_during_a_migration_leaves_nothing(admin, source, store):
    def interrupted(url: IrisUrl, *, to: RevisionKey) -> None:
        assert len(scratch(admin)) == 1
        raise KeyboardInterrupt

    source.upgrade = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        ensure_snapshot(admin, source, store)

    assert scratch(admin) == []
    assert store.survey().leftovers == ()


def test_a_migration_that_leaves_a_connection_open_is_no_obstacle_to_the_cleaning_up(admin, source, store):
    left = []

    def forgetful(url: IrisUrl, *, to: RevisionKey) -> None:
        left.append(admin.connection(url.namespace))
        left[0].__enter__()
        raise MigrationError("It failed and forgot its connection.")

    source.upgrade = forgetful  # type: ignore[method-assign]
    with pytest.raises(MigrationError, match="forgot"):
        ensure_snapshot(admin, source, store)

    assert scratch(admin) == []


def test_a_store_that_cannot_be_written_is_found_before_anything_is_built(admin, source, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreError):
        ensure_snapshot(admin, source, Store(tmp_path / "file" / "store"))

    assert source.ran == []


def test_a_build_never_touches_the_namespace_that_is_in_use(admin, source, store, target):
    admin.create_namespace(target)
    with admin.connection(target) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE mine (id INTEGER)")

        ensure_snapshot(admin, source, store)

        cursor.execute("SELECT COUNT(*) FROM mine")
        assert cursor.fetchone()[0] == 0
        cursor.close()
    tables = rows(
        admin, target, "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'SQLUser'"
    )
    assert tables == [("mine",)]


BUILD = """
import json, os, signal, sys
from pathlib import Path
from typing import Any
from test_provision import ChainSource, Server, Store, Admin, ensure_snapshot

given = json.loads(sys.stdin.readline())
source = ChainSource(Path(given["log"]), given["steps"], rows=given["rows"])
if given["die"] == "upgrade":
    source.upgrade = lambda url, *, to: os.kill(os.getpid(), signal.SIGKILL)
elif given["die"] == "seed":
    source.seed = lambda url: os.kill(os.getpid(), signal.SIGKILL)
elif given["die"] == "copy":
    def dismounted(self, directories):
        for directory in directories:
            self.dismount(directory)
        os.kill(os.getpid(), signal.SIGKILL)
    Admin.dismounted = dismounted
print("ready", flush=True)
sys.stdin.readline()
with Admin.connect(Server("standin", *given["server"], local_files=True)) as admin:
    provisioned = ensure_snapshot(admin, source, Store(Path(given["store"])))
    print(json.dumps([provisioned.built, provisioned.key.name]))
"""


def start_build(standin, source: ChainSource, store: Store, *, die: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    server = standin.server
    given = {
        "log": str(source.log),
        "steps": source.steps,
        "rows": source.rows,
        "store": str(store.directory),
        "server": [server.host, server.port, server.username, server.password],
        "die": die,
    }
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(given) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


def test_of_several_processes_one_builds_and_the_others_wait(standin, admin, source, store):
    processes = [start_build(standin, source, store) for _ in range(3)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in processes]

    assert sorted(built for built, _ in answers) == [False, False, True]
    assert {name for _, name in answers} == {source.key(admin.engine).name}
    assert source.ran == ["a1", "b2", "c3"]
    assert scratch(admin) == []


@pytest.mark.parametrize("die", ["upgrade", "seed", "copy"])
def test_a_builder_that_was_killed_is_no_obstacle_to_the_next(standin, admin, source, store, die, target):
    with start_build(standin, source, store, die=die) as process:
        process.communicate("go\n", timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert [one for one in store.snapshots() if one.manifest.seed] == []
    assert len(scratch(admin)) == 1

    ready = ready_namespace(admin, source, store, namespace=target)

    assert ready.provisioned.built
    assert rows(admin, target) == [(1, "Ada"), (2, "Grace")]
    assert scratch(admin) == []
    assert store.survey().leftovers == ()


def test_a_namespace_that_was_made_for_a_restore_that_fails_is_dropped(admin, source, store, target):
    snapshot = ensure_snapshot(admin, source, store).snapshot
    lying = snapshot.manifest.model_copy(update={"tables": ()})

    with pytest.raises(Exception, match="tables"):
        restore_namespace(admin, Snapshot(snapshot.directory, lying), namespace=target)

    assert not admin.namespace_exists(target)


def test_a_snapshot_of_two_databases_makes_a_namespace_of_two(admin, store, target, unique):
    pair = f"PAIR{unique}".upper()
    admin.execute(f"CREATE DATABASE {pair}")
    rows(admin, pair, "CREATE TABLE patient (id INTEGER, name VARCHAR(20))")
    rows(admin, pair, "INSERT INTO patient VALUES (1, 'Ada')")
    key = RevisionKey(("pair",), "0" * 64, admin.engine)
    snapshot = capture(admin, namespace=pair, store=store, key=key).snapshot
    admin.drop_namespace(pair)

    ready = restore_namespace(admin, snapshot, namespace=target)

    assert ready.created
    assert len(admin.databases(target)) == 2
    assert rows(admin, target) == [(1, "Ada")]


def test_the_url_of_a_namespace_hides_its_password(admin):
    url = namespace_url(admin, "USER")

    assert url.password == admin.server.password
    assert f"'{url.password}'" not in repr(url)
    assert f":{url.password}@" not in str(url)
