"""A manifest is read strictly: what is wrong is said, and nothing leads out of the directory."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from iris_devtools.errors import ManifestError
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import (
    MANIFEST_NAME,
    SCHEMA_VERSION,
    DatabaseFile,
    KnownQuery,
    Manifest,
    SeedInfo,
    TableRows,
)

KEY = RevisionKey(("1975ea83b712",), "ab" * 32, "standin-1")


def make_manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "fixture_id": "users",
        "version": "1",
        "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        "iris_version": "IRIS for UNIX 2025.1",
        "namespace": "APP",
        "tables": (TableRows(schema="SQLUser", name="users", rows=3),),
        "revisions": KEY.revisions,
        "digest": KEY.digest,
        "engine": KEY.engine,
        "files": (DatabaseFile(role="both", name="IRIS.DAT", size=8192, sha256="0" * 64),),
        "tool": "iris-devtools 0.1.0",
    }
    return Manifest(**(values | changes))  # type: ignore[arg-type]


def write(directory: Path, manifest: Manifest | None = None, **changes: object) -> Path:
    """Write a manifest and plain files of the names in it; ``changes`` replace fields of the JSON."""
    raw = json.loads((manifest or make_manifest()).to_json())
    for name, value in changes.items():
        if value is None:
            raw.pop(name)
        else:
            raw[name] = value
    (directory / MANIFEST_NAME).write_text(json.dumps(raw), encoding="utf-8")
    (directory / "IRIS.DAT").touch()
    return directory


def test_what_was_written_is_read_back(tmp_path):
    manifest = make_manifest(
        description="three users — ünïcode",
        features={"vectors": True, "sizes": [1, 2.5, None]},
        known_queries=(KnownQuery(name="n", sql="SELECT COUNT(*) FROM users", expected=[[3]]),),
        seed=SeedInfo(reference="app.seeds:fill", digest="1" * 64),
        revision_table="SQLUser.alembic_version",
        timings={"count": 0.25},
    )
    (tmp_path / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
    (tmp_path / "IRIS.DAT").touch()

    assert Manifest.read(tmp_path) == manifest
    assert manifest.key == KEY


def test_a_table_is_written_with_its_schema():
    written = json.loads(make_manifest().to_json())

    assert written["tables"] == [{"schema": "SQLUser", "name": "users", "rows": 3}]
    assert written["schema_version"] == 2, "no file is a difference, so readers of that format can read it"
    assert written["created_at"] == "2026-01-02T03:04:05Z"


def test_the_time_is_kept_in_utc():
    local = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))

    assert make_manifest(created_at=local).created_at.isoformat() == "2026-01-02T01:04:05+00:00"


def test_a_directory_without_manifest_is_no_snapshot(tmp_path):
    with pytest.raises(ManifestError, match="no snapshot") as caught:
        Manifest.read(tmp_path)

    assert caught.value.facts["path"] == tmp_path / MANIFEST_NAME
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ('{"schema_version": 1, "schema_version": 1}', "written twice: schema_version"),
        ("{}", "schema_version"),
        ('{"schema_version": "1"}', "schema_version"),
        ('{"schema_version": true}', "schema_version"),
        ('{"schema_version": 0}', "schema_version"),
        ('{"schema_version": 1}', "fixture_id"),
    ],
)
def test_text_that_is_no_manifest_is_refused_with_path_and_remedy(tmp_path, text, reason):
    path = tmp_path / MANIFEST_NAME
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ManifestError, match=reason) as caught:
        Manifest.read(tmp_path)

    assert str(path) in caught.value.message
    assert "take the snapshot again" in caught.value.hint


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / MANIFEST_NAME).write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ManifestError, match="cannot be read"):
        Manifest.read(tmp_path)


def test_a_newer_format_is_refused_before_anything_else_is_read(tmp_path):
    write(tmp_path, schema_version=SCHEMA_VERSION + 1, files="changed in that version")

    with pytest.raises(ManifestError, match=f"is of format {SCHEMA_VERSION + 1}") as caught:
        Manifest.read(tmp_path)

    assert "Upgrade iris-devtools" in caught.value.hint
    assert caught.value.facts["schema_version"] == SCHEMA_VERSION + 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fixture_id", None),
        ("fixture_id", ""),
        ("fixture_id", 7),
        ("version", None),
        ("created_at", "yesterday"),
        ("created_at", "2026-01-02T03:04:05"),
        ("iris_version", None),
        ("namespace", None),
        ("tables", None),
        ("tables", {"users": 3}),
        ("tables", [{"schema": "SQLUser", "name": "users", "rows": "3"}]),
        ("tables", [{"schema": "SQLUser", "name": "users", "rows": -1}]),
        ("tables", [{"name": "users", "rows": 3}]),
        ("revisions", "1975ea83b712"),
        ("revisions", ["b", "a"]),
        ("revisions", ["a", "a"]),
        ("digest", "abc"),
        ("engine", "../standin"),
        ("tool", None),
        ("seed", {"reference": "app:fill"}),
        ("timings", {"count": -1.0}),
        ("unheard_of", 1),
        ("files", []),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(tmp_path, field, value):
    write(tmp_path, **{field: value})

    with pytest.raises(ManifestError, match=field):
        Manifest.read(tmp_path)


def entry(**changes: object) -> dict[str, object]:
    return {"role": "both", "name": "IRIS.DAT", "size": 8192, "sha256": "0" * 64} | changes


@pytest.mark.parametrize(
    "name",
    [
        "../IRIS.DAT",
        "..",
        ".",
        "",
        "/etc/passwd",
        "sub/IRIS.DAT",
        "sub\\IRIS.DAT",
        "C:IRIS.DAT",
        "IRIS.DAT\x00",
        "IRIS.DAT\n",
        ".hidden",
        "manifest.json",
        "MANIFEST.JSON",
        "x" * 101,
    ],
)
def test_a_file_name_never_leaves_the_directory(tmp_path, name):
    write(tmp_path, files=[entry(name=name)])

    with pytest.raises(ManifestError, match="files"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        [entry(), entry(name="other.DAT")],
        [entry(role="data")],
        [entry(role="code")],
        [entry(role="data"), entry(role="data", name="other.DAT")],
        [entry(role="data"), entry(role="code"), entry(name="other.DAT")],
        [entry(role="routines")],
        [entry(size=0)],
        [entry(size=8192.5)],
        [entry(sha256="0" * 63)],
        [entry(sha256="Z" * 64)],
    ],
)
def test_files_make_a_whole_namespace(tmp_path, files):
    write(tmp_path, files=files)

    with pytest.raises(ManifestError, match=r"files|sha256|role"):
        Manifest.read(tmp_path)


def test_two_files_of_one_name_are_refused_also_in_another_case(tmp_path):
    files = [entry(role="data", name="IRIS.DAT"), entry(role="code", name="iris.dat")]
    write(tmp_path, files=files)

    with pytest.raises(ManifestError, match="file named twice"):
        Manifest.read(tmp_path)


def test_a_table_listed_twice_is_refused(tmp_path):
    table = {"schema": "SQLUser", "name": "users", "rows": 3}
    write(tmp_path, tables=[table, table | {"name": "USERS"}])

    with pytest.raises(ManifestError, match="table named twice"):
        Manifest.read(tmp_path)


def test_a_missing_database_file_is_found_at_once(tmp_path):
    write(tmp_path)
    (tmp_path / "IRIS.DAT").unlink()

    with pytest.raises(ManifestError, match=r"IRIS\.DAT that it names is missing"):
        Manifest.read(tmp_path)


def test_a_link_in_place_of_a_database_file_is_refused(tmp_path):
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    write(snapshot)
    (snapshot / "IRIS.DAT").rename(tmp_path / "elsewhere.DAT")
    (snapshot / "IRIS.DAT").symlink_to(tmp_path / "elsewhere.DAT")

    with pytest.raises(ManifestError, match="not a plain file"):
        Manifest.read(snapshot)


def test_a_directory_in_place_of_a_database_file_is_refused(tmp_path):
    write(tmp_path)
    (tmp_path / "IRIS.DAT").unlink()
    (tmp_path / "IRIS.DAT").mkdir()

    with pytest.raises(ManifestError, match="not a plain file"):
        Manifest.read(tmp_path)


def test_a_manifest_does_not_change():
    with pytest.raises(ValueError, match="frozen"):
        make_manifest().namespace = "OTHER"  # type: ignore[misc]
