"""The data migrations, over rows that were there before them.

The other tests get a database that was empty when it was migrated.  These walk the chain by hand, in a
namespace of their own, and put rows in on the way.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from iris_devtools import create_engine
from iris_devtools.admin import Admin
from iris_devtools.servers.server import Server
from sqlalchemy import Engine, NullPool, text

PROJECT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Steps:
    """A database that can be brought to any revision, up or down."""

    config: Config
    engine: Engine

    def up(self, revision: str) -> None:
        command.upgrade(self.config, revision)

    def down(self, revision: str) -> None:
        command.downgrade(self.config, revision)

    def run(self, statement: str, *rows: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            for row in rows or ({},):
                connection.execute(text(statement), row)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def steps(iris_server: Server) -> Iterator[Steps]:
    """An empty namespace, which is dropped after the test."""
    url = iris_server.url(f"CLINIC_STEPS_{secrets.token_hex(3).upper()}")
    config = Config(str(PROJECT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.render(hide_password=False).replace("%", "%%"))
    with Admin.connect(iris_server) as admin:
        admin.create_namespace(url.namespace)
        try:
            # Without a pool no connection is left to hold a lock on a table, or the namespace itself.
            yield Steps(config, create_engine(url, poolclass=NullPool))
        finally:
            admin.drop_namespace(url.namespace)


def test_categories_become_classes_and_categories_again(steps: Steps) -> None:
    steps.up("0009")
    steps.run(
        "INSERT INTO medications (title, category, daily_limit_mg) VALUES (:title, :category, 800)",
        {"title": "Aciclovir", "category": "Antiviral"},
        {"title": "Valaciclovir", "category": "ANTIVIRAL"},
        {"title": "Oxycodone", "category": "OPIOID"},
    )
    before = steps.rows("SELECT title, category FROM medications ORDER BY id")

    steps.up("0010")

    classes = dict(
        steps.rows(
            "SELECT m.title, c.title FROM medications m "
            "JOIN medication_classes c ON c.id = m.medication_class_id"
        )
    )
    assert classes["Aciclovir"] == classes["Valaciclovir"]
    assert classes["Codeine"] == classes["Oxycodone"]
    assert {name: title.upper() for name, title in classes.items()} == {
        name: category.upper() for name, category in before
    }

    steps.down("0009")

    after = steps.rows("SELECT title, category FROM medications ORDER BY id")
    assert [(name, category.upper()) for name, category in after] == [
        (name, category.upper()) for name, category in before
    ]


def test_letters_become_words_and_letters_again(steps: Steps) -> None:
    steps.up("0013")
    steps.run(
        "INSERT INTO patients (record_number, family_name, given_name, birth_date, sex, registered_at) "
        "VALUES (:number, 'Falk', 'Mira', '1990-01-02', :sex, '2024-05-01 08:00:00')",
        *({"number": f"P-{sex}", "sex": sex} for sex in "FMOU"),
    )

    steps.up("0014")
    assert steps.rows("SELECT sex FROM patients ORDER BY id") == [
        ("female",),
        ("male",),
        ("other",),
        ("unknown",),
    ]

    steps.down("0013")
    assert steps.rows("SELECT sex FROM patients ORDER BY id") == [("F",), ("M",), ("O",), ("U",)]


def test_old_temperatures_are_judged_by_the_limits_of_their_time(steps: Steps) -> None:
    steps.up("0014")
    steps.run("INSERT INTO practitioners (licence_number, family_name, given_name) VALUES ('L', 'A', 'B')")
    steps.run(
        "INSERT INTO patients (record_number, family_name, given_name, birth_date, sex, registered_at) "
        "VALUES ('P', 'Falk', 'Mira', '1990-01-02', 'female', '2024-05-01 08:00:00')"
    )
    steps.run(
        "INSERT INTO encounters (visit_number, patient_id, practitioner_id, reason, opened_at) "
        "SELECT 'V', patients.id, practitioners.id, 'Fever', '2024-05-01 08:00:00' "
        "FROM patients, practitioners"
    )
    steps.run(
        "INSERT INTO observations (encounter_id, kind_id, measured, taken_at) "
        "SELECT encounters.id, observation_kinds.id, :measured, '2024-05-01 08:05:00' "
        "FROM encounters, observation_kinds WHERE observation_kinds.code = :code",
        {"code": "body-temperature", "measured": 38},
        {"code": "body-temperature", "measured": 39},
        {"code": "body-weight", "measured": 300},
    )

    steps.up("0015")
    assert [
        bool(abnormal) for (abnormal,) in steps.rows("SELECT abnormal FROM observations ORDER BY id")
    ] == [
        False,
        True,
        False,
    ]

    steps.run("UPDATE observations SET measured = 38.6 WHERE measured = 39")
    assert [
        float(measured) for (measured,) in steps.rows("SELECT measured FROM observations ORDER BY id")
    ] == [
        38,
        38.6,
        300,
    ]

    steps.down("0014")
    assert steps.rows("SELECT measured FROM observations ORDER BY id") == [(38,), (39,), (300,)]


def test_specialities_become_departments_however_they_were_written(steps: Steps) -> None:
    steps.up("0015")
    steps.run(
        "INSERT INTO practitioners (licence_number, family_name, given_name, speciality) "
        "VALUES (:number, 'Marsh', 'Ines', :speciality)",
        {"number": "L-1", "speciality": "Cardiology"},
        {"number": "L-2", "speciality": "cardiology"},
        {"number": "L-3", "speciality": "Neurology"},
        {"number": "L-4", "speciality": None},
    )

    steps.up("0016")
    departments = dict(
        steps.rows(
            "SELECT p.licence_number, d.title FROM practitioners p "
            "LEFT JOIN departments d ON d.id = p.department_id"
        )
    )
    assert departments["L-1"] == departments["L-2"] in {"Cardiology", "cardiology"}
    assert (departments["L-3"], departments["L-4"]) == ("Neurology", None)
    assert steps.rows("SELECT COUNT(*) FROM departments") == [(2,)]

    steps.down("0015")
    assert steps.rows("SELECT speciality FROM practitioners WHERE licence_number = 'L-4'") == [(None,)]


def test_the_whole_way_down_leaves_nothing_behind(steps: Steps) -> None:
    steps.up("heads")
    steps.down("base")

    tables = steps.rows(
        "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES "
        "WHERE TABLE_SCHEMA = 'SQLUser' AND TABLE_TYPE = 'BASE TABLE'"
    )
    assert tables == [("alembic_version",)]
