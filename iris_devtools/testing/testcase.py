"""Databases for ``unittest``: a base class that gives every test a session on a clean database."""

from __future__ import annotations

import unittest
from contextlib import ExitStack
from typing import Any, ClassVar, Literal

from sqlalchemy.orm import Session

from iris_devtools.testing.ladder import Climb
from iris_devtools.testing.standalone import Database, database

__all__ = ["IrisTestCase"]


class IrisTestCase(unittest.TestCase):
    """Give the tests of a class one namespace, and each of them a ``session`` on the snapshot.

    With ``isolation = "rollback"`` the session's commits end at savepoints, and a test that needs more fails;
    with ``"restore"`` commits are real, and the namespace is restored after a test that wrote.
    ``database_options`` are the arguments of :func:`iris_devtools.testing.database`. A class that overrides
    ``setUp`` or ``setUpClass`` calls those of this class first.
    """

    isolation: ClassVar[Literal["rollback", "restore"]] = "rollback"
    database_options: ClassVar[dict[str, Any]] = {}
    database: ClassVar[Database]
    session: Session

    @classmethod
    def setUpClass(cls) -> None:
        """Make the namespace; it is dropped after the last test of the class."""
        super().setUpClass()
        opened = ExitStack()
        cls.addClassCleanup(opened.close)
        cls.database = opened.enter_context(database(**cls.database_options))

    def setUp(self) -> None:
        """Open the session on the clean database."""
        super().setUp()
        lent = self.database.lent(self.isolation)
        lent.place.begin()
        self.addCleanup(lent.give_back)
        opened = ExitStack()
        self.addCleanup(opened.close)
        connection = opened.enter_context(lent.connection())
        self.session = opened.enter_context(lent.session(connection))
        self.addCleanup(lambda: self._judge(lent.climb()))

    def _judge(self, climb: Climb | None) -> None:
        if climb is not None and self.isolation == "rollback":
            self.fail(
                f"This test needs more than isolation 'rollback': {climb.reason}.\n"
                f'Write isolation = "restore" in the class {type(self).__name__}.'
            )
