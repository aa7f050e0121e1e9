"""How IRIS fails, and where people have gone astray: each test is named after the blind alley.

The facts are those of iris-facts: 2.2 to 2.6 (mounting), 6 (accounts), 7 (licence), 9 (caches), and of
iris-sql 10 (locks). Everything goes over the real driver.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import iris
import pytest

from iris_devtools.admin import Admin
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.restore import instantiate, restore, stage
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store


class Alley:
    """A server of its own, with an administrator's connection and the files of namespace USER."""

    def __init__(self, running) -> None:
        self.host, self.port, self.server = running.host, running.port, running.server
        self.directory = f"{running.data}/mgr/user/"
        self.file = Path(self.directory) / "IRIS.DAT"
        self._opened: list[iris.IRISConnection] = []
        self.native = iris.createIRIS(self.connect("%SYS"))

    def connect(self, namespace: str = "USER", password: str = "SYS", *, autocommit: bool = True):
        connection = iris.connect(self.host, self.port, namespace, "_SYSTEM", password, autoCommit=autocommit)
        self._opened.append(connection)
        return connection

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements on a new connection, and return the rows of the last one."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def width(self) -> int:
        """Return how many columns ``SELECT * FROM t`` has on a new connection."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT * FROM t")
            return len(cursor.description)
        finally:
            connection.close()

    def call(self, method: str) -> str:
        """Call a method of SYS.Database for the directory; return "" or the text of its error."""
        status = self.native.classMethodValue("SYS.Database", method, self.directory)
        return "" if status == 1 else self.native.classMethodString("%SYSTEM.Status", "GetErrorText", status)

    def dismount(self) -> None:
        assert self.call("DismountDatabase") == ""

    def mount(self) -> None:
        assert self.call("MountDatabase") == ""

    def swap(self, file: Path) -> None:
        """Put another file in, as every tool does: dismount, copy, mount. And nothing else."""
        self.dismount()
        self.file.unlink()
        shutil.copyfile(file, self.file)
        self.mount()

    def keep(self, target: Path) -> Path:
        self.dismount()
        shutil.copyfile(self.file, target)
        self.mount()
        return target

    def close(self) -> None:
        for connection in self._opened:
            connection.close()


@pytest.fixture
def alley(standin_factory) -> Iterator[Alley]:
    alley = Alley(standin_factory())
    yield alley
    alley.close()


# Logging in


def test_an_expired_password_is_not_a_wrong_one(standin_factory):
    """A fresh container's accounts must change their password, which no client can do (iris-facts 6)."""
    fresh = standin_factory(change_password=True)
    with pytest.raises(RuntimeError, match=r"(?i)password change required") as expired:
        iris.connect(fresh.host, fresh.port, "USER", "_SYSTEM", "SYS")
    assert "<-853>" in str(expired.value)
    with pytest.raises(RuntimeError, match="Access Denied"):
        iris.connect(fresh.host, fresh.port, "USER", "_SYSTEM", "wrong")


def test_a_wrong_password_is_denied_and_not_repeated(alley):
    with pytest.raises(RuntimeError, match="Access Denied") as denied:
        alley.connect(password="s3cret-typo")
    assert "s3cret-typo" not in str(denied.value)


def test_leaked_connections_use_up_the_licence_until_they_are_closed(standin_factory):
    """A community edition allows 8; each connection takes a unit until it ends (iris-facts 7)."""
    alley = Alley(standin_factory(connections=3))
    first, _second = alley.connect(), alley.connect()
    with pytest.raises(RuntimeError, match="<LICENSE LIMIT EXCEEDED>"):
        alley.connect()
    assert alley.native.classMethodInteger("%SYSTEM.License", "MaxConnections") == 3
    assert alley.native.classMethodInteger("%SYSTEM.License", "LUAvailable") == 0

    pid = first.cursor()
    pid.execute("SELECT $JOB")
    alley.native.classMethodValue("%SYSTEM.Process", "Terminate", pid.fetchone()[0])
    alley.connect()
    alley.close()


# Files


def test_a_dismounted_database_stays_closed_until_somebody_mounts_it(alley):
    """Only a database that was never mounted mounts itself (iris-facts 0.2 and 2.2)."""
    alley.connect()
    alley.dismount()
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"<DIRECTORY>.*Logon.*mgr/user/"):
            alley.connect()
    alley.mount()
    assert alley.run("SELECT 1") == [(1,)]


def test_dismounting_what_was_never_mounted_does_not_hold(alley):
    """So a tool has to mount it first, or the next reference opens it again (iris-facts 2.2)."""
    alley.dismount()
    assert alley.run("SELECT 1") == [(1,)]


