"""What ``iris-devtools doctor`` looks at: each check finds one thing out, and knows its remedy."""

from __future__ import annotations

import http.client
import importlib
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packaging.requirements import Requirement

from iris_devtools.config import Settings
from iris_devtools.errors import AuthenticationError, IrisDevtoolsError, PrivilegeError

if TYPE_CHECKING:
    from iris_devtools.admin import Admin
    from iris_devtools.servers.running import RunningIris
    from iris_devtools.servers.server import Server

__all__ = ["Finding", "findings"]

_LOW_BYTES = 2 * 1024**3
_FEW_UNITS = 3
_REINSTALL = "python -m pip install --upgrade iris-devtools, which brings the releases that it is made for."


State = Literal["ok", "warning", "failed"]

_NEEDLESS: dict[State, str] = {"ok": ", and none is needed", "warning": "", "failed": ""}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``remedy`` is empty when nothing is wrong."""

    check: str
    state: State
    found: str
    remedy: str = ""


def findings(settings: Settings, *, only: Iterable[str] | None = None) -> Iterator[Finding]:
    """Run every check, or ``only`` those of these names, one after the other.

    None of them starts a server or changes one, but that a file is written and deleted again where it must be
    possible to write.
    """
    checks: dict[str, Callable[[Settings], Iterator[Finding]]] = {
        "driver": _driver,
        "dialect": _dialect,
        "store": _store,
        "disk": _disk,
        "docker": _docker,
        "image": _image,
        "licence": _licence,
        "ports": _ports,
        "server": _server,
    }
    for name, check in checks.items():
        if only is None or name in only:
            yield from _run(name, check, settings)


def _run(name: str, check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except IrisDevtoolsError as error:
        yield Finding(name, "failed", error.message, error.hint)


def _outside(distribution: str) -> str:
    """Say that an installed release is not among those that are supported; empty when it is."""
    version = metadata.version(distribution)
    for text in metadata.requires("iris-devtools") or ():
        wanted = Requirement(text)
        if wanted.name == distribution and not wanted.specifier.contains(version, prereleases=True):
            return f"{distribution} {version} is not among the supported releases ({wanted.specifier})"
    return ""


def _driver(_settings: Settings) -> Iterator[Finding]:
    from iris_devtools.admin.driver import load_driver

    load_driver()
    version = metadata.version("intersystems-irispython")
    # The wrapper that the dialect installs lays a package of the same name over the driver's, and which of
    # the two is left depends on the order of their installation (iris-facts 5.2).
    public = importlib.import_module("iris")
    path = public.__file__ or "a namespace package"
    found = f"intersystems-irispython {version}; the package iris is {path}"
    if not hasattr(public, "createIRIS") or not hasattr(public, "connect"):
        yield Finding(
            "driver",
            "warning",
            f"{found}, which hides the driver from programs that import iris themselves",
            "python -m pip install --force-reinstall --no-deps intersystems-irispython",
        )
        return
    if outside := _outside("intersystems-irispython"):
        yield Finding("driver", "warning", f"{outside}; {found}", _REINSTALL)
        return
    yield Finding("driver", "ok", found)


def _dialect(_settings: Settings) -> Iterator[Finding]:
    import sqlalchemy
    from sqlalchemy.exc import NoSuchModuleError

    try:
        sqlalchemy.engine.make_url("iris://").get_dialect()
    except NoSuchModuleError as error:
        yield Finding(
            "dialect",
            "failed",
            f"SQLAlchemy {sqlalchemy.__version__} knows no dialect iris: {error}",
            "Install it: python -m pip install 'sqlalchemy-iris>=0.20,<0.21'",
        )
        return
    for distribution in ("sqlalchemy-iris", "sqlalchemy"):
        if outside := _outside(distribution):
            yield Finding("dialect", "warning", outside, _REINSTALL)
            return
    version = metadata.version("sqlalchemy-iris")
    yield Finding("dialect", "ok", f"sqlalchemy-iris {version} on SQLAlchemy {sqlalchemy.__version__}")


def _nearest(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _store(settings: Settings) -> Iterator[Finding]:
    unwritable = _unwritable("store", settings.store, setting="store")
    yield unwritable or Finding("store", "ok", f"{settings.store} can be written")


def _unwritable(name: str, directory: Path, *, setting: str) -> Finding | None:
    place = _nearest(directory)
    try:
        with tempfile.TemporaryFile(dir=place):
            return None
    except OSError as error:
        return Finding(
            name,
            "failed",
            f"nothing can be written in {place}: {error.strerror}",
            f"Make it writable, or choose another directory with the setting {setting}.",
        )


def _disk(settings: Settings) -> Iterator[Finding]:
    place = _nearest(settings.store)
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GiB free at {place}"
    if free < _LOW_BYTES:
        yield Finding("disk", "warning", found, "Free some space: alembic iris-prune, docker system prune.")
        return
    yield Finding("disk", "ok", found)


def _docker(settings: Settings) -> Iterator[Finding]:
    from iris_devtools.servers.docker_socket import engine_address, engine_says

    address = engine_address()
    state = _unless_needed(settings)
    remedy = "" if state == "ok" else "Start Docker, or use server = 'standin', which needs none."
    if address is None:
        yield Finding("docker", state, f"there is no Docker engine{_NEEDLESS[state]}", remedy)
        return
    try:
        status, answer = engine_says(address, "/version")
    except OSError as error:
        found = f"the engine at {address} does not answer: {error}{_NEEDLESS[state]}"
        yield Finding("docker", state, found, f"Check `docker info`. {remedy}" if remedy else "")
        return
    if status != http.client.OK or not isinstance(answer, dict):
        yield Finding("docker", state, f"the engine at {address} answers {status}", remedy)
        return
    found = f"{answer.get('Version')} ({answer.get('Os')}/{answer.get('Arch')}) at {address}"
    yield Finding("docker", "ok", found)


def _unless_needed(settings: Settings) -> State:
    """Return how bad it is when there is no engine or image."""
    if settings.server == "container":
        return "failed"
    return "ok" if settings.host or settings.server != "auto" else "warning"


def _image(settings: Settings) -> Iterator[Finding]:
    from iris_devtools.servers.choose import running_server
    from iris_devtools.servers.docker_socket import engine_address, has_image
    from iris_devtools.servers.editions import image_of

    name, address = image_of(settings), engine_address()
    try:
        here = address is not None and has_image(address, name)
    except OSError:
        here = False
    if here:
        yield Finding("image", "ok", f"{name} is here")
        return
    state = "ok" if running_server(settings) is not None else _unless_needed(settings)
    if state == "failed" and settings.pull is not False:
        yield Finding("image", "ok", f"{name} is not here, and will be pulled")
        return
    remedy = "" if state == "ok" else f"docker pull {name}; or server = 'container', which pulls it."
    yield Finding("image", state, f"{name} is not here{_NEEDLESS[state]}", remedy)


def _licence(settings: Settings) -> Iterator[Finding]:
    from iris_devtools.servers.editions import find_licence_key

    if settings.edition == "community":
        yield Finding("licence", "ok", "the community edition needs no key")
        return
    key = settings.license_key or find_licence_key()
    if key is None or not key.is_file():
        yield Finding(
            "licence",
            "failed",
            f"the enterprise edition wants a licence key, and there is none at {key or '~/.iris/iris.key'}",
            "Name the file in license_key or IRIS_LICENSE_KEY.",
        )
        return
    yield Finding("licence", "ok", f"{key}")


def _ports(settings: Settings) -> Iterator[Finding]:
    port = settings.container_port
    if port == 0:
        yield Finding("ports", "ok", "the engine chooses a free one for a container")
        return
    if _is_free(port):
        yield Finding("ports", "ok", f"container_port {port} is free")
        return
    holder = _container_at(port)
    if holder is not None and holder.labels is not None and holder.labels.project == str(settings.root):
        yield Finding("ports", "ok", f"container_port {port} is that of the running container {holder.name}")
        return
    by = f"the container {holder.name}" if holder else "another program"
    yield Finding(
        "ports",
        "failed" if settings.server == "container" else "warning",
        f"container_port {port} is taken by {by}",
        "Leave container_port out to get a free one, or end what has it.",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Docker's own proxy does: what is only waiting to be forgotten is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _container_at(port: int) -> RunningIris | None:
    from iris_devtools.servers.docker_socket import engine_address
    from iris_devtools.servers.running import running_iris

    address = engine_address()
    try:
        found = running_iris(address) if address else ()
    except OSError:
        return None
    return next((each for each in found if each.port == port), None)


def _server(settings: Settings) -> Iterator[Finding]:
    from iris_devtools.servers.choose import decide
    from iris_devtools.servers.existing import existing_server

    choice = decide(settings)
    if choice.adopted is not None:
        yield from _logged_in(settings, choice.adopted.server, f"{choice.adopted.origin}: ")
    elif choice.kind == "existing":
        with existing_server(settings) as handle:
            yield from _logged_in(settings, handle.server, "")
    elif choice.kind == "standin" and (
        unwritable := _unwritable("server", settings.data_directory, setting="data_directory")
    ):
        yield unwritable
    else:
        yield Finding("server", "ok", f"will be {choice.what(settings)}, {choice.why}")


def _logged_in(settings: Settings, server: Server, origin: str) -> Iterator[Finding]:
    from iris_devtools.admin import Admin
    from iris_devtools.admin.privileges import MANAGE, OPERATE
    from iris_devtools.admin.recovery import is_expired_password

    try:
        with Admin.connect(server, timeout_s=settings.connect_timeout_s) as admin:
            yield Finding("server", "ok", f"{origin}{server} lets {server.username} in: {admin.version.text}")
            yield Finding("password", "ok", f"{server.username} need not change it")
            admin.require_privileges(OPERATE, MANAGE)
            may = f"{OPERATE}, {MANAGE}, and writing in {admin.manager_directory}"
            yield Finding("account", "ok", f"{server.username} has {may}")
            yield _units(admin)
    except PrivilegeError as error:
        yield Finding("account", "failed", error.message, error.hint)
    except AuthenticationError as error:
        expired = is_expired_password(str(error.facts.get("text", "")))
        yield Finding("password" if expired else "server", "failed", f"{origin}{error.message}", error.hint)


def _units(admin: Admin) -> Finding:
    limit, free = admin.licence_units()
    if limit is None or free is None:
        return Finding("units", "warning", "the server does not tell how many connections its licence allows")
    found = f"{free} of {limit} connections that the licence allows are free"
    if free < _FEW_UNITS:
        return Finding("units", "warning", found, "End connections that nobody needs, and take few workers.")
    return Finding("units", "ok", found)
