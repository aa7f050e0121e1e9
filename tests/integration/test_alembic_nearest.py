"""One more migration on a long chain: one migration runs, with a seed and without, along branches, too."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from iris_devtools.snapshots.manifest import Manifest
from iris_devtools.testing import determinism


def test_with_one_new_migration_on_sixty_one_runs_and_the_seed(chain: Any) -> None:
    head = chain.line(60)
    first = chain.run("iris-snapshot")
    assert (first["plan"], len(chain.ran())) == ("scratch", 60)

    chain.add("next", head)
    second = chain.run("iris-snapshot")

    assert second["plan"] == "nearest"
    assert chain.ran() == ["next"]
    assert second["rows"] == 60 + 1 + 1 + 1  # the steps, the seed, and the row of alembic_version


def test_an_edit_goes_back_to_the_newest_state_before_it(chain: Any) -> None:
    chain.line(4)
    chain.run("iris-snapshot", "r001")
    chain.run("iris-snapshot")
    chain.ran()

    chain.add("r002", "r001", more="op.execute(\"INSERT INTO step (name) VALUES ('more')\")")
    chain.run("iris-snapshot")

    assert chain.ran() == ["r002", "r003"]


def test_a_state_of_several_heads_is_a_start(chain: Any) -> None:
    chain.line(2)
    chain.add("left", "r001")
    chain.add("right", "r001")
    chain.run("iris-snapshot")
    chain.ran()

    chain.add("merge", ("left", "right"))
    chain.add("after", "merge")
    made = chain.run("iris-snapshot")

    assert made["plan"] == "nearest"
    assert chain.ran() == ["merge", "after"]


def test_the_start_is_the_one_that_leaves_the_least_seconds_not_the_fewest_steps(chain: Any) -> None:
    """One branch has one slow migration, the other three quick ones."""
    chain.line(1)
    chain.add("slow", "r000", more="__import__('time').sleep(1)")
    chain.add("quick1", "r000")
    chain.add("quick2", "quick1")
    chain.add("quick3", "quick2")
    chain.add("merge", ("slow", "quick3"))
    chain.run("iris-snapshot", "slow")  # from here three quick ones are missing
    chain.run("iris-snapshot", "quick3")  # from here one slow one
    chain.ran()

    made = chain.run("iris-snapshot", "merge")

    assert made["plan"] == "nearest"
    assert chain.ran() == ["quick1", "quick2", "quick3", "merge"]


def test_a_downgrade_is_a_restore(chain: Any) -> None:
    chain.line(3)
    chain.run("iris-snapshot", "r001")
    chain.run("iris-snapshot")
    chain.run("iris-restore")
    chain.ran()

    restored = chain.run("iris-restore", "r001")

    assert restored["revisions"] == ["r001"]
    assert chain.ran() == []
    assert chain.run("iris-status")["database"] == ["r001"]


def test_the_state_before_the_seed_is_not_kept_where_the_setting_says_so(chain: Any) -> None:
    with (chain.directory / "pyproject.toml").open("a") as settings:
        settings.write("keep-unseeded = false\n")
    head = chain.line(2)
    chain.run("iris-snapshot")
    assert len(chain.run("iris-snapshots")["snapshots"]) == 1
    chain.ran()

    chain.add("next", head)
    assert chain.run("iris-snapshot")["plan"] == "scratch"


def test_a_damaged_start_is_found_and_passed_over(chain: Any) -> None:
    head = chain.line(2)
    for one in (chain.run("iris-snapshot"), *chain.run("iris-snapshots")["snapshots"]):
        (Path(one["path"]) / "manifest.json").write_text("{")
    chain.ran()

    chain.add("next", head)
    made = chain.run("iris-snapshot")

    assert made["plan"] == "scratch"
    assert chain.ran() == ["r000", "r001", "next"]


def test_a_seed_draws_the_same_rows_wherever_it_runs_and_a_test_goes_on_from_there(chain: Any) -> None:
    (chain.directory / "seeds.py").write_text(
        "import random\nfrom sqlalchemy import text\n\ndef fill(session):\n"
        "    for _ in range(3):\n"
        "        session.execute(text(f\"INSERT INTO step (name) VALUES ('{random.randrange(10**9)}')\"))\n"
    )
    chain.line(1)
    path = Path(chain.run("iris-snapshot")["path"])
    first = Manifest.read(path)
    chain.run("iris-snapshot", "--rebuild")
    second = Manifest.read(path)

    assert first.features["random_state"] == second.features["random_state"]
    assert "random" in determinism.set_back(second)
    drawn = random.random()
    determinism.set_back(first)
    assert random.random() == drawn
