"""``iris-devtools fixture``: a namespace as a directory, and back; no migration chain needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iris_devtools.errors import (
    ChecksumError,
    ConfigurationError,
    IrisDevtoolsError,
    ManifestError,
    NamespaceInUseError,
    PartialLoadError,
    ServerError,
    SnapshotError,
    SnapshotNotFoundError,
    TableNotFoundError,
)

if TYPE_CHECKING:
    from iris_devtools.admin import Admin
    from iris_devtools.config import Settings
    from iris_devtools.progress import Reporter
    from iris_devtools.snapshots.snapshot import Snapshot

__all__ = ["EXIT_CODES", "USAGE", "fixture"]

USAGE = 64
"""Exit code of a wrong argument or setting; click's own 2 means a damaged file here."""

EXIT_CODES: dict[type[IrisDevtoolsError], int] = {
    ManifestError: 1,
    SnapshotNotFoundError: 1,
    ChecksumError: 2,
    TableNotFoundError: 3,
    ServerError: 4,
    PartialLoadError: 5,
    NamespaceInUseError: 6,
    SnapshotError: 7,
    ConfigurationError: USAGE,
}
"""Exit code by class of error; a class that is not here has that of its nearest base, and 70 without one."""

_INTERNAL = 70

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _FixtureGroup(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.show()
            ctx.exit(USAGE)


@click.group(cls=_FixtureGroup)
def fixture() -> None:
    """Keep a namespace as a directory of files, and bring it back.

    \b
    Exit codes: 0 done, 1 no (readable) manifest, 2 a damaged file,
    3 a missing table, 4 the server, 5 only a part was loaded,
    6 the namespace is in use, 7 another fault of the fixture, 64 usage.
    """


def _options(*, server: bool) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        command = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)
        command = click.option(
            "--project",
            type=click.Path(exists=True, path_type=Path),
            help="A directory of the project whose settings apply.  [default: the working directory]",
        )(command)
        if server:
            command = click.option(
                "--url", help="The server and namespace, as iris://user:password@host:port/NAMESPACE."
            )(command)
            command = click.option(
                "--namespace", "-N", help="The namespace.  [default: that of the URL or the settings]"
            )(command)
        return command

    return decorate


_TABLES = click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="[SCHEMA.]TABLE",
    help="A table that has to be there; may be given several times.",
)
_TERMINATE = click.option("--terminate", is_flag=True, help="End the connections of others first.")
_DIRECTORY = click.Path(path_type=Path)


@fixture.command()
@click.argument("directory", type=_DIRECTORY)
@_options(server=True)
@_TABLES
@click.option("--id", "fixture_id", default="", help="Its name for people.  [default: the directory's name]")
@click.option("--version", "version", default="1", show_default=True, help="Its version.")
@click.option("--description", default="", help="A note for the manifest.")
@click.option(
    "--query",
    "queries",
    multiple=True,
    metavar="NAME=SQL",
    help="A query whose answer is kept, and compared after every load.",
)
@click.option("--replace", is_flag=True, help="Take the place of a fixture that is there.")
@_TERMINATE
def create(
    *,
    directory: Path,
    namespace: str | None,
    url: str | None,
    project: Path | None,
    as_json: bool,
    tables: tuple[str, ...],
    fixture_id: str,
    version: str,
    description: str,
    queries: tuple[str, ...],
    replace: bool,
    terminate: bool,
) -> None:
    """Capture a namespace as the fixture DIRECTORY."""
    known = {}
    for text in queries:
        name, equals, sql = text.partition("=")
        if not (name.strip() and equals and sql.strip()):
            raise click.BadParameter(f"{text!r} is not NAME=SQL", param_hint="--query")
        known[name.strip()] = sql.strip()
    with _ended(as_json=as_json):
        from iris_devtools.snapshots.capture import Description
        from iris_devtools.snapshots.fixture import create_fixture

        settings = _settings(project, url, namespace)
        with _admin(settings) as admin:
            captured = create_fixture(
                admin,
                directory,
                namespace=settings.namespace,
                description=Description(fixture_id=fixture_id, version=version, text=description),
                tables=tables,
                queries=known,
                compression=settings.compression_level or None,
                replace_existing=replace,
                terminate_others=terminate,
                reporter=_reporter(as_json=as_json),
            )
        _show(
            {**_facts(captured.snapshot), "seconds": round(captured.seconds, 3)},
            f"Created {directory} from {settings.namespace}: {_holdings(captured.snapshot)}",
            as_json=as_json,
        )


