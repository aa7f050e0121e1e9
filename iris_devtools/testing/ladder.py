"""The ladder: what a test gets for a database, from the cheapest rung to the most separate one.

Nothing here touches a database; the rungs are climbed in :mod:`iris_devtools.testing.lending`, and why the
ladder is as it is stands in ``docs/explanation/isolation.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from iris_devtools.errors import ConfigurationError

__all__ = ["AUTO", "CHOICES", "RUNGS", "Climb", "Wish", "directory_rules", "rule_for", "wish"]

RUNGS = ("rollback", "restore", "namespace", "container")
"""The rungs, the cheapest first. ``auto`` climbs to ``namespace`` at most: nothing tells it that a test needs
a server of its own."""

AUTO = "auto"
CHOICES = (AUTO, *RUNGS)


@dataclass(frozen=True)
class Wish:
    """What a test asked for: a rung, whether it may be moved up from there, and an older revision or None."""

    rung: str
    automatic: bool = False
    revision: str | None = None


@dataclass(frozen=True)
class Climb:
    """Say that a test needs a higher rung, and why.

    ``valid`` tells whether the result that it just had can stand: then the higher rung is for its next run.
    """

    rung: str
    reason: str
    valid: bool


def check(choice: str, *, where: str) -> str:
    """Return ``choice`` if there is such a kind of isolation.

    Raises:
        ConfigurationError: there is none.
    """
    if choice not in CHOICES:
        raise ConfigurationError(
            f"{where}: there is no isolation {choice!r}.",
            hint=f"There are: {', '.join(CHOICES)}.",
            isolation=choice,
        )
    return choice


def directory_rules(lines: Iterable[str]) -> tuple[tuple[PurePath, str], ...]:
    """Read the lines ``directory = isolation`` of the ini file, the longest directory first.

    Raises:
        ConfigurationError: a line is not of that form, or names no isolation that there is.
    """
    rules = []
    for line in lines:
        directory, equals, choice = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not equals or not directory:
            raise ConfigurationError(
                f"iris_isolation_directories: cannot read {line.strip()!r}.",
                hint="Write one line for each directory: tests/migrations = namespace",
            )
        check(choice, where=f"iris_isolation_directories, {directory}")
        rules.append((PurePath(directory), choice))
    return tuple(sorted(rules, key=lambda rule: -len(rule[0].parts)))


def rule_for(path: PurePath, rules: Iterable[tuple[PurePath, str]]) -> str | None:
    """Return what the nearest directory above ``path`` has for it; both are seen from the root directory."""
    return next((choice for directory, choice in rules if directory in path.parents), None)


def wish(marker: Mapping[str, object], *, default: str, remembered: str | None, test: str) -> Wish:
    """Return what a test asks for: its marker before ``default``, and with ``auto`` what is ``remembered``.

    Raises:
        ConfigurationError: the marker says something that it cannot say.
    """
    unknown = sorted(set(marker) - {"isolation", "revision"})
    if unknown:
        raise ConfigurationError(
            f"{test}: the marker iris has no {', '.join(unknown)}.",
            hint='Write @pytest.mark.iris(isolation="restore") or @pytest.mark.iris(revision="0007").',
        )
    revision = marker.get("revision")
    if revision is not None and not isinstance(revision, str):
        raise ConfigurationError(
            f"{test}: the revision of the marker iris is {revision!r}.",
            hint='A revision is written as text: @pytest.mark.iris(revision="0007").',
        )
    choice = check(str(marker.get("isolation", default)), where=test)
    if revision is not None:
        if "isolation" in marker and choice not in (AUTO, "namespace"):
            raise ConfigurationError(
                f"{test}: isolation {choice!r} is for the heads, and a revision is asked for.",
                hint="Leave the isolation out: a test at another revision has a namespace of its own.",
            )
        return Wish("namespace", revision=revision)
    if choice != AUTO:
        return Wish(choice)
    return Wish(remembered if remembered in RUNGS else RUNGS[0], automatic=True)
