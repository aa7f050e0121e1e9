"""Reads a migration chain: heads, ancestors, and a digest for every state that it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError

from iris_devtools.errors import SchemaSourceError, UnknownRevisionError
from iris_devtools.snapshots.key import combine, source_digest

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script

__all__ = ["Chain", "Migration"]


@dataclass(frozen=True)
class Migration:
    """One revision of the chain.

    ``parents`` are the revisions that it follows and those that it depends on, sorted. ``digest`` covers its
    source (what runs, not how it is written), its id, its labels and the digests of its parents, hence of
    all its ancestors.
    """

    revision: str
    parents: tuple[str, ...]
    path: Path
    digest: str
    title: str


class Chain:
    """One project's revision graph.

    Reading it executes the migration scripts' top level, as every Alembic command does, and changes nothing.
    A chain is a picture of the moment it was read: make a new one after scripts have changed.
    """

    def __init__(self, script: ScriptDirectory) -> None:
        self._script = script
        self._migrations: dict[str, Migration] = {}

    @classmethod
    def from_config(cls, config: Config) -> Chain:
        """Read the chain that an Alembic configuration names.

        Raises:
            SchemaSourceError: there is no script directory, or a script in it cannot be loaded.
        """
        try:
            script = ScriptDirectory.from_config(config)
            script.get_heads()  # Alembic loads the scripts when the graph is first asked for.
        except Exception as error:  # A script's top level may raise anything.
            raise SchemaSourceError(
                f"The migration scripts cannot be read: {type(error).__name__}: {error}",
                hint="Mend the script, run the command where alembic.ini is, or name the file with -c.",
                config_file=config.config_file_name,
            ) from error
        return cls(script)

    @property
    def heads(self) -> tuple[str, ...]:
        """The head revisions as ``alembic_version`` would list them.

        Without those that another head depends on.
        """
        return self._minimal(self._script.get_heads())

    def resolve(self, targets: Sequence[str]) -> tuple[str, ...]:
        """Return the revisions that ``alembic_version`` lists after an upgrade to the targets, sorted.

        A target is whatever Alembic takes: ``heads``, ``head``, a revision or an unambiguous part of one, a
        branch label, ``label@head``, ``base`` (no revision at all).

        Raises:
            UnknownRevisionError: a target names no revision, or names several where one is wanted.
        """
        found: list[str] = []
        for target in targets:
            try:
                revisions = self._script.get_revisions(target)
            except (CommandError, ResolutionError) as error:
                raise self._unknown(target, str(error)) from error
            known = [revision.revision for revision in revisions if revision is not None]
            # An empty chain has no head, and base is no revision; any other target has to name one.
            if not known and target not in ("base", "head", "heads"):
                raise self._unknown(target, f"no script in {self._script.dir} has that id")
            found.extend(known)
        return self._minimal(found)

    def has(self, revision: str) -> bool:
        """Tell whether there is a revision of exactly that id."""
        return any(script.revision == revision for script in self._script.walk_revisions())

    def migration(self, revision: str) -> Migration:
        """Return one migration by its full id."""
        if revision not in self._migrations:
            self._load(revision)
        return self._migrations[revision]

    def ancestry(self, revisions: Iterable[str]) -> tuple[Migration, ...]:
        """Return the revisions and everything that they need, parents before children, each once."""
        ordered: dict[str, Migration] = {}
        for revision in sorted(revisions):
            for name in self._parents_first(revision):
                ordered.setdefault(name, self.migration(name))
        return tuple(ordered.values())

    def digests(self, revisions: Iterable[str]) -> tuple[str, ...]:
        """Return one digest a revision, each of which covers the revision's whole ancestry."""
        return tuple(self.migration(revision).digest for revision in revisions)

    def missing_from(self, revisions: Iterable[str]) -> dict[str, int]:
        """Count, for each revision and ancestor, the migrations that an upgrade from it alone still runs."""
        needed = self.ancestry(revisions)
        covered: dict[str, int] = {}  # a bit for every migration that a revision includes
        for position, migration in enumerate(needed):
            bits = 1 << position
            for parent in migration.parents:
                bits |= covered[parent]
            covered[migration.revision] = bits
        return {revision: len(needed) - bits.bit_count() for revision, bits in covered.items()}

    def _minimal(self, revisions: Iterable[str]) -> tuple[str, ...]:
        wanted = set(revisions)
        implied = {
            ancestor.revision
            for revision in wanted
            for ancestor in self.ancestry([revision])
            if ancestor.revision != revision
        }
        return tuple(sorted(wanted - implied))

    def _unknown(self, target: str, reason: str) -> UnknownRevisionError:
        return UnknownRevisionError(
            f"There is no revision {target!r}: {reason}.",
            hint="`alembic history` lists the revisions, `alembic heads` the newest.",
            revision=target,
            heads=self.heads,
        )

    def _load(self, revision: str) -> None:
        for name in self._parents_first(revision):
            if name in self._migrations:
                continue
            script = self._script.get_revision(name)
            parents = self._parents(script)
            path = Path(script.path)
            self._migrations[name] = Migration(
                revision=name,
                parents=parents,
                path=path,
                title=script.doc,
                digest=combine(
                    [self._migrations[parent].digest for parent in parents],
                    _own_digest(path),
                    name,
                    *sorted(script.branch_labels),
                ),
            )

    def _parents_first(self, revision: str) -> tuple[str, ...]:
        """Order a revision's ancestry without recursion: chains are longer than Python's stack is deep."""
        ordered: dict[str, None] = {}
        pending = [(revision, False)]
        while pending:
            name, expanded = pending.pop()
            if name in ordered:
                continue
            if expanded:
                ordered[name] = None
                continue
            pending.append((name, True))
            parents = self._parents(self._script.get_revision(name))
            pending.extend((parent, False) for parent in reversed(parents))
        return tuple(ordered)

    def _parents(self, script: Script) -> tuple[str, ...]:
        down = _as_tuple(script.down_revision)
        needed = tuple(
            dependency.revision
            for name in _as_tuple(script.dependencies)
            for dependency in self._script.get_revisions(name)
        )
        return tuple(sorted({*down, *needed}))


def _own_digest(path: Path) -> str:
    try:
        return source_digest(path.read_text(encoding="utf-8"))
    except SchemaSourceError as error:
        raise SchemaSourceError(
            f"{path}: {error.message}", hint=error.hint, path=path, line=error.facts.get("line")
        ) from error


def _as_tuple(value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
