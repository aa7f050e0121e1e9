"""The verb behind ``alembic iris-verify``: is a snapshot whole, and is it still what the migrations make?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from alembic_ext.project import Project, open_project
from alembic_ext.source import environment_for, require_database
from iris_devtools.blame import line_of
from iris_devtools.errors import ConfigurationError, IrisDevtoolsError, MigrationError, SnapshotNotFoundError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.provision import namespace_url
from iris_devtools.snapshots.stopwatch import Stopwatch
from iris_devtools.verification import (
    Check,
    Drift,
    check_contents,
    scratch_restore,
    verify_against_sources,
)

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    from iris_devtools.admin import Admin
    from iris_devtools.snapshots.snapshot import Snapshot
    from iris_devtools.urls import IrisUrl

__all__ = ["VerifyResult", "verify"]


@dataclass(frozen=True)
class VerifyResult:
    """What was checked. ``drift`` is None without ``cold``, ``models`` (differences) without ``models``."""

    snapshot: Snapshot
    checks: tuple[Check, ...]
    drift: Drift | None
    models: tuple[str, ...] | None
    seconds: float
    server: str

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return all(check.ok for check in self.checks) and not self.drift and not self.models

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "name": self.snapshot.name,
            "path": str(self.snapshot.directory),
            "ok": self.ok,
            "checks": [asdict(check) for check in self.checks],
            "drift": None if self.drift is None else asdict(self.drift),
            "models": None if self.models is None else list(self.models),
            "seconds": round(self.seconds, 3),
            "server": self.server,
        }


def verify(
    config: Config,
    *,
    name: str | None = None,
    cold: bool = False,
    models: bool = False,
    reporter: Reporter = SILENT,
) -> VerifyResult:
    """Check a snapshot, by default that of the heads: manifest, checksums, revision, tables, rows.

    It is restored into a scratch namespace for that, which is dropped afterwards. ``cold`` builds the same
    state from nothing, too, and compares schema and rows; ``models`` lets Alembic's autogenerate compare it
    with the metadata that ``env.py`` names.

    Raises:
        SnapshotNotFoundError: there is no such snapshot.
        ManifestError: its manifest cannot be read.
        ChecksumError: one of its files is damaged.
        SnapshotError: ``cold``, and the sources make another key today.
        ConfigurationError: ``models``, and ``env.py`` names no metadata.
        IrisDevtoolsError: the server, the store or a migration failed.
    """
    watch = Stopwatch()
    project = open_project(config)
    with project.open_server() as opened:
        admin = opened.admin
        snapshot = _wanted(project, admin, name)
        snapshot.verify(reporter=reporter)
        checks = [Check("manifest", ok=True), Check("checksums", ok=True)]
        with scratch_restore(admin, snapshot, reporter=reporter) as namespace:
            checks.extend(check_contents(admin, snapshot, namespace=namespace))
            found = _model_differences(project, namespace_url(admin, namespace)) if models else None
            drift = (
                verify_against_sources(
                    admin, project.source, project.store, snapshot, namespace=namespace, reporter=reporter
                )
                if cold
                else None
            )
        return VerifyResult(snapshot, tuple(checks), drift, found, watch.seconds, opened.reason)


def _wanted(project: Project, admin: Admin, name: str | None) -> Snapshot:
    if name is not None:
        return project.store.get(name)
    key = project.source.key(admin.engine)
    found = project.store.find(key)
    if found is None:
        raise SnapshotNotFoundError(
            f"{project.store.directory} has no snapshot of {key}, so there is nothing to verify.",
            hint="`alembic iris-snapshot` makes it; or name one that `alembic iris-snapshots` lists.",
            key=key,
            store=project.store.directory,
        )
    return found


def _model_differences(project: Project, url: IrisUrl) -> tuple[str, ...]:
    """Let ``env.py`` connect and configure autogenerate as it always does; nothing is migrated."""
    config = project.source.config
    script = ScriptDirectory.from_config(config)
    found: list[str] = []

    def compare(revision: Any, context: MigrationContext) -> list[Any]:
        del revision
        require_database(context, url)
        metadata = context.opts.get("target_metadata")
        if metadata is None:
            raise ConfigurationError(
                f"{script.dir}/env.py names no target_metadata, so there are no models to compare with.",
                hint="Set target_metadata in env.py, and pass it to context.configure.",
            )
        found.extend(_describe(one) for one in compare_metadata(context, metadata))
        return []

    try:
        with environment_for(config, url), EnvironmentContext(config, script, fn=compare):
            script.run_env()
    except IrisDevtoolsError:
        raise
    except Exception as error:
        place = line_of(error, homes=[Path(script.dir).absolute()])
        raise MigrationError(
            f"env.py failed while the models were compared{f', in {place}' if place else ''}: "
            f"{type(error).__name__}: {error}",
            hint="See that `alembic check` works.",
        ) from error
    return tuple(found)


def _describe(difference: Any) -> str:
    # A change of a column is a list of one or more tuples; everything else is one tuple.
    parts = difference if isinstance(difference, list) else [difference]
    return "; ".join(" ".join(str(item) for item in part if item is not None) for part in parts)
