"""The store forgets what nobody needs, and never what somebody uses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from iris_devtools.admin import Admin

HOLD = """
import sys
from pathlib import Path
from iris_devtools.snapshots import leases
from iris_devtools.snapshots.snapshot import open_snapshot

assert leases.hold(open_snapshot(Path(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""


def names(chain: Any) -> set[str]:
    return {one["name"] for one in chain.run("iris-snapshots")["snapshots"]}


def holder(path: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def staged(chain: Any, standin: Any) -> set[str]:
    with Admin.connect(standin.server) as admin:
        directory = Path(admin.manager_directory) / "iris-devtools-staged"
    return {path.name for path in directory.iterdir()} if directory.exists() else set()


def test_what_no_longer_fits_the_sources_goes_and_the_rest_stays(chain: Any) -> None:
    head = chain.line(2)
    first = chain.run("iris-snapshot")
    chain.add("r001", "r000", more="op.execute(\"INSERT INTO step (name) VALUES ('more')\")")
    second = chain.run("iris-snapshot")
    before = names(chain)

    planned = chain.run("iris-prune", "--dry-run")
    assert names(chain) == before
    done = chain.run("iris-prune")

    assert [one["name"] for one in planned["removed"]] == [one["name"] for one in done["removed"]]
    assert {one["reason"] for one in done["removed"]} == {"its sources were edited"}
    assert first["name"] not in names(chain)
    assert second["name"] in names(chain)
    assert done["kept"] == len(names(chain)) == 2
    assert done["freed_bytes"] > 0
    assert head == "r001"


def test_a_revision_that_is_gone_makes_its_snapshot_unreachable(chain: Any) -> None:
    chain.line(2)
    made = chain.run("iris-snapshot")
    (chain.directory / "migrations" / "versions" / "r001.py").unlink()

    removed = {one["name"]: one["reason"] for one in chain.run("iris-prune", "--unreachable")["removed"]}

    assert removed[made["name"]] == "its revisions are no more"


def test_of_the_states_before_the_seed_only_the_newest_on_a_line_is_needed(chain: Any) -> None:
    head = chain.line(2)
    chain.run("iris-snapshot")
    chain.add("next", head)
    chain.run("iris-snapshot")

    removed = chain.run("iris-prune")["removed"]

    assert len(removed) == 1
    assert removed[0]["reason"].startswith("builds start from next-")
    chain.ran()
    chain.add("last", "next")
    chain.run("iris-snapshot")
    assert chain.ran() == ["last"]


def test_a_number_a_size_and_an_age(chain: Any) -> None:
    chain.line(3)
    for revision in ("r000", "r001", "r002"):
        chain.run("iris-snapshot", revision)
    restored = chain.run("iris-restore", "r000")  # used last
    chain.run("iris-prune", "--keep", "1")
    assert names(chain) == {restored["name"]}

    assert chain.run("iris-prune", "--older-than", "1h")["removed"] == []
    long_ago = time.time() - 7200
    used = chain.directory / ".iris-snapshots" / ".leases" / restored["name"] / "used"
    os.utime(used, (long_ago, long_ago))
    assert chain.run("iris-prune", "--older-than", "3h", "--max-bytes", "1GB")["removed"] == []
    assert len(chain.run("iris-prune", "--max-bytes", "0")["removed"]) == 1
    assert names(chain) == set()


def test_what_a_living_process_uses_stays_and_what_a_killed_one_used_goes(chain: Any) -> None:
    chain.line(1)
    made = chain.run("iris-snapshot")
    with holder(made["path"]) as process:
        kept = chain.run("iris-prune", "--keep", "0")
        (prevented,) = [one for one in kept["removed"] if one["name"] == made["name"]]
        assert str(process.pid) in prevented["prevented"]
        assert made["name"] in names(chain)
        refused = chain.run("iris-rm", made["name"], code=3)
        assert refused["facts"]["processes"] == [process.pid]
        process.send_signal(signal.SIGKILL)
        process.communicate()

    chain.run("iris-prune", "--keep", "0")
    assert names(chain) == set()


def test_one_is_removed_by_name_with_its_copy_on_the_server(chain: Any, standin: Any) -> None:
    chain.line(1)
    made = chain.run("iris-snapshot")
    chain.run("iris-restore")
    assert any(name.startswith(made["name"]) for name in staged(chain, standin))

    chain.run("iris-rm", made["name"][:40])

    assert made["name"] not in names(chain)
    assert not any(name.startswith(made["name"]) for name in staged(chain, standin))
    assert chain.run("iris-rm", "nonsense", code=3)["error"] == "SnapshotNotFoundError"


def test_what_is_no_snapshot_any_more_is_removed_by_name(chain: Any) -> None:
    chain.line(1)
    made = chain.run("iris-snapshot")["name"]
    (chain.directory / ".iris-snapshots" / made / "manifest.json").write_text("{")

    assert chain.run("iris-rm", made[:40])["broken"] == [made]
    assert not (chain.directory / ".iris-snapshots" / made).exists()


def test_a_captured_snapshot_goes_only_by_name(chain: Any) -> None:
    chain.line(1)
    chain.run("iris-snapshot")
    chain.run("iris-restore")
    captured = chain.run("iris-snapshot", "--from-database")

    chain.run("iris-prune", "--keep", "0", "--max-bytes", "0", "--older-than", "0s", "--unreachable")
    assert names(chain) == {captured["name"]}

    chain.run("iris-rm", captured["name"])
    assert names(chain) == set()


def test_a_size_in_the_settings_keeps_the_store_small_by_itself(chain: Any) -> None:
    with (chain.directory / "pyproject.toml").open("a") as settings:
        settings.write('max-store-bytes = "1kB"\n')
    head = chain.line(1)
    first = chain.run("iris-snapshot")
    chain.add("next", head)
    second = chain.run("iris-snapshot")

    assert second["name"] in names(chain)
    assert first["name"] not in names(chain)


def test_a_wrong_amount_is_refused_by_the_parser(chain: Any) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "alembic", "iris-prune", "--older-than", "soon"],
        cwd=chain.directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 2
    assert "must be an age like 12h, 30d or 2w, not 'soon'" in finished.stderr
