"""Where a schema comes from: found by name, keyed by what it makes."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from iris_devtools.config import load_settings
from iris_devtools.errors import ConfigurationError, SchemaSourceError, UnknownRevisionError
from iris_devtools.schema import (
    MetadataSource,
    SchemaSource,
    Seed,
    load_object,
    load_schema_source,
    metadata_digest,
    schema_source_names,
    source_from_settings,
)


def make_metadata(
    *, length: int = 20, reverse: bool = False, index: bool = True, default: object = None
) -> MetaData:
    metadata = MetaData()

    def parent() -> None:
        name = Column("name", String(length), default=default, nullable=False)
        table = Table("parent", metadata, Column("id", Integer, primary_key=True), name)
        if index:
            Index("ix_name", table.c.name)
            Index("ix_both", table.c.id, table.c.name)

    def child() -> None:
        Table("child", metadata, Column("parent_id", ForeignKey("parent.id"), primary_key=True))

    for make in (child, parent) if reverse else (parent, child):
        make()
    return metadata


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A directory whose modules can be imported, and forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.write_text(textwrap.dedent(text), encoding="utf-8")


def test_the_order_of_definition_does_not_count():
    assert metadata_digest(make_metadata()) == metadata_digest(make_metadata(reverse=True))


@pytest.mark.parametrize("changed", [{"length": 21}, {"index": False}])
def test_what_changes_the_ddl_changes_the_digest(changed):
    assert metadata_digest(make_metadata()) != metadata_digest(make_metadata(**changed))


def test_what_only_python_sees_does_not_count():
    assert metadata_digest(make_metadata()) == metadata_digest(make_metadata(default="new"))


def test_tables_that_refer_to_each_other_have_a_digest():
    def cycle(name: str) -> MetaData:
        metadata = MetaData()
        for one, other in (("a", "b"), ("b", "a")):
            key = ForeignKey(f"{other}.id", name=f"{name}_{one}", use_alter=True)
            Table(one, metadata, Column("id", Integer, primary_key=True), Column("other", key))
        return metadata

    assert metadata_digest(cycle("fk")) == metadata_digest(cycle("fk"))
    assert metadata_digest(cycle("fk")) != metadata_digest(cycle("foreign"))


def test_a_metadata_source_is_a_schema_source():
    source = MetadataSource(make_metadata())
    key = source.key("standin-1")

    assert isinstance(source, SchemaSource)
    assert key.revisions == ("metadata",)
    assert key.name.startswith("metadata-standin-1-")
    assert source.ancestors(key) == ()
    assert source.seeding is None


def test_models_have_one_revision_only():
    source = MetadataSource(make_metadata())

    assert source.key("standin-1", ["metadata"]) == source.key("standin-1")
    with pytest.raises(UnknownRevisionError, match="1975ea"):
        source.key("standin-1", ["1975ea"])


def test_the_engine_is_part_of_the_key():
    source = MetadataSource(make_metadata())

    assert source.key("standin-1").digest != source.key("iris-2025.1").digest


def test_a_seeded_state_stands_on_the_unseeded_one(project):
    write(project / "seeds_a.py", "def fill(session): pass\n")
    seeded = MetadataSource(make_metadata(), seed=Seed.load("seeds_a:fill"))
    unseeded = MetadataSource(make_metadata())

    key = seeded.key("standin-1")

    assert key != unseeded.key("standin-1")
    assert [ancestor.key for ancestor in seeded.ancestors(key)] == [unseeded.key("standin-1")]
    assert seeded.seeding is not None
    assert seeded.seeding.reference == "seeds_a:fill"


def test_the_whole_module_of_a_seed_counts_and_its_comments_do_not(project):
    def digest(module: str, text: str) -> str:
        write(project / f"{module}.py", text)
        source = Seed.load(f"{module}:fill")
        # The name of the module counts as well, so it is taken out of the comparison.
        from iris_devtools.schema import _source_of
        from iris_devtools.snapshots.key import source_digest

        assert source.digest
        return source_digest(_source_of(source.fill, source.reference))

    plain = digest("seed_plain", "N = 1\ndef fill(session): pass\n")

    assert digest("seed_comment", "# why\nN = 1\n\ndef fill(session):\n    pass\n") == plain
    assert digest("seed_other", "N = 2\ndef fill(session): pass\n") != plain


def test_a_seed_in_another_encoding_is_read_as_it_says(project):
    (project / "seed_latin.py").write_bytes(b"# coding: latin-1\nNAME = '\xe9'\ndef fill(session): pass\n")

    assert Seed.load("seed_latin:fill").digest


def test_a_seed_is_a_function(project):
    write(project / "seed_number.py", "fill = 3\n")

    with pytest.raises(SchemaSourceError, match="no function but a int"):
        Seed.load("seed_number:fill")


@pytest.mark.parametrize(
    "reference", ["pydantic_core._pydantic_core:to_json", "sys:getrefcount"], ids=["C", "built in"]
)
def test_a_seed_has_a_source(reference):
    with pytest.raises(SchemaSourceError, match="no Python source"):
        Seed.load(reference)


@pytest.mark.parametrize("reference", ["", "module", "module:", ":name", "a b:c", "a:b c", "../a:b"])
def test_a_reference_is_a_module_and_a_name(reference):
    with pytest.raises(ConfigurationError, match="does not name an object"):
        load_object(reference)


def test_a_module_that_is_not_there_is_an_error_of_the_source():
    with pytest.raises(SchemaSourceError, match="cannot be imported") as caught:
        load_object("no_such_module_anywhere:fill")

    assert caught.value.hint


def test_a_name_that_is_not_there_is_answered_with_the_nearest(project):
    write(project / "seed_near.py", "def fill_tables(session): pass\n")

    with pytest.raises(SchemaSourceError, match="no 'fill_table'") as caught:
        load_object("seed_near:fill_table")

    assert "fill_tables" in caught.value.hint


def test_dots_lead_further_in():
    assert load_object("os:path.join") is __import__("os").path.join


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user_of_models"
    id: Mapped[int] = mapped_column(primary_key=True)


def test_a_declarative_base_is_as_good_as_its_metadata(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "models_here", sys.modules[__name__])

    by_base = MetadataSource.from_reference("models_here:Base")
    by_metadata = MetadataSource.from_reference("models_here:Base.metadata")

    assert by_base.metadata is by_metadata.metadata is Base.metadata
    assert by_base.key("standin-1") == by_metadata.key("standin-1")


def test_what_has_no_metadata_is_refused():
    with pytest.raises(SchemaSourceError, match="neither a MetaData"):
        MetadataSource.from_reference("os:path")


def test_the_kinds_of_source_are_found_by_name():
    assert {"alembic", "metadata"} <= set(schema_source_names())
    assert load_schema_source("metadata") is MetadataSource


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(ConfigurationError, match="alembic, metadata") as caught:
        load_schema_source("metdata")

    assert "'metadata'" in caught.value.hint


def test_settings_with_metadata_make_a_metadata_source(project):
    write(project / "models_set.py", "from sqlalchemy import MetaData\nmetadata = MetaData()\n")
    write(project / "seed_set.py", "def fill(session): pass\n")

    source = source_from_settings(
        load_settings(project, environ={}, metadata="models_set:metadata", seed="seed_set:fill")
    )

    assert source.name == "metadata"
    assert source.seeding is not None


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({}, "alembic"),
        ({"metadata": "models_too:metadata"}, "metadata"),
        ({"metadata": "models_too:metadata", "alembic_config": "alembic.ini"}, "alembic"),
        ({"source": "metadata"}, "metadata"),
    ],
)
def test_migrations_come_before_models_unless_these_are_asked_for(project, monkeypatch, arguments, name):
    monkeypatch.chdir(project)
    write(project / "models_too.py", "from sqlalchemy import MetaData\nmetadata = MetaData()\n")
    write(project / "pyproject.toml", '[tool.iris-devtools]\nmetadata = "models_too:metadata"\n')
    write(project / "alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
    (project / "migrations" / "versions").mkdir(parents=True)
    write(project / "migrations" / "env.py", "")

    assert source_from_settings(load_settings(project, environ={}, **arguments)).name == name


def test_settings_without_metadata_make_the_alembic_source_of_the_project(project):
    with pytest.raises(ConfigurationError, match=r"alembic\.ini"):
        source_from_settings(load_settings(project, environ={}))


def test_the_metadata_source_needs_to_know_where(project):
    with pytest.raises(ConfigurationError, match="needs to know where"):
        source_from_settings(load_settings(project, environ={}, source="metadata"))
