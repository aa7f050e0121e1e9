"""The database that the tests get: migrated to the head, like the models, and seeded."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.orm import Session

from clinic import models
from clinic.models import Base
from clinic.seed import Plan

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def chain() -> ScriptDirectory:
    return ScriptDirectory.from_config(Config(str(PROJECT / "alembic.ini")))


def test_the_chain_has_one_head(chain: ScriptDirectory) -> None:
    assert chain.get_heads() == ["0018"]


def test_every_revision_can_be_undone(chain: ScriptDirectory) -> None:
    """An empty downgrade is allowed to merges only."""
    for revision in chain.walk_revisions():
        source = Path(revision.path).read_text(encoding="utf-8")
        undone = source.split("def downgrade()")[1].split('"""')[2].strip()
        assert (undone == "pass") is revision.is_merge_point, revision.revision


def test_the_database_is_at_the_head(iris_engine: Engine, chain: ScriptDirectory) -> None:
    with iris_engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_heads() == tuple(chain.get_heads())


def test_the_models_say_what_the_migrations_made(iris_engine: Engine) -> None:
    with iris_engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_what_the_migrations_took_away_is_gone(iris_engine: Engine) -> None:
    inspector = inspect(iris_engine)

    def columns(table: str) -> set[str]:
        return {column["name"] for column in inspector.get_columns(table)}

    assert "fax" not in columns("patients")
    assert "category" not in columns("medications")
    assert "speciality" not in columns("practitioners")
    assert {"summary"} == columns("encounters") & {"note", "summary"}


@pytest.mark.parametrize(
    ("medication", "medication_class", "controlled"),
    [("Codeine", "Opioid", True), ("Diazepam", "Benzodiazepine", True), ("Ramipril", "ACE inhibitor", False)],
)
def test_the_data_migrations_moved_every_word_to_its_row(
    session: Session, medication: str, medication_class: str, controlled: bool
) -> None:
    entry = session.scalars(select(models.Medication).where(models.Medication.title == medication)).one()

    assert (entry.medication_class.title, entry.controlled) == (medication_class, controlled)


def test_interactions_have_the_smaller_key_first(session: Session) -> None:
    pairs = session.execute(select(models.Interaction.first_id, models.Interaction.second_id)).all()

    assert len(pairs) == 10
    assert all(first < second for first, second in pairs)


@pytest.mark.parametrize(
    ("model", "planned"),
    [
        (models.Practitioner, "practitioners"),
        (models.Patient, "patients"),
        (models.Encounter, "encounters"),
        (models.Observation, "observations"),
        (models.Prescription, "prescriptions"),
        (models.Appointment, "appointments"),
    ],
)
def test_the_seed_holds_what_its_plan_says(session: Session, model: type[Base], planned: str) -> None:
    assert session.scalar(select(func.count()).select_from(model)) == getattr(Plan.for_scale(1.0), planned)


def test_the_seed_is_the_same_every_time(session: Session) -> None:
    first = session.scalars(select(models.Patient).where(models.Patient.record_number == "P-000001")).one()

    assert (first.family_name, first.given_name, str(first.birth_date)) == ("Mordale", "Edda", "2013-09-29")


def test_nobody_in_the_seed_is_booked_twice(session: Session) -> None:
    one, other = models.Appointment, models.Appointment.__table__.alias()
    overlapping = session.scalar(
        select(func.count())
        .select_from(one)
        .join(other, one.practitioner_id == other.c.practitioner_id)
        .where(one.id < other.c.id, one.starts_at < other.c.ends_at, other.c.starts_at < one.ends_at)
    )

    assert overlapping == 0
