"""Make a fresh container's server usable: an administrator of our own (iris-facts 5, 6, 12.1).

The predefined accounts must change their password at the first login, which no client of this kind can do.
So the way in is the terminal, inside the container, as the user who needs no password there.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from iris_devtools.errors import ServerStartError
from iris_devtools.servers.container.engine import translated

__all__ = ["Credentials", "create_administrator", "unexpire_passwords"]

_USER = "irisowner"
_PAUSE_S = 0.2

# A marker is put together by the server: the line's own text, which an error shows, does not hold it.
_MARKER = re.compile(r"IRIS-DEVTOOLS:(.*?):END", re.DOTALL)
_CREATE = (
    'Set sc=##class(Security.Users).Create($SYSTEM.Util.GetEnviron("IRIS_DEVTOOLS_NEW_USER"),'
    '"%ALL",$SYSTEM.Util.GetEnviron("IRIS_DEVTOOLS_NEW_SECRET"))'
)
_UNEXPIRE = 'Set sc=##class(Security.Users).UnExpireUserPasswords("*")'
_REPORT = 'Write !,"IRIS-","DEVTOOLS:",$Select(sc=1:"done",1:$SYSTEM.Status.GetErrorText(sc)),":END",!'


@dataclass(frozen=True)
class Credentials:
    """An account of a server."""

    username: str
    password: str = field(repr=False)


def create_administrator(container: Any, *, deadline: float) -> Credentials:
    """Make an administrator with a random name and password, and unexpire the predefined accounts.

    ``deadline`` is a time of ``time.monotonic()``: a server that has just said that logins are enabled may
    not let a terminal in for a moment.

    Raises:
        ServerStartError: the server refused, or no terminal came up in time; the message has its output.

    """
    made = Credentials(f"iris_devtools_{secrets.token_hex(4)}", secrets.token_urlsafe(24))
    _terminal(
        container,
        [_CREATE, _REPORT, _UNEXPIRE, "Halt"],
        {"IRIS_DEVTOOLS_NEW_USER": made.username, "IRIS_DEVTOOLS_NEW_SECRET": made.password},
        wanted="create an administrator",
        deadline=deadline,
        secret=made.password,
    )
    return made


def unexpire_passwords(container: Any, *, timeout_s: float = 30.0) -> None:
    """Let every account of a container's server log in without a change of its password.

    Raises:
        ServerStartError: as :func:`create_administrator`.

    """
    _terminal(
        container,
        [_UNEXPIRE, _REPORT, "Halt"],
        {},
        wanted="unexpire the passwords",
        deadline=time.monotonic() + timeout_s,
    )


def _terminal(
    container: Any,
    lines: list[str],
    variables: dict[str, str],
    *,
    wanted: str,
    deadline: float,
    secret: str | None = None,
) -> None:
    # The lines travel in the environment, too: nothing has to be quoted, and no process list shows them.
    environment = {**variables, "IRIS_DEVTOOLS_LINES": "\n".join(lines)}
    command = ["sh", "-c", 'printf "%s\\n" "$IRIS_DEVTOOLS_LINES" | iris session IRIS -U %SYS']
    while True:
        with translated(f"{wanted} in the container {container.name}", container=container.name):
            code, output = container.exec_run(command, environment=environment, user=_USER)
        text = (output or b"").decode(errors="replace")
        found = _MARKER.search(text)
        if found is not None and found.group(1).strip() == "done":
            return
        if found is not None or time.monotonic() >= deadline:
            break
        time.sleep(_PAUSE_S)
    shown = found.group(1).strip() if found else text.strip()
    if secret:
        shown = shown.replace(secret, "***")
    raise ServerStartError(
        f"Cannot {wanted} in the container {container.name}: {shown or f'exit code {code}, no output'}",
        hint=f"Try it by hand: docker exec -it {container.name} iris session IRIS -U %SYS",
        container=container.name,
        exit_code=code,
    )
