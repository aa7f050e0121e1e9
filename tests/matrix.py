"""Runs the tests that depend on Alembic and SQLAlchemy against every supported line of both.

``python -m tests.matrix`` makes a virtual environment per row under ``.venv-matrix`` (kept, and brought up
to date when ``pyproject.toml`` changes), runs the selected tests in it, and prints one line a row. Exit code
1 if a row fails.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv-matrix"

SELECTED = (
    "tests/integration/test_alembic_commands.py",
    "tests/integration/test_alembic_plugin.py",
    "tests/integration/test_engine.py",
    "tests/integration/test_repairs.py",
)


@dataclass(frozen=True)
class Row:
    """One combination of versions, as pip requirements."""

    alembic: str
    sqlalchemy: str

    @property
    def name(self) -> str:
        """Name the row's virtual environment."""
        return f"alembic-{self.alembic}-sqlalchemy-{self.sqlalchemy}"

    @property
    def requirements(self) -> tuple[str, str]:
        """Pin the newest patch release of both lines."""
        return f"alembic=={self.alembic}.*", f"sqlalchemy=={self.sqlalchemy}.*"


ROWS = (Row("1.18", "2.0"), Row("1.19", "2.1"), Row("1.20", "2.0"), Row("1.20", "2.1"))


def prepare(row: Row) -> Path:
    """Return the Python of the row's environment, made or updated as needed."""
    home = HOME / row.name
    python = home / "bin" / "python"
    ready = home / ".ready"
    project = ROOT / "pyproject.toml"
    if ready.exists() and ready.stat().st_mtime >= project.stat().st_mtime:
        return python
    venv.create(home, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    subprocess.run([*pip, "--editable", str(ROOT), "--group", "dev", *row.requirements], check=True, cwd=ROOT)
    ready.touch()
    return python


def run(row: Row) -> bool:
    """Run the selected tests in the row's environment and tell whether they passed."""
    python = prepare(row)
    finished = subprocess.run(
        [str(python), "-m", "pytest", "-q", "--reruns", "1", *SELECTED], cwd=ROOT, check=False
    )
    return finished.returncode == 0


def main() -> int:
    """Run every row; the exit code says whether all passed."""
    outcomes = {}
    for row in ROWS:
        print(f"== Alembic {row.alembic}, SQLAlchemy {row.sqlalchemy}", flush=True)
        outcomes[row] = run(row)
    print()
    for row, passed in outcomes.items():
        print(f"{'passed' if passed else 'FAILED'}  Alembic {row.alembic}, SQLAlchemy {row.sqlalchemy}")
    return 0 if all(outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
