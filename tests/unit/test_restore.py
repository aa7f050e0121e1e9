"""A restore that fails or dies at any step leaves a namespace that works, or that the next restore mends.

The administrator here keeps its databases in a directory and can be told to fail at its n-th action, which no
real server can. That the steps are right for a server is proved in tests/integration/test_restore.py.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from iris_devtools.admin import Database, Transfer
from iris_devtools.errors import (
    AdministrationError,
    ChecksumError,
    EngineMismatchError,
    IrisDevtoolsError,
    SnapshotError,
)
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest
from iris_devtools.snapshots.restore import instantiate, stage, unstage
from iris_devtools.snapshots.snapshot import Snapshot

KEY = RevisionKey(("a",), "0" * 64, "standin-1")
OLD, NEW, DAMAGED = b"the old database", b"the new database", b"damaged database"


class Killed(BaseException):
    """The process died: nothing that it would do afterwards happens."""


@dataclass
class DirectoryAdmin:
    """An administrator whose server is a directory; an action is something that changes the server."""

    root: Path
    roles: tuple[Any, ...] = ("both",)
    engine: str = "standin-1"
    shared_directory: str | None = None
    fail_at: int | None = None
    failure: BaseException = field(
        default_factory=lambda: AdministrationError("It failed.", hint="Try again.")
    )
    dead: bool = False
    actions: list[str] = field(default_factory=list)
    mounted: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server = SimpleNamespace(host=str(self.root), port=1)
        self.manager_directory = f"{self.root}/"
        for database in self.databases("APP"):
            Path(database.directory).mkdir()
            Path(database.file).write_bytes(OLD)
            self.mounted[database.directory] = True

    def databases(self, namespace: str) -> tuple[Database, ...]:
        return tuple(Database(role, f"{namespace}-{role}", f"{self.root}/{role}/") for role in self.roles)

    def database_directories(self, namespace: str) -> tuple[tuple[Any, str], ...]:
        return tuple((database.role, database.directory) for database in self.databases(namespace))

    def require_privileges(self, *wanted: Any) -> None:
        self._alive()

    def require_idle(self, namespace: str, *, terminate: bool, wait_s: float) -> None:
        self._act("idle")

    def purge_cached_queries(self, namespace: str) -> None:
        self._act("purge")

    def file_exists(self, path: str) -> bool:
        self._alive()
        return Path(path).is_file()

    def file_size(self, path: str) -> int:
        self._alive()
        return Path(path).stat().st_size

    def make_directories(self, path: str) -> None:
        self._act("make_directories")
        Path(path).mkdir(parents=True, exist_ok=True)

    def copy(self, source: str, target: str) -> None:
        self._act(f"copy to {Path(target).name}")
        shutil.copyfile(source, target)

    def rename(self, source: str, target: str) -> None:
        self._act(f"rename to {Path(target).name}")
        assert not self.mounted.get(f"{Path(source).parent}/"), "a file of a mounted database was renamed"
        Path(source).replace(target)

    def delete(self, path: str) -> bool:
        self._act(f"delete {Path(path).name}")
        there = Path(path).is_file()
        Path(path).unlink(missing_ok=True)
        return there

    def write(
        self, remote: str, pieces: Any, *, source: Path, progress: Any, size: int | None = None
    ) -> Transfer:
        self._act("upload")
        content = b"".join(pieces)
        Path(remote).write_bytes(content)
        progress(len(content))
        return Transfer(len(content), hashlib.sha256(content).hexdigest(), 0.0)

    def dismount(self, directory: str) -> None:
        self._act("dismount")
        if not Path(directory, "IRIS.DAT").is_file():
            raise AdministrationError("There is no database.", exists=False, status="", code=None)
        self.mounted[directory] = False

    def mount(self, directory: str) -> None:
        self._act("mount")
        path = Path(directory, "IRIS.DAT")
        if not path.is_file() or path.read_bytes() == DAMAGED:
            raise AdministrationError(f"Cannot mount {directory}.", hint="See messages.log.", code=36)
        self.mounted[directory] = True

    def _alive(self) -> None:
        if self.dead:
            raise Killed

    def _act(self, action: str) -> None:
        self._alive()
        self.actions.append(action)
        if len(self.actions) == self.fail_at:
            self.dead = isinstance(self.failure, Killed)
            raise self.failure


def make_snapshot(directory: Path, roles: tuple[Any, ...] = ("both",), content: bytes = NEW) -> Snapshot:
    directory.mkdir()
    files = []
    for role in roles:
        (directory / f"{role}.DAT").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        files.append(DatabaseFile(role=role, name=f"{role}.DAT", size=len(content), sha256=digest))
    manifest = Manifest(
        fixture_id="a",
        version="1",
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        iris_version="directory",
        namespace="APP",
        tables=(),
        revisions=KEY.revisions,
        digest=KEY.digest,
        engine=KEY.engine,
        files=tuple(files),
        tool="iris-devtools 0.1.0",
    )
    return Snapshot(directory, manifest)


def put(admin: DirectoryAdmin, snapshot: Snapshot, **options: Any) -> Any:
    staged = stage(admin, snapshot)  # type: ignore[arg-type]
    return instantiate(admin, staged, namespace="APP", thoroughness="nothing", **options)  # type: ignore[arg-type]


def state(admin: DirectoryAdmin) -> set[tuple[bytes, bool]]:
    return {
        (Path(database.file).read_bytes(), admin.mounted[database.directory])
        for database in admin.databases("APP")
    }


def leftovers(admin: DirectoryAdmin) -> list[str]:
    homes = [Path(database.directory) for database in admin.databases("APP")]
    return [path.name for home in homes for path in home.iterdir() if path.name != "IRIS.DAT"]


SHAPES = [("both",), ("data", "code")]


def steps(tmp_path: Path, roles: tuple[Any, ...]) -> list[str]:
    """Return the actions of a restore that goes well, staging not counted."""
    (tmp_path / "rehearsal").mkdir()
    admin = DirectoryAdmin(tmp_path / "rehearsal", roles)
    snapshot = make_snapshot(tmp_path / "rehearsed", roles)
    staged = stage(admin, snapshot)  # type: ignore[arg-type]
    admin.actions.clear()
    instantiate(admin, staged, namespace="APP", thoroughness="nothing")  # type: ignore[arg-type]
    return admin.actions


@pytest.mark.parametrize("roles", SHAPES, ids=["one file", "two files"])
def test_a_restore_exchanges_every_file_and_mounts_it(tmp_path, roles):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server", roles)

    restored = put(admin, make_snapshot(tmp_path / "snapshot", roles))

    assert state(admin) == {(NEW, True)}
    assert leftovers(admin) == []
    assert restored.purged
    assert restored.key == KEY


@pytest.mark.parametrize("roles", SHAPES, ids=["one file", "two files"])
@pytest.mark.parametrize(
    "failure", [AdministrationError("No.", hint="Look."), KeyboardInterrupt()], ids=["error", "Ctrl-C"]
)
def test_a_step_that_fails_leaves_the_old_database_mounted(tmp_path, roles, failure):
    names = steps(tmp_path, roles)
    assert names.index("dismount") < names.index("rename to IRIS.DAT") < names.index("mount")
    for number, name in enumerate(names, start=1):
        root = tmp_path / f"server{number}"
        root.mkdir()
        admin = DirectoryAdmin(root, roles)
        snapshot = make_snapshot(tmp_path / f"snapshot{number}", roles)
        staged = stage(admin, snapshot)  # type: ignore[arg-type]
        admin.actions.clear()
        admin.fail_at, admin.failure = number, failure
        with pytest.raises(type(failure)):
            instantiate(admin, staged, namespace="APP", thoroughness="nothing")  # type: ignore[arg-type]

        exchanged = name in ("delete previous.DAT", "purge")
        assert state(admin) == {(NEW if exchanged else OLD, True)}, name

        put(admin, snapshot)
        assert state(admin) == {(NEW, True)}, name
        assert leftovers(admin) == [], name


@pytest.mark.parametrize("roles", SHAPES, ids=["one file", "two files"])
def test_a_restore_that_was_killed_at_any_step_is_mended_by_the_next(tmp_path, roles):
    for number, name in enumerate(steps(tmp_path, roles), start=1):
        root = tmp_path / f"server{number}"
        root.mkdir()
        admin = DirectoryAdmin(root, roles)
        snapshot = make_snapshot(tmp_path / f"snapshot{number}", roles)
        staged = stage(admin, snapshot)  # type: ignore[arg-type]
        admin.actions.clear()
        admin.fail_at, admin.failure = number, Killed()
        with pytest.raises(Killed):
            instantiate(admin, staged, namespace="APP", thoroughness="nothing")  # type: ignore[arg-type]

        admin.dead, admin.fail_at = False, None
        put(admin, snapshot)

        assert state(admin) == {(NEW, True)}, name
        assert leftovers(admin) == [], name


def test_a_snapshot_that_the_server_cannot_mount_leaves_the_old_database(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")

    with pytest.raises(AdministrationError, match="Cannot mount") as caught:
        put(admin, make_snapshot(tmp_path / "snapshot", content=DAMAGED))

    assert "APP holds its former database again." in caught.value.hint
    assert state(admin) == {(OLD, True)}


def test_an_old_database_that_does_not_come_back_is_an_error_that_names_the_remedy(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")
    Path(admin.databases("APP")[0].file).write_bytes(DAMAGED)

    with pytest.raises(AdministrationError, match="could not be put back") as caught:
        put(admin, make_snapshot(tmp_path / "snapshot", content=DAMAGED))

    assert "MountDatabase" in caught.value.hint
    assert "Or restore again" in caught.value.hint
    assert caught.value.facts["directories"] == (f"{admin.root}/both/",)
    put(admin, make_snapshot(tmp_path / "good"))
    assert state(admin) == {(NEW, True)}


def test_a_namespace_without_any_file_gets_the_one_of_the_snapshot(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")
    Path(admin.databases("APP")[0].file).unlink()
    admin.mounted.clear()

    put(admin, make_snapshot(tmp_path / "snapshot"))

    assert state(admin) == {(NEW, True)}


def test_cached_queries_are_kept_only_by_those_who_know_that_they_fit(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")
    snapshot = make_snapshot(tmp_path / "snapshot")

    assert not put(admin, snapshot, held=KEY).purged
    assert put(admin, snapshot, held=RevisionKey(("b",), "1" * 64, "standin-1")).purged
    assert put(admin, snapshot).purged
    assert admin.actions.count("purge") == 2


@pytest.mark.parametrize(("mine", "theirs"), [(SHAPES[0], SHAPES[1]), (SHAPES[1], SHAPES[0])])
def test_one_file_is_never_restored_in_place_of_two(tmp_path, mine, theirs):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server", theirs)

    with pytest.raises(SnapshotError, match="nothing was changed") as caught:
        put(admin, make_snapshot(tmp_path / "snapshot", mine))

    assert caught.value.facts["snapshot_roles"] == mine
    assert state(admin) == {(OLD, True)}


def test_another_engine_is_refused_before_the_server_is_touched(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server", engine="iris-2025.1")

    with pytest.raises(EngineMismatchError, match="nothing was changed"):
        put(admin, make_snapshot(tmp_path / "snapshot"))

    assert admin.actions == []


@pytest.mark.parametrize("content", [NEW[:-1], NEW[:-1] + b"!", b""], ids=["truncated", "changed", "empty"])
def test_a_damaged_file_is_refused_before_the_server_is_touched(tmp_path, content):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")
    snapshot = make_snapshot(tmp_path / "snapshot")
    (snapshot.directory / "both.DAT").write_bytes(content)

    with pytest.raises(ChecksumError):
        put(admin, snapshot)

    assert admin.actions == []


def test_a_file_is_staged_once(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")
    snapshot = make_snapshot(tmp_path / "snapshot")

    one = stage(admin, snapshot)  # type: ignore[arg-type]
    other = stage(admin, snapshot)  # type: ignore[arg-type]

    assert one.files == other.files
    assert admin.actions.count("upload") == 1
    assert unstage(admin, snapshot)  # type: ignore[arg-type]
    assert not unstage(admin, snapshot)  # type: ignore[arg-type]


def test_a_snapshot_taken_again_is_staged_beside_the_former_one(tmp_path):
    """Its key is the same and its bytes are not."""
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")

    one = stage(admin, make_snapshot(tmp_path / "one"))  # type: ignore[arg-type]
    other = stage(admin, make_snapshot(tmp_path / "other", content=NEW + b"!"))  # type: ignore[arg-type]

    assert one.files[0].path != other.files[0].path


def test_a_file_staged_in_part_is_staged_again(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")
    snapshot = make_snapshot(tmp_path / "snapshot")
    Path(stage(admin, snapshot).files[0].path).write_bytes(b"")  # type: ignore[arg-type]

    put(admin, snapshot)

    assert state(admin) == {(NEW, True)}


def test_a_copy_that_is_too_short_is_not_exchanged(tmp_path):
    (tmp_path / "server").mkdir()
    admin = DirectoryAdmin(tmp_path / "server")
    staged = stage(admin, make_snapshot(tmp_path / "snapshot"))  # type: ignore[arg-type]
    Path(staged.files[0].path).write_bytes(NEW[:-1])

    with pytest.raises(ChecksumError, match="nothing was exchanged") as caught:
        instantiate(admin, staged, namespace="APP", thoroughness="nothing")  # type: ignore[arg-type]

    assert isinstance(caught.value, IrisDevtoolsError)
    assert state(admin) == {(OLD, True)}
    assert leftovers(admin) == []
