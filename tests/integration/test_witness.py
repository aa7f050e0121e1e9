"""The witness sees what was written, and nothing else: not what the server itself does to a database."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable

import pytest

from iris_devtools.admin import Admin
from iris_devtools.testing.witness import witness_for


def make_namespace(admin: Admin, name: str, *, databases: int) -> str:
    if databases == 1:
        admin.create_namespace(name)
    else:
        admin.execute(f"CREATE DATABASE {name}")
    return name


def run(admin: Admin, namespace: str, *statements: str, commit: bool = True) -> None:
    with admin.connection(namespace) as connection:
        connection.setAutoCommit(commit)
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        if not commit:
            connection.rollback()


def as_an_older_version_left_it(admin: Admin, namespace: str, *, lacking: str | None = None) -> None:
    files = admin.databases(namespace)
    with admin.dismounted([file.directory for file in files]):
        for file in files:
            with contextlib.closing(sqlite3.connect(file.file)) as connection, connection:
                with contextlib.suppress(sqlite3.OperationalError):
                    connection.execute('UPDATE "%dict.state" SET stamp = 1 WHERE id = 2')
                if lacking is not None:
                    connection.execute(f'DROP VIEW "{lacking}"')


@pytest.mark.parametrize("databases", [1, 2])
def test_a_file_of_an_older_version_is_not_written_to_by_its_first_user(
    admin: Admin, new_namespace: Callable[[], str], databases: int
) -> None:
    namespace = make_namespace(admin, new_namespace(), databases=databases)
    run(admin, namespace, "CREATE TABLE note (text VARCHAR(9))")
    as_an_older_version_left_it(admin, namespace)
    witness = witness_for(admin, admin.server, namespace)  # type: ignore[arg-type]
    assert witness is not None
    before = witness.look()

    run(admin, namespace, "INSERT INTO note VALUES ('gone')", "SELECT * FROM note", commit=False)
    run(admin, namespace, "SELECT table_name FROM information_schema.tables")

    assert witness.look() == before
    run(admin, namespace, "INSERT INTO note VALUES ('stays')")
    assert witness.look() != before


def test_what_an_older_version_did_not_have_is_there_after_a_mount(
    admin: Admin, new_namespace: Callable[[], str]
) -> None:
    namespace = make_namespace(admin, new_namespace(), databases=1)
    run(admin, namespace, "CREATE TABLE note (text VARCHAR(9))")
    as_an_older_version_left_it(admin, namespace, lacking="INFORMATION_SCHEMA.TABLES")

    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_name = 'note'")
        assert [tuple(row) for row in cursor.fetchall()] == [("note",)]
