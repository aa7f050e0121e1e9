"""A store that a team or a CI fleet shares: any directory that fsspec can reach.

::

    s3://bucket/snapshots/
      <name>/<token>/IRIS.DAT.zst     the files; the token is a digest of the manifest that names them
      <name>/manifest.json            last, and at once: it is what makes the snapshot visible

Whoever reads ``manifest.json`` computes the token from it and finds exactly the files that were written for
it, so two publishers, or one that dies, never mix. What a dead one left behind is not named by any manifest.

What comes from there is not believed: see :meth:`SharedStore.pull`.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import re
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from iris_devtools.errors import (
    ChecksumError,
    ConfigurationError,
    IrisDevtoolsError,
    ManifestError,
    SnapshotNotFoundError,
    StoreError,
)
from iris_devtools.progress import SILENT, Reporter, Step
from iris_devtools.snapshots.manifest import MANIFEST_NAME, DatabaseFile, Manifest
from iris_devtools.snapshots.shrinking import expand
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Published, SnapshotWriter, Store

__all__ = ["Pulled", "Pushed", "SharedStore"]

_T = TypeVar("_T")

_logger = logging.getLogger(__name__)

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_LEVEL = 3
_MANIFEST_BYTES = 16_000_000
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"})
"""Where an object appears whole or not at all, so that it needs no other name while it is written."""

_EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "abfs": "azure",
    "abfss": "azure",
    "az": "azure",
    "sftp": "sftp",
}
_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@dataclass(frozen=True)
class Pushed:
    """A snapshot in the shared store; ``first`` is false when it was there before."""

    snapshot: Snapshot
    url: str
    first: bool


@dataclass(frozen=True)
class Pulled:
    """A snapshot from the shared store; ``first`` is false when the local store had it already."""

    snapshot: Snapshot
    url: str
    first: bool


class SharedStore:
    """A directory at a URL of fsspec (``file``, ``s3``, ``gs``, ``abfs``, ``sftp`` and others).

    What fails on the way is tried again, ``attempts`` times altogether, after ``delay_s`` seconds and then
    twice as long each time. Credentials come from where the backend looks for them (environment, profiles),
    and are in no message. Raises StoreError when it cannot be reached, ConfigurationError when the backend is
    not installed.
    """

    def __init__(self, url: str, *, read_only: bool = False, attempts: int = 4, delay_s: float = 0.5) -> None:
        self._url = url.rstrip("/")
        self.read_only = read_only
        self._attempts = attempts
        self._delay_s = delay_s

    @property
    def url(self) -> str:
        """Return the URL, without a user and a password."""
        return re.sub(r"://[^/@]*@", "://***@", self._url)

    def __repr__(self) -> str:
        return f"SharedStore({self.url!r})"

    def names(self) -> tuple[str, ...]:
        """Return the names of the snapshots that can be pulled, sorted."""

        def look() -> tuple[str, ...]:
            self._fs.invalidate_cache()
            try:
                found = self._fs.glob(f"{self._root}/*/{MANIFEST_NAME}")
            except FileNotFoundError:
                return ()
            return tuple(sorted(str(path).split("/")[-2] for path in found))

        return tuple(name for name in self._attempt("list", self.url, look) if _PLAIN_NAME.fullmatch(name))

    def push(self, snapshot: Snapshot, *, replace: bool = False, reporter: Reporter = SILENT) -> Pushed:
        """Publish a snapshot: its files, then its manifest. What is there under its name stays, unless
        ``replace``.

        Readers see the old snapshot or the new one, at every moment and after every failure.

        Raises:
            ChecksumError: the snapshot is damaged; nothing was written.
            StoreError: the shared store is read-only or refuses.

        """
        if self.read_only:
            raise StoreError(
                f"The shared store {self.url} is for reading only; nothing was written.",
                hint="Push where shared_store_readonly is not set, on the main branch for instance.",
                url=self.url,
            )
        snapshot.verify(reporter=reporter)
        if not replace and self._manifest_text(snapshot.key.name) is not None:
            return Pushed(snapshot, self.url, first=False)
        # Whole files, always: who pulls one snapshot would have to pull all that it is a difference from.
        with tempfile.TemporaryDirectory() as place:
            self._publish(expand(snapshot, Path(place), level=_LEVEL, reporter=reporter), reporter)
        return Pushed(snapshot, self.url, first=True)

    def _publish(self, snapshot: Snapshot, reporter: Reporter) -> None:
        name = snapshot.key.name
        text = snapshot.manifest.to_json().encode()
        for file in snapshot.manifest.files:
            target = self._path(name, _token(text), file.name)
            if self._size(target) != file.bytes_on_disk:
                total = file.bytes_on_disk
                with reporter.step(f"Pushing {file.name} of {name}", total=total, unit="bytes") as step:
                    self._place(snapshot.path(file), target, step)
        with tempfile.TemporaryDirectory() as place:
            local = Path(place) / MANIFEST_NAME
            local.write_bytes(text)
            self._place(local, self._path(name, MANIFEST_NAME), Step(""))

    def pull(self, name: str, store: Store, *, reporter: Reporter = SILENT) -> Pulled:
        """Bring the snapshot ``name`` into ``store``, where it appears whole or not at all.

        The manifest is read as strictly as any; files are those that it names, plain ones, of the sizes that
        it gives, and their checksums are verified before anything is visible.

        Raises:
            SnapshotNotFoundError: the shared store has none of that name.
            ManifestError: its manifest is malformed, of a newer format, or that of another snapshot; or a
                link is in the place of a file.
            ChecksumError: a file is not the one that was published.
            StoreError: the shared store cannot be reached, or ``store`` cannot be written.

        """
        text = self._manifest_text(name) if _PLAIN_NAME.fullmatch(name) else None
        if text is None:
            raise SnapshotNotFoundError(
                f"The shared store {self.url} has no snapshot {name!r}.",
                hint="`alembic iris-pull --list` lists what there is; `alembic iris-push` puts it there.",
                name=name,
                url=self.url,
            )
        try:
            return self._pull(name, text, store, reporter)
        except (ChecksumError, SnapshotNotFoundError):
            # Somebody may have put another one in its place while it was read.
            again = self._manifest_text(name)
            if again is None or again == text:
                raise
            return self._pull(name, again, store, reporter)

    def _pull(self, name: str, text: bytes, store: Store, reporter: Reporter) -> Pulled:
        shown = Path(f"{self.url}/{name}/{MANIFEST_NAME}")
        manifest = Manifest.parse(text.decode("utf-8", "replace"), path=shown)
        if manifest.key.name != name:
            raise ManifestError(
                f"{self.url}/{name} holds the snapshot of another key: {manifest.key}.",
                hint=f"Delete {self.url}/{name} and push it again.",
                path=shown,
            )
        there = _whole(store, manifest)
        if there is not None:
            return Pulled(there, self.url, first=False)
        with store.writer(manifest.key) as writer:
            for file in manifest.files:
                self._fetch(name, _token(text), file, writer.directory, reporter)
            Snapshot(writer.directory, manifest).verify(reporter=reporter)
            published = _publish(writer, manifest)
        return Pulled(published.snapshot, self.url, first=published.first)

    def _fetch(self, name: str, token: str, file: DatabaseFile, directory: Path, reporter: Reporter) -> None:
        source = self._path(name, token, file.name)
        size = self._size(source)
        if size != file.bytes_on_disk:
            raise ChecksumError(
                f"{file.name} of {self.url}/{name} "
                + ("is missing." if size is None else f"has {size} bytes instead of {file.bytes_on_disk}."),
                hint="Push the snapshot again with --replace; nothing was stored here.",
                path=f"{self.url}/{name}/{token}/{file.name}",
                expected=file.bytes_on_disk,
                found=size,
            )
        local = directory / file.name

        def get() -> None:
            step.update(0)
            self._fs.get_file(source, str(local), callback=_progress(step))
            step.update(size)

        with reporter.step(f"Pulling {file.name} of {name}", total=file.bytes_on_disk, unit="bytes") as step:
            self._attempt("read", f"{self.url}/{name}", get)

    def _place(self, local: Path, target: str, step: Step) -> None:
        """Upload a file so that its name never belongs to half of it."""

        def put() -> None:
            step.update(0)
            # With the name, so that no two publishers write to one.
            part = target if self._atomic else f"{target}.{secrets.token_hex(4)}.part"
            if not self._atomic:  # an object store has no directories, and its buckets are not ours to make
                self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            try:
                self._fs.put_file(str(local), part, callback=_progress(step))
                # Not every backend reports how far it is.
                step.update(local.stat().st_size)
                if part != target:
                    self._fs.mv(part, target)
            except BaseException:
                if part != target:
                    self._discard(part)
                raise

        self._attempt("write", self.url, put)

    def _discard(self, part: str) -> None:
        try:
            self._fs.rm_file(part)
        except OSError as error:
            # The upload failed for a reason of its own, which must not be hidden.
            _logger.debug("%s may be left behind: %s", part, error)

    def _manifest_text(self, name: str) -> bytes | None:
        path = self._path(name, MANIFEST_NAME)
        size = self._size(path)
        if size is None:
            return None
        if size > _MANIFEST_BYTES:
            raise ManifestError(
                f"{self.url}/{name}/{MANIFEST_NAME} has {size} bytes, which no manifest has.",
                hint=f"Delete {self.url}/{name} and push the snapshot again.",
                path=Path(path),
            )
        text: bytes = self._attempt("read", f"{self.url}/{name}", lambda: self._fs.cat_file(path))
        return text

    def _size(self, path: str) -> int | None:
        """Return the size of a plain file, None when there is none; raise ManifestError for a link."""

        parts = path[len(self._root) + 1 :].split("/")
        for depth in range(1, len(parts)) if not self._atomic else ():
            # A link in the way would let one store show files of another place.
            place = self._path(*parts[:depth])
            above = self._info(place)
            if above is not None and _is_link(above):
                raise _not_plain(self.url, place)
        found = self._info(path)
        if found is None:
            return None
        if _is_link(found) or found.get("type") != "file":
            raise _not_plain(self.url, path)
        return int(found["size"])

    def _info(self, path: str) -> dict[str, Any] | None:
        def look() -> dict[str, Any] | None:
            self._fs.invalidate_cache()
            try:
                found: dict[str, Any] = self._fs.info(path)
            except (FileNotFoundError, NotADirectoryError):
                return None
            return found

        return self._attempt("read", self.url, look)

    def _path(self, *parts: str) -> str:
        return "/".join([self._root, *parts])

    @property
    def _fs(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return str(self._opened[1])

    @cached_property
    def _atomic(self) -> bool:
        protocol = self._fs.protocol
        return not _OBJECT_STORES.isdisjoint((protocol,) if isinstance(protocol, str) else protocol)

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        import fsspec

        scheme = self._url.partition(":")[0]
        try:
            fs, root = fsspec.core.url_to_fs(self._url)
        except ImportError as exc:
            extra = _EXTRAS.get(scheme)
            raise ConfigurationError(
                f"The shared store {self.url} needs a package that is not installed: {exc}",
                hint=f'pip install "iris-devtools[{extra}]"' if extra else "Install what fsspec asks for.",
                url=self.url,
            ) from exc
        except ValueError as exc:
            raise ConfigurationError(
                f"The shared store {self.url} is at no place that fsspec knows: {exc}",
                hint="Write a URL like s3://bucket/snapshots, or the path of a directory.",
                url=self.url,
            ) from exc
        return fs, str(root).rstrip("/")

    def _attempt(self, verb: str, place: str, action: Callable[[], _T]) -> _T:
        for attempt in range(1, self._attempts + 1):
            try:
                return action()
            except IrisDevtoolsError:
                raise
            except Exception as error:
                # Backends raise errors of their own libraries; what may pass is tried again.
                if attempt == self._attempts or _is_hopeless(error):
                    raise _refused(verb, place, error, attempt) from error
                _logger.info("%s: %s; trying again", place, error)
            time.sleep(self._delay_s * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover


def _progress(step: Step) -> Any:
    from fsspec.callbacks import Callback

    class Progress(Callback):  # type: ignore[misc]
        def relative_update(self, inc: int = 1) -> None:
            step.advance(inc)

        def absolute_update(self, value: int) -> None:
            step.update(value)

    return Progress()


def _token(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:16]


def _whole(store: Store, manifest: Manifest) -> Snapshot | None:
    try:
        found = store.find(manifest.key)
        if found is not None:
            found.require_sizes()
    except (ManifestError, ChecksumError):
        return None
    return found


def _publish(writer: SnapshotWriter, manifest: Manifest) -> Published:
    # Another process may have pulled the same meanwhile, and others read it: a whole one is left alone.
    try:
        published = writer.publish(manifest, hashed=True)
        published.snapshot.require_sizes()
    except (ManifestError, ChecksumError):
        return writer.publish(manifest, replace=True, hashed=True)
    return published


def _is_link(info: dict[str, Any]) -> bool:
    return bool(info.get("islink")) or info.get("type") == "link"


def _not_plain(url: str, path: str) -> ManifestError:
    return ManifestError(
        f"{path} in the shared store {url} is not a plain file (a link or a directory).",
        hint="Delete it and push the snapshot again.",
        path=Path(path),
    )


_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile",
    "gcs": "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
    "azure": "AZURE_STORAGE_CONNECTION_STRING, or the name of the account and `az login`",
    "sftp": "a user in the URL, and a key that ssh finds by itself (or a password in the URL)",
}
_NOT_ALLOWED = (401, 403)


def _is_credentials(error: Exception) -> bool:
    # Every backend has errors of its own for it: by class, or with the status of the answer.
    names = [each.__name__ for each in type(error).__mro__]
    codes = [getattr(error, name, None) for name in ("status_code", "status", "code")]
    return (
        isinstance(error, PermissionError)
        or any("Credential" in name or "Authentication" in name for name in names)
        or any(code in _NOT_ALLOWED for code in codes)
    )


def _is_hopeless(error: Exception) -> bool:
    return (
        _is_credentials(error)
        or isinstance(error, (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError))
        or (isinstance(error, OSError) and error.errno in _HOPELESS)
    )


def _refused(verb: str, place: str, error: Exception, attempts: int) -> StoreError:
    hint = "See that the address is right and the place can be reached, and try again."
    if _is_credentials(error):
        known = _CREDENTIALS.get(_EXTRAS.get(place.partition(":")[0], ""))
        hint = "Give the backend credentials that may do that" + (f": {known}." if known else ".")
    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    # Some put the whole answer of the server, headers and XML, below the first line.
    said = next(iter(str(error).strip().splitlines()), "")
    return StoreError(
        f"Cannot {verb} the shared store {place}: {type(error).__name__}: {said}{tried}",
        hint=hint,
        url=place,
        attempts=attempts,
    )
