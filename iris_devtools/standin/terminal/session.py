"""One terminal session: banner, prompts, lines in, text out (iris-terminal-and-image C).

A line feed goes out before every prompt, and one when a line was read; typed text is not echoed. Whatever
fails, the next line runs. Only ``Halt``, the end of input and ``Terminate`` end a session.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import IO

from iris_devtools.standin.errors import LoginRefused, ObjectScriptError, SQLError
from iris_devtools.standin.instance import ClientInfo, Instance
from iris_devtools.standin.session.session import Session
from iris_devtools.standin.terminal.classes import CLASSES
from iris_devtools.standin.terminal.device import Device
from iris_devtools.standin.terminal.interpreter import Failure, Interpreter
from iris_devtools.standin.terminal.nodes import Entry
from iris_devtools.standin.terminal.parser import LineSyntaxError, parse_call, parse_label, parse_line
from iris_devtools.standin.terminal.space import Ended, TerminalSpace

__all__ = ["run_terminal"]

_LOGIN_ATTEMPTS = 3
_UNCAUGHT = 1
"""Exit code of a one-liner that fails; no manual says it (iris-terminal-and-image C.6)."""


def run_terminal(
    instance: Instance,
    source: IO[str],
    target: IO[str],
    *,
    namespace: str,
    command: str | None = None,
    environment: Mapping[str, str],
    directory: str,
    os_user: str,
    trusted: bool,
    interactive: bool = False,
) -> int:
    """Serve one terminal until its end, and return its exit code.

    ``trusted`` is the operating system's word that this is the server's owner, who is asked for no password.
    """

    def write(text: str) -> None:
        target.write(text)
        target.flush()

    client = ClientInfo(user=os_user, node=socket.gethostname(), application="irisdb")
    session = Session(instance, hang_up=lambda: None)
    try:
        if trusted:
            session.enter(os_user, namespace=namespace, client=client)
        elif not _login(session, source, write, namespace=namespace, client=client):
            return 1
        process = session.process
        device = Device(write, source.readline)
        space = TerminalSpace(
            process, session, device, classes=CLASSES, environment=environment, directory=directory
        )
        interpreter = Interpreter(space, device)
        try:
            if command is not None:
                return _one_line(interpreter, command)
            device.write(f"\nNode: {socket.gethostname()}, Instance: IRIS\n")
            _lines(interpreter, interactive=interactive)
        finally:
            space.close_all()
    except LoginRefused as refused:
        write(f"\n{refused.text}\n")
        return 1
    except Ended as ended:
        return ended.code
    finally:
        session.close()
    return 0


def _login(
    session: Session, source: IO[str], write: Callable[[str], None], *, namespace: str, client: ClientInfo
) -> bool:
    for _ in range(_LOGIN_ATTEMPTS):
        write("\nUsername: ")
        username = source.readline()
        write("\nPassword: ")
        password = source.readline()
        if not password:
            return False
        try:
            session.enter(
                username.strip(), password=password.rstrip("\r\n"), namespace=namespace, client=client
            )
        except LoginRefused as refused:
            write(f"\n{refused.text}\n")
        else:
            return True
    return False


def _one_line(interpreter: Interpreter, command: str) -> int:
    write = interpreter.device.write
    call = parse_call(command)
    try:
        if isinstance(call, Entry):
            interpreter.call(call)
        elif call is not None:
            interpreter.value(call)
        else:
            interpreter.run(parse_line(command))
    except LineSyntaxError:
        write("<SYNTAX>\n")
        return _UNCAUGHT
    except (Failure, ObjectScriptError, SQLError) as error:
        write(f"{error}\n")
        return _UNCAUGHT
    return 0


def _lines(interpreter: Interpreter, *, interactive: bool) -> None:
    device = interpreter.device
    while True:
        device.write(f"\n{interpreter.prompt}>")
        text = device.read()
        if text is None:
            return
        if interactive:
            # The user's Enter has moved the cursor already.
            device.column = 0
        else:
            device.write("\n")
        _line(interpreter, text)


def _line(interpreter: Interpreter, text: str) -> None:
    write = interpreter.device.write
    try:
        label = parse_label(text)
        if label is not None:
            interpreter.keep(label)
            return
        line = parse_line(text)
    except LineSyntaxError as error:
        interpreter.error = "<SYNTAX>"
        write(_block(error.source, error.column, "<SYNTAX>"))
        return
    try:
        interpreter.run(line)
    except Failure as failure:
        interpreter.fail(failure)
        write(_block(failure.source or line.source, failure.column, failure.text))


def _block(source: str, column: int, text: str) -> str:
    return f"\n{source}\n{' ' * column}^\n{text}"
