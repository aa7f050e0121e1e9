"""Engines for SQLAlchemy: the managed server found, the known faults mended.

Two ways to one thing: :func:`create_engine`, and the URL plugin for code that makes its own engines, such as
an ``env.py`` of Alembic::

    iris:///APP?plugin=iris-devtools                       namespace APP on the managed server
    iris://user:password@host:1972/APP?plugin=iris-devtools   that server, with the repairs

Query parameters that this module reads: ``iris_repairs`` (``all``, ``none``, names, ``-name`` for all but
that one), and the options of the driver that sqlalchemy-iris leaves unread in a URL: ``timeout`` (seconds),
``sharedmemory``, ``sslconfig``, ``logfile``, ``isolationLevel``. All others stay in the URL.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy
from sqlalchemy.dialects import plugins as known_plugins
from sqlalchemy.engine import URL, CreateEnginePlugin, Engine, make_url

from iris_devtools import repairs as mending
from iris_devtools.admin import Admin
from iris_devtools.config import Settings, load_settings
from iris_devtools.errors import ConfigurationError, ServerNotFoundError
from iris_devtools.opening import open_with_remedies
from iris_devtools.pools import COMMUNITY_LIMIT, LimitedPool, size_for
from iris_devtools.repairs import Selection
from iris_devtools.servers.choose import choose_server
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.serverlock import server_lock
from iris_devtools.urls import IrisUrl

__all__ = ["PLUGIN_NAME", "IrisDevtoolsPlugin", "ManagedUrl", "create_engine", "managed_url"]

PLUGIN_NAME = "iris-devtools"

# Also without the entry point of an installed package: whoever imports this module can use the plugin.
known_plugins.register(PLUGIN_NAME, __name__, "IrisDevtoolsPlugin")


@dataclass(frozen=True)
class ManagedUrl:
    """Name a namespace on the server that the settings chose, and say why that one."""

    url: IrisUrl
    server: Server
    reason: str


def create_engine(
    url: str | URL | IrisUrl | None = None,
    *,
    settings: Settings | None = None,
    repairs: Selection | None = None,
    **options: Any,
) -> Engine:
    """Make an engine for a namespace, with the known faults of dialect and driver mended.

    Without a host in ``url`` the settings choose the server, which is started if it is ours, and a namespace
    that does not exist on it yet is made; without a URL the settings name the namespace, too. Nothing is sent
    to a server of someone else before the engine is used.

    Args:
        url: ``iris://...``; see the module for what its query may say.
        settings: those of the project around the working directory when left out.
        repairs: which repairs; what the URL or the settings say when left out.
        options: passed on to :func:`sqlalchemy.create_engine`.

    Raises:
        ConfigurationError: the URL, a setting or the name of a repair is wrong.
        ServerError: the managed server did not start or does not answer.

    """
    target = url.to_sqlalchemy() if isinstance(url, IrisUrl) else make_url(url or "iris://")
    if target.get_backend_name() != "iris":
        raise ConfigurationError(
            f"An engine for IRIS is wanted, and the URL is one for {target.get_backend_name()}.",
            hint="Write iris:///NAMESPACE for the managed server, or iris://user:password@host:1972/NAMESPACE.",
            url=target.render_as_string(hide_password=True),
        )
    named = target.query.get("plugin", ())
    others = [name for name in ((named,) if isinstance(named, str) else named) if name != PLUGIN_NAME]
    others += [name for name in options.pop("plugins", ()) if name != PLUGIN_NAME]
    return sqlalchemy.create_engine(
        target.difference_update_query(["plugin"]),
        plugins=[PLUGIN_NAME, *others],
        iris_settings=settings,
        iris_repairs=repairs,
        **options,
    )


def managed_url(url: IrisUrl | None = None, *, settings: Settings | None = None) -> ManagedUrl:
    """Turn a URL without a host into one of the server that the settings choose.

    The server is started if it is ours, and the namespace is made there when it does not exist; on a server
    of someone else no namespace is made, and one that is missing where a running container was taken is an
    error. An account in the URL is kept, else the server's own is used.
    Several processes may call this at once.

    Raises:
        ConfigurationError: the URL names a host, or a setting is wrong.
        ServerError: the server did not start, does not answer or refuses the account, or lacks the namespace.

    """
    settings = settings or load_settings()
    if url is not None and not url.managed:
        raise ConfigurationError(
            f"The URL {url} names a server already.",
            hint="Leave the host out to have one chosen: iris:///NAMESPACE.",
            url=url.render(),
        )
    handle = choose_server(settings)
    server = handle.server
    found = server.url(url.namespace if url else settings.namespace)
    if server.kind != "existing":
        _ensure_namespace(server, found.namespace, settings)
    elif not settings.host:
        _require_namespace(server, found.namespace, settings, handle.reason)
    if url is not None:
        found = replace(found, query=url.query)
        if url.username:
            found = replace(found, username=url.username, password=url.password)
    return ManagedUrl(url=found, server=server, reason=handle.reason)


def _ensure_namespace(server: Server, namespace: str, settings: Settings) -> None:
    with Admin.connect(server, timeout_s=settings.connect_timeout_s) as admin:
        if admin.namespace_exists(namespace):
            return
        with server_lock(admin, "namespaces"):
            if not admin.namespace_exists(namespace):
                admin.create_namespace(namespace)


def _require_namespace(server: Server, namespace: str, settings: Settings, reason: str) -> None:
    """Say why this server, to somebody who has not named it and misses a namespace there."""
    with Admin.connect(server, timeout_s=settings.connect_timeout_s) as admin:
        if admin.namespace_exists(namespace):
            return
    raise ServerNotFoundError(
        f"There is no namespace {namespace} on the server that was chosen: {reason}.",
        hint=f"Make it there, as with CREATE DATABASE {namespace} in %SYS; or have a server of ours, which "
        "makes it: server = 'standin' or 'container' (IRIS_DEVTOOLS_SERVER).",
        namespace=namespace,
        host=server.host,
        port=server.port,
    )


class IrisDevtoolsPlugin(CreateEnginePlugin):
    """Do for any engine what :func:`create_engine` does: ``plugin=iris-devtools`` in a URL asks for it."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        given: Settings | None = kwargs.pop("iris_settings", None)
        selection: Selection | None = kwargs.pop("iris_repairs", None)
        self._concerned = url.get_backend_name() == "iris"
        if not self._concerned:
            return
        self._settings = given or load_settings()
        if selection is None:
            selection = _one(url, "iris_repairs") if "iris_repairs" in url.query else self._settings.repairs
        self._repairs = [repair.name for repair in mending.choose_repairs(selection)]
        connect_args: dict[str, Any] = {"timeout": max(1, math.ceil(self._settings.connect_timeout_s))}
        connect_args.update(_driver_options(url))
        connect_args.update(kwargs.get("connect_args", {}))
        kwargs["connect_args"] = connect_args
        if not _SIZES.intersection(kwargs):
            kwargs["poolclass"] = LimitedPool

    def update_url(self, url: URL) -> URL:
        """Fill in the managed server where the URL names none."""
        if not self._concerned:
            return url
        url = url.difference_update_query(["iris_repairs"])
        if url.host:
            return url
        pairs = [(name, value) for name in url.query for value in _all(url, name)]
        wanted = IrisUrl(
            namespace=url.database or self._settings.namespace,
            username=url.username or "",
            password=url.password or "",
            query=tuple(pairs),
        )
        return managed_url(wanted, settings=self._settings).url.to_sqlalchemy()

    def handle_pool_kwargs(self, pool_cls: Any, pool_args: dict[str, Any]) -> None:
        """Mend the dialect before SQLAlchemy takes its ``on_connect`` from it."""
        if self._concerned and "dialect" in pool_args:
            mending.apply(pool_args["dialect"], repairs=self._repairs)
        if self._concerned and issubclass(pool_cls, LimitedPool):
            size = size_for(COMMUNITY_LIMIT)
            pool_args.update(pool_size=size.kept, max_overflow=size.overflow)

    def engine_created(self, engine: Engine) -> None:
        """Mend the dialect of an engine that was given a pool of its own."""
        if self._concerned:
            mending.apply(engine, repairs=self._repairs)
            open_with_remedies(engine)


# Whoever says how connections are pooled is left alone.
_SIZES = frozenset({"pool", "poolclass", "creator", "async_creator_fn", "pool_size", "max_overflow"})


def _truth(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError(text)


# What IRISDialect_intersystems.connect() knows, and the type it wants.
_DRIVER_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "timeout": int,
    "sharedmemory": _truth,
    "sslconfig": str,
    "logfile": str,
    "isolationLevel": int,
}


def _driver_options(url: URL) -> dict[str, Any]:
    options = {}
    for name, convert in _DRIVER_OPTIONS.items():
        if name not in url.query:
            continue
        text = _one(url, name)
        try:
            options[name] = convert(text)
        except ValueError:
            kind = "a whole number" if convert is int else "true or false"
            raise ConfigurationError(
                f"{name}={text} in the URL is not {kind}.",
                hint="timeout is in seconds; sharedmemory is true or false; isolationLevel is 0, 1 or 3.",
                name=name,
            ) from None
    return options


def _all(url: URL, name: str) -> tuple[str, ...]:
    value = url.query[name]
    return (value,) if isinstance(value, str) else value


def _one(url: URL, name: str) -> str:
    return _all(url, name)[-1]
