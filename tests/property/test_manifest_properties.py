"""A manifest survives its own text, and no other text survives it."""

from __future__ import annotations

import json
from datetime import timezone
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from iris_devtools.errors import ManifestError
from iris_devtools.snapshots.manifest import DatabaseFile, KnownQuery, Manifest, SeedInfo, TableRows

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
sizes = st.integers(1, 2**40)
one_file = st.tuples(
    st.builds(DatabaseFile, role=st.just("both"), name=st.just("IRIS.DAT"), size=sizes, sha256=digests)
)
two_files = st.tuples(
    st.builds(DatabaseFile, role=st.just("data"), name=st.just("IRIS.data.DAT"), size=sizes, sha256=digests),
    st.builds(DatabaseFile, role=st.just("code"), name=st.just("IRIS.code.DAT"), size=sizes, sha256=digests),
)
manifests = st.builds(
    Manifest,
    fixture_id=texts,
    version=texts,
    description=st.text(st.characters(codec="utf-8"), max_size=30),
    created_at=st.datetimes(timezones=st.just(timezone.utc)),
    iris_version=texts,
    namespace=texts,
    tables=st.lists(
        st.builds(TableRows, schema=st.just("SQLUser"), name=texts, rows=st.integers(0, 2**40)),
        max_size=4,
        unique_by=lambda table: table.name.casefold(),
    ).map(tuple),
    features=st.dictionaries(texts, json_values, max_size=3),
    known_queries=st.lists(
        st.builds(KnownQuery, name=texts, sql=texts, expected=json_values),
        max_size=2,
        unique_by=lambda query: query.name.casefold(),
    ).map(tuple),
    revisions=st.lists(texts, max_size=3, unique=True).map(sorted).map(tuple),
    digest=digests,
    engine=st.sampled_from(["standin-1", "iris-2025.1"]),
    files=one_file | two_files,
    revision_table=st.none() | texts,
    seed=st.none() | st.builds(SeedInfo, reference=texts, digest=digests),
    tool=texts,
    timings=st.dictionaries(texts, st.floats(0, 1e6), max_size=3),
)

HERE = Path("manifest.json")


@given(manifests)
def test_every_manifest_is_what_its_text_says(manifest):
    assert Manifest.parse(manifest.to_json(), path=HERE) == manifest


@given(manifests, st.data())
def test_a_manifest_without_one_of_its_needed_fields_is_refused(manifest, data):
    raw = json.loads(manifest.to_json())
    needed = [name for name, field in Manifest.model_fields.items() if field.is_required()]
    del raw[data.draw(st.sampled_from([*needed, "schema_version"]))]

    assert refused(json.dumps(raw))


@given(manifests, st.data())
def test_a_manifest_that_was_cut_short_is_refused(manifest, data):
    text = manifest.to_json().rstrip("\n")

    assert refused(text[: data.draw(st.integers(0, len(text) - 1))])


@given(json_values)
def test_other_json_is_refused(value):
    assert refused(json.dumps(value))


def refused(text: str) -> bool:
    try:
        Manifest.parse(text, path=HERE)
    except ManifestError as error:
        return str(HERE) in error.message and bool(error.hint)
    return False