@fixture.command()
@click.argument("directory", type=_DIRECTORY)
@_options(server=True)
@_TABLES
@_TERMINATE
def load(
    *,
    directory: Path,
    namespace: str | None,
    url: str | None,
    project: Path | None,
    as_json: bool,
    tables: tuple[str, ...],
    terminate: bool,
) -> None:
    """Bring a namespace to the fixture DIRECTORY.

    It is made when there is none of its name.
    """
    with _ended(as_json=as_json):
        from iris_devtools.provision import restore_namespace
        from iris_devtools.snapshots.fixture import check_contents

        found = _open(directory)
        _require(found, tables)
        settings = _settings(project, url, namespace)
        with _admin(settings) as admin:
            ready = restore_namespace(
                admin,
                found,
                namespace=settings.namespace,
                thoroughness="nothing",
                terminate_others=terminate,
                reporter=_reporter(as_json=as_json),
            )
            check_contents(admin, found.manifest, namespace=settings.namespace)
        _show(
            {
                **_facts(found),
                "loaded_into": settings.namespace,
                "created_namespace": ready.created,
                "seconds": round(ready.seconds, 3),
            },
            f"Loaded {directory} into {settings.namespace}: {_holdings(found)}",
            as_json=as_json,
        )


@fixture.command()
@click.argument("directory", type=_DIRECTORY)
@_options(server=True)
@_TABLES
@click.option("--loaded", is_flag=True, help="Compare the namespace with the fixture, too.")
def validate(
    *,
    directory: Path,
    namespace: str | None,
    url: str | None,
    project: Path | None,
    as_json: bool,
    tables: tuple[str, ...],
    loaded: bool,
) -> None:
    """Check the manifest and every file of the fixture DIRECTORY.

    That needs no server, but with --loaded.
    """
    with _ended(as_json=as_json):
        found = _open(directory)
        found.verify(reporter=_reporter(as_json=as_json))
        _require(found, tables)
        facts = {**_facts(found), "valid": True}
        if loaded:
            from iris_devtools.snapshots.fixture import check_contents

            settings = _settings(project, url, namespace)
            with _admin(settings) as admin:
                check_contents(admin, found.manifest, namespace=settings.namespace)
            facts["loaded_into"] = settings.namespace
        _show(facts, f"{directory} is valid: {_holdings(found)}", as_json=as_json)


@fixture.command(name="list")
@click.argument("directory", type=_DIRECTORY, required=False)
@_options(server=False)
def list_command(*, directory: Path | None, project: Path | None, as_json: bool) -> None:
    """List the fixtures in a directory, by default in the store."""
    with _ended(as_json=as_json):
        from iris_devtools.snapshots.fixture import list_fixtures

        place = directory if directory is not None else _settings(project, None, None).store
        found = list_fixtures(place)
        _show(
            {
                "directory": str(place),
                "fixtures": [_facts(each) for each in found.fixtures],
                "broken": [
                    {"path": str(each.facts["path"].parent), "reason": each.message} for each in found.broken
                ],
            },
            *(f"{each.name}  {_holdings(each)}  {each.manifest.description}" for each in found.fixtures),
            *(f"! {each.message}" for each in found.broken),
            f"{len(found.fixtures) or 'No'} fixture{'' if len(found.fixtures) == 1 else 's'} in {place}.",
            as_json=as_json,
        )