def test_a_file_that_is_not_readable_is_a_directory_error_at_login_and_76_at_the_mount(alley):
    """``docker cp`` leaves files that belong to somebody else (iris-facts 2.6, cause 1 and 2)."""
    alley.dismount()
    alley.file.chmod(0o000)
    assert "ERROR #76" in alley.call("MountDatabase")
    with pytest.raises(RuntimeError, match="<DIRECTORY>"):
        alley.connect()
    alley.file.chmod(0o660)
    alley.mount()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_that_somebody_else_owns_cannot_be_mounted(alley):
    alley.dismount()
    os.chown(alley.file, 51773, 51773)
    alley.file.chmod(0o600)
    assert "ERROR #76" in alley.call("MountDatabase")
    with pytest.raises(RuntimeError, match="<DIRECTORY>"):
        alley.connect()
    os.chown(alley.file, os.getuid(), os.getgid())
    alley.mount()


def test_a_namespace_may_be_configured_for_a_file_that_is_missing(alley):
    """Nothing checks the file when a namespace is made; entering it is ``<DIRECTORY>`` (iris-facts 1.2)."""
    alley.dismount()
    alley.file.rename(alley.file.with_name("elsewhere.DAT"))
    assert "ERROR #26" in alley.call("MountDatabase")
    assert alley.native.classMethodBoolean("%SYS.Namespace", "Exists", "USER")
    with pytest.raises(RuntimeError, match="<DIRECTORY>"):
        alley.connect()
    alley.file.with_name("elsewhere.DAT").rename(alley.file)
    alley.mount()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"GOF_FIXTURE"),
        lambda file: file.write_bytes(b"\xa5" * 8192 + file.read_bytes()[8192:]),
        lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    ],
    ids=["empty", "a marker", "overwritten head", "half"],
)
def test_a_damaged_file_is_36_and_never_opened(alley, spoil):
    alley.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    alley.dismount()
    whole = alley.file.read_bytes()
    spoil(alley.file)
    assert "ERROR #36" in alley.call("MountDatabase")
    with pytest.raises(RuntimeError, match="<DIRECTORY>"):
        alley.connect()
    alley.file.write_bytes(whole)
    alley.mount()
    assert alley.run("SELECT a FROM t") == [(1,)]


def test_a_transaction_that_is_open_at_the_dismount_is_neither_in_the_file_nor_committed_later(
    alley, tmp_path
):
    """A transaction that ends after the swap would write old values into the new file (iris-facts 2.3)."""
    alley.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    late = alley.connect(autocommit=False)
    late.cursor().execute("INSERT INTO t VALUES (2)")

    kept = alley.keep(tmp_path / "kept.DAT")

    with pytest.raises(iris.dbapi.Error, match="<DIRECTORY>"):
        late.cursor().execute("INSERT INTO t VALUES (3)")
    late.rollback()
    alley.swap(kept)
    assert alley.run("SELECT a FROM t") == [(1,)]


# Caches


@pytest.fixture
def two_revisions(alley, tmp_path) -> tuple[Path, Path]:
    """Two files of one table: with two columns, and with three."""
    alley.run("CREATE TABLE t (a INTEGER, b VARCHAR(10))", "INSERT INTO t VALUES (1, 'x')")
    narrow = alley.keep(tmp_path / "narrow.DAT")
    alley.run("ALTER TABLE t ADD COLUMN c INTEGER", "UPDATE t SET c = 3")
    wide = alley.keep(tmp_path / "wide.DAT")
    return narrow, wide


def test_a_query_cached_for_the_old_file_misses_the_columns_of_the_new_one(alley, two_revisions):
    """Silent wrong results: cached queries lie outside the file, by the namespace's name (iris-facts 9)."""
    narrow, wide = two_revisions
    alley.swap(narrow)
    alley.run("PURGE CACHED QUERIES")
    assert alley.run("SELECT * FROM t") == [(1, "x")]
    alley.swap(wide)

    assert alley.run("SELECT * FROM t") == [(1, "x")]
    alley.run("PURGE CACHED QUERIES")
    assert alley.run("SELECT * FROM t") == [(1, "x", 3)]


def test_a_query_cached_for_the_old_file_asks_for_columns_that_the_new_one_lacks(alley, two_revisions):
    narrow, wide = two_revisions
    alley.swap(wide)
    assert alley.run("SELECT * FROM t") == [(1, "x", 3)]
    alley.swap(narrow)

    with pytest.raises(iris.dbapi.DatabaseError, match="<CLASS EDITED>"):
        alley.run("SELECT * FROM t")
    assert iris.createIRIS(alley.connect()).classMethodValue("%SYSTEM.SQL", "Purge") == 1
    assert alley.run("SELECT * FROM t") == [(1, "x")]


