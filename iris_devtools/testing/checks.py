"""What can be wrong with migrations and models, as checks that a project takes into its test run.

Each works on namespaces and stores of its own, which are gone afterwards; only the snapshot of the head is
taken from, or put into, the project's store. What does not hold is raised as :class:`CheckFailedError`, with
the difference in its text.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_devtools.admin import Admin
from iris_devtools.errors import IrisDevtoolsError, MigrationError
from iris_devtools.provision import ensure_snapshot, namespace_url, restore_namespace, scratch_build
from iris_devtools.schema import SchemaSource, load_object, source_from_settings
from iris_devtools.snapshots.comparison import describe_schema
from iris_devtools.snapshots.inspection import table_names
from iris_devtools.snapshots.plan import Plan
from iris_devtools.snapshots.restore import unstage
from iris_devtools.snapshots.store import Store, open_store
from iris_devtools.verification import scratch_restore, verify_against_sources

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import MetaData

    from iris_devtools.config import Settings
    from iris_devtools.servers.server import Server
    from iris_devtools.snapshots.snapshot import Snapshot
    from iris_devtools.urls import IrisUrl

__all__ = ["CHECKS", "Bench", "CheckFailedError", "NotApplicableError"]


class CheckFailedError(Exception):
    """What a check found, in words for the person who wrote the migration."""


class NotApplicableError(Exception):
    """Why a check has nothing to look at in this project."""


class Bench:
    """What all checks of one process share: a connection to the server, the schema source and the store."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self.settings = settings
        self._server = server
        self._opened = ExitStack()

    @cached_property
    def admin(self) -> Admin:
        """Return a connection for administration."""
        connected = Admin.connect(self._server, timeout_s=self.settings.connect_timeout_s)
        return self._opened.enter_context(connected)

    @cached_property
    def source(self) -> SchemaSource:
        """Return the project's schema source."""
        return source_from_settings(self.settings)

    @cached_property
    def unseeded(self) -> SchemaSource:
        """Return the same source without the seed, which expects the finished schema."""
        return source_from_settings(self.settings.model_copy(update={"seed": None, "seed_parameters": {}}))

    @cached_property
    def store(self) -> Store:
        """Return the project's store."""
        return open_store(self.settings)

    @property
    def alembic(self) -> Any:
        """Return the source that runs Alembic; raise NotApplicableError where there is none."""
        if self.source.name != "alembic":
            raise NotApplicableError(f"the schema source is {self.source.name!r}, not a chain of migrations")
        return self.source

    def head(self, source: SchemaSource) -> Snapshot:
        """Return the snapshot of the source's heads, built where the store has none."""
        keep = self.settings.keep_unseeded
        return ensure_snapshot(self.admin, source, self.store, keep_unseeded=keep).snapshot

    def schema(self, namespace: str) -> frozenset[str]:
        """Return what the tables of a namespace look like, one fact a line."""
        from sqlalchemy import NullPool

        from iris_devtools.engine import create_engine

        with self.admin.connection(namespace) as connection:
            names = table_names(connection)
        engine = create_engine(
            namespace_url(self.admin, namespace), settings=self.settings, poolclass=NullPool
        )
        try:
            with engine.connect() as connected:
                return describe_schema(connected, names)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Let the server go."""
        self._opened.close()


def single_head(bench: Bench) -> None:
    """Fail when the chain has several heads: what ``upgrade head`` does is then undefined."""
    heads = bench.source.key("any", None).revisions
    if len(heads) > 1:
        raise CheckFailedError(
            f"The migrations have {len(heads)} heads: {', '.join(heads)}.\n"
            f'Join them: alembic merge -m "merge" {" ".join(heads)}'
        )


def upgrade_from_base(bench: Bench) -> None:
    """Fail when the migrations, and then the seed, do not run on an empty database."""
    key = bench.source.key(bench.admin.engine)
    plan = Plan("scratch", key)
    with (
        bench.store.lock(key, doing=f"builds {key.name} for a check"),
        scratch_build(bench.admin, bench.source, bench.store, plan),
    ):
        pass


def every_revision_restores(bench: Bench) -> None:
    """Fail at the first revision, from the base on, of which no snapshot can be made and restored."""
    source, admin = bench.unseeded, bench.admin
    head = source.key(admin.engine)
    # More is missing from an ancestor than from what comes after it.
    ancestors = sorted(source.ancestors(head), key=lambda ancestor: ancestor.replay_s, reverse=True)
    with tempfile.TemporaryDirectory(prefix="iris-checks-") as directory, ExitStack() as stack:
        store, namespace = Store(Path(directory)), None
        for key in [*(ancestor.key for ancestor in ancestors), head]:
            try:
                snapshot = ensure_snapshot(admin, source, store, revisions=key.revisions).snapshot
                try:
                    if namespace is None:
                        namespace = stack.enter_context(scratch_restore(admin, snapshot))
                    restore_namespace(admin, snapshot, namespace=namespace, thoroughness="rows")
                finally:
                    unstage(admin, snapshot)
            except IrisDevtoolsError as error:  # noqa: PERF203 - it ends the loop
                wanted = ", ".join(key.revisions)
                raise CheckFailedError(f"Revision {wanted} cannot be restored.\n{error}") from error


def models_match(bench: Bench) -> None:
    """Fail when Alembic's autogenerate finds a difference between the models and the migrated database."""
    from alembic.autogenerate import compare_metadata

    source = bench.alembic
    named = bench.settings.metadata
    found: list[Any] = []

    def compare(_revision: Any, context: MigrationContext) -> list[Any]:
        metadata = load_object(named) if named else context.opts.get("target_metadata")
        metadata = getattr(metadata, "metadata", metadata)
        if metadata is None:
            raise NotApplicableError(
                "env.py names no target_metadata, and the setting metadata (module:object) is not there"
            )
        found.extend(_flat(compare_metadata(context, _metadata(metadata))))
        return []

    with scratch_restore(bench.admin, bench.head(bench.unseeded)) as namespace:
        _run_env(source, namespace_url(bench.admin, namespace), compare, doing="comparing the models")
    if found:
        lines = "\n".join(f"  {_in_words(one)}" for one in found)
        raise CheckFailedError(
            f"The models differ from the migrated database; a migration would have to\n{lines}\n"
            'Write it: alembic revision --autogenerate -m "..."'
        )


