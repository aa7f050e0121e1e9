"""Reads a migration chain: heads, ancestors, and a digest for every state that it leads to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError

from alembic_ext.digests import SourceDigests
from iris_devtools.blame import line_of
from iris_devtools.errors import SchemaSourceError, UnknownRevisionError
from iris_devtools.snapshots.key import combine

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script

__all__ = ["Chain", "Migration"]


@dataclass(frozen=True)
class Migration:
    """One revision of the chain.

    ``parents`` are the revisions that it follows and those that it depends on, sorted. ``own`` is the digest
    of its source alone (what runs, not how it is written). ``digest`` covers that, its id, its labels and the
    digests of its parents, hence of all its ancestors, and the data files of the chain. ``root`` is the
    directory of the configuration file.
    """

    revision: str
    parents: tuple[str, ...]
    path: Path
    root: Path
    own: str
    digest: str
    title: str

    @property
    def place(self) -> str:
        """Where its file is, seen from the configuration file."""
        try:
            return Path(os.path.relpath(self.path, self.root)).as_posix()
        except ValueError:  # another drive
            return self.path.name


class Chain:
    """One project's revision graph.

    Reading it executes the migration scripts' top level, as every Alembic command does, and changes nothing
    but a file of digests beside Python's own caches. A chain is a picture of the moment it was read: make a
    new one after scripts have changed.

    ``data`` is the digest of the files that migrations read. Nobody can tell which migration reads which
    file, so it is part of every revision's digest.
    """

    def __init__(self, script: ScriptDirectory, *, root: Path | None = None, data: str | None = None) -> None:
        self._script = script
        self._root = (root or Path(script.dir).parent).absolute()
        self._data = data
        self._migrations: dict[str, Migration] = {}
        self._orders: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._sources = SourceDigests(Path(script.dir))

    @classmethod
    def from_config(cls, config: Config, *, data: str | None = None) -> Chain:
        """Read the chain that an Alembic configuration names.

        Raises:
            SchemaSourceError: there is no script directory, or a script in it cannot be loaded.
        """
        try:
            script = ScriptDirectory.from_config(config)
            script.get_heads()  # Alembic loads the scripts when the graph is first asked for.
        except Exception as error:  # A script's top level may raise anything.
            place = line_of(error)
            # What Alembic raises for a down_revision or depends_on that no script has.
            what = f"no script has the revision {error}, which another one follows or depends on"
            what = what if isinstance(error, KeyError) and not place else f"{type(error).__name__}: {error}"
            raise SchemaSourceError(
                f"The migration scripts cannot be read{f', in {place}' if place else ''}: {what}",
                hint="Mend the script, run the command where alembic.ini is, or name the file with -c.",
                config_file=config.config_file_name,
            ) from error
        root = Path(config.config_file_name).parent if config.config_file_name else None
        return cls(script, root=root, data=data)

    @property
    def script(self) -> ScriptDirectory:
        """Alembic's own picture of the chain, with the modules of its scripts."""
        return self._script

    @property
    def directories(self) -> tuple[Path, ...]:
        """Where ``env.py`` and the scripts lie."""
        scripts = {Path(script.path).absolute().parent for script in self._script.walk_revisions()}
        return (Path(self._script.dir).absolute(), *sorted(scripts))

    @property
    def heads(self) -> tuple[str, ...]:
        """The head revisions as ``alembic_version`` would list them.

        Without those that another head depends on.
        """
        return self._minimal(self._script.get_heads())

    @property
    def revisions(self) -> tuple[str, ...]:
        """Every revision, parents before children."""
        return self._ordered(self._parents)

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
        return revision in self._scripts

    def parents(self, revision: str) -> tuple[str, ...]:
        """Return the revisions that a revision follows or depends on, sorted."""
        return self._parents[revision]

    def depends_on(self, revision: str) -> tuple[str, ...]:
        """Return those of the parents that the revision only depends on, and does not follow."""
        followed = _as_tuple(self._scripts[revision].down_revision)
        return tuple(parent for parent in self._parents[revision] if parent not in followed)

    def labels(self, revision: str) -> tuple[str, ...]:
        """Return the branch labels that a revision carries, sorted."""
        return tuple(sorted(self._scripts[revision].branch_labels))

    def migration(self, revision: str) -> Migration:
        """Return one migration by its full id."""
        if revision not in self._migrations:
            self._load(revision)
        return self._migrations[revision]

    def ancestry(self, revisions: Iterable[str]) -> tuple[Migration, ...]:
        """Return the revisions and everything that they need, parents before children, each once."""
        return tuple(self.migration(name) for name in self._ordered(revisions))

    def between(self, start: Iterable[str], target: Iterable[str]) -> tuple[Migration, ...] | None:
        """Return what an upgrade from the start revisions to the target still runs, parents first.

        None when a start revision does not lead to the target, or is none of this chain.
        """
        needed = self._ordered(target)
        start = set(start)
        if not start.issubset(needed):
            return None
        done = set(self._ordered(start))
        return tuple(self.migration(name) for name in needed if name not in done)

    def digests(self, revisions: Iterable[str]) -> tuple[str, ...]:
        """Return one digest a revision, each of which covers the revision's whole ancestry."""
        return tuple(self.migration(revision).digest for revision in revisions)

    def missing_from(self, revisions: Iterable[str]) -> dict[str, int]:
        """Count, for each revision and ancestor, the migrations that an upgrade from it alone still runs."""
        needed = self._ordered(revisions)
        covered: dict[str, int] = {}  # a bit for every migration that a revision includes
        for position, revision in enumerate(needed):
            bits = 1 << position
            for parent in self._parents[revision]:
                bits |= covered[parent]
            covered[revision] = bits
        return {revision: len(needed) - bits.bit_count() for revision, bits in covered.items()}

    @cached_property
    def _scripts(self) -> dict[str, Script]:
        return {script.revision: script for script in self._script.walk_revisions()}

    @cached_property
    def _parents(self) -> dict[str, tuple[str, ...]]:
        return {name: self._parents_of(script) for name, script in self._scripts.items()}

    def _minimal(self, revisions: Iterable[str]) -> tuple[str, ...]:
        wanted = set(revisions)
        if len(wanted) == 1:
            return tuple(wanted)
        above = {parent for revision in wanted for parent in self._parents[revision]}
        return tuple(sorted(wanted.difference(self._ordered(above))))

    def _unknown(self, target: str, reason: str) -> UnknownRevisionError:
        # Alembic has no class of error for "too many" that would come through to here.
        several = reason.startswith("Multiple ")
        return UnknownRevisionError(
            f"{target!r} is not one revision: {reason.rstrip('.')}."
            if several
            else f"There is no revision {target!r}: {reason.rstrip('.')}.",
            hint=f"Name one of the heads ({', '.join(self.heads)}), or `heads` for all of them."
            if several and target.endswith("head")
            else "`alembic history` lists the revisions, `alembic heads` the newest.",
            revision=target,
            heads=self.heads,
        )

    def _load(self, revision: str) -> None:
        for name in self._ordered([revision]):
            if name in self._migrations:
                continue
            script = self._scripts[name]
            path = Path(script.path)
            own = self._sources.of(path)
            self._migrations[name] = Migration(
                revision=name,
                parents=self._parents[name],
                path=path,
                root=self._root,
                title=script.doc,
                own=own,
                digest=combine(
                    [self._migrations[parent].digest for parent in self._parents[name]],
                    own if self._data is None else combine([], own, self._data),
                    name,
                    *sorted(script.branch_labels),
                ),
            )
        self._sources.save()

    def _ordered(self, revisions: Iterable[str]) -> tuple[str, ...]:
        """Order an ancestry, parents first; without recursion, chains are longer than the stack is deep."""
        wanted = tuple(sorted(revisions))
        if wanted in self._orders:
            return self._orders[wanted]
        ordered: dict[str, None] = {}
        pending = [(revision, False) for revision in reversed(wanted)]
        while pending:
            name, expanded = pending.pop()
            if name in ordered:
                continue
            if expanded:
                ordered[name] = None
                continue
            pending.append((name, True))
            pending.extend((parent, False) for parent in reversed(self._parents[name]))
        self._orders[wanted] = tuple(ordered)
        return self._orders[wanted]

    def _parents_of(self, script: Script) -> tuple[str, ...]:
        down = _as_tuple(script.down_revision)
        needed = tuple(
            dependency.revision
            for name in _as_tuple(script.dependencies)
            for dependency in self._script.get_revisions(name)
        )
        return tuple(sorted({*down, *needed}))


def _as_tuple(value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
