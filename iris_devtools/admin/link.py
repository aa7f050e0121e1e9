"""One kept connection, and calls over it whose failures are told apart."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from iris_devtools.admin.driver import Driver, Target, load_driver, login
from iris_devtools.admin.status import administration_error, is_ok
from iris_devtools.errors import ServerConnectionError

__all__ = ["Link", "Linked", "RemoteObject"]

_T = TypeVar("_T")
_LOST = ("<COMMUNICATION LINK ERROR>", "<COMMUNICATION ERROR>", "Connection closed", "Connection is closed")


class Link:
    """Keep one connection of the driver to a namespace, %SYS unless told otherwise.

    Threads may share a link; their calls wait for each other, because the driver does not promise that one
    connection may be used by several (wire-protocol 14). After a fork the child gets a connection of its own.

    A connection that was lost is noticed when the next call fails: the driver cannot tell then whether the
    server still carried it out. So a call is repeated on a new connection, once, if it does no harm twice
    (``repeatable``); any other call raises ServerConnectionError, and the call after it connects anew.

    There is no time limit on an answer: the driver waits for ever once it is connected (wire-protocol 14).
    """

    def __init__(self, target: Target, *, namespace: str = "%SYS", timeout_s: float = 10.0) -> None:
        self.target = target
        self.namespace = namespace
        self._timeout_s = timeout_s
        self._driver: Driver = load_driver()
        self._lock = threading.RLock()
        self._connection: Any = None
        self._native: Any = None
        self._pid = os.getpid()
        self._generation = 0

    def open(self) -> None:
        """Connect now, unless connected."""
        self._notice_fork()
        with self._lock:
            if self._connection is None:
                self._connection = login(self.target, self.namespace, timeout_s=self._timeout_s)
                self._native = self._driver.create_iris(self._connection)
                self._generation += 1

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            # The socket belongs to the parent: closing it here would log the parent out. The lock may be held
            # by a thread that exists only there.
            self._connection = self._native = None
            self._lock = threading.RLock()
            self._pid = os.getpid()

    def close(self) -> None:
        """Log out. A later call connects again."""
        self._notice_fork()
        with self._lock:
            connection, self._connection, self._native = self._connection, None, None
            if connection is not None:
                try:
                    connection.close()
                except self._driver.errors:
                    # The server is gone, which is what closing is for.
                    return

    def value(self, class_name: str, method: str, *arguments: Any, repeatable: bool = False) -> Any:
        """Call a class method and return its value.

        Raises:
            AdministrationError: the call raised an error on the server.
            ServerConnectionError: the connection was lost.

        """
        call = _describe(class_name, method, arguments)
        return self._perform(
            call, lambda: self._native.classMethodValue(class_name, method, *arguments), repeatable=repeatable
        )

    def check(
        self, wanted: str, class_name: str, method: str, *arguments: Any, repeatable: bool = False
    ) -> None:
        """Call a class method that returns a %Status.

        Raises:
            AdministrationError: the status is an error; ``wanted`` begins its message.
            ServerConnectionError: the connection was lost.

        """
        status = self.value(class_name, method, *arguments, repeatable=repeatable)
        self.check_status(wanted, status, call=_describe(class_name, method, arguments))

    def check_status(self, wanted: str, status: Any, *, call: str) -> None:
        """Raise AdministrationError with the server's text when a %Status is an error (iris-facts 5.2)."""
        if not is_ok(status):
            raise administration_error(wanted, self._status_text(status), call=call)

    def object(self, class_name: str, method: str, *arguments: Any) -> RemoteObject | None:
        """Call a class method that returns an object; None when it returns none.

        Opening and making objects in memory may be repeated, so a lost connection is mended here.
        """
        call = _describe(class_name, method, arguments)
        found = self._perform(
            call, lambda: self._native.classMethodObject(class_name, method, *arguments), repeatable=True
        )
        if not hasattr(found, "invoke"):
            return None
        return RemoteObject(self, found, class_name, self._generation)

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a query on the same connection and return all rows. Repeated once after a lost connection."""

        def run() -> list[tuple[Any, ...]]:
            cursor = self._connection.cursor()
            try:
                # Without parameters the argument is left out: an empty list is not the same to the driver.
                cursor.execute(*((sql, list(parameters)) if parameters else (sql,)))
                return [tuple(row) for row in cursor.fetchall()]
            finally:
                cursor.close()

        return self._perform(sql, run, repeatable=True)

    def execute(self, sql: str) -> None:
        """Run a statement that returns no rows, in autocommit mode."""

        def run() -> None:
            cursor = self._connection.cursor()
            try:
                cursor.execute(sql)
            finally:
                cursor.close()

        self._perform(sql, run, repeatable=False)

    def _status_text(self, status: Any) -> str:
        # An error %Status is "0 " and binary list data; only the server can put it into words.
        return str(
            self.value("%SYSTEM.Status", "GetErrorText", status, repeatable=True) or f"%Status {status!r}"
        )

    def _perform(
        self, call: str, action: Callable[[], _T], *, repeatable: bool, generation: int | None = None
    ) -> _T:
        self._notice_fork()
        with self._lock:
            self.open()
            if generation is not None and generation != self._generation:
                raise ServerConnectionError(
                    f"The object of {call} was lost with the connection that it lived in; nothing was sent.",
                    hint="Open the object again.",
                    host=self.target.host,
                    port=self.target.port,
                    call=call,
                )
            try:
                return action()
            except self._driver.errors as error:
                text = str(error)
                if not _is_lost(text):
                    raise administration_error(f"call {call}", text, call=call) from error
                self.close()
                if not repeatable:
                    raise self._lost(call, text) from error
            self.open()
            try:
                return action()
            except self._driver.errors as error:
                text = str(error)
                if _is_lost(text):
                    self.close()
                    raise self._lost(call, text) from error
                raise administration_error(f"call {call}", text, call=call) from error

    def _forget(self, native: Any, *, generation: int) -> None:
        self._notice_fork()
        with self._lock, contextlib.suppress(*self._driver.errors):
            if self._connection is not None and generation == self._generation:
                native.close()

    def _lost(self, call: str, text: str) -> ServerConnectionError:
        where = f"{self.target.host}:{self.target.port}"
        return ServerConnectionError(
            f"The server at {where} hung up during {call}; it may have carried it out or not.",
            hint="Look at the state of the namespace before you try again; the server's messages.log says "
            "why it ended.",
            host=self.target.host,
            port=self.target.port,
            call=call,
            text=text.strip(),
        )


class RemoteObject:
    """An object in the server process of a link. It dies with the connection; no call is repeated."""

    def __init__(self, link: Link, native: Any, class_name: str, generation: int) -> None:
        self._link = link
        self._native = native
        self._class_name = class_name
        self._generation = generation

    def get(self, name: str) -> Any:
        """Return a property."""
        return self._perform(f"{self._class_name}.{name}", lambda: self._native.get(name))

    def set(self, name: str, value: Any) -> None:
        """Set a property."""
        self._perform(f"{self._class_name}.{name}={value!r}", lambda: self._native.set(name, value))

    def invoke(self, method: str, *arguments: Any) -> Any:
        """Call a method and return its value."""
        call = _describe(self._class_name, method, arguments)
        return self._perform(call, lambda: self._native.invoke(method, *arguments))

    def invoke_bytes(self, method: str, *arguments: Any) -> bytes:
        """Call a method that returns a string and take it as bytes; the empty string is ``b""``."""
        call = _describe(self._class_name, method, arguments)
        return self._perform(call, lambda: self._native.invokeBytes(method, *arguments)) or b""

    def check(self, wanted: str, method: str, *arguments: Any) -> None:
        """Call a method that returns a %Status; AdministrationError with its text when it is an error."""
        status = self.invoke(method, *arguments)
        self._link.check_status(wanted, status, call=_describe(self._class_name, method, arguments))

    def close(self) -> None:
        """Let the server forget the object, unless it is gone with its connection already."""
        self._link._forget(self._native, generation=self._generation)

    def __enter__(self) -> RemoteObject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _perform(self, call: str, action: Callable[[], _T]) -> _T:
        return self._link._perform(call, action, repeatable=False, generation=self._generation)


class Linked:
    """Base of the subjects of administration: each is a set of calls over one link."""

    def __init__(self, link: Link) -> None:
        self._link = link


def _describe(class_name: str, method: str, arguments: tuple[Any, ...]) -> str:
    return f"{class_name}.{method}({', '.join(_shorten(argument) for argument in arguments)})"


def _shorten(argument: Any) -> str:
    if isinstance(argument, bytes):
        return f"<{len(argument)} bytes>"
    text = f'"{argument}"' if isinstance(argument, str) else repr(argument)
    return text if len(text) <= 200 else text[:197] + "..."


def _is_lost(text: str) -> bool:
    return any(mark in text for mark in _LOST)
