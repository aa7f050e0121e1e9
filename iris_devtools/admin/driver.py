"""The driver, found and opened with care; its failures to connect, told apart.

sqlalchemy-iris requires iris-embedded-python-wrapper, which puts an ``iris/__init__.py`` of its own over the
driver's (iris-facts 5.2). So the driver's module is imported by its own name, and a missing part says what to
reinstall.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Any, Protocol

from iris_devtools.admin.courier import Courier
from iris_devtools.admin.recovery import (
    connections_in_use,
    is_expired_password,
    is_licence_limit,
    with_remedies,
)
from iris_devtools.admin.status import administration_error
from iris_devtools.errors import (
    AdministrationError,
    AuthenticationError,
    ServerConnectionError,
    ServerError,
    UnsupportedError,
)

__all__ = ["Driver", "Target", "connection_error", "load_driver", "login"]


class Target(Protocol):
    """What it takes to log in: host, port and account. :class:`iris_devtools.servers.Server` is one."""

    @property
    def host(self) -> str:
        """The host name or address."""

    @property
    def port(self) -> int:
        """The superserver port."""

    @property
    def username(self) -> str:
        """The account."""

    @property
    def password(self) -> str:
        """Its password."""

    @property
    def local_files(self) -> bool:
        """Whether the server and this process see the same files under the same paths."""

    @property
    def courier(self) -> Courier | None:
        """What carries files to and from the server's disk beside its connection, if anything does."""


@dataclass(frozen=True)
class Driver:
    """The parts of intersystems-irispython that are used here."""

    connect: Any
    create_iris: Any
    errors: tuple[type[Exception], ...]
    """What the driver raises: RuntimeError from connecting and native calls, DB-API errors from cursors."""


def load_driver() -> Driver:
    """Import the driver.

    Raises:
        UnsupportedError: it is not installed, or another package named ``iris`` hides it.

    """
    try:
        # The driver's own module: whatever stands in iris/__init__.py, this one is the driver (iris-facts
        # 5.2).
        module = importlib.import_module("iris._elsdk_")
    except ImportError:
        module = _public_module()
    try:
        dbapi = importlib.import_module("iris.dbapi")
        return Driver(module.connect, module.createIRIS, (RuntimeError, dbapi.Error))
    except (ImportError, AttributeError) as error:
        raise _hidden_driver(module, str(error)) from error


def _public_module() -> Any:
    try:
        module = importlib.import_module("iris")
    except ImportError as error:
        raise UnsupportedError(
            f"The driver intersystems-irispython cannot be imported: {error}.",
            hint="Install it: python -m pip install 'intersystems-irispython>=5.3,<5.4'",
        ) from error
    if not hasattr(module, "createIRIS"):
        raise _hidden_driver(module, "it has no createIRIS")
    return module


def _hidden_driver(module: Any, reason: str) -> UnsupportedError:
    path = getattr(module, "__file__", None) or "a namespace package"
    return UnsupportedError(
        f"The package iris in {path} is not the driver intersystems-irispython: {reason}.",
        hint="Another package or file named iris hides it. Rename that file, or put the driver back: "
        "python -m pip install --force-reinstall --no-deps intersystems-irispython",
        path=str(path),
    )


def login(target: Target, namespace: str, *, timeout_s: float = 10.0) -> Any:
    """Open a connection of the driver, in autocommit mode, to a namespace.

    ``timeout_s`` covers connecting alone: the driver waits for ever for the answer to a later message
    (wire-protocol 14). Before a refusal is raised, what can be done about it is done: see
    :mod:`~iris_devtools.admin.recovery`.

    Raises:
        AuthenticationError: user name or password are wrong, or the password has to be changed first.
        ServerConnectionError: nobody answers at the address, or not as IRIS does, or no licence unit is free.
        AdministrationError: there is no such namespace, or its database cannot be entered.

    """
    driver = load_driver()

    def connect() -> Any:
        return driver.connect(
            hostname=target.host,
            port=target.port,
            namespace=namespace,
            username=target.username,
            password=target.password,
            timeout=max(1, math.ceil(timeout_s)),
            sharedmemory=False,
            autoCommit=True,
        )

    try:
        return with_remedies(connect, host=target.host, port=target.port, failures=driver.errors)
    except driver.errors as error:
        raise connection_error(str(error), target, namespace, timeout_s=timeout_s) from error


