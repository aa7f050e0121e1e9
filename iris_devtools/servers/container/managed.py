"""The container of a project: one for all its processes, from what the settings say."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

from iris_devtools.config import Settings
from iris_devtools.errors import ServerError
from iris_devtools.progress import SILENT, RichReporter
from iris_devtools.servers.container.container import START_TIMEOUT_S, IRISContainer
from iris_devtools.servers.container.spec import ContainerSpec
from iris_devtools.servers.editions import image_of, platform_of

__all__ = ["container_of", "managed_container"]

_kept: dict[tuple[int, Path, str], IRISContainer] = {}
_keeping = threading.Lock()


def container_of(settings: Settings, *, private: bool = False) -> IRISContainer:
    """Return the container that the settings describe, not started.

    A ``private`` one is another each time, whatever the settings say of reuse; it has neither the port nor
    the durable data that the settings give, for these may be in use.

    Raises:
        ConfigurationError: the licence key or the merge file is not there.
        ServerStartError: the enterprise edition is wanted, and there is no licence key.

    """
    key = settings.license_key
    options: dict[str, Any] = {
        "merge_file": settings.merge_file,
        "after": settings.after_start,
        "durable": None if private else settings.durable,
        "memory": settings.container_memory,
        "cpus": settings.container_cpus,
        "port": 0 if private else settings.container_port,
        "environment": settings.container_environment,
        "volumes": settings.container_volumes,
        "platform": platform_of(settings),
        "share": settings.container_share,
    }
    given = settings.origins["startup_timeout_s"] != "default"
    life: dict[str, Any] = {
        "reuse": settings.reuse and not private,
        "directory": None if private else settings.container_directory,
        "project": settings.root,
        "pull": settings.pull is not False,
        "timeout_s": settings.startup_timeout_s if given else START_TIMEOUT_S,
        # A pull takes minutes, and whoever waits at a terminal wants to see it.
        "reporter": RichReporter(sys.stderr) if sys.stderr.isatty() else SILENT,
    }
    if settings.edition == "enterprise":
        return IRISContainer.enterprise(license_key=key, image=image_of(settings), **options, **life)
    spec = ContainerSpec(image=image_of(settings), license_key=key, **options)
    return IRISContainer(spec, **life)


def managed_container(settings: Settings) -> IRISContainer:
    """Return the project's container, started unless it runs already.

    This process uses it until it ends; it is removed after the last process that does, unless it is reused.

    Raises:
        ServerNotFoundError: no Docker engine answers.
        ServerStartError: as :meth:`IRISContainer.start`.

    """
    wanted = container_of(settings)
    key = (os.getpid(), settings.container_directory, f"{wanted.spec.digest} {wanted.reuse}")
    with _keeping:
        known = _kept.get(key)
        if known is not None:
            if known.is_alive():
                return known
            del _kept[key]
            known.stop()
        if not _kept:
            atexit.register(_let_go)
        _kept[key] = started = wanted.start()
        return started


def _let_go() -> None:
    for (pid, _, _), container in _kept.items():
        # A forked child has its parent's containers in its memory, and they are not its own.
        if pid == os.getpid():
            with contextlib.suppress(ServerError):
                container.stop()
    _kept.clear()
