"""``iris-devtools fixture`` as a user runs it: a namespace becomes a directory and comes back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.cli.fixture import EXIT_CODES

Run = Callable[..., subprocess.CompletedProcess[str]]

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "fixture.md"


@pytest.fixture
def namespace(admin: Admin, unique: str) -> Iterator[str]:
    name = f"FIX{unique}".upper()
    admin.create_namespace(name)
    execute(
        admin,
        name,
        "CREATE TABLE patient (id INTEGER NOT NULL, name VARCHAR(20), PRIMARY KEY (id))",
        "INSERT INTO patient (id, name) VALUES (1, 'Ada')",
        "INSERT INTO patient (id, name) VALUES (2, 'Grace')",
    )
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


@pytest.fixture
def run(standin, tmp_path: Path) -> Run:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IRIS_")}

    def run(*arguments: object, namespace: str | None = None) -> subprocess.CompletedProcess[str]:
        options = ["--url", standin.url_of(namespace)] if namespace else []
        return subprocess.run(
            [sys.executable, "-m", "iris_devtools.cli", "fixture", *map(str, arguments), *options],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def made(run: Run, namespace: str, tmp_path: Path) -> Path:
    directory = tmp_path / "fixtures" / "patients"
    ended = run("create", directory, namespace=namespace)
    assert ended.returncode == 0, ended.stderr
    return directory


def execute(admin: Admin, namespace: str, *statements: str) -> list[Any]:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        rows = [row[0] for row in cursor.fetchall()] if cursor.description else []
        cursor.close()
    return rows


def names(admin: Admin, namespace: str) -> list[Any]:
    return execute(admin, namespace, "SELECT name FROM patient ORDER BY id")


def test_a_namespace_becomes_a_directory_and_comes_back(run, admin, namespace, made):
    assert sorted(path.name for path in made.parent.iterdir()) == ["patients"]
    execute(admin, namespace, "DELETE FROM patient", "CREATE TABLE rubbish (id INTEGER)")

    ended = run("load", made, "--json", namespace=namespace)

    assert ended.returncode == 0, ended.stderr
    assert names(admin, namespace) == ["Ada", "Grace"]
    answer = json.loads(ended.stdout)
    assert (answer["tables"], answer["rows"], answer["loaded_into"]) == (1, 2, namespace)


def test_a_namespace_that_is_not_there_is_made(run, admin, namespace, made):
    other = f"{namespace}B"
    try:
        ended = run("load", made, "--json", namespace=other)

        assert json.loads(ended.stdout)["created_namespace"] is True
        assert names(admin, other) == ["Ada", "Grace"]
    finally:
        admin.drop_namespace(other, missing_ok=True, terminate=True)


def test_without_json_people_read_what_happened(run, namespace, tmp_path):
    ended = run("create", "patients", "--id", "two", "--description", "Two of them", namespace=namespace)

    assert ended.stdout.startswith(f"Created patients from {namespace}: 1 table, 2 rows")
    assert "Reading" in ended.stderr
    assert "done" in ended.stderr
    listed = run("list", tmp_path)
    assert "Two of them" in listed.stdout
    shown = run("info", "patients")
    assert shown.stdout.startswith("two 1\nTwo of them\n")
    assert "SQLUser.patient, 2 rows" in shown.stdout
    valid = run("validate", "patients")
    assert "is valid" in valid.stdout


def test_a_fixture_is_not_overwritten_by_accident(run, admin, namespace, made):
    execute(admin, namespace, "DELETE FROM patient WHERE id = 2")

    refused = run("create", made, namespace=namespace)
    assert (refused.returncode, "--replace" in refused.stderr) == (7, True)
    assert run("create", made, "--replace", namespace=namespace).returncode == 0
    assert run("load", made, namespace=namespace).returncode == 0

    assert names(admin, namespace) == ["Ada"]


def test_the_list_names_what_is_broken(run, made):
    (made.parent / "other").mkdir()
    (made.parent / "broken").mkdir()
    (made.parent / "broken" / "manifest.json").write_text("{")

    answer = json.loads(run("list", made.parent, "--json").stdout)

    assert [Path(each["path"]).name for each in answer["fixtures"]] == ["patients"]
    assert [Path(each["path"]).name for each in answer["broken"]] == ["broken"]


def test_revisions_are_kept_where_a_table_has_them(run, admin, namespace, tmp_path):
    execute(
        admin,
        namespace,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version (version_num) VALUES ('a1')",
    )

    answer = json.loads(run("create", tmp_path / "x", "--json", namespace=namespace).stdout)

    assert answer["revisions"] == ["a1"]


# One row a code of the documented table: how a user comes to it.


def missing_manifest(run, made, namespace, admin):
    (made / "manifest.json").unlink()
    return run("load", made, namespace=namespace)


def checksum_mismatch(run, made, namespace, admin):
    (path,) = made.glob("IRIS.DAT*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return run("validate", made)


def table_not_found(run, made, namespace, admin):
    return run("load", made, "--table", "doctor", namespace=namespace)


def connection_failure(run, made, namespace, admin):
    return run("load", made, "--url", "iris://_SYSTEM:SYS@127.0.0.1:1/APP")


def partial_load(run, made, namespace, admin):
    execute(admin, namespace, "DELETE FROM patient WHERE id = 2")
    return run("validate", made, "--loaded", namespace=namespace)


def namespace_in_use(run, made, namespace, admin):
    with admin.connection(namespace):
        return run("load", made, namespace=namespace)


def another_fault(run, made, namespace, admin):
    path = made / "manifest.json"
    path.write_text(re.sub(r'"engine": "[^"]*"', '"engine": "iris-1999.1"', path.read_text()))
    return run("load", made, namespace=namespace)


def wrong_usage(run, made, namespace, admin):
    return run("load", made, "--nonsense")


def done(run, made, namespace, admin):
    return run("load", made, namespace=namespace)


ENDINGS = {
    0: done,
    1: missing_manifest,
    2: checksum_mismatch,
    3: table_not_found,
    4: connection_failure,
    5: partial_load,
    6: namespace_in_use,
    7: another_fault,
    64: wrong_usage,
}


@pytest.mark.parametrize(("code", "ending"), ENDINGS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_every_exit_code_is_reached(run, admin, namespace, made, code, ending):
    ended = ending(run, made, namespace, admin)

    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_documented_table_is_the_one_that_holds():
    section = PAGE.read_text(encoding="utf-8").partition("## Exit codes")[2].partition("## ")[0]
    documented = {int(code): text for code, text in re.findall(r"^\| (\d+) \| ([^|]+) \|$", section, re.M)}

    assert set(documented) == set(ENDINGS) == {0, *EXIT_CODES.values()}
    for code, ending in ENDINGS.items():
        assert documented[code].startswith(ending.__name__.replace("_", " ")), code


def test_the_json_of_each_command_has_the_documented_keys_and_no_others(run, namespace, tmp_path):
    section = PAGE.read_text(encoding="utf-8").partition("## JSON")[2]
    common = set(re.findall(r"`(\w+)`", section.partition(" prints ")[2].partition(".")[0]))
    added = {
        name: common | set(re.findall(r"`(\w+)`", keys))
        for name, keys in re.findall(r"`(\w+)` adds ([^;.]+)", section)
    }
    directory = tmp_path / "fixtures" / "one"

    def keys(*arguments: object) -> set[str]:
        ended = run(*arguments, "--json", namespace=namespace if arguments[0] in ("create", "load") else None)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return set(json.loads(ended.stdout))

    assert keys("create", directory) == added["create"]
    assert keys("load", directory) == added["load"]
    assert keys("validate", directory) == added["validate"]
    assert keys("info", directory) == added["info"]
    assert keys("list", directory.parent) == {"directory", "fixtures", "broken"}


def test_an_error_is_json_when_asked_for(run, tmp_path):
    ended = run("info", tmp_path / "nothing", "--json")

    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["error"], ended.stderr) == (1, "ManifestError", "")


def test_a_known_query_that_answers_otherwise_is_a_partial_load(run, admin, namespace, tmp_path):
    made = tmp_path / "known"
    query = "oldest=SELECT MAX(id), COUNT(*) FROM patient"
    assert run("create", made, "--query", query, namespace=namespace).returncode == 0
    assert run("load", made, namespace=namespace).returncode == 0
    execute(admin, namespace, "UPDATE patient SET id = 7 WHERE id = 2")

    ended = run("validate", made, "--loaded", "--json", namespace=namespace)

    assert ended.returncode == 5
    assert "query oldest answers" in json.loads(ended.stdout)["message"]


def test_a_table_that_has_to_be_there_stops_a_capture(run, namespace, tmp_path):
    ended = run("create", tmp_path / "x", "--table", "doctor", namespace=namespace)

    assert ended.returncode == 3
    assert not (tmp_path / "x").exists()


def test_the_password_of_a_url_is_not_shown(run, made):
    ended = run("load", made, "--url", "iris://_SYSTEM:s3cret@127.0.0.1:1/APP", "--json")

    assert "s3cret" not in ended.stdout + ended.stderr


def test_a_terminal_gets_a_moving_bar(namespace, standin, tmp_path):
    import pty

    url = standin.url_of(namespace)
    leader, follower = pty.openpty()
    ended = subprocess.run(
        [sys.executable, "-m", "iris_devtools.cli", *("fixture", "create", "x", "--url"), url],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=os.environ | {"TERM": "xterm"},
        timeout=120,
        check=False,
    )
    os.close(follower)
    shown = os.read(leader, 100_000)
    os.close(leader)

    assert ended.returncode == 0
    assert b"100%" in shown or "━".encode() in shown
