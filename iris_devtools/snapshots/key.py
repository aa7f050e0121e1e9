"""Name a schema state: head revisions, and a digest of everything that made it.

Everything here is pure. Two keys are equal exactly when the same migration code, the same seed and the same
engine lead to the same heads, whatever the order in which they were listed, the place of the project on
disk, the clock, the operating system or the Python version that computed them.

What is in a digest, from the inside out:

``source_digest(text)``
    one Python source. Its syntax tree counts; comments, blank lines, indentation width, quotes, parentheses
    without meaning and line ends do not. String expressions count, docstrings included: code can read
    ``__doc__``.
``combine(parents, own)``
    one migration on top of those that it builds on, so that the digest of a head covers its whole ancestry.
``revision_key(revisions, sources=..., seed=..., engine=...)``
    the heads, their digests, the seed that fills the tables, and the engine that writes the file.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from iris_devtools.errors import SchemaSourceError

__all__ = ["RULES", "RevisionKey", "combine", "revision_key", "source_digest", "text_digest"]

# Part of every digest: a new rule for what counts must give new keys, or old snapshots would be taken for
# new ones.
RULES = "iris-devtools-key-1"
"""The version of the rules; digests that were made by others cannot be compared with these."""

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENGINE = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")
_READABLE_LENGTH = 44
_TAIL_LENGTH = 20


@dataclass(frozen=True, order=True)
class RevisionKey:
    """Name one schema state; equal keys may share one snapshot.

    ``revisions`` are the head revisions, kept sorted and without duplicates (none: before the first
    migration); ``digest`` is 64 lower-case hexadecimal digits over all that made the state, the engine
    included; ``engine`` names what wrote the database file (``standin-1``, ``iris-2025.1``). Raises
    ValueError for any other digest or engine.
    """

    revisions: tuple[str, ...]
    digest: str
    engine: str

    def __post_init__(self) -> None:
        if not _HEX_DIGEST.fullmatch(self.digest):
            raise ValueError(f"a key's digest is 64 lower-case hexadecimal digits, not {self.digest!r}")
        if not _ENGINE.fullmatch(self.engine):
            raise ValueError(f"an engine is named like 'iris-2025.1', not {self.engine!r}")
        if any(not revision for revision in self.revisions):
            raise ValueError("a revision has a name")
        object.__setattr__(self, "revisions", tuple(sorted(set(self.revisions))))

    @property
    def name(self) -> str:
        """Return a name for files and directories: revisions, engine, and a digest of the whole key.

        At most 100 characters out of ``a-z 0-9 . _ + -``. Different keys have different names even where a
        file system takes upper and lower case for the same, because the last 20 digits cover the key
        itself.
        """
        readable = "+".join(_safe(revision) for revision in self.revisions) or "base"
        tail = _digest("name", list(self.revisions), self.digest, self.engine)[:_TAIL_LENGTH]
        return f"{readable[:_READABLE_LENGTH]}-{self.engine}-{tail}"

    def __str__(self) -> str:
        heads = ", ".join(self.revisions) or "base"
        return f"{heads} on {self.engine} ({self.digest[:12]})"


def revision_key(
    revisions: Iterable[str], *, sources: Iterable[str], engine: str, seed: str | None = None
) -> RevisionKey:
    """Return the key of a state, from digests: ``sources`` (each covers its ancestry) and ``seed``."""
    heads = sorted(set(revisions))
    digest = _digest("state", heads, sorted(set(sources)), seed, engine)
    return RevisionKey(revisions=tuple(heads), digest=digest, engine=engine)


def combine(parents: Iterable[str], own: str, *more: str) -> str:
    """Return the digest of something that stands on ``parents``; the order of the parents does not matter.

    ``more`` is for whatever else decides the result (a revision id, options); there the order does matter.
    """
    return _digest("combine", sorted(set(parents)), own, list(more))


def text_digest(text: str) -> str:
    """Return the digest of a text in which only the line ends (CR LF, CR, LF) do not count."""
    return _digest("text", _unix_lines(text))


def source_digest(text: str) -> str:
    """Return the digest of what a Python source does, the same on every supported Python.

    The syntax tree is written out here, node by node, because neither ``ast.dump`` nor the tokens are the
    same from one Python version to the next. Raises SchemaSourceError, with ``facts["line"]``, for a source
    that Python cannot parse.
    """
    try:
        with warnings.catch_warnings():
            # An invalid escape in somebody's migration is a warning whose class depends on the Python
            # version; where warnings are errors it would even read as a syntax error. It is not ours to
            # report.
            warnings.simplefilter("ignore")
            tree = ast.parse(_unix_lines(text))
    except (SyntaxError, ValueError) as exc:
        line = getattr(exc, "lineno", None)
        where = f" (line {line})" if line else ""
        raise SchemaSourceError(
            f"A Python source could not be parsed{where}: {getattr(exc, 'msg', exc)}",
            hint="Mend the source; a migration that does not parse cannot run either.",
            line=line,
        ) from exc
    digest = hashlib.sha256(f"{RULES}\0source\0".encode())
    for piece in _pieces(tree):
        digest.update(piece.encode("ascii"))
        digest.update(b"\n")
    return digest.hexdigest()


def _digest(kind: str, *values: Any) -> str:
    canonical = json.dumps([RULES, kind, *values], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _safe(revision: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", revision.lower())


def _unix_lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


# Fields that repeat what the place of a node says already, or that comments and prefixes leave behind.
_IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def _pieces(tree: ast.AST) -> Iterator[str]:
    """Yield the tree as tokens, each free of line breaks; without recursion, so that depth is no limit."""
    pending: list[Any] = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, _Written):
            yield item
        elif isinstance(item, ast.AST):
            yield f"({type(item).__name__}"
            pending.append(_Written(")"))
            for field, value in reversed(list(_fields(item))):
                pending.append(value)
                pending.append(_Written(f".{field}"))
        elif isinstance(item, list):
            yield "["
            pending.append(_Written("]"))
            pending.extend(reversed(item))
        else:
            yield _constant(item)


class _Written(str):
    """A token that is ready to go out, as opposed to a string constant of the source."""

    __slots__ = ()


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    # Absent and empty fields are left out: a newer Python adds fields (type_params in 3.12) that older
    # trees lack.
    for field in sorted(node._fields):
        value = getattr(node, field, None)
        if field in _IGNORED_FIELDS or value is None or value == []:
            continue
        if isinstance(node, ast.JoinedStr) and field == "values":
            value = _joined(value)
        if field == "format_spec" and isinstance(value, ast.JoinedStr) and not _joined(value.values):
            continue
        yield field, value


def _joined(values: list[Any]) -> list[Any]:
    """Return the parts of an f-string, texts run together: where they are split depends on the version."""
    parts: list[Any] = []
    for value in values:
        text = value.value if isinstance(value, ast.Constant) else None
        if text == "":
            continue
        if isinstance(text, str) and parts and isinstance(parts[-1], str):
            parts[-1] += text
        else:
            parts.append(text if isinstance(text, str) else value)
    return parts


def _constant(value: Any) -> str:
    # ascii() and hex, not repr(): what repr() shows as printable depends on the Unicode tables of the
    # Python version.
    if isinstance(value, str):
        return f"str:{value!a}"
    if isinstance(value, bytes):
        return f"bytes:{value.hex()}"
    if isinstance(value, bool) or value is None or value is Ellipsis:
        return repr(value)
    if isinstance(value, int):
        return f"int:{value:x}"
    if isinstance(value, float):
        return f"float:{value.hex()}"
    if isinstance(value, complex):
        return f"complex:{value.real.hex()},{value.imag.hex()}"
    raise TypeError(f"a syntax tree holds no {type(value).__name__}")  # pragma: no cover
