"""Put one namespace back to one snapshot, again and again, with the next copy made before it is asked for.

A reset between two tests waits for the exchange of the files alone then; the copy of the database was made
while the test ran. It costs the space of one more copy, and is one file beside the database, which goes with
the namespace, and which no later restore believes in.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from iris_devtools.admin import Admin
from iris_devtools.admin.databases import AHEAD_FILE
from iris_devtools.errors import IrisDevtoolsError
from iris_devtools.snapshots.exchange import Exchange, Staged
from iris_devtools.snapshots.inspection import Thoroughness
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.restore import Restored, instantiate

__all__ = ["Rewinder"]

_LOOK_EVERY_S = 1.0

_logger = logging.getLogger(__name__)


class Rewinder:
    """Restore ``staged`` into ``namespace`` as often as wanted.

    After each :meth:`rewind` a thread makes the copy for the next one over the connection of ``admin``, whose
    other calls wait for it that long; snapshots of more than ``ahead_bytes`` (0: every one) are copied when
    they are needed. So are all after one that could not be made, for lack of space as a rule. Not
    thread-safe: one restore at a time. :meth:`close` before the namespace is dropped; it ends the thread, and
    so does the end of the process. ``found_ready`` counts the restores whose copy was there already.
    """

    def __init__(self, admin: Admin, staged: Staged, *, namespace: str, ahead_bytes: int) -> None:
        self._admin = admin
        self._staged = staged
        self._namespace = namespace
        self._ahead = staged.size <= ahead_bytes
        # One thread for all copies: who starts one waits for it, and this is the time between two tests.
        self._thread: threading.Thread | None = None
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._settled = threading.Event()
        self._settled.set()
        self._prepared: Exchange | None = None
        self.found_ready = 0

    def rewind(
        self,
        *,
        held: RevisionKey | None = None,
        thoroughness: Thoroughness = "nothing",
        terminate_others: bool = True,
        wait_s: float = 2.0,
        ahead: bool = True,
    ) -> Restored:
        """Restore; arguments, errors and promises are those of
        :func:`iris_devtools.snapshots.restore.instantiate`.

        ``ahead`` False makes no copy for the next one, as where the connection is wanted by others.
        """
        self.settle()
        prepared, self._prepared = self._prepared, None
        self.found_ready += prepared is not None
        try:
            restored = instantiate(
                self._admin,
                self._staged,
                namespace=self._namespace,
                held=held,
                thoroughness=thoroughness,
                terminate_others=terminate_others,
                wait_s=wait_s,
                prepared=prepared,
            )
        except BaseException:
            self._discard(prepared)
            raise
        if ahead and self._ahead:
            self._settled.clear()
            self._tasks.put(self._prepare)
            if not self._works():  # for the first time, or in a child of the process that it worked in
                self._thread = threading.Thread(target=self._work, name="iris-devtools-ahead", daemon=True)
                self._thread.start()
        return restored

    def settle(self) -> None:
        """Wait until the next copy is made, or turned out to be impossible."""
        while not self._settled.wait(_LOOK_EVERY_S) and self._works():
            pass

    def close(self) -> None:
        """Delete the copy that was made for a restore that does not come; it may be called twice."""
        self.settle()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._tasks.put(None)
            thread.join()
        prepared, self._prepared = self._prepared, None
        self._discard(prepared)

    def _discard(self, prepared: Exchange | None) -> None:
        if prepared is not None:
            try:
                prepared.discard()
            except IrisDevtoolsError as error:
                _logger.warning("A copy is left beside the database of %s: %s", self._namespace, error)

    def _works(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _work(self) -> None:
        while task := self._tasks.get():
            try:
                task()
            finally:
                self._settled.set()

    def _prepare(self) -> None:
        try:
            exchange = Exchange(self._admin, self._staged, namespace=self._namespace, name=AHEAD_FILE)
            exchange.prepare()
        except IrisDevtoolsError as error:
            self._ahead = False
            _logger.info("No copy of %s is made ahead any more: %s", self._staged.key.name, error)
            return
        self._prepared = exchange