def connection_error(text: str, target: Target, namespace: str, *, timeout_s: float = 10.0) -> ServerError:
    """Classify the text of a failed login (iris-facts 6, 7, 8.1; wire-protocol 4.3, 14)."""
    where = f"{target.host}:{target.port}"
    facts: dict[str, Any] = {
        "host": target.host,
        "port": target.port,
        "namespace": namespace,
        "username": target.username,
        "text": text.strip(),
    }
    lower = text.lower()
    if is_expired_password(text):
        return AuthenticationError(
            f"The server at {where} wants {target.username!r} to change the password before the first login.",
            hint="A client of this kind cannot do that. On the server, as its owner (for a container, with "
            "docker exec and its name before it), run: iris session IRIS -U %SYS "
            "'##class(Security.Users).UnExpireUserPasswords(\"*\")'",
            **facts,
        )
    if is_licence_limit(text):
        return ServerConnectionError(
            f"The server at {where} has no licence unit left for another connection "
            f"(<LICENSE LIMIT EXCEEDED>); engines here have {connections_in_use()} in use or opening.",
            hint="Close sessions and connections when they are done with, take fewer workers, or end what "
            "else is connected. The Community Edition allows eight at a time.",
            **facts,
        )
    if "<namespace>" in lower or "<directory>" in lower:
        return _namespace_error(text, where, namespace, facts)
    if any(mark in lower for mark in _ACCESS_DENIED):
        return AuthenticationError(
            f"The server at {where} refused the user {target.username!r} in the namespace {namespace}.",
            hint="Check user name and password (IRIS_USERNAME, IRIS_PASSWORD, or the URL), and that the "
            "account is "
            "enabled and may use that namespace. `iris-devtools config` shows where they came from.",
            **facts,
        )
    return _link_error(text, where, facts, timeout_s)


def _namespace_error(text: str, where: str, namespace: str, facts: dict[str, Any]) -> AdministrationError:
    error = administration_error(f"enter the namespace {namespace} on {where}", text, call="login")
    error.facts |= facts
    return error


def _link_error(text: str, where: str, facts: dict[str, Any], timeout_s: float) -> ServerConnectionError:
    lower = text.lower()
    if "protocol is not compatible" in lower or "out of order" in lower:
        return ServerConnectionError(
            f"What answers at {where} does not speak the protocol of IRIS.",
            hint="Give the superserver port (1972 unless changed), not the web server's (52773).",
            **facts,
        )
    if "timed out" in lower:
        return ServerConnectionError(
            f"The server at {where} did not finish the login within {timeout_s:g} s.",
            hint="It may still be starting: set wait_s (IRIS_DEVTOOLS_WAIT_S), or a longer "
            "connect_timeout_s.",
            **facts,
        )
    if "getaddrinfo" in lower:
        return ServerConnectionError(
            f"The host name {facts['host']!r} is not known.",
            hint="Check host (IRIS_HOST, or the URL). `iris-devtools config` shows where it came from.",
            **facts,
        )
    return ServerConnectionError(
        f"Cannot log in to the server at {where}: {_innermost(text)}",
        hint="Check that it runs, and host and port (IRIS_HOST, IRIS_PORT, or the URL); a server that still "
        "starts can be waited for with wait_s (IRIS_DEVTOOLS_WAIT_S).",
        **facts,
    )


_ACCESS_DENIED = ("access denied", "<-402>", "<-417>", "invalid username/password")


def _innermost(text: str) -> str:
    """Return the last part of the driver's nested text; nobody listening leaves it empty but for a code."""
    last = text.strip().split("Details:")[-1].strip()
    return (
        "nobody answers there." if last.startswith("Error code: -1 ") or last.endswith("message:") else last
    )
