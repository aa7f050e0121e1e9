"""Settings, and where each value came from.

A value is taken from the first place that has it:

1. an argument (``load_settings(start, host=...)``, an option of a command);
2. the environment: ``IRIS_DEVTOOLS_HOST`` and so on, then the names that many IRIS tools share:
   ``IRIS_HOST``, ``IRIS_PORT``, ``IRIS_NAMESPACE``, ``IRIS_USERNAME``, ``IRIS_PASSWORD``;
3. the same names in the file ``.env`` of the project;
4. the table ``[tool.iris-devtools]`` of the project's ``pyproject.toml``, its keys written with ``-`` or
   ``_``;
5. the default; with ``server = auto`` and no host, a container that is running already comes before that
   (:func:`iris_devtools.servers.choose.decide`).

In each place ``url`` (``IRIS_DEVTOOLS_URL``) stands for host, port, namespace, username and password at once;
one of these given beside it in the same place wins over its part of the URL.

A key that no setting has is an error that names the nearest one: in ``pyproject.toml`` and among arguments
always, in the environment and ``.env`` when it is so close to a setting that it must be a slip (others read
variables there, too).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
)

from iris_devtools.amounts import parse_bytes
from iris_devtools.errors import ConfigurationError
from iris_devtools.origins import ENVIRONMENT_PREFIX, PATHS, find_project_root, found_values
from iris_devtools.urls import DEFAULT_NAMESPACE, DEFAULT_PORT

__all__ = ["ENVIRONMENT_PREFIX", "Setting", "Settings", "find_project_root", "load_settings"]

_DEFAULT = "default"
_VOLUME = re.compile(r"[^:]+:/[^:]*(:[a-zA-Z,]+)?")
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Setting:
    """One setting as a report shows it: a password is ``***``."""

    name: str
    value: str | int | float | bool | None
    origin: str
    description: str


class Settings(BaseModel):
    """Hold every setting. Make one with :func:`load_settings`; it never changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    server: Literal["auto", "container", "existing", "standin"] = Field(
        default="auto",
        description="which server: auto is an existing one when a host is set, else one in a container that "
        "is running already, else a container when its image is here, else the stand-in",
    )
    host: str | None = Field(default=None, min_length=1, description="host of an existing server")
    port: int = Field(default=DEFAULT_PORT, ge=1, le=65535, description="its superserver port")
    username: str = Field(
        default="_SYSTEM",
        min_length=1,
        description="the account; administering needs the roles %Manager or %All",
    )
    password: SecretStr = Field(default=SecretStr("SYS"), description="its password")
    namespace: str = Field(
        default=DEFAULT_NAMESPACE, min_length=1, description="the namespace to work in when no URL names one"
    )
    store: Path = Field(default=Path(".iris-snapshots"), description="the directory that holds the snapshots")
    compression_level: int = Field(
        default=3,
        ge=0,
        le=19,
        description="zstd level of the files in new snapshots; 0 leaves them as they are",
    )
    delta: bool = Field(
        default=False,
        description="keep a snapshot as its difference from the one it was built on, where that saves half",
    )
    shared_store: str | None = Field(
        default=None,
        min_length=1,
        description="a store that others share: a directory's URL, like s3://bucket/snapshots",
    )
    shared_store_readonly: bool = Field(
        default=False, description="take from the shared store, and never write to it"
    )
    data_directory: Path = Field(
        default=Path(".iris-devtools/standin"),
        description="where the stand-in keeps its databases",
    )
    edition: Literal["community", "enterprise"] = Field(
        default="community", description="which edition a container runs when no image is named"
    )
    image: str | None = Field(default=None, min_length=1, description="the image that a container runs")
    image_tag: str | None = Field(
        default=None,
        min_length=1,
        description="the version of the edition's image when no image is named, like 2025.1",
    )
    license_key: Path | None = Field(
        default=None,
        description="the licence key of a container; enterprise also looks at IRIS_LICENSE_KEY and "
        "~/.iris/iris.key",
    )
    pull: bool | None = Field(
        default=None,
        description="whether an image that is not here is pulled; left out: for server = container alone",
    )
    reuse: bool = Field(
        default=False, description="keep the container for the next run; `iris-devtools down` ends it"
    )
    merge_file: Path | None = Field(
        default=None, description="a CPF merge file that a container applies at its start"
    )
    after_start: str | None = Field(
        default=None, min_length=1, description="a command that a container runs after its start"
    )
    durable: str | None = Field(
        default=None,
        min_length=1,
        description="a volume or directory that keeps a container's data when it is removed",
    )
    container_port: int = Field(
        default=0, ge=0, le=65535, description="the port of a container on this machine; 0 is a free one"
    )
    container_memory: str | None = Field(
        default=None, min_length=1, description="the most memory a container may use, like 2g"
    )
    container_cpus: float | None = Field(
        default=None, gt=0, description="the most processors a container may use"
    )
    container_environment: dict[str, str] = Field(
        default_factory=dict, description="variables of a container, by name"
    )
    container_volumes: tuple[str, ...] = Field(
        default=(),
        description="what is mounted into a container, each source:target or source:target:ro; a source that "
        "begins with . or / is a directory, any other a volume",
    )
    container_platform: str | None = Field(
        default=None,
        min_length=1,
        description="the platform of a container's image, like linux/amd64; left out: the engine's own",
    )
    container_share: bool = Field(
        default=False,
        description="mount a directory of the project into a container, so that snapshots need no transfer",
    )
    container_directory: Path = Field(
        default=Path(".iris-devtools/containers"),
        description="where the containers of the project are remembered",
    )
    source: str | None = Field(
        default=None, description="the schema source: alembic, metadata, or another entry point's name"
    )
    alembic_config: Path | None = Field(default=None, description="the alembic.ini of the migration chain")
    metadata: str | None = Field(
        default=None, description="the SQLAlchemy MetaData of the source metadata, as module:attribute"
    )
    seed: str | None = Field(
        default=None, description="a callable that fills a migrated database, as module:callable"
    )
    seed_parameters: dict[str, JsonValue] = Field(
        default_factory=dict, description="keyword arguments of the seed; part of the key"
    )
    key_files: tuple[str, ...] = Field(
        default=(),
        description="globs of files that migrations or the seed read; their contents are part of the key",
    )
    max_store_bytes: int | None = Field(
        default=None,
        ge=0,
        description="above this size, as in 2GB, the least recently used snapshots are removed after a build",
    )
    snapshot_on_upgrade: bool = Field(
        default=False, description="leave a snapshot behind after every successful `alembic upgrade`"
    )
    keep_unseeded: bool = Field(
        default=True,
        description="keep the migrated state before the seed, too: the next migration starts from there",
    )
    isolation: Literal["auto", "rollback", "restore", "namespace", "container"] = Field(
        default="auto", description="what a test gets when it asks for nothing else"
    )
    pool_size: int = Field(
        default=2, ge=1, le=64, description="how many namespaces are kept ready for tests that want their own"
    )
    max_pool_bytes: int = Field(
        default=2_000_000_000,
        ge=0,
        description="above this size, as in 2GB, no more namespaces are kept ready ahead of time",
    )
    repairs: bool = Field(default=True, description="mend the known faults of dialect and driver")
    connect_timeout_s: float = Field(default=10.0, gt=0, description="how long a login may take, in seconds")
    wait_s: float = Field(
        default=0.0,
        ge=0,
        description="how long to wait for an existing server that still starts, in seconds",
    )
    startup_timeout_s: float = Field(
        default=30.0,
        gt=0,
        description="how long a server of ours may take to start, in seconds; left out: 120 for a container",
    )

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _root: Path = PrivateAttr(default_factory=Path.cwd)

    @field_validator("seed", "metadata")
    @classmethod
    def _is_reference(cls, value: str | None) -> str | None:
        if value is not None and not _REFERENCE.fullmatch(value):
            raise ValueError('must be written "module:name", as in "app.fixtures:fill"')
        return value

    @field_validator("key_files", "container_volumes", mode="before")
    @classmethod
    def _is_list(cls, value: object) -> object:
        # A variable of the environment holds one text.
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("max_store_bytes", "max_pool_bytes", mode="before")
    @classmethod
    def _is_size(cls, value: object) -> object:
        return parse_bytes(value) if isinstance(value, str) else value

    @field_validator("container_volumes")
    @classmethod
    def _are_volumes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for volume in value:
            if not _VOLUME.fullmatch(volume):
                raise ValueError(f'{volume!r} must be written "source:/target" or "source:/target:ro"')
        return value

    @field_validator("seed_parameters", "container_environment", mode="before")
    @classmethod
    def _is_table(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @property
    def origins(self) -> Mapping[str, str]:
        """Say for every setting where its value came from, in words for a reader."""
        return {name: self._origins.get(name, _DEFAULT) for name in type(self).model_fields}

    @property
    def root(self) -> Path:
        """Return the root of the project, where relative paths of its files start."""
        return self._root

    def settings(self) -> tuple[Setting, ...]:
        """Return every setting with its value and origin, fit to be printed: the password is hidden."""
        return tuple(
            Setting(
                name,
                _printable(name, getattr(self, name)),
                origin,
                type(self).model_fields[name].description or "",
            )
            for name, origin in self.origins.items()
        )


def load_settings(
    start: Path | None = None, *, environ: Mapping[str, str] | None = None, **overrides: Any
) -> Settings:
    """Collect the settings of the project around ``start`` (the working directory when left out).

    Relative paths start at the project's root, except those from an argument or the environment, which start
    at the working directory as in any shell. An override of None counts as not given, so options can be
    passed through.

    Args:
        start: a directory of the project, or a file in one.
        environ: read in place of ``os.environ``.
        overrides: settings by name, ``url`` included; they win over everything else.

    Raises:
        ConfigurationError: a value or a key is wrong, or a file cannot be read. It names the place.

    """
    root = find_project_root(start or Path.cwd())
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for found in found_values(
        overrides,
        environ=os.environ if environ is None else environ,
        root=root,
        known=tuple(Settings.model_fields),
    ):
        for name, (value, origin) in found.items():
            if name not in values:
                values[name], origins[name] = value, origin
    for name in PATHS:
        if name not in values and isinstance(default := Settings.model_fields[name].default, Path):
            values[name] = root / default
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise _wrong_values(error, origins) from None
    settings._origins = MappingProxyType(origins)
    settings._root = root
    return settings


def _wrong_values(error: ValidationError, origins: Mapping[str, str]) -> ConfigurationError:
    # Only the name and the reason of each fault are taken over: the value may be a password.
    faults = [
        (str(fault["loc"][0]) if fault["loc"] else "", _reason(fault["msg"])) for fault in error.errors()
    ]
    lines = [f"{name} ({origins.get(name, _DEFAULT)}): {reason}" for name, reason in faults]
    known = Settings.model_fields
    meanings = [f"{name}: {known[name].description}." for name, _ in faults if name in known]
    return ConfigurationError(
        "Wrong value for " + "; ".join(lines) + ".",
        hint="\n".join([*meanings, "`iris-devtools config --describe` lists every setting."]),
        keys=[name for name, _ in faults],
    )


def _reason(text: str) -> str:
    # What pydantic puts before the words of a validator of ours.
    return text.removeprefix("Value error, ")


def _printable(name: str, value: Any) -> str | int | float | bool | None:
    if isinstance(value, SecretStr):
        return "***"
    if name == "container_environment":
        # What a variable holds may be a secret.
        return ", ".join(f"{variable}=***" for variable in value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value) if value else ""
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
