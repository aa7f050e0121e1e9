"""How long each step of a piece of work took, in seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stopwatch"]


class Stopwatch:
    """Add up seconds by the name of a step; a step that failed counts, too."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the seconds of the block under ``name``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - started

    @property
    def timings(self) -> dict[str, float]:
        """Return the seconds by step, in the order in which the steps first ended."""
        return {name: round(seconds, 6) for name, seconds in self._seconds.items()}

    @property
    def seconds(self) -> float:
        """Return the seconds since the stopwatch was made."""
        return time.perf_counter() - self._started