def downgrades_come_back(bench: Bench) -> None:
    """Fail when a migration, undone and done again, gives another schema than before.

    A downgrade that raises NotImplementedError says that there is no way back, and ends the check there.
    """
    from alembic.runtime.migration import MigrationStep
    from alembic.script import ScriptDirectory

    source = bench.alembic
    script = ScriptDirectory.from_config(source.config)
    with scratch_restore(bench.admin, bench.head(bench.unseeded)) as namespace:
        url = namespace_url(bench.admin, namespace)
        for revision in script.walk_revisions():
            down = MigrationStep.downgrade_from_script(script.revision_map, revision)
            up = MigrationStep.upgrade_from_script(script.revision_map, revision)
            before = bench.schema(namespace)
            try:
                _run_steps(source, url, [down], doing=f"the downgrade of {revision.revision}")
            except MigrationError as error:
                if isinstance(error.__cause__, NotImplementedError):
                    return
                raise
            _run_steps(source, url, [up], doing=f"the upgrade to {revision.revision} after its downgrade")
            after = bench.schema(namespace)
            if before != after:
                raise CheckFailedError(
                    f"{revision.revision} ({Path(revision.path).name}): downgraded and upgraded again, "
                    f"the schema is another than before (-), now (+):\n{_difference(before, after)}"
                )
            _run_steps(source, url, [down], doing=f"the downgrade of {revision.revision}")


def snapshot_is_current(bench: Bench) -> None:
    """Fail when the snapshot in the store is not what migrations and seed make when they run from nothing."""
    snapshot = bench.head(bench.source)
    with scratch_restore(bench.admin, snapshot) as namespace:
        drift = verify_against_sources(bench.admin, bench.source, bench.store, snapshot, namespace=namespace)
    if not drift:
        return
    lines = (
        [_difference(drift.only_cached, drift.only_rebuilt)]
        if drift.only_cached or drift.only_rebuilt
        else []
    )
    for rows in drift.rows:
        lines.append(
            f"  {rows.table}: {rows.only_first} rows only in the snapshot, {rows.only_second} only anew"
        )
        lines += [f"    - {row}" for row in rows.first_rows]
        lines += [f"    + {row}" for row in rows.second_rows]
    text = "\n".join(lines)
    raise CheckFailedError(
        f"The snapshot {snapshot.name} (-) is not what migrations and seed make from nothing (+):\n{text}\n"
        "Something that they read is not in the key (files: set key-files), or is new each time (a clock)."
    )


CHECKS: dict[str, Callable[[Bench], None]] = {
    "single_head": single_head,
    "upgrade_from_base": upgrade_from_base,
    "every_revision_restores": every_revision_restores,
    "models_match": models_match,
    "downgrades_come_back": downgrades_come_back,
    "snapshot_is_current": snapshot_is_current,
}
"""All checks, by the name that the option and the ini file know them by."""


def _run_steps(source: Any, url: IrisUrl, steps: list[Any], *, doing: str) -> None:
    _run_env(source, url, lambda _revision, _context: steps, doing=doing)


def _run_env(
    source: Any, url: IrisUrl, run: Callable[[Any, MigrationContext], list[Any]], *, doing: str
) -> None:
    """Run ``env.py`` with ``run`` in the place of the migrations, against ``url`` and nothing else."""
    try:
        # Of a project whose tests turn warnings into errors, the migrations are none.
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            source.run_environment(url, run)
    except (IrisDevtoolsError, NotApplicableError):
        raise
    except Exception as error:
        raise MigrationError(
            f"It failed: {doing}: {type(error).__name__}: {error}",
            hint="Run it by hand on a copy: alembic downgrade -1, alembic upgrade +1, alembic check.",
        ) from error


def _metadata(found: Any) -> MetaData:
    from sqlalchemy import MetaData

    if not isinstance(found, MetaData):
        raise NotApplicableError(
            f"the models are named by a {type(found).__name__}, and one MetaData is needed"
        )
    return found


def _flat(differences: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for one in differences:  # the changes of one column come as a list of their own
        if isinstance(one, list):
            yield from one
        else:
            yield one


def _in_words(difference: tuple[Any, ...]) -> str:
    verb, *rest = difference
    what = verb.replace("_", " ")
    if verb in ("add_column", "remove_column"):
        schema, table, column = rest
        return f"{what} {_place(schema, table)}.{column.name} ({column.type!r})"
    if verb.startswith("modify_"):
        schema, table, column, _more, before, after = rest
        return f"{what} of {_place(schema, table)}.{column}: {before!r} -> {after!r}"
    (thing,) = rest[:1]
    table = getattr(thing, "table", None)
    name = getattr(thing, "name", None) or repr(thing)
    return f"{what} {name}" + (f" of {table.fullname}" if table is not None else "")


def _place(schema: str | None, table: str) -> str:
    return f"{schema}.{table}" if schema else table


def _difference(before: Iterable[str], after: Iterable[str]) -> str:
    one, other = set(before), set(after)
    lines = [(line, "-") for line in one - other] + [(line, "+") for line in other - one]
    return "\n".join(f"  {sign} {line}" for line, sign in sorted(lines))
