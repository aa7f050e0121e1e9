"""What a restore and a capture cost, as ratios to what the disk and the processor need for the same bytes.

Both sides of a ratio are measured in turns in one run, so a busy machine slows both; the ratio is that of
the medians. ``python -m tests.bench.snapshots [MB ...]``
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
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
from iris_devtools.snapshots.store import Store

LEVEL = 3
ROUNDS = 7
ROW_BYTES = 30_000
RESTORE_LIMIT, CAPTURE_LIMIT = 1.5, 1.3


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:] if text.isdigit()] or [10, 30, 100]
    print(f"{'':34}{'ours':>10}{'bare':>10}{'ratio':>8}{'limit':>8}")
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

    staged = stage(admin, snapshot)

    def restore() -> None:
        instantiate(admin, staged, namespace=namespace, held=key)

    copies = iter(range(1000))

    def copy() -> None:
        shutil.copyfile(staged.files[0].path, root / f"copy{next(copies)}")

    _report(f"restore, {megabytes} MB / copy", restore, copy, RESTORE_LIMIT, after=lambda: _clear(root))
    _report(
        f"capture, {megabytes} MB / read+hash+zstd",
        capture_and_publish,
        read_hash_compress,
        CAPTURE_LIMIT,
    )
    admin.drop_namespace(namespace, terminate=True)
    shutil.rmtree(store.directory)


def _report(
    name: str,
    ours: Callable[[], None],
    bare: Callable[[], None],
    limit: float,
    *,
    after: Callable[[], None] = lambda: None,
) -> None:
    seconds: dict[Callable[[], None], list[float]] = {ours: [], bare: []}
    for number in range(ROUNDS + 1):
        for work in (ours, bare):
            os.sync()
            started = time.perf_counter()
            work()
            if number:  # the first round warms up
                seconds[work].append(time.perf_counter() - started)
            after()
    one, other = (statistics.median(seconds[work]) for work in (ours, bare))
    verdict = "" if one / other <= limit else "  over"
    print(f"{name:34}{one * 1e3:>7.1f} ms{other * 1e3:>7.1f} ms{one / other:>8.2f}{limit:>8.2f}{verdict}")


def _fill(admin: Admin, namespace: str, megabytes: int) -> None:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE filler (id INTEGER, body VARCHAR({ROW_BYTES}))")
        for number in range(megabytes * 1_000_000 // ROW_BYTES):
            # Half random, half not: about what zstd finds in rows.
            body = os.urandom(ROW_BYTES // 4).hex() + "0123456789" * (ROW_BYTES // 20)
            cursor.execute("INSERT INTO filler (id, body) VALUES (?, ?)", [number, body])
        cursor.close()


def _clear(root: Path) -> None:
    for path in root.glob("copy*"):
        path.unlink()


if __name__ == "__main__":
    main()
