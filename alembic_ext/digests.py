"""The digests of migration scripts, remembered by content: a script that was parsed once is not parsed again.

They are kept in ``__pycache__`` of the script directory, where Python keeps what it derives from the same
files. What is looked up is the hash of the bytes that are there now, so no clock, no copy and no checkout
can make an old answer fit a new script; a file that cannot be read or written only costs time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import sys
import tokenize
from io import BytesIO
from pathlib import Path

from iris_devtools.errors import SchemaSourceError
from iris_devtools.snapshots.key import RULES, source_digest

__all__ = ["SourceDigests"]

_FILE_NAME = "iris-devtools-digests.json"
_SPARE = 4
_DIGEST = re.compile(r"[0-9a-f]{64}")


class SourceDigests:
    """Digest the scripts of one directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "__pycache__" / _FILE_NAME
        self._known: dict[str, str] | None = None
        self._used: dict[str, str] = {}

    def of(self, path: Path) -> str:
        """Return the digest of a script's code; raise SchemaSourceError, naming it, when it has none."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SchemaSourceError(
                f"{path} cannot be read: {error.strerror}", hint="Mend the file's permissions.", path=path
            ) from error
        if self._known is None:
            self._known = self._read()
        name = hashlib.sha256(content).hexdigest()
        digest = self._known.get(name) or _digest(path, content)
        self._used[name] = digest
        return digest

    def save(self) -> None:
        """Remember what was asked for, unless all of it was remembered before."""
        if self._known is None or self._used.keys() <= self._known.keys() or sys.dont_write_bytecode:
            return
        # Another branch of the project may need the others tomorrow, but not every version that ever was.
        spare = len(self._known) <= _SPARE * max(len(self._used), 100)
        self._known = {**(self._known if spare else {}), **self._used}
        text = json.dumps({"rules": RULES, "digests": self._known}, indent=0)
        temporary = self._path.with_suffix(f".{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            temporary.write_text(text, encoding="ascii")
            temporary.replace(self._path)
            return
        with contextlib.suppress(OSError):
            temporary.unlink()

    def _read(self) -> dict[str, str]:
        try:
            stored = json.loads(self._path.read_text(encoding="ascii"))
            if stored["rules"] != RULES:
                return {}
            return {
                str(name): digest for name, digest in stored["digests"].items() if _DIGEST.fullmatch(digest)
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}


def _digest(path: Path, content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
        return source_digest(content.decode(encoding))
    except SchemaSourceError as error:
        raise SchemaSourceError(
            f"{path}: {error.message}", hint=error.hint, path=path, line=error.facts.get("line")
        ) from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise SchemaSourceError(
            f"{path}: its encoding is not what it declares: {error}",
            hint="Save the script as UTF-8.",
            path=path,
        ) from error