def test_an_insert_cached_for_the_old_file_checks_what_the_old_table_wanted(alley, tmp_path):
    """Not even rows that no table of this revision would take are refused."""
    insert = "INSERT INTO t VALUES (?)"

    def add(value: str) -> None:
        connection = alley.connect()
        try:
            connection.cursor().execute(insert, [value])
        finally:
            connection.close()

    alley.run("CREATE TABLE t (b VARCHAR(3))")
    strict = alley.keep(tmp_path / "strict.DAT")
    alley.run("ALTER TABLE t ALTER COLUMN b VARCHAR(10)")
    add("four")
    alley.swap(strict)

    add("five")
    alley.run("PURGE CACHED QUERIES")
    with pytest.raises(iris.dbapi.DataError, match="<-104>"):
        add("sixx")


def test_ddl_purges_by_itself_in_every_connection(alley):
    other = alley.connect()
    cursor = other.cursor()
    alley.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    cursor.execute("SELECT * FROM t")
    alley.run("ALTER TABLE t ADD COLUMN b INTEGER", "SELECT * FROM t")
    cursor.execute("SELECT * FROM t")
    assert [tuple(row) for row in cursor.fetchall()] == [(1, None)]
    alley.run("DROP TABLE t")
    with pytest.raises(iris.dbapi.ProgrammingError, match="<-30>"):
        alley.run("SELECT * FROM t")


def test_the_same_file_again_needs_no_purge(alley, tmp_path):
    alley.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    kept = alley.keep(tmp_path / "kept.DAT")
    for _ in range(3):
        assert alley.run("SELECT * FROM t") == [(1,)]
        alley.run("DELETE FROM t")
        alley.swap(kept)
    assert alley.run("SELECT * FROM t") == [(1,)]


def test_a_database_dropped_and_made_again_under_its_name_has_no_old_queries(alley):
    """Test suites do so on IRIS: sqlalchemy-iris's, Django's (iris-facts 1.1)."""
    system = alley.connect("%SYS").cursor()
    for columns in (1, 2):
        system.execute("CREATE DATABASE AGAIN")
        cursor = alley.connect("AGAIN").cursor()
        cursor.execute(f"CREATE TABLE t ({', '.join(f'c{n} INTEGER' for n in range(columns))})")
        cursor.execute("SELECT * FROM t")
        assert len(cursor.description) == columns
        system.execute("DROP DATABASE AGAIN")


def test_a_restore_purges_because_otherwise_it_would_show_the_other_revision(alley, tmp_path):
    """With a false ``held`` the purge is left out, and the query of the other revision is run."""
    store = Store(tmp_path / "store")

    def take(revision: str) -> Snapshot:
        key = RevisionKey((revision,), revision.encode().hex().ljust(64, "0"), admin.engine)
        return capture(admin, namespace="USER", store=store, key=key).snapshot

    version = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    alley.run(version, "INSERT INTO alembic_version VALUES ('a1')", "CREATE TABLE t (a INTEGER)")
    with Admin.connect(alley.server) as admin:
        narrow = take("a1")
        alley.run("ALTER TABLE t ADD COLUMN b INTEGER", "UPDATE alembic_version SET version_num = 'b2'")
        wide = stage(admin, take("b2"))
        restore(admin, narrow, namespace="USER")
        assert alley.width() == 1

        instantiate(admin, wide, namespace="USER", held=wide.key)
        assert alley.width() == 1

        assert instantiate(admin, wide, namespace="USER", held=narrow.manifest.key).purged
        assert alley.width() == 2


# Locks


def test_rows_that_another_connection_has_changed_are_a_locking_conflict_after_the_timeout(alley):
    """Writers wait for the lock timeout and get -110; readers do not wait (iris-sql 10)."""
    alley.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)", "INSERT INTO t VALUES (1, 1)")
    holder, waiter = alley.connect(autocommit=False), alley.connect(autocommit=False)
    holder.cursor().execute("UPDATE t SET a = 2 WHERE id = 1")
    cursor = waiter.cursor()
    cursor.execute("SET OPTION LOCK_TIMEOUT = 0")

    for statement in ("UPDATE t SET a = 3 WHERE id = 1", "DELETE FROM t WHERE id = 1"):
        with pytest.raises(iris.dbapi.OperationalError) as conflict:
            cursor.execute(statement)
        assert "[SQLCODE: <-110>:<Locking conflict in filing>]" in str(conflict.value)
        assert f"Unable to acquire lock for {statement[:6]} of table 'SQLUser.t'" in str(conflict.value)

    holder.rollback()
    cursor.execute("UPDATE t SET a = 3 WHERE id = 1")
    waiter.commit()
    assert alley.run("SELECT a FROM t") == [(3,)]
