"""Models and a seed, through SQLAlchemy and the dialect: a schema without migrations."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, text

from iris_devtools.admin import Admin
from iris_devtools.engine import create_engine
from iris_devtools.errors import MigrationError
from iris_devtools.provision import SCRATCH_PREFIX, ensure_snapshot, namespace_url, ready_namespace
from iris_devtools.schema import MetadataSource
from iris_devtools.snapshots.store import Store

MODELS = """
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Owner(Base):
    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), index=True)
    pets: Mapped[list["Pet"]] = relationship(back_populates="owner", order_by="Pet.id")

class Pet(Base):
    __tablename__ = "pet"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
    owner: Mapped[Owner] = relationship(back_populates="pets")
"""

SEED = """
from {models} import Owner, Pet

def fill(session):
    session.add(Owner(name="Ada", pets=[Pet(name="Puff"), Pet(name="Rex")]))

def fail(session):
    session.add(Owner(name="Ada"))
    session.flush()
    raise RuntimeError("out of ideas")
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def target(admin: Admin, unique: str) -> Iterator[str]:
    name = f"MET{unique}".upper()
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unique: str) -> Iterator[tuple[str, str]]:
    """The modules of models and seed, under names that no other test uses."""
    models, seed = f"models_{unique}", f"seed_{unique}"
    (tmp_path / f"{models}.py").write_text(textwrap.dedent(MODELS))
    (tmp_path / f"{seed}.py").write_text(textwrap.dedent(SEED).format(models=models))
    monkeypatch.syspath_prepend(tmp_path)
    yield models, seed
    for name in (models, seed):
        sys.modules.pop(name, None)


def names(admin: Admin, namespace: str) -> list[tuple[str, str]]:
    engine = create_engine(namespace_url(admin, namespace), poolclass=NullPool)
    with engine.connect() as connection:
        sql = "SELECT o.name, p.name FROM owner o JOIN pet p ON p.owner_id = o.id ORDER BY p.id"
        found = [tuple(row) for row in connection.execute(text(sql))]
    engine.dispose()
    return found


def test_models_and_a_seed_become_a_namespace(admin, store, target, project):
    models, seed = project
    source = MetadataSource.from_reference(f"{models}:Base", seed=f"{seed}:fill")

    ready = ready_namespace(admin, source, store, namespace=target)

    assert ready.provisioned.built
    assert ready.provisioned.snapshot.manifest.seed == source.seeding
    assert names(admin, target) == [("Ada", "Puff"), ("Ada", "Rex")]
    assert not ready_namespace(admin, source, store, namespace=target).provisioned.built


def test_the_unseeded_snapshot_is_the_seeded_ones_ancestor(admin, store, project):
    models, seed = project
    ensure_snapshot(admin, MetadataSource.from_reference(f"{models}:Base"), store)

    seeded = ensure_snapshot(
        admin, MetadataSource.from_reference(f"{models}:Base", seed=f"{seed}:fill"), store
    )

    assert seeded.plan.kind == "nearest"
    assert {table.name.casefold(): table.rows for table in seeded.snapshot.manifest.tables} == {
        "owner": 1,
        "pet": 2,
    }


def test_a_database_knows_whether_it_has_the_tables(admin, store, target, project):
    source = MetadataSource.from_reference(f"{project[0]}:Base")
    admin.create_namespace(target)
    engine = create_engine(namespace_url(admin, target), poolclass=NullPool)
    with engine.connect() as connection:
        assert source.current(connection) == ()
    engine.dispose()

    ready_namespace(admin, source, store, namespace=target)

    engine = create_engine(namespace_url(admin, target), poolclass=NullPool)
    with engine.connect() as connection:
        assert source.current(connection) == ("metadata",)
    engine.dispose()


def test_a_seed_that_fails_leaves_only_what_was_made_before_it(admin, store, project):
    models, seed = project
    source = MetadataSource.from_reference(f"{models}:Base", seed=f"{seed}:fail")

    with pytest.raises(MigrationError, match="RuntimeError: out of ideas"):
        ensure_snapshot(admin, source, store)

    (kept,) = store.snapshots()
    assert kept.key == MetadataSource(source.metadata).key(admin.engine)
    assert not [name for name in admin.namespaces() if name.startswith(SCRATCH_PREFIX)]
