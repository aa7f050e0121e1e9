"""Waiting for a container's server: its log line, its port, a login. One deadline for all of it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

from iris_devtools.admin.driver import load_driver, login
from iris_devtools.errors import ServerConnectionError, ServerStartError
from iris_devtools.servers.container.engine import translated
from iris_devtools.servers.server import Server

__all__ = ["last_lines", "wait_for_log", "wait_for_login"]

READY = "Enabling logons"
_PAUSE_S = 0.1
_LOG_LINES = 15
_WHOLE_LOG = 2000
_ALIVE = ("created", "running", "restarting")

_CAUSES = {
    "community license expired": "The image's licence has run out, and old tags stop starting: pull a newer "
    "tag, or give a licence key.",
    "invalid community edition license": "The community edition runs on 20 cores at most, and old tags stop "
    "starting: pull a newer tag, or limit the cores with container_cpus.",
    "durable folder": "The durable directory cannot be made: its volume must be writable for uid 51773.",
    "error executing post-startup": "The command of the setting after_start failed: anything that it writes "
    "to standard error counts as a failure.",
    "exec format error": "The image is for another processor: take a tag with this machine's architecture.",
    "no space left": "The disk of the engine is full: `docker system df` shows by what.",
    "check-caps": "The engine withholds capabilities that IRIS wants; give the image --check-caps false.",
}
"""What a log says, in lower case, and what to do about it."""


def wait_for_log(container: Any, *, deadline: float, after: str | None = None) -> None:
    """Return when the server has said that logins are enabled, and that the command ``after`` is done.

    Raises:
        ServerStartError: the container ended first, or the deadline passed; the message has the last lines of
            its log, the hint what to do about them.

    """
    while True:
        with translated(f"watch the container {container.name}", container=container.name):
            container.reload()
            log = container.logs(tail=_WHOLE_LOG, since=_started_at(container)).decode(errors="replace")
        if container.status not in _ALIVE:
            raise _ended(container, log)
        if READY in log and (after is None or f"...executed command {after}" in log):
            return
        if time.monotonic() >= deadline:
            raise _late(container, f"The server in the container {container.name} did not start in time", log)
        time.sleep(_PAUSE_S)


def wait_for_login(container: Any, server: Server, *, deadline: float) -> None:
    """Return when an account can log in to %SYS and gets a row for SELECT 1.

    Raises:
        ServerStartError: as :func:`wait_for_log`.
        AuthenticationError: the server refuses the account.

    """
    while True:
        try:
            left = max(1.0, deadline - time.monotonic())
            connection = login(server, "%SYS", timeout_s=min(10.0, left))
        except ServerConnectionError as error:
            with translated(f"watch the container {container.name}", container=container.name):
                container.reload()
            if container.status not in _ALIVE:
                raise _ended(container, last_lines(container)) from error
            if time.monotonic() >= deadline:
                wanted = f"No login to the container {container.name} at {server.host}:{server.port} in time"
                raise _late(container, f"{wanted} ({error.message})", last_lines(container)) from error
            time.sleep(_PAUSE_S)
            continue
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            cursor.fetchall()
            cursor.close()
        except load_driver().errors as error:
            raise _late(
                container, f"The server in {container.name} answers no query ({error})", last_lines(container)
            ) from error
        finally:
            connection.close()
        return


def _started_at(container: Any) -> float:
    """Return when the container was started last: its log holds what it said in earlier lives, too."""
    text = str((container.attrs.get("State") or {}).get("StartedAt", ""))
    try:
        # Nanoseconds are more than Python reads.
        started = datetime.strptime(text[:26].rstrip("Z"), "%Y-%m-%dT%H:%M:%S.%f")
    except ValueError:
        return 0.0
    return max(0.0, started.replace(tzinfo=timezone.utc).timestamp())


def last_lines(container: Any) -> str:
    """Return the end of a container's log."""
    with translated(f"read the log of {container.name}", container=container.name):
        text: str = container.logs(tail=_LOG_LINES).decode(errors="replace")
    return text


def _ended(container: Any, log: str) -> ServerStartError:
    state = container.attrs.get("State") or {}
    code = state.get("ExitCode")
    hint = _remedy(log)
    if not hint and "InterSystems IRIS" not in log:
        hint = "Nothing in its log is of IRIS: does the setting image name the right image?"
    if state.get("OOMKilled"):
        hint = "It ran out of memory: give it more with container_memory."
    return ServerStartError(
        f"The container {container.name} ended with exit code {code} before its server was ready. The last "
        f"lines of its log:\n{_tail(log)}",
        hint=hint or "The log says why; the container's image and options are in `iris-devtools config`.",
        container=container.name,
        exit_code=code,
        log=_tail(log),
    )


def _late(container: Any, what: str, log: str) -> ServerStartError:
    return ServerStartError(
        f"{what}. The last lines of its log:\n{_tail(log)}",
        hint=_remedy(log)
        or "Give it longer: startup_timeout_s (IRIS_DEVTOOLS_STARTUP_TIMEOUT_S), in seconds.",
        container=container.name,
        log=_tail(log),
    )


def _tail(log: str) -> str:
    lines = [f"    {line}" for line in log.splitlines() if line.strip()]
    return "\n".join(lines[-_LOG_LINES:]) or "    (nothing)"


def _remedy(log: str) -> str:
    lower = log.lower()
    return next((hint for mark, hint in _CAUSES.items() if mark in lower), "")
