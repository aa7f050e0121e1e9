"""A server without a port, and a terminal on it."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator

import pytest

from iris_devtools.standin.instance import Instance, Options
from iris_devtools.standin.terminal.session import run_terminal

Terminal = Callable[..., tuple[str, int]]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("terminal"), Options(change_password=True)) as instance:
        yield instance


@pytest.fixture
def terminal(instance: Instance) -> Terminal:
    def run(*lines: str, command: str | None = None, **options: object) -> tuple[str, int]:
        output = io.StringIO()
        given: dict[str, object] = {
            "namespace": "USER",
            "environment": {},
            "directory": "/home",
            "trusted": True,
        }
        code = run_terminal(
            instance,
            io.StringIO("".join(f"{line}\n" for line in lines)),
            output,
            command=command,
            os_user="irisowner",
            **{**given, **options},  # type: ignore[arg-type]
        )
        return output.getvalue(), code

    return run


@pytest.fixture
def after(terminal: Terminal) -> Callable[..., str]:
    """What follows the first prompt, up to the last but one: the output of the lines given."""

    def run(*lines: str, **options: object) -> str:
        output, code = terminal(*lines, "halt", **options)
        assert code == 0
        banner = f"\nNode: {socket.gethostname()}, Instance: IRIS\n\nUSER>"
        assert output.startswith(banner)
        return output.removeprefix(banner).removesuffix("\n")

    return run


@pytest.fixture
def written(after: Callable[..., str]) -> Callable[..., str]:
    """What the last line writes, without the prompts around it."""

    def run(*lines: str, **options: object) -> str:
        output = after(*lines, **options)
        return f">{output}".rpartition("\n")[0].rpartition(">\n")[2]

    return run