@fixture.command()
@click.argument("directory", type=_DIRECTORY)
@_options(server=False)
def info(*, directory: Path, project: Path | None, as_json: bool) -> None:
    """Show what the manifest of the fixture DIRECTORY says."""
    del project
    with _ended(as_json=as_json):
        found = _open(directory)
        manifest = found.manifest
        _show(
            {
                **_facts(found),
                "table_rows": {str(table): table.rows for table in manifest.tables},
                "known_queries": [query.model_dump() for query in manifest.known_queries],
                "files": [file.model_dump() for file in manifest.files],
                "features": dict(manifest.features),
            },
            f"{manifest.fixture_id} {manifest.version}",
            *((manifest.description,) if manifest.description else ()),
            f"  written    {manifest.created_at:%Y-%m-%d %H:%M} UTC by {manifest.tool}",
            f"  engine     {manifest.engine} ({manifest.iris_version})",
            f"  namespace  {manifest.namespace}",
            f"  revisions  {', '.join(manifest.revisions) or 'none'}",
            *(f"  file       {each.name}, {each.size} bytes, {each.sha256}" for each in manifest.files),
            *(f"  table      {table}, {table.rows} rows" for table in manifest.tables),
            *(f"  query      {query.name}: {query.sql}" for query in manifest.known_queries),
            as_json=as_json,
        )


@contextmanager
def _ended(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except IrisDevtoolsError as error:
        if as_json:
            shown = {
                "error": type(error).__name__,
                "message": error.message,
                "hint": error.hint,
                "facts": error.facts,
            }
            click.echo(json.dumps(shown, indent=2, default=str))
        else:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error.message}", err=True)
            if error.hint:
                click.echo(error.hint, err=True)
        sys.exit(_exit_code(error))


def _exit_code(error: IrisDevtoolsError) -> int:
    return next((EXIT_CODES[base] for base in type(error).__mro__ if base in EXIT_CODES), _INTERNAL)


@contextmanager
def _admin(settings: Settings) -> Iterator[Admin]:
    from iris_devtools.admin import Admin
    from iris_devtools.servers.choose import choose_server

    with (
        choose_server(settings) as handle,
        Admin.connect(handle.server, timeout_s=settings.connect_timeout_s) as admin,
    ):
        yield admin


def _settings(project: Path | None, url: str | None, namespace: str | None) -> Settings:
    from iris_devtools.config import load_settings

    return load_settings(project, url=url, namespace=namespace)


def _open(directory: Path) -> Snapshot:
    from iris_devtools.snapshots.snapshot import open_snapshot

    return open_snapshot(directory.absolute())


def _require(found: Snapshot, tables: Sequence[str]) -> None:
    from iris_devtools.snapshots.fixture import require_tables

    names = [(table.schema_name, table.name) for table in found.manifest.tables]
    require_tables(tables, names, where=found.directory)


def _reporter(*, as_json: bool) -> Reporter:
    from iris_devtools.progress import reporter_for

    return reporter_for(sys.stderr, quiet=as_json)


def _show(facts: dict[str, Any], *lines: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, indent=2, default=str))
    else:
        click.echo("\n".join(line.rstrip() for line in lines))


def _facts(found: Snapshot) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "path": str(found.directory),
        "fixture_id": manifest.fixture_id,
        "version": manifest.version,
        "description": manifest.description,
        "created_at": manifest.created_at.isoformat(),
        "engine": manifest.engine,
        "namespace": manifest.namespace,
        "revisions": list(manifest.revisions),
        "bytes": manifest.size,
        "tables": len(manifest.tables),
        "rows": sum(table.rows for table in manifest.tables),
    }


def _holdings(found: Snapshot) -> str:
    facts = _facts(found)
    counted = ", ".join(
        f"{facts[f'{what}s']:,} {what}{'' if facts[f'{what}s'] == 1 else 's'}" for what in ("table", "row")
    )
    return f"{counted}, {facts['bytes'] / 1e6:.1f} MB"
