"""``make demo``: the whole job, end to end, on this sample project and the stand-in.

Every step is a command that you could type in the sample project's directory; what it printed is in
``demo.out/``. The databases and the snapshots of the demonstration lie there too, away from your own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_devtools import create_engine
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, NullPool, inspect, text

PROJECT = Path(__file__).resolve().parent
OUTPUT = PROJECT.parent / "demo.out"
ALEMBIC = (sys.executable, "-m", "alembic")

console = Console(highlight=False)


class DemoFailedError(Exception):
    """A step did not do what it is there to show."""


@dataclass(frozen=True)
class Step:
    """One command: what it printed, and how long it took, process start and all."""

    output: str
    seconds: float

    def json(self) -> dict[str, Any]:
        """Read what a command printed with ``--json``."""
        found: dict[str, Any] = json.loads(self.output)
        return found


def run(title: str, *command: str) -> Step:
    """Run one command in the sample project and keep what it printed in ``demo.out``."""
    shown = " ".join(part for part in command if part not in (sys.executable, "-m"))
    console.print(f"[bold]{title}[/]  [dim]$ {shown}[/]")
    started = time.perf_counter()
    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    log = OUTPUT / f"{title.replace(' ', '-')}.log"
    log.write_text(f"$ {shown}\n{finished.stdout}{finished.stderr}\nexit code {finished.returncode}\n")
    if finished.returncode != 0:
        console.print(finished.stdout + finished.stderr, markup=False)
        raise DemoFailedError(f"{shown} ended with exit code {finished.returncode}; see {log}")
    return Step(output=finished.stdout, seconds=seconds)


def contents(engine: Engine) -> dict[str, int]:
    """Count the rows of every table."""
    with engine.connect() as connection:
        return {
            name: connection.execute(text(f'SELECT COUNT(*) FROM "{name}"')).scalar_one()
            for name in inspect(connection).get_table_names()
        }


def revision(engine: Engine) -> str:
    """Read what alembic_version says."""
    with engine.connect() as connection:
        return ", ".join(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def wreck(engine: Engine) -> str:
    """Do what a bad afternoon does, and say what that was."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entries"))
        connection.execute(text("DROP TABLE audit_entries"))
        connection.execute(text("UPDATE patients SET family_name = 'wrecked'"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'nonsense'"))
    return "audit_entries dropped, every patient renamed, revision overwritten"


def require(condition: bool, claim: str) -> None:
    """Say a claim aloud if it holds, and stop if it does not."""
    if not condition:
        raise DemoFailedError(f"not true: {claim}")
    console.print(f"  [green]ok[/] {claim}")


def main() -> int:
    """Walk the road and print the table."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    os.environ |= {
        "IRIS_DEVTOOLS_SERVER": "standin",
        "IRIS_DEVTOOLS_DATA_DIRECTORY": str(OUTPUT / "standin"),
        "IRIS_DEVTOOLS_STORE": str(OUTPUT / "snapshots"),
    }
    # No pool: a connection that stayed open would stand in the way of a restore, and be named for it.
    engine = create_engine("iris:///CLINIC?plugin=iris-devtools", poolclass=NullPool)

    replay = run("migrate", *ALEMBIC, "upgrade", "heads")
    head = run("heads", *ALEMBIC, "heads").output.split()[0]
    require(revision(engine) == head, f"the database is at revision {head}")

    built = run("snapshot", *ALEMBIC, "iris-snapshot", "--json")
    snapshot = built.json()
    require(snapshot["built"], f"the snapshot was built in a scratch namespace: {snapshot['rows']:,} rows")

    run("first restore", *ALEMBIC, "iris-restore", "--json")
    before = contents(engine)
    require(sum(before.values()) == snapshot["rows"], "the restored database holds what the snapshot says")

    console.print("[bold]wreck[/]")
    console.print(f"  {wreck(engine)}")
    require(revision(engine) != head and contents(engine) != before, "the database is wrecked")

    restored = run("restore", *ALEMBIC, "iris-restore", "--json")
    require(contents(engine) == before, f"all {len(before)} tables have their rows back")
    require(revision(engine) == head, f"the database is at revision {head} again")

    tests = run("test", sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    outcome = re.findall(r"=+ (.*) in [\d.]+s.* =+", tests.output)
    header = re.findall(r"^iris-devtools: .*$", tests.output, re.MULTILINE)
    for line in header:
        console.print(f"  {line}", markup=False)

    table = Table(title="The sample project on the stand-in", title_justify="left")
    table.add_column("step")
    table.add_column("figure", justify="right")
    table.add_column("remark", style="dim")
    table.add_row("replay", f"{replay.seconds:.2f} s", "alembic upgrade heads, without the seed")
    table.add_row(
        "build", f"{snapshot['seconds']:.2f} s", "migrate, seed, capture: once per state of the sources"
    )
    table.add_row(
        "snapshot",
        f"{snapshot['bytes'] / 1e6:.1f} MB",
        f"{snapshot['tables']} tables, {snapshot['rows']:,} rows",
    )
    table.add_row("restore", f"{restored.json()['seconds'] * 1000:.0f} ms", "everything back, verified")
    table.add_row("tests", f"{tests.seconds:.2f} s", outcome[-1] if outcome else "")
    console.print()
    console.print(table)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DemoFailedError as error:
        console.print(f"[red]The demonstration failed:[/] {error}")
        sys.exit(1)
