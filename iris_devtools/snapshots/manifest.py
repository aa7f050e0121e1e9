"""What a snapshot says about itself: ``manifest.json``, read strictly.

A manifest is read from places that others wrote (a shared store, a repository, a download), so nothing in
it is believed before it is checked: a file name cannot leave the snapshot's directory, and a field of the
wrong type is an error that names the field, never a guess.
"""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from iris_devtools.errors import ManifestError
from iris_devtools.snapshots.key import RevisionKey

__all__ = [
    "MANIFEST_NAME",
    "SCHEMA_VERSION",
    "Compression",
    "DatabaseFile",
    "KnownQuery",
    "Manifest",
    "Role",
    "SeedInfo",
    "TableRows",
]

MANIFEST_NAME = "manifest.json"

SCHEMA_VERSION = 3
"""Version of the manifest format. Any change of a field makes it larger; a larger one is not read.

1: database files as they are. 2: they may be compressed. 3: they may be differences from another snapshot.
A manifest has the lowest number that knows all that is in it, so that older readers read what they can.
"""

Role = Literal["data", "code", "both"]

Compression = Literal["none", "zstd", "delta"]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Base(_Part):
    """The file of the same role in another snapshot of the store that a difference is to be applied to.

    ``depth`` counts the files that have to be read one on top of the other: 1 when the base is whole.
    """

    snapshot: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    depth: Annotated[int, Field(ge=1, le=16)]

    @field_validator("snapshot")
    @classmethod
    def _stays_in_the_store(cls, snapshot: str) -> str:
        if not _PLAIN_NAME.fullmatch(snapshot):
            raise ValueError(f"{snapshot!r} is not the plain name of a snapshot")
        return snapshot


class DatabaseFile(_Part):
    """One database file of the snapshot: what it holds for the namespace, and how to know it again.

    ``size`` and ``sha256`` are those of the data; ``stored_size`` is how many bytes a compressed file takes.
    ``base`` is what a file of compression ``delta`` is the difference from.
    """

    role: Role
    name: str
    size: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    compression: Compression = "none"
    stored_size: Annotated[int, Field(gt=0)] | None = None
    base: Base | None = None

    @field_validator("name")
    @classmethod
    def _stays_in_the_directory(cls, name: str) -> str:
        if not _PLAIN_NAME.fullmatch(name) or name.casefold() == MANIFEST_NAME:
            raise ValueError(f"{name!r} is not the plain name of a file beside the manifest")
        return name

    @model_validator(mode="after")
    def _knows_how_it_is_kept(self) -> DatabaseFile:
        if (self.compression == "none") != (self.stored_size is None):
            raise ValueError("stored_size is given for a compressed file, and for no other")
        if (self.compression == "delta") != (self.base is not None):
            raise ValueError("base is given for a difference, and for no other")
        return self

    @property
    def bytes_on_disk(self) -> int:
        """Return how many bytes the file takes in the snapshot."""
        return self.size if self.stored_size is None else self.stored_size


class TableRows(_Part):
    """One table and the number of its rows when the snapshot was taken."""

    # A pydantic model has an attribute of its own called ``schema``, hence the alias.
    schema_name: Annotated[str, Field(alias="schema", min_length=1)]
    name: Annotated[str, Field(min_length=1)]
    rows: Annotated[int, Field(ge=0)]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def __str__(self) -> str:
        return f"{self.schema_name}.{self.name}"


class KnownQuery(_Part):
    """A query whose answer on this snapshot is known."""

    name: Annotated[str, Field(min_length=1)]
    sql: Annotated[str, Field(min_length=1)]
    expected: JsonValue = None


