"""Which rung a test of pytest stands on, and what follows when it needed a higher one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath

import pytest

from iris_devtools.errors import ConfigurationError, IrisDevtoolsError
from iris_devtools.testing.ladder import AUTO, Climb, Wish, check, directory_rules, rule_for, wish
from iris_devtools.testing.lending import Lent

__all__ = ["Ladder"]

_ARGUMENTS = ("isolation", "revision")


class Ladder:
    """Decide for each test: its marker first, then its directory, then what the whole run was given.

    ``climbed`` has the tests that were moved up in this run: their rung and the reason.
    """

    def __init__(
        self,
        *,
        choice: str | None,
        settings: Callable[[], str],
        directories: Iterable[str],
        root: Path,
        remembered: Mapping[str, str],
    ) -> None:
        self._choice = check(choice, where="the option or the ini file") if choice is not None else None
        self._settings = settings
        self._directories = directory_rules(directories)
        self._root = root
        self._remembered = dict(remembered)
        self.climbed: dict[str, tuple[str, str]] = {}

    def gone(self, collected: Iterable[str], *, whole: Callable[[str], bool]) -> tuple[str, ...]:
        """Return the remembered tests that there are no more: their file is gone, or has no such test.

        ``collected`` are the tests that were found; ``whole`` tells of a file of theirs whether all that it
        has were looked for.
        """
        known = set(collected)
        files = {test.partition("::")[0] for test in known}
        return tuple(
            test
            for test in self._remembered
            if test not in known
            and (
                not (self._root / (file := test.partition("::")[0])).is_file()
                or (file in files and whole(file))
            )
        )

    def wish(self, item: pytest.Item) -> Wish:
        """Return what a test asks for.

        Raises:
            ConfigurationError: its marker or the settings are wrong.
        """
        marker: dict[str, object] = {}
        # The nearest marker has the last word on each of its arguments.
        for one in reversed(list(item.iter_markers("iris"))):
            if len(one.args) > len(_ARGUMENTS):
                raise ConfigurationError(
                    f"{item.nodeid}: the marker iris has no more than {len(_ARGUMENTS)} arguments.",
                    hint='Write their names: @pytest.mark.iris(isolation="restore"), or revision="0007".',
                )
            said = {**dict(zip(_ARGUMENTS, one.args, strict=False)), **one.kwargs}
            if "revision" in said:  # a rung for all other tests of a module says nothing about this one
                marker.pop("isolation", None)
            marker.update(said)
        return wish(
            marker,
            default=self._default(item),
            remembered=self._remembered.get(item.nodeid),
            test=item.nodeid,
        )

    def wants_a_namespace(self, item: pytest.Item) -> bool:
        """Tell whether the test will ask for a namespace from the pool."""
        try:
            wanted = self.wish(item)
        except IrisDevtoolsError:
            return False
        return wanted.rung == "namespace" and wanted.revision is None

    def judge(self, item: pytest.Item, lent: Lent, climb: Climb, report: pytest.TestReport) -> bool:
        """Let a report stand, fail it, or give it up for another run; return whether there is to be one.

        On a rung that was chosen by ``auto`` a result that cannot stand is given up, and the test is run
        again. On a rung that somebody asked for it fails, with what to write instead.
        """
        if lent.wish.automatic:
            self._remembered[item.nodeid] = climb.rung
            self.climbed[item.nodeid] = (climb.rung, climb.reason)
            if climb.valid:
                return False
            report.outcome = "climbed"  # type: ignore[assignment]
            report.longrepr = None
            return True
        if lent.wish.rung == "rollback":
            text = (
                f"iris-devtools: this test needs more than isolation 'rollback': {climb.reason}.\n"
                f'Write @pytest.mark.iris(isolation="{climb.rung}") over it, or let "auto" choose.'
            )
            if report.failed:
                report.sections.append(("iris-devtools", text))
            else:
                report.outcome = "failed"
                report.longrepr = text
        return False

    def _default(self, item: pytest.Item) -> str:
        rules = self._directories
        if rules and item.path.is_relative_to(self._root):
            choice = rule_for(PurePath(item.path.relative_to(self._root)), rules)
            if choice is not None:
                return choice
        return self._choice or self._settings() or AUTO
