"""What ``iris-devtools doctor`` looks at: each check finds one thing out, and knows its remedy."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from iris_devtools.config import Settings
from iris_devtools.errors import IrisDevtoolsError

__all__ = ["Finding", "findings"]

_LOW_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``remedy`` is empty when nothing is wrong."""

    check: str
    state: Literal["ok", "warning", "failed"]
    found: str
    remedy: str = ""


def findings(settings: Settings) -> Iterator[Finding]:
    """Run every check, one after the other; none of them starts or changes anything."""
    checks: dict[str, Callable[[Settings], Finding]] = {
        "driver": _driver,
        "dialect": _dialect,
        "store": _store,
        "disk": _disk,
        "docker": _docker,
        "image": _image,
        "licence": _licence,
        "server": _server,
    }
    for name, check in checks.items():
        yield _run(name, check, settings)


def _run(name: str, check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return check(settings)
    except IrisDevtoolsError as error:
        return Finding(name, "failed", error.message, error.hint)


def _driver(_settings: Settings) -> Finding:
    from iris_devtools.admin.driver import load_driver

    load_driver()
    version = metadata.version("intersystems-irispython")
    # The wrapper that the dialect installs lays a package of the same name over the driver's, and which of
    # the two is left depends on the order of their installation (iris-facts 5.2).
    public = importlib.import_module("iris")
    path = public.__file__ or "a namespace package"
    found = f"intersystems-irispython {version}; the package iris is {path}"
    if not hasattr(public, "createIRIS") or not hasattr(public, "connect"):
        return Finding(
            "driver",
            "warning",
            f"{found}, which hides the driver from programs that import iris themselves",
            "python -m pip install --force-reinstall --no-deps intersystems-irispython",
        )
    return Finding("driver", "ok", found)


def _dialect(_settings: Settings) -> Finding:
    import sqlalchemy
    from sqlalchemy.exc import NoSuchModuleError

    try:
        sqlalchemy.engine.make_url("iris://").get_dialect()
    except NoSuchModuleError as error:
        return Finding(
            "dialect",
            "failed",
            f"SQLAlchemy {sqlalchemy.__version__} knows no dialect iris: {error}",
            "Install it: python -m pip install 'sqlalchemy-iris>=0.20,<0.21'",
        )
    version = metadata.version("sqlalchemy-iris")
    return Finding("dialect", "ok", f"sqlalchemy-iris {version} on SQLAlchemy {sqlalchemy.__version__}")


def _nearest(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _store(settings: Settings) -> Finding:
    place = _nearest(settings.store)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding(
            "store",
            "failed",
            f"nothing can be written in {place}: {error.strerror}",
            "Make it writable, or choose another directory with the setting store.",
        )
    return Finding("store", "ok", f"{settings.store} can be written")


def _disk(settings: Settings) -> Finding:
    place = _nearest(settings.store)
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GiB free at {place}"
    if free < _LOW_BYTES:
        return Finding("disk", "warning", found, "Free some space: alembic iris-prune, docker system prune.")
    return Finding("disk", "ok", found)


def _docker(settings: Settings) -> Finding:
    from iris_devtools.servers.docker_socket import engine_address, engine_says

    address = engine_address()
    wanted = settings.server == "container"
    remedy = "Start Docker, or use server = 'standin', which needs none."
    if address is None:
        return Finding("docker", "failed" if wanted else "warning", "there is no Docker engine", remedy)
    try:
        status, answer = engine_says(address, "/version")
    except OSError as error:
        found = f"the engine at {address} does not answer: {error}"
        return Finding("docker", "failed" if wanted else "warning", found, f"Check `docker info`. {remedy}")
    if status != 200 or not isinstance(answer, dict):
        return Finding("docker", "failed", f"the engine at {address} answers {status}", remedy)
    found = f"{answer.get('Version')} ({answer.get('Os')}/{answer.get('Arch')}) at {address}"
    return Finding("docker", "ok", found)


def _image(settings: Settings) -> Finding:
    from iris_devtools.servers.docker_socket import engine_address, has_image
    from iris_devtools.servers.editions import image_of

    name, address = image_of(settings), engine_address()
    try:
        here = address is not None and has_image(address, name)
    except OSError:
        here = False
    if here:
        return Finding("image", "ok", f"{name} is here")
    wanted = settings.server == "container" and settings.pull is False
    remedy = f"docker pull {name}; or server = 'container', which pulls it."
    return Finding("image", "failed" if wanted else "warning", f"{name} is not here", remedy)


def _licence(settings: Settings) -> Finding:
    from iris_devtools.servers.editions import find_licence_key

    if settings.edition == "community":
        return Finding("licence", "ok", "the community edition needs no key")
    key = settings.license_key or find_licence_key()
    if key is None or not key.is_file():
        return Finding(
            "licence",
            "failed",
            f"the enterprise edition wants a licence key, and there is none at {key or '~/.iris/iris.key'}",
            "Name the file in license_key or IRIS_LICENSE_KEY.",
        )
    return Finding("licence", "ok", f"{key}")


def _server(settings: Settings) -> Finding:
    from iris_devtools.admin import Admin
    from iris_devtools.servers.existing import existing_server

    if not settings.host or settings.server not in ("auto", "existing"):
        return Finding("server", "ok", f"server = {settings.server}, and no host is set")
    with (
        existing_server(settings) as handle,
        Admin.connect(handle.server, timeout_s=settings.connect_timeout_s) as admin,
    ):
        return Finding("server", "ok", f"{handle.server} lets {settings.username} in: {admin.version.text}")