class SeedInfo(_Part):
    """What filled the tables: the reference that was called and the digest of its source."""

    reference: Annotated[str, Field(min_length=1)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(_Part):
    """Describe one snapshot; immutable, and equal to what a reader gets back from :meth:`to_json`.

    ``files`` is either one file of role ``both`` or one of ``data`` and one of ``code``. ``tables`` lists
    every base table of the namespace. ``revision_table`` (``schema.name``) holds the revisions, where a
    table does. ``timings`` are seconds by step.
    """

    fixture_id: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    schema_version: Literal[1, 2, 3] = 2
    description: str = ""
    created_at: AwareDatetime
    iris_version: Annotated[str, Field(min_length=1)]
    namespace: Annotated[str, Field(min_length=1)]
    tables: tuple[TableRows, ...]
    features: dict[str, JsonValue] = Field(default_factory=dict)
    known_queries: tuple[KnownQuery, ...] = ()
    revisions: tuple[str, ...]
    digest: str
    engine: str
    files: tuple[DatabaseFile, ...]
    revision_table: str | None = None
    seed: SeedInfo | None = None
    tool: Annotated[str, Field(min_length=1)]
    timings: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @field_validator("created_at")
    @classmethod
    def _in_utc(cls, created_at: datetime) -> datetime:
        return created_at.astimezone(timezone.utc)

    @model_validator(mode="after")
    def _hangs_together(self) -> Manifest:
        key = self.key  # raises ValueError for a digest or an engine that is none
        if key.revisions != self.revisions:
            raise ValueError("revisions are sorted and not repeated")
        if sorted(file.role for file in self.files) not in (["both"], ["code", "data"]):
            raise ValueError("files are either one of role 'both', or one of 'data' and one of 'code'")
        if self.schema_version < 2 and any(file.compression != "none" for file in self.files):
            raise ValueError("a file is compressed only from format 2 on")
        if self.schema_version < 3 and self.bases:
            raise ValueError("a file is a difference only from format 3 on")
        _refuse_repetition("file", (file.name for file in self.files))
        _refuse_repetition("table", (str(table) for table in self.tables))
        _refuse_repetition("known query", (query.name for query in self.known_queries))
        return self

    @property
    def key(self) -> RevisionKey:
        """Return the key that this snapshot answers to."""
        return RevisionKey(revisions=self.revisions, digest=self.digest, engine=self.engine)

    @property
    def size(self) -> int:
        """Return the bytes of all database files."""
        return sum(file.size for file in self.files)

    @property
    def bytes_on_disk(self) -> int:
        """Return how many bytes the database files take in the snapshot."""
        return sum(file.bytes_on_disk for file in self.files)

    @property
    def bases(self) -> frozenset[str]:
        """Return the names of the snapshots that the files are differences from; mostly none."""
        return frozenset(file.base.snapshot for file in self.files if file.base is not None)

    @property
    def depth(self) -> int:
        """Return how many snapshots have to be there for this one, one on top of the other; mostly 0."""
        return max(file.base.depth if file.base else 0 for file in self.files)

    def to_json(self) -> str:
        """Return the text of ``manifest.json``, indented, keys in the order of the fields."""
        values = self.model_dump(mode="json", by_alias=True)
        for file in values["files"]:
            if file["base"] is None:  # older readers do not know the field
                del file["base"]
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, directory: Path) -> Manifest:
        """Read the manifest of the snapshot in ``directory``, and look at each file that it names (not
        inside).

        Raises ManifestError, naming the path and the remedy, when the manifest is missing, unreadable,
        malformed or of a newer format, and when a file that it names is missing, not a plain file, or a
        symbolic link.
        """
        path = directory / MANIFEST_NAME
        manifest = _parsed(_read_text(path), path)
        for file in manifest.files:
            _require_plain_file(directory / file.name, manifest_path=path)
        return manifest

    @classmethod
    def parse(cls, text: str, *, path: Path) -> Manifest:
        """Return the manifest in ``text``; ``path`` is only for the message of the ManifestError."""
        raw = _parse_json(text, path)
        _require_known_version(raw, path)
        try:
            # Strict: "1" is no number and 1 is no text. From JSON, not from Python objects, because only
            # there may a date be written as text and a tuple as an array.
            return cls.model_validate_json(text, strict=True)
        except ValidationError as exc:
            problems = tuple(_problem(error) for error in exc.errors(include_url=False, include_input=False))
            raise _bad(path, "; ".join(problems), problems=problems) from exc


@lru_cache(maxsize=100)
def _parsed(text: str, path: Path) -> Manifest:
    # Planning looks at all of a store several times.
    return Manifest.parse(text, path=path)


def _refuse_repetition(what: str, names: Iterable[str]) -> None:
    # Case does not tell names apart: not on every file system, and not in IRIS.
    repeated = sorted(name for name, count in Counter(n.casefold() for n in names).items() if count > 1)
    if repeated:
        raise ValueError(f"{what} named twice: {', '.join(repeated)}")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise ManifestError(
            f"There is no snapshot at {path.parent}: it has no {MANIFEST_NAME}.",
            hint="Name a snapshot directory, or take the snapshot again.",
            path=path,
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise _bad(path, f"it cannot be read: {exc}") from exc


def _parse_json(text: str, path: Path) -> dict[str, Any]:
    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            repeated = sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise ValueError(f"a key is written twice: {', '.join(repeated)}")
        return found

    try:
        raw = json.loads(text, object_pairs_hook=unrepeated)
    except (ValueError, RecursionError) as exc:
        raise _bad(path, f"it is not JSON: {exc}") from exc
    if not isinstance(raw, dict):
        raise _bad(path, "it is not a JSON object")
    return raw


def _require_known_version(raw: dict[str, Any], path: Path) -> None:
    version = raw.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _bad(path, f"schema_version is {version!r}, not a whole number from 1 on")
    if version > SCHEMA_VERSION:
        raise ManifestError(
            f"{path} is of format {version}; this version of iris-devtools reads up to {SCHEMA_VERSION}.",
            hint="Upgrade iris-devtools (pip install -U iris-devtools), or take the snapshot again.",
            path=path,
            schema_version=version,
        )


def _require_plain_file(path: Path, *, manifest_path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError as exc:
        raise _bad(manifest_path, f"the file {path.name} that it names is missing: {exc.strerror}") from exc
    if not stat.S_ISREG(mode):
        raise _bad(manifest_path, f"{path.name} is not a plain file (a link or a directory)")


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _bad(path: Path, problem: str, **facts: Any) -> ManifestError:
    return ManifestError(
        f"{path} is not a snapshot's manifest: {problem}",
        hint=f"Delete {path.parent} and take the snapshot again, or restore the file from where it came.",
        path=path,
        **facts,
    )
