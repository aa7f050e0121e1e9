"""What the server found whole is not looked through again; what was changed since is."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from iris_devtools.standin.storage.contents import Contents
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.freeing import delete_file, wait_for_space
from iris_devtools.standin.storage.label import Label, create_file, inspect_file
from iris_devtools.standin.storage.registry import Databases

LARGE = 2_000_000


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "original.DAT"
    create_file(path, Label(max_size=7))
    return path


@pytest.fixture
def looked_at() -> list[Path]:
    return []


@pytest.fixture
def contents() -> Contents:
    return Contents()


def copy(contents: Contents, source: Path, target: Path) -> Path:
    with contents.copying(source, target):
        shutil.copyfile(source, target)
    return target


def test_a_file_that_was_looked_through_is_known(contents: Contents, original: Path) -> None:
    assert contents.label(original) is None
    assert contents.look(original, inspect_file) == Label(max_size=7)
    assert contents.label(original) == Label(max_size=7)


def test_one_that_was_found_damaged_is_not(contents: Contents, original: Path) -> None:
    original.write_bytes(original.read_bytes()[:-1])
    with pytest.raises(StorageError):
        contents.look(original, inspect_file)
    assert contents.label(original) is None


def test_a_copy_is_known_when_its_original_is(contents: Contents, original: Path, tmp_path: Path) -> None:
    contents.look(original, inspect_file)
    assert contents.label(copy(contents, original, tmp_path / "copy.DAT")) == Label(max_size=7)


def test_an_original_and_its_other_copies_are_known_when_one_copy_is(
    contents: Contents, original: Path, tmp_path: Path
) -> None:
    first = copy(contents, original, tmp_path / "first.DAT")
    second = copy(contents, original, tmp_path / "second.DAT")
    assert contents.label(second) is None
    contents.look(first, inspect_file)
    assert contents.label(original) == contents.label(second) == Label(max_size=7)


def test_a_renamed_file_stays_known(contents: Contents, original: Path, tmp_path: Path) -> None:
    contents.look(original, inspect_file)
    renamed = original.rename(tmp_path / "renamed.DAT")
    assert contents.label(renamed) == Label(max_size=7)


def test_a_change_at_once_and_of_the_same_size_is_seen(contents: Contents, original: Path) -> None:
    contents.look(original, inspect_file)
    with original.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    assert contents.label(original) is None


def test_a_copy_of_a_file_that_changed_meanwhile_is_not_known(
    contents: Contents, original: Path, tmp_path: Path
) -> None:
    contents.look(original, inspect_file)
    target = tmp_path / "copy.DAT"
    with contents.copying(original, target):
        shutil.copyfile(original, target)
        os.utime(original, ns=(1, 1))
    assert contents.label(target) is None


def test_a_damaged_copy_is_refused_although_its_original_was_whole(tmp_path: Path) -> None:
    databases = Databases(tmp_path, owner="me", permanent=frozenset(), knows=lambda _name: True)
    (tmp_path / "app").mkdir()
    database = databases.create("app", Label())
    database.dismount(grace_s=0.1, limit_s=1.0)
    (tmp_path / "other").mkdir()
    other = databases.at("other")
    copy(databases.contents, database.path, other.path)
    with other.path.open("r+b") as file:
        file.seek(-4096, os.SEEK_END)
        file.write(os.urandom(4096))
    with pytest.raises(StorageError, match="#36"):
        other.mount()


def test_the_name_of_a_large_file_is_gone_at_once_and_its_space_when_that_is_waited_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * LARGE)
    delete_file(path)
    assert not path.exists()
    wait_for_space()
    assert not any("large" in open_file for open_file in open_files())


def open_files() -> list[str]:
    """Return what this process has open, where the system tells."""
    links = Path("/proc/self/fd")
    found = []
    for link in links.iterdir() if links.is_dir() else ():
        with contextlib.suppress(OSError):
            found.append(link.readlink().name)
    return found


def test_a_missing_file_is_an_error_unless_it_may_be_missing(tmp_path: Path) -> None:
    delete_file(tmp_path / "none", missing_ok=True)
    with pytest.raises(FileNotFoundError):
        delete_file(tmp_path / "none")


def test_a_link_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"x" * LARGE)
    link = tmp_path / "link"
    link.symlink_to(target)
    delete_file(link)
    assert target.stat().st_size == LARGE
    assert not link.is_symlink()
