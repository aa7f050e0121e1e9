"""When a server's licence allows no further connection: wait for one of others, with nothing in one's hands.

A community edition serves about eight connections at once (iris-facts 7), which as many test workers use up
alone. Whoever is refused and has said how it lets go (:func:`patient`) gives back what it holds idle, and
waits; so no two wait for each other. It leaves a mark for the other processes of this machine, which are
content with fewer connections when they see it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["Patience", "Refusals", "patient"]

_UNITS_COME_BACK_S = 1.0
"""A connection that was closed a moment ago may not have given its unit back yet (iris-facts 7)."""

_PAUSE_S = 0.1
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.25
_WANTED_S = 4 * _LONGEST_PAUSE_S
_SCARCE_S = 60.0


class Patience:
    """How one user of connections waits for them, and learns that others do.

    ``let_go`` closes what is idle; it is called by the thread that was refused. ``mark`` is a file that all
    processes share which use the server; ``waited_s`` is what was waited for here, in all.
    """

    def __init__(self, let_go: Callable[[], None], *, mark: Path, wait_s: float) -> None:
        self.let_go = let_go
        self.wait_s = wait_s
        self.waited_s = 0.0
        self._mark = mark
        self._scarce = False

    def refused(self) -> None:
        """Let others know, and let go."""
        self._scarce = True
        with suppress(OSError):  # a mark that cannot be left costs others nothing but a longer wait
            self._mark.parent.mkdir(parents=True, exist_ok=True)
            self._mark.touch()
        self.let_go()

    @property
    def scarce(self) -> bool:
        """Tell whether connections ran out, here or elsewhere, since this began or a moment before."""
        self._scarce = self._scarce or self._marked_within(_SCARCE_S)
        return self._scarce

    @property
    def wanted(self) -> bool:
        """Tell whether another process waits for a connection right now."""
        return self._scarce and self._marked_within(_WANTED_S)

    def _marked_within(self, seconds: float) -> bool:
        try:
            return time.time() - self._mark.stat().st_mtime < seconds
        except OSError:
            return False


_patient: list[Patience] = []


@contextmanager
def patient(patience: Patience) -> Iterator[Patience]:
    """Let every login of this process wait like that for the block."""
    _patient.append(patience)
    try:
        yield patience
    finally:
        _patient.remove(patience)


class Refusals:
    """The refusals that one login meets for lack of a licence unit."""

    def __init__(self) -> None:
        self._number = 0
        self._started = time.monotonic()

    def try_again(self) -> bool:
        """Take note of a refusal; return whether to log in once more, after the pause that is made here.

        Where nobody is patient, that is so for a second.
        """
        self._number += 1
        waited_s = time.monotonic() - self._started
        if waited_s >= max((patience.wait_s for patience in _patient), default=_UNITS_COME_BACK_S):
            self.over()
            return False
        for patience in _patient:
            patience.refused()
        pause_s = _PAUSE_S
        if _patient:
            longest_s = min(_FIRST_PAUSE_S * 2 ** min(self._number, 10), _LONGEST_PAUSE_S)
            # Not all at the same moment; and of the tests' own generators none is used.
            pause_s = longest_s * (1 + secrets.randbelow(1000) / 1000) / 2
        time.sleep(pause_s)
        return True

    def over(self) -> None:
        """Note how long the login waited."""
        if self._number:
            for patience in _patient:
                patience.waited_s += time.monotonic() - self._started
