"""The second half of the pytest plugin: checks of the migrations, the report, kept failures, the preflight.

The first half, :mod:`iris_devtools.testing.plugin`, loads this module with its own registration (pytest asks
for options before it configures, so ``pytest_configure`` would be too late). Until a test or an option
needs more, nothing but pytest is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iris_devtools.testing.plugin import _plainly, _run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iris_devtools.testing.checks import Bench

_bench_key = pytest.StashKey["Bench"]()

# The names stand here too, so that an unused plugin does not load the checks; a test compares them.
CHECK_NAMES = (
    "single_head",
    "upgrade_from_base",
    "every_revision_restores",
    "models_match",
    "downgrades_come_back",
    "snapshot_is_current",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("iris-devtools")
    group.addoption(
        "--iris-checks",
        action="store_true",
        help="add the checks of the migrations to the tests (those that the ini file lists, else all)",
    )
    parser.addini(
        "iris_checks",
        f"checks that every run has: all, or some of {', '.join(CHECK_NAMES)}",
        type="args",
        default=[],
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Put the checks behind the tests, before -k and -m choose among them."""
    names = _wanted_checks(config)
    if names:
        collector = _Checks.from_parent(session, name="iris-checks", nodeid="iris-checks", names=names)
        items.extend(collector.collect())


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the server of the checks go before the namespaces are dropped."""
    bench = session.config.stash.get(_bench_key, None)
    if bench is not None:
        bench.close()


class _Checks(pytest.Collector):
    """The checks as pytest's tree shows them."""

    def __init__(self, *, names: tuple[str, ...], **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self._names = names

    def collect(self) -> Iterator[pytest.Item]:
        for name in self._names:
            yield _Check.from_parent(self, name=name)


class _Check(pytest.Item):
    """One check as a test."""

    def runtest(self) -> None:
        from iris_devtools.testing.checks import CHECKS, CheckFailedError, NotApplicableError

        with _plainly():
            bench = _bench(self.config)
            try:
                CHECKS[self.name](bench)
            except CheckFailedError as error:
                raise pytest.fail.Exception(str(error), pytrace=False) from None
            except NotApplicableError as error:
                pytest.skip(str(error))

    def reportinfo(self) -> tuple[str, None, str]:
        return "iris-checks", None, f"iris-checks::{self.name}"


def _wanted_checks(config: pytest.Config) -> tuple[str, ...]:
    listed = config.getini("iris_checks")
    if not listed and not config.getoption("iris_checks"):
        return ()
    unknown = sorted(set(listed) - {*CHECK_NAMES, "all"})
    if unknown:
        raise pytest.UsageError(
            f"iris_checks names {', '.join(unknown)}, and there are: all, {', '.join(CHECK_NAMES)}."
        )
    if not listed or "all" in listed:
        return CHECK_NAMES
    return tuple(name for name in CHECK_NAMES if name in listed)


def _bench(config: pytest.Config) -> Bench:
    bench = config.stash.get(_bench_key, None)
    if bench is None:
        from iris_devtools.testing.checks import Bench

        run = _run(config)
        bench = config.stash[_bench_key] = Bench(run.settings, run.server())
    return bench
