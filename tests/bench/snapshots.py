"""What a reset, a restore and a capture cost, as ratios to what disk and processor need for the same bytes.

*Reset* is what a test waits for when the one before it has written: the copy of the database was made while
tests ran (:class:`iris_devtools.snapshots.rewind.Rewinder`), the exchange of the files remains. *Restore*
makes the copy when it is asked for. *Verified* says that a look into the namespace is part of it, over a
connection of its own. Before each round a test's worth of rows is written. The other side of these ratios is
a plain copy of the same file to a new name, which the page cache holds.

Both sides are measured in turns in one run, so a busy machine slows both; the best of some rounds counts,
because what others do to the machine only ever adds. ``python -m tests.bench.snapshots [MB ...]``
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import zstandard

from iris_devtools.admin import Admin
from iris_devtools.servers.standin import start_standin
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.restore import instantiate, stage
from iris_devtools.snapshots.rewind import Rewinder
from iris_devtools.snapshots.store import Store
from tests.bench._report import heading, report

LEVEL = 3
ROUNDS_MB = 1000
"""So many megabytes are moved by each work; between 15 and 60 rounds."""
ROW_BYTES = 30_000
RESTORE_LIMIT, CAPTURE_LIMIT = 1.5, 1.3


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:] if text.isdigit()] or [10, 30, 100]
    heading()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        with start_standin(data=root / "data") as standin, Admin.connect(standin.server) as admin:
            for megabytes in sizes:
                _measure(admin, root, megabytes)


def _measure(admin: Admin, root: Path, megabytes: int) -> None:
    namespace = f"BENCH{megabytes}"
    admin.create_namespace(namespace)
    _fill(admin, namespace, megabytes)
    (database,) = admin.databases(namespace)
    store = Store(root / f"store{megabytes}", compression=LEVEL)
    key = RevisionKey((str(megabytes),), "0" * 64, admin.engine)
    snapshot = capture(admin, namespace=namespace, store=store, key=key).snapshot
    file = Path(database.file)
    staged = stage(admin, snapshot)
    rewinder = Rewinder(admin, staged, namespace=namespace, ahead_bytes=staged.size)
    copies = iter(range(10_000))
    rounds = max(15, min(60, ROUNDS_MB // megabytes))

    def copy() -> None:
        shutil.copyfile(staged.files[0].path, root / f"copy{next(copies)}")

    def clear() -> None:
        for path in root.glob("copy*"):
            path.unlink()

    def written() -> None:
        _write(admin, namespace)
        rewinder.settle()
        clear()

    def capture_and_publish() -> None:
        capture(admin, namespace=namespace, store=store, key=key, replace=True)

    def read_hash_compress() -> None:
        digest = hashlib.sha256()
        compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj(size=file.stat().st_size)
        with file.open("rb") as stream:
            while piece := stream.read(1_000_000):
                digest.update(piece)
                compressor.compress(piece)
        compressor.flush()

    works: dict[str, tuple[Callable[[], object], Callable[[], object], float, Callable[[], None]]] = {
        "reset": (lambda: rewinder.rewind(held=key), copy, RESTORE_LIMIT, written),
        "reset, verified": (
            lambda: rewinder.rewind(held=key, thoroughness="tables"),
            copy,
            RESTORE_LIMIT,
            written,
        ),
        "restore": (
            lambda: instantiate(admin, staged, namespace=namespace, held=key, thoroughness="nothing"),
            copy,
            RESTORE_LIMIT,
            written,
        ),
        "restore, verified": (
            lambda: instantiate(admin, staged, namespace=namespace, held=key),
            copy,
            RESTORE_LIMIT,
            written,
        ),
    }
    for name, (ours, bare, limit, before) in works.items():
        _compare(f"{name}, {megabytes} MB / copy", ours, bare, limit, rounds=rounds, before=before)
    rewinder.close()
    _compare(
        f"capture, {megabytes} MB / read+hash+zstd",
        capture_and_publish,
        read_hash_compress,
        CAPTURE_LIMIT,
        rounds=min(rounds, 15),
    )
    admin.drop_namespace(namespace, terminate=True)
    shutil.rmtree(store.directory)


def _compare(
    name: str,
    ours: Callable[[], object],
    bare: Callable[[], object],
    limit: float,
    *,
    rounds: int,
    before: Callable[[], None] = lambda: None,
) -> None:
    seconds: dict[Callable[[], object], list[float]] = {ours: [], bare: []}
    for number in range(rounds + 1):
        for work in (ours, bare):
            before()
            os.sync()
            started = time.perf_counter()
            work()
            if number:  # the first round warms up
                seconds[work].append(time.perf_counter() - started)
    report(name, min(seconds[ours]), min(seconds[bare]), limit)


def _fill(admin: Admin, namespace: str, megabytes: int) -> None:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE filler (id INTEGER, body VARCHAR({ROW_BYTES}))")
        for number in range(megabytes * 1_000_000 // ROW_BYTES):
            # Half random, half not: about what zstd finds in rows.
            body = os.urandom(ROW_BYTES // 4).hex() + "0123456789" * (ROW_BYTES // 20)
            cursor.execute("INSERT INTO filler (id, body) VALUES (?, ?)", [number, body])
        cursor.close()


def _write(admin: Admin, namespace: str) -> None:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        for number in range(10):
            cursor.execute("INSERT INTO filler (id, body) VALUES (?, ?)", [-number, "written"])
        cursor.close()


if __name__ == "__main__":
    main()
