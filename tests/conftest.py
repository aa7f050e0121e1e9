"""What all tests share: one running stand-in, private ones on demand, and an end for tests that hang."""

from __future__ import annotations

import faulthandler
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from iris_devtools.admin import Admin
from iris_devtools.servers.server import Server
from iris_devtools.servers.standin import StandinProcess, start_standin
from iris_devtools.urls import parse_url

HANGS_AFTER_S = 240
"""The driver waits for ever for an answer that does not come; the stacks of all threads then say where."""

_HERE = Path(__file__).parent
_numbers = itertools.count(1)

# What a terminal, a CI service or a developer's own settings leave in the environment is not what tests are
# about: colours, widths, summaries of another length, servers. All children inherit it clean.
_FOR_TESTS = ("IRIS_DEVTOOLS_TEST_", "IRIS_LICENSE_KEY")
_OF_OUTPUT = {"CI", "BUILD_NUMBER", "COLUMNS", "FORCE_COLOR", "LINES", "PY_COLORS"}
for _name in list(os.environ):
    if _name in _OF_OUTPUT or (_name.startswith("IRIS_") and not _name.startswith(_FOR_TESTS)):
        del os.environ[_name]

# A shell starts background jobs with SIGINT ignored, and what is ignored stays so in every child.
# The tests that press Ctrl-C in a child need the usual behaviour; what this process handles, a child
# has at its default.
_is_main = threading.current_thread() is threading.main_thread()
if _is_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class RunningStandin:
    """A stand-in in a process of its own."""

    process: StandinProcess

    @property
    def server(self) -> Server:
        return self.process.server

    @property
    def host(self) -> str:
        return self.server.host

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def data(self) -> Path:
        return self.process.data

    @property
    def url(self) -> str:
        """The URL of namespace USER, with the password."""
        return self.server.url("USER").render(hide_password=False)

    def url_of(self, namespace: str) -> str:
        """The URL of a namespace, with the password."""
        return self.server.url(namespace).render(hide_password=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--iris-image",
        default=os.environ.get("IRIS_DEVTOOLS_TEST_IMAGE") or None,
        metavar="IMAGE",
        help="run tests/docker, tests/iris and the tests of SQL's meaning on this image of IRIS "
        "(IRIS_DEVTOOLS_TEST_IMAGE)",
    )


def pytest_configure(config: pytest.Config) -> None:
    # What asks while it is imported knows no options.
    if image := config.getoption("--iris-image", None):
        os.environ["IRIS_DEVTOOLS_TEST_IMAGE"] = image


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandin]:
    """A stand-in for all tests of this run; use tables and namespaces of your own in it."""
    with start_standin(data=tmp_path_factory.mktemp("standin")) as process:
        yield RunningStandin(process)


@pytest.fixture
def standin_factory(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., RunningStandin]]:
    """Start a stand-in for one test, with the options of :func:`start_standin`; ``data`` may be left out."""
    started = []

    def start(*, data: Path | None = None, **options: object) -> RunningStandin:
        directory = data if data is not None else tmp_path_factory.mktemp("private")
        process = start_standin(data=directory, **options)  # type: ignore[arg-type]
        started.append(process)
        return RunningStandin(process)

    yield start
    for process in started:
        process.stop()


@pytest.fixture(scope="session")
def server(standin: RunningStandin) -> Server:
    """The server that tests administer: the stand-in of all, and in tests/iris an IRIS server."""
    return standin.server


@pytest.fixture(scope="session")
def server_under_test(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The IRIS server that is named, or one in a container of the image that is; else the stand-in of all.

    For tests that say what IRIS does: where one fails on IRIS, the stand-in is wrong, or what it was made
    from.
    """
    if named := os.environ.get("IRIS_DEVTOOLS_TEST_URL"):
        url = parse_url(named)
        yield Server("existing", url.host, url.port, url.username, url.password)
    elif image := os.environ.get("IRIS_DEVTOOLS_TEST_IMAGE"):
        from iris_devtools.servers.container import IRISContainer

        with IRISContainer.image(image) as container:
            yield container.server
    else:
        yield request.getfixturevalue("standin").server


@pytest.fixture
def admin(server: Server) -> Iterator[Admin]:
    """An administrator's connection of this test's own."""
    with Admin.connect(server) as admin:
        yield admin


@pytest.fixture
def new_namespace(server: Server) -> Iterator[Callable[[], str]]:
    """Return a function that names a namespace which does not exist; what is made of it is dropped."""
    names: list[str] = []

    def name() -> str:
        # The server may be somebody's, so that one sees whose it is.
        names.append(f"IRISDEVTOOLSTEST{os.getpid()}X{next(_numbers)}")
        return names[-1]

    yield name
    with Admin.connect(server) as admin:
        for made in names:
            admin.drop_namespace(made, missing_ok=True, terminate=True)


@pytest.fixture
def namespace(admin: Admin, new_namespace: Callable[[], str]) -> str:
    """An empty namespace of this test's own."""
    name = new_namespace()
    admin.create_namespace(name)
    return name


@pytest.fixture
def unique() -> str:
    """A name that no other test of this run uses."""
    return f"t{next(_numbers)}"


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in a process of its own: for clients that may crash or hang."""

    def run(code: str, *arguments: object, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run


@pytest.fixture(autouse=True)
def _no_container_by_chance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep ``auto`` from the IRIS images and containers that a developer's machine may have."""
    if not {"docker", "iris"} & set(request.node.path.relative_to(_HERE).parts):
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


@pytest.fixture(autouse=True)
def _modules_of_one_test(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the modules that a test wrote and imported: the next test's ``seeds`` is another one."""
    path, before, made = list(sys.path), set(sys.modules), str(tmp_path_factory.getbasetemp())
    yield
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(made):
            del sys.modules[name]
    sys.path_importer_cache.pop(".", None)  # a finder for "." stays with the directory that it was


@pytest.fixture(autouse=True)
def _hanging_tests_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """End the whole run, with all stacks, when a test hangs: the driver cannot be interrupted otherwise."""
    if "integration" not in request.node.path.parts:
        yield
        return
    faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()
