"""What counts as a database file, and what a mount says of the rest."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import (
    APPLICATION_ID,
    BLOCK_SIZE,
    FORMAT,
    Label,
    create_file,
    inspect_file,
    open_file,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "IRIS.DAT"
    create_file(path, Label())
    connection = open_file(path)
    connection.execute("CREATE TABLE t (a)")
    connection.executemany("INSERT INTO t VALUES (?)", [(f"{i:0200}",) for i in range(2000)])
    connection.close()
    return path


def refusal(path: Path) -> StorageError:
    with pytest.raises(StorageError) as caught:
        inspect_file(path)
    return caught.value


def test_a_new_file_carries_the_label_it_was_made_with(tmp_path: Path) -> None:
    label = Label(resource="%DB_APP", journal_state=2, max_size=7, expansion_size=3)

    create_file(tmp_path / "IRIS.DAT", label)

    assert label == inspect_file(tmp_path / "IRIS.DAT")


def test_a_file_is_a_whole_number_of_blocks(file: Path) -> None:
    assert file.stat().st_size % BLOCK_SIZE == 0


def test_the_largest_block_size_can_be_inspected(tmp_path: Path) -> None:
    create_file(tmp_path / "IRIS.DAT", Label(block_size=65536))

    assert inspect_file(tmp_path / "IRIS.DAT").block_size == 65536


def test_a_new_file_is_alone_in_its_directory(file: Path) -> None:
    assert [file] == list(file.parent.iterdir())


def test_a_new_file_is_for_owner_and_group(file: Path) -> None:
    assert file.stat().st_mode & 0o007 == 0


def test_creating_over_a_file_is_refused_and_leaves_it(file: Path) -> None:
    before = file.read_bytes()

    with pytest.raises(StorageError) as caught:
        create_file(file, Label())

    assert caught.value.code == 78
    assert before == file.read_bytes()


def test_a_missing_file_is_26(tmp_path: Path) -> None:
    assert refusal(tmp_path / "IRIS.DAT").code == 26


@pytest.mark.parametrize("content", [b"", b"GOF_FIXTURE", bytes(8192), b"SQLite format 3\x00"])
def test_a_file_that_is_something_else_is_not_mountable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "IRIS.DAT"
    path.write_bytes(content)

    assert refusal(path).code == 36


def test_a_directory_in_the_file_s_place_is_not_mountable(tmp_path: Path) -> None:
    (tmp_path / "IRIS.DAT").mkdir()

    assert refusal(tmp_path / "IRIS.DAT").code == 36


def test_another_program_s_sqlite_file_is_not_mountable(tmp_path: Path) -> None:
    path = tmp_path / "IRIS.DAT"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.close()

    assert "no database of this stand-in" in str(refusal(path))


@pytest.mark.parametrize("other", [FORMAT - 1, FORMAT + 1])
def test_a_file_of_another_format_is_refused_with_both_numbers(file: Path, other: int) -> None:
    connection = open_file(file)
    connection.execute(f"PRAGMA user_version = {other}")
    connection.close()

    found = refusal(file)

    assert found.code == 36
    assert f"format {other}" in found.detail
    assert f"format {FORMAT}" in found.detail


def test_a_file_without_its_label_is_not_mountable(tmp_path: Path) -> None:
    path = tmp_path / "IRIS.DAT"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("CREATE TABLE t (a)")
    connection.close()

    assert "no label" in refusal(path).detail


def test_a_label_with_a_wrong_value_is_not_mountable(file: Path) -> None:
    connection = open_file(file)
    connection.execute("UPDATE \"%label\" SET value = 'three' WHERE name = 'journal_state'")
    connection.close()

    assert "journal_state" in refusal(file).detail


@pytest.mark.parametrize("kept", [50, BLOCK_SIZE - 1, BLOCK_SIZE, 10 * BLOCK_SIZE + 17])
def test_a_truncated_copy_is_recognised(file: Path, kept: int) -> None:
    os.truncate(file, kept)

    assert "truncated" in refusal(file).detail


def test_a_block_of_rubbish_in_the_middle_is_recognised(file: Path) -> None:
    with file.open("r+b") as handle:
        handle.seek(20 * BLOCK_SIZE)
        handle.write(os.urandom(BLOCK_SIZE))

    found = refusal(file)

    assert found.code == 36
    assert "damaged" in found.detail


def test_a_file_whose_owner_shut_us_out_is_76(file: Path) -> None:
    file.chmod(0o000)

    assert refusal(file).code == 76


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_copied_in_under_a_foreign_owner_is_76_even_for_root(file: Path) -> None:
    os.chown(file, 51773, 51773)
    file.chmod(0o660)

    assert refusal(file).code == 76


def test_a_file_we_may_only_read_is_inspected_without_touching_its_directory(file: Path) -> None:
    file.chmod(0o440)

    inspect_file(file)

    assert [file] == list(file.parent.iterdir())


def test_a_copy_is_as_good_as_the_file(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere.DAT"
    shutil.copyfile(file, copy)

    assert inspect_file(file) == inspect_file(copy)
