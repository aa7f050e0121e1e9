"""Which databases a test has in its hands, by whatever fixtures it came to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from iris_devtools.admin import Admin
from iris_devtools.testing.dat_fixture import loaded_for
from iris_devtools.testing.factories import place_of
from iris_devtools.testing.lending import Place
from iris_devtools.testing.plugin import lent_to
from iris_devtools.testing.run import TestRun

__all__ = ["Held", "databases_of"]


@dataclass(frozen=True)
class Held:
    """A database of a test. ``suffix`` tells it from the first; ``own`` is the test's connection, if any."""

    place: Place
    run: TestRun
    own: Connection | None
    suffix: str

    @contextmanager
    def seen(self, admin: Admin) -> Iterator[Any]:
        """Give a connection of the driver that sees what the test sees: its own, where it has one."""
        if self.own is not None and not self.own.closed and not self.own.invalidated:
            yield self.own.connection.driver_connection
            return
        with admin.connection(self.place.url.namespace) as connection:
            yield connection


def databases_of(item: pytest.Item, run_of: Callable[[pytest.Config], TestRun]) -> tuple[Held, ...]:
    """Return the databases that a test has, its lent one first; its fixtures are still there."""
    values: dict[str, Any] = dict(getattr(item, "funcargs", {}))
    own: dict[Engine, Connection] = {}
    for value in values.values():
        bound = value.get_bind() if isinstance(value, Session) else value
        if isinstance(bound, Connection):
            own.setdefault(bound.engine, bound)
    found: dict[str, Held] = {}

    def add(place: Place, run: TestRun, name: str, connection: Connection | None = None) -> None:
        suffix = f" ({name})" if found else ""
        held = Held(place, run, connection or own.get(place.engine), suffix)
        found.setdefault(place.url.namespace, held)

    lent = lent_to(item)
    if lent is not None:
        add(lent.place, run_of(item.config), "iris_engine", lent.own)
    for name, value in values.items():
        known = place_of(_engine(value)) if _engine(value) is not None else None
        if known is not None:
            add(*known, name)
    loaded = loaded_for(item)
    if loaded is not None:
        add(loaded, run_of(item.config), "dat_fixture")
    return tuple(found.values())


def _engine(value: Any) -> Any:
    bound = value.get_bind() if isinstance(value, Session) else value
    return bound.engine if isinstance(bound, (Connection, Engine)) else None
