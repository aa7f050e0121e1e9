"""Before the first test: is everything there that the run will need?

One failure that says what is wrong is better than the same one under every test. Nothing is different
afterwards but that a server of ours is started, which the tests would do anyway: the directory that is made
to see whether one can be made is removed again.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from iris_devtools.admin import Admin
from iris_devtools.admin.privileges import MANAGE, OPERATE
from iris_devtools.cli.checks import Finding, findings
from iris_devtools.errors import IrisDevtoolsError
from iris_devtools.schema import source_from_settings
from iris_devtools.snapshots.store import open_store

if TYPE_CHECKING:
    from iris_devtools.config import Settings
    from iris_devtools.servers.server import Server

__all__ = ["preflight"]

_COPIES = 3
"""The staged file, the one in use, and the one that takes its place."""


def preflight(settings: Settings, server: Callable[[], Server]) -> Iterator[Finding]:
    """Look at client, store and disk, then at the server that ``server`` returns or starts.

    What is behind something that failed is not looked at.
    """
    yield from findings(settings, only=("driver", "dialect", "store", "disk"))
    try:
        with Admin.connect(server(), timeout_s=settings.connect_timeout_s) as admin:
            yield Finding("server", "ok", f"{admin.version.text} ({admin.engine})")
            yield _privileges(admin)
            yield from _heads(settings, admin)
    except IrisDevtoolsError as error:
        yield Finding("server", "failed", error.message, error.hint)


def _privileges(admin: Admin) -> Finding:
    try:
        admin.require_privileges(OPERATE, MANAGE)
        number = len(admin.namespaces())
        admin.processes("%SYS")
        probe = f"{admin.manager_directory}iris-devtools-{secrets.token_hex(4)}"
        admin.make_directories(probe)
        admin.remove_directory(probe)
    except IrisDevtoolsError as error:
        hint = error.hint or "Use an account with the role %All."
        return Finding("privileges", "failed", error.message, hint)
    return Finding(
        "privileges", "ok", f"sees {number} namespaces and the processes, may write beside the databases"
    )


def _heads(settings: Settings, admin: Admin) -> Iterator[Finding]:
    try:
        key = source_from_settings(settings).key(admin.engine)
        snapshot = open_store(settings).find(key)
    except IrisDevtoolsError as error:
        yield Finding("heads", "failed", error.message, error.hint)
        return
    where = "in the store" if snapshot else "not in the store yet; it will be built"
    yield Finding("heads", "ok", f"{', '.join(key.revisions)}; {where}")
    if snapshot is None or not admin.server.local_files:
        return  # the size is not known yet, or the disk is not ours to measure
    wanted = _COPIES * sum(file.size for file in snapshot.manifest.files)
    free = shutil.disk_usage(Path(admin.manager_directory)).free
    found = f"{free >> 20} MiB free at {admin.manager_directory}, {wanted >> 20} MiB for one namespace"
    if free < wanted:
        yield Finding("room", "failed", found, "Free some space there, or take fewer workers.")
    else:
        yield Finding("room", "ok", found)
