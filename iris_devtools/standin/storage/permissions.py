"""May the server use a file?  Answered from owner and mode, as for a server that is not root.

IRIS runs as its own user, so a file that was copied in under another owner is closed to it (iris-facts
2.5). A stand-in that happens to run as root would be let in everywhere and hide that fault; it therefore
renounces root's privilege over files. Directories are used by whatever right the process has.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["may_change_directory", "may_read", "may_write"]

_READ = 4
_WRITE = 2


def may_read(path: Path) -> bool:
    """Tell whether owner, group and mode let this process read a file; False when there is none."""
    return _allowed(path, _READ)


def may_write(path: Path) -> bool:
    """Tell whether owner, group and mode let this process write a file; False when there is none."""
    return _allowed(path, _WRITE) and os.access(path, os.W_OK)


def may_change_directory(path: Path) -> bool:
    """Tell whether this process may add and delete files in a directory, by whatever right it has."""
    return os.access(path, os.W_OK | os.X_OK)


def _allowed(path: Path, wanted: int) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    if not hasattr(os, "geteuid"):
        return os.access(path, os.R_OK if wanted == _READ else os.W_OK)
    if status.st_uid == os.geteuid():
        bits = status.st_mode >> 6
    elif status.st_gid == os.getegid() or status.st_gid in os.getgroups():
        bits = status.st_mode >> 3
    else:
        bits = status.st_mode
    return bool(bits & wanted)
