"""What a run's databases cost, counted in each process and put together at the end.

A process notes its figures in a :class:`Recorder`, whose :meth:`Recorder.figures` are plain values that a
worker of pytest-xdist can hand over. :class:`Report` adds them up, and prints them as text, JSON or, by
:mod:`iris_devtools.testing.report_html`, as a page.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from iris_devtools.provision import Provisioned

__all__ = [
    "Events",
    "Recorder",
    "Report",
    "SlowTest",
    "SnapshotUse",
    "percentile",
    "replay_seconds",
    "snapshot_use",
]

_SLOWEST = 10
_LONGEST = 500


class Events(Protocol):
    """What the report asks of a run."""

    def resets(self) -> tuple[int, int]:
        """Return how often a namespace was put back to its snapshot, and how often that was not necessary."""

    def clones(self) -> tuple[int, int]:
        """Return how often a namespace of a test's own was ready, and how often it had to be waited for."""

    def own_servers(self) -> tuple[int, float]:
        """Return how many tests had a server of their own, and the seconds that these took to be there."""


@dataclass(frozen=True)
class SnapshotUse:
    """How one process came by its snapshot.

    ``how`` is ``hit`` (found in the store), ``nearest`` or ``built`` (made here, from an earlier revision or
    from nothing) or ``waited`` (another process made it); ``why`` says it in words. ``replay_s`` is what
    migrations and seed take from nothing, None where nobody measured it.
    """

    name: str
    how: str
    why: str
    seconds: float
    replay_s: float | None
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SlowTest:
    """The statements that a test sent to the server, and the seconds until they were answered."""

    test: str
    statements: int
    seconds: float


