"""The checked-in list of compliance tests that fail, each with reason, fault and proof."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FAULTS", "KNOWN", "KnownFailure", "read_known"]

KNOWN = Path(__file__).with_name("known_failures.toml")
FAULTS = ("dialect", "driver", "stand-in", "suite")


@dataclass(frozen=True)
class KnownFailure:
    """Tests that fail for one reason.

    A test named without brackets stands for all its parameters. ``sqlalchemy`` says for which versions the
    entry holds.
    """

    tests: tuple[str, ...]
    fault: str
    reason: str
    proof: str
    sqlalchemy: str = ""

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"{self.tests}: the fault is one of {', '.join(FAULTS)}, not {self.fault!r}")
        if not (self.tests and self.reason and self.proof):
            raise ValueError(f"{self.tests}: tests, reason and proof are all needed")

    def covers(self, test: str) -> bool:
        """Tell whether a test is one of these."""
        return test in self.tests or test.partition("[")[0] in self.tests

    def holds_for(self, version: str) -> bool:
        """Tell whether the entry is about this version of SQLAlchemy."""
        return SpecifierSet(self.sqlalchemy).contains(version, prereleases=True)


def read_known(path: Path = KNOWN, *, sqlalchemy: str | None = None) -> tuple[KnownFailure, ...]:
    """Read the list, or the part of it that holds for a version of SQLAlchemy."""
    entries = tomllib.loads(path.read_text())["failure"]
    known = [KnownFailure(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]
    return tuple(entry for entry in known if sqlalchemy is None or entry.holds_for(sqlalchemy))
