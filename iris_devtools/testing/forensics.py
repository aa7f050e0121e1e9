"""The database of a failed test, kept to be looked at.

It is a namespace of its own: the test's snapshot, restored, with the rows copied in that the test's own
connection saw when it failed. So it works on every rung of the ladder, also for a transaction that is rolled
back a moment later, and disturbs nothing: no database is dismounted under a test whose fixtures are still
open. The price is that only rows are copied: what a test does to the schema is named, not kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from iris_devtools.admin import Admin
from iris_devtools.admin.driver import load_driver
from iris_devtools.admin.status import administration_error
from iris_devtools.errors import AdministrationError, ConfigurationError, StoreError
from iris_devtools.provision import restore_namespace
from iris_devtools.snapshots.comparison import compare_rows
from iris_devtools.snapshots.inspection import table_names
from iris_devtools.snapshots.serverlock import server_lock
from iris_devtools.snapshots.snapshot import Snapshot

__all__ = [
    "Kept",
    "RowChanges",
    "find_kept",
    "forget",
    "keep",
    "kept_databases",
    "kept_directory",
    "row_changes",
]

MAX_ROWS = 100_000
"""A table with more rows than that is not copied, but named."""

_BATCH = 500
_MAX_STATEMENTS = 200

_Name = tuple[str, str]


@dataclass(frozen=True)
class Kept:
    """What is known of one kept database. ``copied`` are tables whose rows differ from the snapshot's.

    ``not_copied`` says by table why its rows are those of the snapshot, or why it is not there.
    """

    namespace: str
    test: str
    kept_at: str
    url: str
    snapshot: str
    snapshot_directory: str
    copied: tuple[str, ...] = ()
    not_copied: Mapping[str, str] | None = None
    statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowChanges:
    """How the rows of a table differ: whole rows by their columns, and both versions of changed ones."""

    table: str
    added: tuple[dict[str, Any], ...]
    removed: tuple[dict[str, Any], ...]
    changed: tuple[tuple[dict[str, Any], dict[str, Any]], ...]


def kept_directory(root: Path) -> Path:
    """Return where a project keeps what it knows of its kept databases."""
    return root / ".iris-devtools" / "kept"


def keep(
    admin: Admin,
    snapshot: Snapshot,
    connection: Any,
    *,
    test: str,
    directory: Path,
    statements: Sequence[str] = (),
    limit: int = 5,
    max_age_s: float = 7 * 86400.0,
) -> Kept:
    """Keep what ``connection`` (the driver's) sees as a namespace that is named after ``test``.

    The same test's last one is replaced; then the oldest go until ``limit`` are left, and all that are older
    than ``max_age_s``. After a failure there is no namespace.

    Raises:
        IrisDevtoolsError: the server, the snapshot or the directory refuses.
    """
    digest = hashlib.sha256(f"{directory.absolute()}\0{test}".encode()).hexdigest()[:10]
    namespace = f"KEPT_{digest}".upper()
    try:
        restore_namespace(admin, snapshot, namespace=namespace, terminate_others=True)
        copied, not_copied = _copy(admin, connection, namespace)
        kept = Kept(
            namespace=namespace,
            test=test,
            kept_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            url=_url(admin, namespace),
            snapshot=snapshot.name,
            snapshot_directory=str(snapshot.directory.absolute()),
            copied=copied,
            not_copied=not_copied,
            statements=tuple(statements[-_MAX_STATEMENTS:]),
        )
        _write(directory, kept)
    except BaseException:
        _drop(admin, namespace)
        raise
    oldest = datetime.now(timezone.utc) - timedelta(seconds=max_age_s)
    for number, one in enumerate(kept_databases(directory)):
        if number >= max(limit, 1) or datetime.fromisoformat(one.kept_at) < oldest:
            forget(admin, one, directory=directory)
    return kept


def kept_databases(directory: Path) -> tuple[Kept, ...]:
    """Return what is kept, the newest first; a file that is no record of ours is passed over."""
    found = []
    for path in directory.glob("KEPT_*.json"):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            for name in ("copied", "statements"):
                raw[name] = tuple(raw[name])
            found.append((path.stat().st_mtime_ns, Kept(**raw)))
        except (OSError, ValueError, TypeError, KeyError):  # noqa: PERF203 - each stands for itself
            continue
    return tuple(kept for _, kept in sorted(found, key=lambda pair: -pair[0]))


def find_kept(directory: Path, name: str) -> Kept:
    """Return the kept database of a namespace, a node id, or the only one whose node id has ``name`` in it.

    Raises:
        ConfigurationError: there is none, or there are several.
    """
    known = kept_databases(directory)
    exact = [one for one in known if name.upper() == one.namespace or name == one.test]
    found = exact or [one for one in known if name in one.test]
    if len(found) == 1:
        return found[0]
    listed = "\n".join(f"  {one.namespace}  {one.test}" for one in found or known)
    raise ConfigurationError(
        f"{len(found) or 'No'} kept databases are named {name!r}.",
        hint=f"There are:\n{listed}" if listed else "Run pytest with --iris-keep-failed to keep one.",
        name=name,
        known=tuple(one.namespace for one in known),
    )


def forget(admin: Admin, kept: Kept, *, directory: Path) -> None:
    """Drop a kept database and its record; one that is gone already is no error."""
    _drop(admin, kept.namespace)
    (directory / f"{kept.namespace}.json").unlink(missing_ok=True)


def _drop(admin: Admin, namespace: str) -> None:
    with server_lock(admin, "namespaces"):
        admin.drop_namespace(namespace, missing_ok=True, terminate=True)


def row_changes(before: Any, after: Any, keys: Mapping[_Name, Sequence[str]]) -> tuple[RowChanges, ...]:
    """Compare the tables of two databases row by row, over two connections of the driver.

    ``keys`` are the tables and the columns of their primary keys: a row of the same key with other values is
    a changed one. Without a key a changed row counts as one removed and one added.
    """
    found = []
    for (schema, table), key in sorted(keys.items()):
        if compare_rows(before, after, schema, table, show=0) is None:
            continue
        old, new = (_by_key(connection, schema, table, key) for connection in (before, after))
        found.append(
            RowChanges(
                table=f"{schema}.{table}",
                added=tuple(row for name, rows in new.items() for row in rows[len(old.get(name, ())) :]),
                removed=tuple(row for name, rows in old.items() for row in rows[len(new.get(name, ())) :]),
                changed=tuple(
                    (one, other)
                    for name, rows in old.items()
                    for one, other in zip(rows, new.get(name, ()), strict=False)
                    if one != other
                ),
            )
        )
    return tuple(found)


def _by_key(
    connection: Any, schema: str, table: str, key: Sequence[str]
) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    names, rows = _rows(connection, schema, table)
    for row in rows:
        whole = dict(zip(names, row, strict=True))
        by_name = {name.casefold(): repr(value) for name, value in whole.items()}
        identity = tuple(by_name[name.casefold()] for name in key) if key else tuple(by_name.values())
        found.setdefault(identity, []).append(whole)
    return found


def _copy(admin: Admin, connection: Any, namespace: str) -> tuple[tuple[str, ...], dict[str, str]]:
    copied, not_copied = [], {}
    seen = set(table_names(connection))
    with admin.connection(namespace) as target:
        there = set(table_names(target))
        for schema, table in sorted(seen ^ there):
            made = (schema, table) in seen
            not_copied[f"{schema}.{table}"] = (
                "the test made it" if made else "the test dropped it; it is here"
            )
        for schema, table in sorted(seen & there):
            place = f"{schema}.{table}"
            try:
                if _count(connection, schema, table) > MAX_ROWS:
                    not_copied[place] = f"it has more than {MAX_ROWS} rows; those of the snapshot are here"
                elif compare_rows(target, connection, schema, table, show=0) is not None:
                    _replace_rows(connection, target, schema, table)
                    copied.append(place)
            except AdministrationError as error:
                not_copied[place] = f"{error.facts.get('status', error.message)}"
    return tuple(copied), not_copied


def _replace_rows(source: Any, target: Any, schema: str, table: str) -> None:
    place = f"{_quoted(schema)}.{_quoted(table)}"
    names, rows = _rows(source, schema, table)
    columns = ", ".join(_quoted(name) for name in names)
    marks = ", ".join("?" for _ in names)
    # Unchecked: they are rows of a database where the keys held, and come table by table. Triggers have run.
    _run(target, f"DELETE %NOCHECK %NOTRIGGER FROM {place}")
    insert = f"INSERT %NOCHECK %NOTRIGGER INTO {place} ({columns}) VALUES ({marks})"
    for row in rows:
        _run(target, insert, row)


def _rows(connection: Any, schema: str, table: str) -> tuple[list[str], Iterator[Sequence[Any]]]:
    sql = f"SELECT * FROM {_quoted(schema)}.{_quoted(table)}"
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
    except load_driver().errors as error:
        raise administration_error(f"read {schema}.{table}", str(error), call=sql) from error

    def fetch() -> Iterator[Sequence[Any]]:
        try:
            while batch := cursor.fetchmany(_BATCH):
                yield from (tuple(row) for row in batch)
        finally:
            cursor.close()

    return [str(column[0]) for column in cursor.description], fetch()


def _count(connection: Any, schema: str, table: str) -> int:
    sql = f"SELECT COUNT(*) FROM {_quoted(schema)}.{_quoted(table)}"
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
    except load_driver().errors as error:
        raise administration_error(f"count {schema}.{table}", str(error), call=sql) from error
    finally:
        cursor.close()


def _run(connection: Any, sql: str, parameters: Sequence[Any] = ()) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(sql, list(parameters))
    except load_driver().errors as error:
        raise administration_error("copy rows", str(error), call=sql) from error
    finally:
        cursor.close()


def _write(directory: Path, kept: Kept) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{kept.namespace}.json"
        path.write_text(json.dumps(asdict(kept), indent=2), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"Cannot note the kept database: {directory}: {error.strerror or error}.",
            hint=f"Make {directory} writable.",
            path=directory,
        ) from error


def _url(admin: Admin, namespace: str) -> str:
    from iris_devtools.provision import namespace_url

    return namespace_url(admin, namespace).render()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
