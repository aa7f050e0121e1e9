"""``iris-main``: the first program of the image (iris-terminal-and-image D.3 to D.7)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iris_devtools.standin.image.places import INSTANCE, data_directory
from iris_devtools.standin.instance import VERSION_NUMBER

__all__ = ["main"]

_WITH_VALUE = {
    **dict.fromkeys(("-i", "--instance"), "instance"),
    **dict.fromkeys(("-d", "--down"), "down"),
    **dict.fromkeys(("-u", "--up"), "up"),
    **dict.fromkeys(("-s", "--nostu"), "nostu"),
    **dict.fromkeys(("-k", "--key"), "key"),
    **dict.fromkeys(("-l", "--log"), "log"),
    **dict.fromkeys(("-b", "--before"), "before"),
    **dict.fromkeys(("-a", "--after"), "after"),
    **dict.fromkeys(("-e", "--exit"), "exit"),
    **dict.fromkeys(("-c", "--create"), "create"),
    **dict.fromkeys(("-t", "--terminate"), "terminate"),
    **dict.fromkeys(("-p", "--password-file"), "password_file"),
    "--ISCAgent": "agent",
    "--ISCAgentPort": "agent_port",
    "--check-caps": "capabilities",
}
_FOLLOW_S = 0.05


@dataclass
class _Options:
    """What the command line says; the last of two equal options wins."""

    values: dict[str, str] = field(default_factory=dict)

    def on(self, name: str) -> bool:
        return self.values.get(name, "true").lower() != "false"


class _Fatal(Exception):
    """The container ends, with this line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the server, relay its log, stop it at SIGTERM; the exit code is 0 after a clean stop."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "--version" in given:
        print(f"iris-main {VERSION_NUMBER} (stand-in of iris-devtools)")  # noqa: T201
        return 0
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    follower = _Follower(data_directory() / "mgr" / "messages.log")
    try:
        options = _parse(given)
        _hook(options, "create")
        _hook(options, "before")
        _take_key(options)
        if options.on("up"):
            _start(follower)
            _change_passwords(options)
        _hook(options, "after", what="post-startup")
        ended.wait()
        if options.on("down"):
            _say(f"[INFO] Shutting down InterSystems IRIS instance {INSTANCE}...")
            _run(["iris", "stop", INSTANCE, "quietly"])
            _say(f"[INFO] ...shut down InterSystems IRIS instance {INSTANCE}")
        _hook(options, "exit")
        _hook(options, "terminate")
    except _Fatal as fatal:
        _say(f"[FATAL] {fatal}")
        _run(["iris", "stop", INSTANCE, "quietly"])
        return 1
    finally:
        follower.stop()
    return 0


def _parse(given: list[str]) -> _Options:
    options = _Options()
    rest = list(given)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        # The manual writes a long name with one dash once.
        known = _WITH_VALUE.get(name) or _WITH_VALUE.get(f"-{name}")
        if known is None:
            raise _Fatal(f"Unknown option: {word}")
        if not equals:
            if not rest:
                raise _Fatal(f"Option {word} wants a value")
            value = rest.pop(0)
        options.values[known] = value
    if options.values.get("instance", INSTANCE).upper() != INSTANCE:
        raise _Fatal(f"There is no instance {options.values['instance']}")
    return options


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _start(follower: _Follower) -> None:
    _say(f"[INFO] Starting InterSystems IRIS instance {INSTANCE}...")
    follower.start()
    done = _run(["iris", "start", INSTANCE, "quietly"])
    lines = done.stdout.rstrip("\n").split("\n")
    _say(f"[INFO] {lines[0]}")
    for line in lines[1:]:
        _say(line)
    if done.returncode:
        _say(f'[ERROR] Command "iris start {INSTANCE} quietly" exited with status {done.returncode << 8}')
        _say(f"[ERROR] See {data_directory()}/mgr/messages.log for more information")
        raise _Fatal("Error starting InterSystems IRIS")
    follower.catch_up()
    _say(f"[INFO] ...started InterSystems IRIS instance {INSTANCE}")


def _take_key(options: _Options) -> None:
    name = options.values.get("key")
    if name is None:
        return
    target = data_directory() / "mgr" / "iris.key"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, target)
    except OSError as error:
        raise _Fatal(f"Cannot copy the licence key: {error}") from error


def _change_passwords(options: _Options) -> None:
    """Change the passwords of all predefined accounts, once: a sentinel says that it was done."""
    name = options.values.get("password_file")
    if name is None:
        return
    path = Path(name)
    sentinel = path.with_name(f"{path.name}.done")
    if sentinel.exists():
        return
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    call = f'##class(SYS.Container).ChangePassword("{path}")'
    done = _run(["iris", "session", INSTANCE, "-U", "%SYS", call])
    if done.returncode:
        raise _Fatal(f"Cannot change the passwords: {done.stdout.strip()}")
    if writable:
        sentinel.touch()


def _hook(options: _Options, name: str, *, what: str = "") -> None:
    command = options.values.get(name)
    if command is None:
        return
    _say(f"[INFO] Executing command {command}...")
    done = _run(["/bin/sh", "-c", command])
    for line in done.stdout.splitlines():
        _say(f"[INFO] {line}")
    for line in done.stderr.splitlines():
        _say(f"[ERROR] {line}")
    if done.returncode:
        _say(f'[ERROR] Command "{command}" exited with status {done.returncode << 8}')
    if done.returncode or done.stderr:
        raise _Fatal(f"Error executing {what or name} command")
    _say(f"[INFO] ...executed command {command}")


class _Follower:
    """Relays what is added to the server's log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size if path.exists() else 0
        self._over = threading.Event()
        self._relaying = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self.catch_up()

    def catch_up(self) -> None:
        """Relay what is there by now."""
        with self._relaying:
            try:
                with self._path.open("rb") as file:
                    file.seek(self._at)
                    added = file.read()
            except OSError:
                return
            self._at += len(added)
            sys.stdout.write(added.decode(errors="replace"))
            sys.stdout.flush()

    def _follow(self) -> None:
        while not self._over.wait(_FOLLOW_S):
            self.catch_up()


if __name__ == "__main__":
    sys.exit(main())
