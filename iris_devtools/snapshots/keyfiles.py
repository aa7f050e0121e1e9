"""The files besides Python sources that make a state: what migrations and seeds read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from iris_devtools.errors import ConfigurationError, SchemaSourceError
from iris_devtools.snapshots.key import combine

__all__ = ["KEY_FILES_FEATURE", "key_files_digest", "read_key_files"]

KEY_FILES_FEATURE = "key_files"
"""The feature of a manifest that holds the digest of each file, by its place."""

_CHUNK_BYTES = 1024 * 1024


def read_key_files(root: Path, patterns: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of every file that a pattern matches, by its place below ``root``, in order.

    A pattern is a glob (``migrations/data/*.csv``, ``sql/**/*.sql``); its bytes count, so a changed line end
    is a change. Raises ConfigurationError for a pattern that leads out of ``root`` or matches no file: what
    was meant to be in the key would silently be missing. Raises SchemaSourceError for a file that cannot be
    read.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        if PurePath(pattern).is_absolute() or ".." in PurePath(pattern).parts or not pattern.strip():
            raise ConfigurationError(
                f"key_files has {pattern!r}, which is not below the project's directory {root}.",
                hint='Write patterns relative to the project, like "migrations/data/*.csv".',
                pattern=pattern,
                root=root,
            )
        matches = [path for path in root.glob(pattern) if path.is_file()]
        if not matches:
            raise ConfigurationError(
                f"key_files has {pattern!r}, which matches no file below {root}.",
                hint="Mend the pattern, or take it out.",
                pattern=pattern,
                root=root,
            )
        for path in matches:
            found[path.relative_to(root).as_posix()] = _sha256(path)
    return dict(sorted(found.items()))


def key_files_digest(files: Mapping[str, str]) -> str | None:
    """Return one digest over the files, names included; None where there are none."""
    if not files:
        return None
    return combine((), "key files", *(part for item in sorted(files.items()) for part in item))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_CHUNK_BYTES):
                digest.update(piece)
    except OSError as error:
        raise SchemaSourceError(
            f"{path}, which is part of the key, cannot be read: {error.strerror}",
            hint="Mend its permissions, or take it out of key_files.",
            path=path,
        ) from error
    return digest.hexdigest()