class Recorder:
    """Note what one process does with its databases; the plugin tells which test runs.

    ``texts`` makes it keep the statements of that test, with their parameters, in :attr:`texts`.
    """

    def __init__(self, *, texts: bool = False) -> None:
        self._test = ""
        self._keeps_texts = texts
        self.texts: list[str] = []
        self._setup: dict[str, float] = {}
        self._statements: dict[str, list[float]] = {}
        self._listening = ExitStack()

    def listen(self) -> None:
        """Time the statements of every engine for IRIS, until :meth:`close`."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        hooks: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._before,
            "after_cursor_execute": self._after,
            "handle_error": self._failed,
        }
        for name, hook in hooks.items():
            event.listen(Engine, name, hook)
            self._listening.callback(event.remove, Engine, name, hook)

    def close(self) -> None:
        """Stop to listen."""
        self._listening.close()

    def begin(self, test: str) -> None:
        """Say which test runs from now on; none for ''."""
        self._test = test
        self.texts.clear()

    def setup(self, seconds: float) -> None:
        """Note that a fixture of ours took that long for the test that runs."""
        if self._test:
            self._setup[self._test] = self._setup.get(self._test, 0.0) + seconds

    def figures(
        self,
        *,
        worker: str,
        server: str | None,
        used: SnapshotUse | None,
        restore_s: float | None,
        events: Events | None,
    ) -> dict[str, Any]:
        """Return everything that was noted as plain values."""
        tests = [
            asdict(SlowTest(test, len(seconds), round(sum(seconds), 6)))
            for test, seconds in self._statements.items()
        ]
        return {
            "worker": worker,
            "server": server,
            "snapshot": asdict(used) if used else None,
            "restore_s": restore_s,
            "acquired": [round(seconds, 6) for seconds in self._setup.values()],
            "resets": dict(zip(("done", "skipped"), events.resets() if events else (0, 0), strict=True)),
            "clones": dict(zip(("ready", "awaited"), events.clones() if events else (0, 0), strict=True)),
            "own_servers": dict(
                zip(("started", "seconds"), events.own_servers() if events else (0, 0.0), strict=True)
            ),
            "tests": tests,
        }

    def _before(self, connection: Any, *arguments: Any) -> None:
        if connection.dialect.name == "iris":
            if self._keeps_texts:
                self.texts.append(f"{arguments[1]}  {_shortened(repr(arguments[2]))}")
            # A list, because a statement may be sent while another one is answered (a listener that asks).
            connection.info.setdefault("iris_devtools_started", []).append(time.perf_counter())

    def _after(self, connection: Any, *_arguments: Any) -> None:
        self._answered(connection)

    def _failed(self, context: Any) -> None:
        if context.connection is not None and context.statement is not None:
            self._answered(context.connection)

    def _answered(self, connection: Any) -> None:
        started = connection.info.get("iris_devtools_started") if not connection.closed else None
        if started:
            self._statements.setdefault(self._test, []).append(time.perf_counter() - started.pop())


@dataclass(frozen=True)
class Report:
    """The figures of a whole run. Seconds are those of all workers together.

    ``saved_s`` is what migrating and seeding as often as a database was restored would have taken longer than
    what was done (a build and all restores); None where no replay was ever measured.
    """

    servers: tuple[str, ...]
    snapshots: tuple[SnapshotUse, ...]
    databases: int
    acquired: int
    acquire_p50_s: float
    acquire_p95_s: float
    resets_done: int
    resets_skipped: int
    clones_ready: int
    clones_awaited: int
    own_servers: int
    own_servers_s: float
    slowest: tuple[SlowTest, ...]
    statements: int
    statements_s: float
    saved_s: float | None

    @classmethod
    def of(cls, figures: Iterable[Mapping[str, Any]]) -> Report:
        """Add up the figures of all processes."""
        found = list(figures)
        acquired = [seconds for one in found for seconds in one["acquired"]]
        tests = [SlowTest(**test) for one in found for test in one["tests"]]
        named = [test for test in tests if test.test]
        resets = [one["resets"] for one in found]
        clones = [one["clones"] for one in found]
        return cls(
            servers=tuple(dict.fromkeys(one["server"] for one in found if one["server"])),
            snapshots=tuple(SnapshotUse(**one["snapshot"]) for one in found if one["snapshot"]),
            databases=sum(one["restore_s"] is not None for one in found),
            acquired=len(acquired),
            acquire_p50_s=percentile(acquired, 50),
            acquire_p95_s=percentile(acquired, 95),
            resets_done=sum(one["done"] for one in resets),
            resets_skipped=sum(one["skipped"] for one in resets),
            clones_ready=sum(one["ready"] for one in clones),
            clones_awaited=sum(one["awaited"] for one in clones),
            own_servers=sum(one["own_servers"]["started"] for one in found),
            own_servers_s=round(sum(one["own_servers"]["seconds"] for one in found), 6),
            slowest=tuple(sorted(named, key=lambda test: test.seconds, reverse=True)[:_SLOWEST]),
            statements=sum(test.statements for test in tests),
            statements_s=sum(test.seconds for test in tests),
            saved_s=_saved(found),
        )

    def to_json(self) -> dict[str, Any]:
        """Return all figures."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the report as it is printed at the end of a run."""
        found = [f"server: {server}" for server in self.servers]
        found += [f"snapshot {name}: {words}" for name, words in self.uses()]
        found += [f"{label}: {value}" for label, value in self.rows()]
        if self.slowest:
            found.append("slowest tests by database time:")
            found += [
                f"  {test.seconds * 1000:9.1f} ms  {test.statements:5} statements  {test.test}"
                for test in self.slowest
            ]
        return found

    def uses(self) -> list[tuple[str, str]]:
        """Return each snapshot with the ways in which the processes came by it."""
        ways: dict[tuple[str, str], int] = {}
        for use in self.snapshots:
            way = (use.name, f"{use.how}, {use.why}")
            ways[way] = ways.get(way, 0) + 1
        return [
            (name, words + (f" ({times} times)" if times > 1 else ""))
            for (name, words), times in ways.items()
        ]

    def rows(self) -> list[tuple[str, str]]:
        """Return the figures that are one number or a few, with their labels."""
        rows = [("databases restored", str(self.databases))]
        if self.acquired:
            p50, p95 = self.acquire_p50_s * 1000, self.acquire_p95_s * 1000
            rows.append(("acquire", f"p50 {p50:.2f} ms, p95 {p95:.2f} ms, over {self.acquired} tests"))
        done, skipped = self.resets_done, self.resets_skipped
        rows.append(("resets", f"{done} done, {skipped} not necessary"))
        if self.clones_ready or self.clones_awaited:
            words = f"{self.clones_ready} were ready, {self.clones_awaited} had to be waited for"
            rows.append(("namespaces of a test's own", words))
        if self.own_servers:
            words = f"{self.own_servers} started, in {self.own_servers_s:.2f} s"
            rows.append(("servers of a test's own", words))
        rows.append(("statements", f"{self.statements} in {self.statements_s:.2f} s"))
        if self.saved_s is None:
            rows.append(("against replay", "nobody measured how long migrations and seed take"))
        elif self.saved_s < 0:
            rows.append(("against replay", f"{-self.saved_s:.2f} s more, spent on snapshots that stay"))
        else:
            rows.append(("against replay", f"{self.saved_s:.2f} s saved"))
        return rows


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that ``percent`` of the values do not exceed; 0 of none."""
    if not values:
        return 0.0
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def snapshot_use(provisioned: Provisioned) -> SnapshotUse:
    """Say how a process came by its snapshot, and why that way."""
    plan, seconds = provisioned.plan, provisioned.seconds
    steps = None if plan.steps is None else [step.name for step in plan.steps]
    if plan.kind == "exact":
        how, why = "hit", "nothing that leads to it has changed since it was made"
    elif not provisioned.built:
        how, why = "waited", f"another process made it, in {seconds:.2f} s"
    elif plan.kind == "nearest":
        how = "nearest"
        missing = _count(steps, "was missing", "were missing")
        why = f"on top of {plan.start}, in {seconds:.2f} s; {missing}"
    else:
        how = "built"
        why = f"in {seconds:.2f} s; the store had no state on the way; {_count(steps, 'ran', 'ran')}"
    return SnapshotUse(
        name=provisioned.snapshot.name,
        how=how,
        why=why,
        seconds=round(seconds, 6),
        replay_s=replay_seconds(provisioned),
        timings={name: round(took_s, 6) for name, took_s in provisioned.timings.items()},
    )


def replay_seconds(provisioned: Provisioned) -> float | None:
    """Return what migrations and seed take from nothing, as the manifest remembers it, or None."""
    from iris_devtools.snapshots.times import STEPS_FEATURE

    manifest = provisioned.snapshot.manifest
    steps = manifest.features.get(STEPS_FEATURE)
    measured = (
        [step.get("seconds") for step in steps.values() if isinstance(step, dict)]
        if isinstance(steps, dict)
        else []
    )
    numbers = [float(one) for one in measured if isinstance(one, (int, float)) and not isinstance(one, bool)]
    seed_s = manifest.timings.get("seed", 0.0)
    if numbers and len(numbers) == len(measured):
        return round(sum(numbers) + seed_s, 6)
    if provisioned.plan.kind == "scratch" and "migrate" in manifest.timings:
        return round(manifest.timings["migrate"] + seed_s, 6)
    return None


def _saved(figures: Sequence[Mapping[str, Any]]) -> float | None:
    saved, known = 0.0, False
    for one in figures:
        used, restore_s = one["snapshot"], one["restore_s"]
        again = one["resets"]["done"] + sum(one["clones"].values()) + one["own_servers"]["started"]
        if used is None or used["replay_s"] is None or restore_s is None:
            continue
        known = True
        # A reset copies the same file as the first restore did, and a little less around it.
        saved += (used["replay_s"] - restore_s) * (1 + again)
        if used["how"] != "hit":
            saved -= used["seconds"]
    return round(saved, 6) if known else None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def _count(steps: Sequence[str] | None, one: str, several: str) -> str:
    if not steps:
        return "no migration " + one if steps is not None else "the source does not tell its steps"
    if len(steps) == 1:
        return f"the migration {steps[0]} {one}"
    shown = ", ".join(steps[:3]) + (", ..." if len(steps) > 3 else "")
    return f"{len(steps)} migrations {several}: {shown}"
