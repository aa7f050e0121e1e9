"""The command ``iris`` of the image (iris-terminal-and-image C.1, C.7): a thin client of the server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from iris_devtools.standin.image.places import (
    INSTALLATION,
    INSTANCE,
    SUPERSERVER_PORT,
    data_directory,
    read_state,
)

__all__ = ["main"]

_STOP_TIMEOUT_S = 60.0
_SOCKET = "terminal.sock"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    known: dict[str, Callable[[list[str]], int]] = {
        "session": _session,
        "terminal": _session,
        "console": _session,
        "list": _list,
        "qlist": _qlist,
        "start": _start,
        "stop": _stop,
        "restart": _restart,
        "merge": _merge,
    }
    name = given[0].lower() if given else "help"
    command = known.get(name)
    if command is None:
        print(f"iris {name}: one of {', '.join(sorted(known))} is wanted")  # noqa: T201
        return 0 if name == "help" else 1
    return command(given[1:])


def _print(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _wrong_instance(given: Sequence[str]) -> bool:
    if given and given[0].upper() != INSTANCE:
        _print(f"Instance '{given[0]}' is not defined.")
        return True
    return False


def _session(given: list[str]) -> int:
    if _wrong_instance(given):
        return 1
    namespace, entry, rest = "USER", None, given[1:]
    while rest:
        word = rest.pop(0)
        if word in ("-U", "-b"):
            value = rest.pop(0) if rest else ""
            namespace = value if word == "-U" else namespace
        elif word.startswith("-U"):
            namespace = word[2:]
        elif not word.startswith("-"):
            entry = word
    return _asked(
        {"namespace": namespace, "command": entry, "environment": dict(os.environ), "directory": _here()}
    )


def _merge(given: list[str]) -> int:
    if _wrong_instance(given):
        return 1
    name = given[1] if len(given) > 1 else os.environ.get("ISC_CPF_MERGE_FILE", "")
    if not name:
        _print("No merge file is named, and ISC_CPF_MERGE_FILE is not set")
        return 1
    return _asked({"service": "merge", "arguments": [os.path.join(_here(), name)]})  # noqa: PTH118


def _asked(request: dict[str, object]) -> int:
    """Let the server do something with our own input and output, and return its exit code."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        try:
            door.connect(str(data_directory() / "mgr" / _SOCKET))
        except OSError:
            _print(f"Instance {INSTANCE} is not running")
            return 1
        message = json.dumps(request).encode() + b"\n"
        # An answer may be there already, and the server gone: to send nothing more would fail then.
        if rest := message[socket.send_fds(door, [message], [0, 1]) :]:
            door.sendall(rest)
        code = door.recv(1)
    # Nothing comes back from a server that was killed meanwhile.
    return code[0] if code else 1


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - one import less in a program that starts often
    except OSError:
        return "/"


def _list(_given: list[str]) -> int:
    data, state = data_directory(), read_state(data_directory())
    status = f"running, since {state.since}" if state else "down"
    lines = {
        "directory:": str(INSTALLATION),
        "versionid:": state.version if state else "",
        "datadir:": str(data),
        "conf file:": "iris.cpf  (WebServer port = 0)",
        "status:": status,
        "SuperServers:": str(SUPERSERVER_PORT),
    }
    if state:
        lines["state:"] = "ok"
    lines["product:"] = "InterSystems IRIS"
    _print(f"\nConfiguration '{INSTANCE}'   (default)")
    for label, value in lines.items():
        _print(f"{'':8}{label:<14}{value}")
    return 0


def _qlist(given: list[str]) -> int:
    if _wrong_instance(given):
        return 1
    data, state = data_directory(), read_state(data_directory())
    fields = (
        INSTANCE,
        str(INSTALLATION),
        state.version if state else "",
        f"running, since {state.since}" if state else "down",
        "iris.cpf",
        str(SUPERSERVER_PORT),
        "0",
        "0",
        "ok" if state else "",
        "IRIS",
        "",
        "",
        str(data),
        str(SUPERSERVER_PORT),
    )
    _print("^".join(fields))
    return 0


def _start(given: list[str]) -> int:
    if _wrong_instance(given):
        return 1
    data = data_directory()
    if read_state(data):
        _print(f"Instance {INSTANCE} is already running")
        return 0
    (data / "mgr").mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    log = (data / "mgr" / "standin.log").open("ab")
    with log:
        # Descriptor 3 is where the server says that it is ready.
        process = subprocess.Popen(
            [
                "/bin/sh",
                "-c",
                f'exec "$0" -m iris_devtools.standin.image.server 3>&{writing}',
                sys.executable,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
        )
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        word, _, rest = answer.readline().rstrip("\n").partition(" ")
    _print("This copy of InterSystems IRIS has been licensed for use exclusively by:")
    if word == "ready":
        _print(rest)
        _print("Copyright (c) 1986-2025 by InterSystems Corporation (stand-in of iris-devtools: not IRIS)")
        _print("Any other use is a violation of your license agreement")
        _print("Starting IRIS\n")
        return 0
    process.wait()
    if "License expired" in rest:
        _print(rest)
        _print(
            "Error: Invalid Community Edition license, may have exceeded core limit. - Shutting down the "
            "system : $zu(56,2)= 0Starting IRIS\n"
        )
    else:
        _print(rest or "the server ended without a word; see mgr/standin.log")
    _print("An error was detected during InterSystems IRIS startup.")
    _print("** Startup aborted **")
    return 1


def _stop(given: list[str]) -> int:
    if _wrong_instance(given):
        return 1
    data = data_directory()
    state = read_state(data)
    if state is None:
        _print(f"Instance {INSTANCE} is not running")
    else:
        os.kill(state.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while _is_alive(state.pid):
            if time.monotonic() > deadline:
                _print(f"Instance {INSTANCE} did not stop")
                return 1
            time.sleep(0.02)
    return _start(given[:1]) if "restart" in given[1:] else 0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _restart(given: list[str]) -> int:
    return _stop([*given[:1], "quietly", "restart"])


if __name__ == "__main__":
    sys.exit(main())
