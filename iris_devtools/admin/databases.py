"""Databases: mount, dismount, and the promise that a dismounted one is mounted again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from iris_devtools.admin.link import Linked, RemoteObject
from iris_devtools.admin.status import TRANSIENT, administration_error
from iris_devtools.errors import AdministrationError, IrisDevtoolsError, ServerError

__all__ = [
    "AHEAD_FILE",
    "DATABASE_FILE",
    "NEXT_FILE",
    "PREVIOUS_FILE",
    "Database",
    "Databases",
    "Role",
    "as_directory",
    "repeat_while_transient",
]

DATABASE_FILE = "IRIS.DAT"
"""The file that is the database, in the directory that is its name."""

NEXT_FILE, PREVIOUS_FILE = "next.DAT", "previous.DAT"
"""Beside it while it is exchanged: what comes in its place, and what was there before."""

AHEAD_FILE = "ahead.DAT"
"""Beside it: what will come in its place when somebody who restores it again and again does so."""

Role = Literal["data", "code", "both"]


@dataclass(frozen=True)
class Database:
    """One database of a namespace: what it holds, its configured name, its directory on the server.

    ``directory`` ends with the server's separator, as IRIS itself writes it (iris-facts 2.1).
    """

    role: Role
    name: str
    directory: str

    @property
    def file(self) -> str:
        """Return the path of its IRIS.DAT on the server."""
        return self.directory + DATABASE_FILE


class Databases(Linked):
    """What can be done with a database, named by its directory."""

    def is_mounted(self, directory: str) -> bool:
        """Tell whether the database in ``directory`` is mounted at this moment (iris-facts 2.1, 11 step 6).

        Raises:
            AdministrationError: there is no database in the directory.

        """
        with self._open(directory) as database:
            return bool(int(database.get("Mounted") or 0))

    def mount(self, directory: str) -> None:
        """Mount a database explicitly; one that is mounted already stays so (iris-facts 2.1, 11 step 9).

        Statuses that pass (in transition, being expanded) are waited out for about two seconds (iris-facts
        2.4).

        Raises:
            AdministrationError: the server cannot mount it; the hint says what its reason means.

        """
        directory = as_directory(directory)

        def attempt() -> None:
            try:
                self._link.check(
                    f"mount the database {directory}",
                    "SYS.Database",
                    "MountDatabase",
                    directory,
                    repeatable=True,
                )
            except AdministrationError as error:
                if error.facts["code"] != _ALREADY_MOUNTED:
                    raise

        repeat_while_transient(attempt)

    def dismount(self, directory: str) -> None:
        """Dismount a database so that it stays dismounted, and see that it is (iris-facts 2.2, 11 steps 5 and
        6).

        A database that was not touched since the server started is mounted first: only an explicit dismount
        of a mounted one keeps the next access from mounting it again. A dismounted one is left as it is.

        Raises:
            AdministrationError: there is no database there, the server refuses, or somebody mounts it again
                and again.

        """
        directory = as_directory(directory)
        try:
            self._dismount_once(directory)
            with self._open(directory) as database:
                if str(database.invoke("GetStatus")) == "Dismounted":
                    return
        except AdministrationError as error:
            if error.facts.get("code") in _FINAL:
                raise
            # Whatever else is wrong shows, or is mended, one step at a time.
        for _ in range(_DISMOUNT_ATTEMPTS):
            with self._open(directory) as database:
                mounted = bool(int(database.get("Mounted") or 0))
                if not mounted and str(database.invoke("GetStatus")) == "Dismounted":
                    return
            if not mounted:
                self._mount_if_possible(directory)
            self._dismount_once(directory)
            if not self.is_mounted(directory):
                return
        raise administration_error(
            f"dismount the database {directory}",
            f"it was mounted again {_DISMOUNT_ATTEMPTS} times; another process uses it.",
            call="SYS.Database.DismountDatabase",
            directory=directory,
        )

    @contextmanager
    def dismounted(self, directories: Sequence[str]) -> Iterator[None]:
        """Keep databases dismounted for the block, and mount every one of them again, whatever happens in it.

        The mounts are tried for all databases even if one fails, and on a new connection if the old one was
        lost. A failure to mount is worse than whatever went wrong in the block, so it is what is raised then,
        with the block's error as its cause.

        Raises:
            AdministrationError: a database is not there or cannot be dismounted (none is left so), or
                one cannot be mounted again.

        """
        asked = [as_directory(directory) for directory in directories]
        for directory in asked:
            self._require(directory)
        down: list[str] = []
        failure: BaseException | None = None
        try:
            for directory in asked:
                # Noted beforehand: a dismount that fails half-way may have happened.
                down.append(directory)
                self.dismount(directory)
            yield
        except BaseException as error:
            failure = error
            raise
        finally:
            self._mount_all(down, failure)

    def _mount_all(self, directories: Sequence[str], failure: BaseException | None) -> None:
        failed: dict[str, IrisDevtoolsError] = {}
        for directory in reversed(directories):
            try:
                self.mount(directory)
            except ServerError as error:  # noqa: PERF203 - one failure must not keep the others down
                failed[directory] = error
        if not failed:
            return
        first = next(iter(failed.values()))
        commands = "; ".join(f'##class(SYS.Database).MountDatabase("{directory}")' for directory in failed)
        raise AdministrationError(
            f"Cannot mount {', '.join(failed)} again: {first.message}",
            hint=" ".join(
                part for part in (first.hint, f"Then, in %SYS: {commands}; or restart the server.") if part
            ),
            directories=tuple(failed),
            call="SYS.Database.MountDatabase",
            status=first.facts.get("status", first.message),
            code=first.facts.get("code"),
        ) from (failure or first)

    def _open(self, directory: str) -> RemoteObject:
        directory = as_directory(directory)
        found = self._link.object("SYS.Database", "%OpenId", directory)
        if found is None:
            raise _no_database(directory, "%OpenId")
        return found

    def _require(self, directory: str) -> None:
        # A cheap guard against a wrong directory before any action (iris-facts 2.1).
        if self._link.value("SYS.Database", "%ExistsId", directory, repeatable=True) not in (1, "1", True):
            raise _no_database(directory, "%ExistsId")

    def _mount_if_possible(self, directory: str) -> None:
        # What cannot be mounted now (a damaged file, say) cannot be mounted by an access either, so it stays
        # down.
        try:
            self.mount(directory)
        except AdministrationError as error:
            if error.facts["code"] in TRANSIENT:
                raise

    def _dismount_once(self, directory: str) -> None:
        repeat_while_transient(
            lambda: self._link.check(
                f"dismount the database {directory}",
                "SYS.Database",
                "DismountDatabase",
                directory,
                repeatable=True,
            )
        )


_ALREADY_MOUNTED = 19
_FINAL = frozenset({64, 345})
"""The server's own databases are never dismounted (iris-facts 2.3, 2.4)."""
_DISMOUNT_ATTEMPTS = 3


def as_directory(path: str) -> str:
    """Return ``path`` with the separator at its end that IRIS stores and reports (iris-facts 2.1)."""
    return path if path.endswith(("/", "\\")) else path + ("\\" if "\\" in path and "/" not in path else "/")


def repeat_while_transient(
    action: Callable[[], None],
    *,
    attempts: int = 10,
    delay_s: float = 0.05,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Repeat an action while the server answers with a status that passes (iris-facts 2.4).

    Waits ``delay_s``, then a little longer each time, and lets the last failure through.
    """
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except AdministrationError as error:
            if attempt == attempts or error.facts.get("code") not in TRANSIENT:
                raise
        sleep(delay_s * attempt)
    return None


def _no_database(directory: str, method: str) -> AdministrationError:
    return administration_error(
        f"use the database {directory}",
        "the server knows no database in that directory.",
        call=f'SYS.Database.{method}("{directory}")',
        directory=directory,
    )
