"""The status explains itself: what changed, what is stale therefore, what would run, and for how long."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

MORE = "op.execute(\"INSERT INTO step (name) VALUES ('more')\")"


def shown(chain: Any, *arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=chain.directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return finished.stdout


def test_before_the_first_snapshot_everything_would_run_and_nobody_knows_for_how_long(chain: Any) -> None:
    chain.line(3)
    status = chain.run("iris-status")

    assert (status["plan"], status["database"], status["snapshot"]) == ("scratch", None, None)
    assert [step["revision"] for step in status["replay"]] == ["r000", "r001", "r002"]
    assert status["replay"][0]["place"] == "migrations/versions/r000.py"
    assert (status["expected_seconds"], status["compared_with"], status["changes"]) == (None, None, [])
    assert chain.ran() == []


def test_an_edited_file_is_named_with_what_is_stale_and_what_would_run(chain: Any) -> None:
    chain.line(3)
    old = chain.run("iris-snapshot", "r001")
    made = chain.run("iris-snapshot")
    chain.add("r002", "r001", more=MORE)
    status = chain.run("iris-status")

    assert status["compared_with"] == made["name"]
    assert status["changes"] == [
        {"what": "edited", "kind": "migration", "name": "r002", "place": "migrations/versions/r002.py"}
    ]
    assert made["name"] in status["stale"]
    assert old["name"] not in status["stale"]
    assert (status["plan"], [step["revision"] for step in status["replay"]]) == ("nearest", ["r002"])
    assert status["replay"][0]["seconds"] is None  # it never ran as it is now

    text = shown(chain, "iris-status")
    assert "migrations/versions/r002.py was edited" in text
    assert made["name"] in text
    assert "run 1 migration" in text


def test_seconds_come_from_the_last_time_the_migration_ran(chain: Any) -> None:
    head = chain.line(3)
    chain.run("iris-snapshot")
    for one in chain.run("iris-snapshots")["snapshots"]:
        if one["unseeded"]:
            (chain.directory / ".iris-snapshots" / one["name"] / "manifest.json").unlink()
    chain.add("next", head)
    status = chain.run("iris-status")

    assert status["plan"] == "scratch"
    assert [step["seconds"] is None for step in status["replay"]] == [False, False, False, True]
    assert status["expected_seconds"] >= sum(step["seconds"] or 0 for step in status["replay"])


def test_an_added_a_removed_and_a_changed_seed_are_named(chain: Any) -> None:
    chain.line(3)
    chain.run("iris-snapshot")
    (chain.directory / "migrations" / "versions" / "r002.py").unlink()
    chain.add("other", "r001")
    (chain.directory / "seeds.py").write_text("def fill(session):\n    pass\n")
    changes = chain.run("iris-status")["changes"]

    assert [(one["what"], one["kind"], one["name"]) for one in changes] == [
        ("added", "migration", "other"),
        ("removed", "migration", "r002"),
        ("edited", "seed", "seeds:fill"),
    ]


def test_a_file_that_migrations_read_is_part_of_the_key_and_named_when_it_changes(chain: Any) -> None:
    data = chain.directory / "migrations" / "data"
    data.mkdir()
    (data / "countries.csv").write_text("DE\n")
    with (chain.directory / "pyproject.toml").open("a") as settings:
        settings.write('key-files = ["migrations/data/*.csv"]\n')
    chain.line(2)
    made = chain.run("iris-snapshot")
    assert chain.run("iris-snapshot")["plan"] == "exact"

    (data / "countries.csv").write_text("DE\nFR\n")
    (data / "cities.csv").write_text("Berlin\n")
    status = chain.run("iris-status")

    assert status["key"] != made["name"]
    assert status["plan"] == "scratch"
    assert [(one["what"], one["place"]) for one in status["changes"]] == [
        ("added", "migrations/data/cities.csv"),
        ("edited", "migrations/data/countries.csv"),
    ]


def test_a_pattern_that_matches_nothing_is_an_error(chain: Any) -> None:
    with (chain.directory / "pyproject.toml").open("a") as settings:
        settings.write('key-files = ["data/*.csv"]\n')
    chain.line(1)

    assert "matches no file" in chain.run("iris-status", code=2)["message"]


def test_parameters_of_the_seed_are_given_to_it_and_part_of_the_key(chain: Any) -> None:
    (chain.directory / "seeds.py").write_text(
        "from sqlalchemy import text\n\ndef fill(session, *, rows=0):\n    for number in range(rows):\n"
        "        session.execute(text(f\"INSERT INTO step (name) VALUES ('{number}')\"))\n"
    )
    chain.line(1)
    few = chain.run("iris-snapshot")
    with (chain.directory / "pyproject.toml").open("a") as settings:
        settings.write("[tool.iris-devtools.seed-parameters]\nrows = 7\n")
    many = chain.run("iris-snapshot")

    assert (many["plan"], many["rows"] - few["rows"]) == ("nearest", 7)
    assert chain.ran() == ["r000"]


def test_the_key_is_printed_alone(chain: Any) -> None:
    chain.line(2)
    status = chain.run("iris-status")

    assert shown(chain, "iris-key") == status["key"] + "\n"
    assert shown(chain, "iris-key", "--engine", status["engine"]) == status["key"] + "\n"
    assert chain.run("iris-key", "r000", "--engine", "iris-2025.1")["revisions"] == ["r000"]
    assert chain.run("iris-key", "--engine", "No Engine", code=2)["error"] == "ConfigurationError"


@pytest.mark.parametrize("command", ["iris-status", "iris-key"])
def test_asking_changes_nothing(chain: Any, command: str) -> None:
    chain.line(2)
    chain.run(command)

    assert not (chain.directory / ".iris-snapshots").exists()
