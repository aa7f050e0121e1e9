"""Progress for long work, silent when nobody looks.

Long work takes a :class:`Reporter` and opens a step for each thing it does::

    with reporter.step("Uploading IRIS.DAT", total=size, unit="bytes") as step:
        step.advance(len(piece))

The base class says nothing, so it is the default everywhere. :func:`reporter_for` gives a command the
reporter that fits its stream: a moving bar on a terminal, one line a step in a log.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

__all__ = ["SILENT", "LineReporter", "Reporter", "RichReporter", "Step", "reporter_for"]


@dataclass
class Step:
    """Count how much of one step is done. ``total`` is None when nobody knows beforehand."""

    description: str
    total: int | None = None
    unit: str = ""
    done: int = 0

    def advance(self, amount: int = 1) -> None:
        """Add ``amount`` units to what is done."""
        self.done += amount

    def update(self, done: int) -> None:
        """Say how much is done altogether."""
        self.advance(done - self.done)


class Reporter:
    """Report nothing. Subclasses show the steps; none of them changes what the work does."""

    def step(
        self, description: str, *, total: int | None = None, unit: str = ""
    ) -> AbstractContextManager[Step]:
        """Open a step. It ends with the ``with`` block, as failed when the block raises."""
        return self._step(Step(description, total, unit))

    @contextmanager
    def _step(self, step: Step) -> Iterator[Step]:
        yield step


SILENT = Reporter()
"""The reporter that says nothing."""


class LineReporter(Reporter):
    """Write one line a step: what it was, and how long it took or that it failed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @contextmanager
    def _step(self, step: Step) -> Iterator[Step]:
        self._stream.write(f"{step.description} ... ")
        self._stream.flush()
        started = time.perf_counter()
        try:
            yield step
        except BaseException:
            self._write("FAILED")
            raise
        self._write(f"done ({time.perf_counter() - started:.2f} s)")

    def _write(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


class _RichStep(Step):
    def __init__(self, step: Step, progress: RichProgress) -> None:
        super().__init__(step.description, step.total, step.unit)
        self._progress = progress
        self._task = progress.add_task(step.description, total=step.total)

    def advance(self, amount: int = 1) -> None:
        super().advance(amount)
        self._progress.update(self._task, completed=self.done)


class RichReporter(Reporter):
    """Draw a moving bar on a terminal. rich is imported when the first step opens."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @contextmanager
    def _step(self, step: Step) -> Iterator[Step]:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}")]
        if step.total is not None:
            columns += [BarColumn(), DownloadColumn() if step.unit == "bytes" else MofNCompleteColumn()]
        columns.append(TimeElapsedColumn())
        with Progress(*columns, console=Console(file=self._stream)) as progress:
            yield _RichStep(step, progress)


def reporter_for(stream: TextIO, *, quiet: bool = False) -> Reporter:
    """Return the reporter that fits ``stream``: a bar on a terminal, else lines, or none when ``quiet``."""
    if quiet:
        return SILENT
    return RichReporter(stream) if stream.isatty() else LineReporter(stream)
