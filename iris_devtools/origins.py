"""Where the values of settings come from: arguments, the environment, ``.env``, ``pyproject.toml``.

What the settings are, and the order of these places, is in :mod:`iris_devtools.config`.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from iris_devtools.errors import ConfigurationError
from iris_devtools.urls import parse_url

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["ENVIRONMENT_PREFIX", "PATHS", "Found", "find_project_root", "found_values"]

ENVIRONMENT_PREFIX = "IRIS_DEVTOOLS_"

_SHARED_VARIABLES = {
    "IRIS_HOST": "host",
    "IRIS_PORT": "port",
    "IRIS_NAMESPACE": "namespace",
    "IRIS_USERNAME": "username",
    "IRIS_PASSWORD": "password",
}
_URL_KEY = "url"
PATHS = (
    "store",
    "data_directory",
    "alembic_config",
    "container_directory",
    "license_key",
    "merge_file",
)


def find_project_root(start: Path) -> Path:
    """Return the nearest directory at or above ``start`` that holds a project.

    That is the nearest ``pyproject.toml`` with a table ``[tool.iris-devtools]``; without one, the nearest
    directory with a ``pyproject.toml``, an ``alembic.ini`` or a ``.git``; without any, ``start`` itself.
    """
    start = start.resolve()
    if start.is_file():
        start = start.parent
    ancestry = (start, *start.parents)
    for directory in ancestry:
        if _table(directory / "pyproject.toml") is not None:
            return directory
    for directory in ancestry:
        if any((directory / name).exists() for name in ("pyproject.toml", "alembic.ini", ".git")):
            return directory
    return start


Found = dict[str, tuple[Any, str]]
"""What one place has: values by the name of the setting, each with the place in words."""


def found_values(
    overrides: Mapping[str, Any], *, environ: Mapping[str, str], root: Path, known: Sequence[str]
) -> Iterator[Found]:
    """Yield what each place has for the settings ``known``, the first in command first.

    Raises:
        ConfigurationError: a place has a key that no setting has, or cannot be read.
    """
    names = (*known, _URL_KEY)
    yield _from_arguments(overrides, names)
    yield from _from_variables(environ, "environment", Path.cwd(), names)
    yield from _from_dotenv(root, names)
    yield _from_pyproject(root, names)


def _from_arguments(overrides: Mapping[str, Any], names: Sequence[str]) -> Found:
    given = {name: value for name, value in overrides.items() if value is not None}
    _refuse_unknown(given, "argument", known=names)
    return _expand({name: (value, f"argument {name}") for name, value in given.items()}, Path.cwd())


def _from_variables(
    variables: Mapping[str, str], where: str, base: Path, names: Sequence[str]
) -> Iterable[Found]:
    # An empty variable is how shells and CI systems say "not set".
    own: Found = {}
    shared: Found = {}
    known = {ENVIRONMENT_PREFIX + name.upper(): name for name in names}
    for variable, value in variables.items():
        if not value:
            continue
        if variable in known:
            own[known[variable]] = (value, f"{where} {variable}")
        elif variable in _SHARED_VARIABLES:
            shared[_SHARED_VARIABLES[variable]] = (value, f"{where} {variable}")
        elif variable.startswith(ENVIRONMENT_PREFIX) and (
            near := difflib.get_close_matches(variable, known, n=1, cutoff=0.9)
        ):
            raise ConfigurationError(
                f"{where} {variable} is not a setting.",
                hint=f"Did you mean {near[0]}? `iris-devtools config --describe` lists every setting.",
                key=variable,
                nearest=near[0],
                origin=where,
            )
    return _expand(own, base), _expand(shared, base)


def _from_dotenv(root: Path, names: Sequence[str]) -> Iterable[Found]:
    path = root / ".env"
    if not path.is_file():
        return ()
    from dotenv import dotenv_values

    try:
        variables = dotenv_values(path, interpolate=True)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return _from_variables(
        {name: value for name, value in variables.items() if value}, str(path), root, names
    )


def _from_pyproject(root: Path, names: Sequence[str]) -> Found:
    path = root / "pyproject.toml"
    table = _table(path)
    if table is None:
        return {}
    origin = f"[tool.iris-devtools] in {path}"
    named = {key.replace("-", "_"): value for key, value in table.items()}
    _refuse_unknown(named, origin, known=names)
    return _expand({name: (value, origin) for name, value in named.items()}, root)


def _table(path: Path) -> dict[str, Any] | None:
    """Return the table of ours in a pyproject.toml, None without the file or the table."""
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        # Most files on the way up belong to others: parse only what can concern us.
        if "iris-devtools" not in text:
            return None
        table = tomllib.loads(text).get("tool", {}).get("iris-devtools")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unreadable(path, error) from error
    if table is not None and not isinstance(table, dict):
        raise ConfigurationError(
            f"tool.iris-devtools in {path} is not a table.",
            hint='Write a line [tool.iris-devtools] and below it lines such as server = "standin".',
            origin=str(path),
        )
    return table


def _expand(found: Found, base: Path) -> Found:
    """Take the URL apart, and root the paths of one place."""
    expanded = {name: entry for name, entry in found.items() if name != _URL_KEY}
    if _URL_KEY in found:
        text, origin = found[_URL_KEY]
        try:
            url = parse_url(str(text))
        except ConfigurationError as error:
            raise ConfigurationError(f"{origin}: {error.message}", hint=error.hint, **error.facts) from None
        parts = {"namespace": url.namespace}
        if not url.managed:
            parts |= {"host": url.host, "port": str(url.port)}
        if url.username:
            parts["username"] = url.username
        if url.password:
            parts["password"] = url.password
        for name, part in parts.items():
            expanded.setdefault(name, (part, f"{origin} (url)" if "url" not in origin.lower() else origin))
    for name in PATHS:
        if name in expanded:
            value, origin = expanded[name]
            if isinstance(value, (str, Path)):
                expanded[name] = (base / Path(value).expanduser(), origin)
    if "container_volumes" in expanded:
        value, origin = expanded["container_volumes"]
        volumes = value.split(",") if isinstance(value, str) else value
        if isinstance(volumes, (list, tuple)):
            expanded["container_volumes"] = ([_rooted(volume, base) for volume in volumes], origin)
    return expanded


def _rooted(volume: Any, base: Path) -> Any:
    """Return a volume with the directory that it names, if it names one, as an absolute path."""
    if not isinstance(volume, str) or not volume.strip().startswith((".", "~")):
        return volume.strip() if isinstance(volume, str) else volume
    source, colon, target = volume.strip().partition(":")
    return f"{(base / Path(source).expanduser()).resolve()}{colon}{target}"


def _refuse_unknown(names: Iterable[str], origin: str, *, known: Sequence[str]) -> None:
    for name in names:
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        question = f"Did you mean {near[0]!r}? " if near else ""
        raise ConfigurationError(
            f"There is no setting {name!r} ({origin}).",
            hint=f"{question}`iris-devtools config --describe` lists every setting.",
            key=name,
            nearest=near[0] if near else None,
            origin=origin,
        )


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"Cannot read the settings in {path}: {error}",
        hint="Mend the file, or remove it if nothing needs it.",
        origin=str(path),
    )
