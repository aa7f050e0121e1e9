"""What was verified once is not read again: digests by the identity of a file, kept in the store.

A file is the same one as long as its device, inode, size and both times (of its content and of its inode)
stay; the last of these cannot be set by anybody, so a change shows even under a clock that goes backwards.
A record is a small file of its own for each snapshot, replaced as a whole, and anything but a well-formed
record counts as none: it can be deleted at any time, and a store that cannot be written does without.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from pathlib import Path

__all__ = ["RECORDS", "forget", "known_digest", "remember"]

RECORDS = ".verified"
"""The directory of the records, in the store."""

_Identity = tuple[int, ...]

_known: dict[_Identity, str] = {}
_lock = threading.Lock()


def known_digest(path: Path) -> str | None:
    """Return the SHA-256 of the data in ``path`` if this very file was verified before, else None.

    Raises OSError when there is no such file.
    """
    identity = _identity(path)
    with _lock:
        known = _known.get(identity)
    if known is not None:
        return known
    entry = _read(_record(path.parent)).get(path.name)
    if isinstance(entry, dict) and entry.get("identity") == list(identity):
        digest = entry.get("sha256")
        return digest if isinstance(digest, str) else None
    return None


def remember(path: Path, digest: str) -> None:
    """Keep that the data in ``path`` have this SHA-256; in this process alone where the store cannot be
    written, or where the snapshot lies in none.
    """
    try:
        identity = _identity(path)
    except OSError:
        return
    with _lock:
        _known[identity] = digest
    record = _record(path.parent)
    if not record.parent.is_dir():
        return
    entries = _read(record)
    entries[path.name] = {"identity": list(identity), "sha256": digest}
    temporary = record.with_name(f"{record.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_text(json.dumps(entries), encoding="utf-8")
        temporary.replace(record)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def forget(directory: Path) -> None:
    """Drop the record of the snapshot in ``directory``, where there is one."""
    with contextlib.suppress(OSError):
        _record(directory).unlink(missing_ok=True)


def _identity(path: Path) -> _Identity:
    status = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - Path.stat cannot do that in Python 3.10
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _record(directory: Path) -> Path:
    return directory.parent / RECORDS / f"{directory.name}.json"


def _read(record: Path) -> dict[str, object]:
    try:
        entries = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}
