"""Statements that neither read nor write rows: transactions, options, privileges, databases.

Sources: iris-sql 8.4 and 10, iris-facts 1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from iris_devtools.standin.errors import ObjectScriptError, SQLError
from iris_devtools.standin.instance import Instance
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.transactions import Transactions
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.sql.translation import Control

__all__ = ["Controls"]

_ISOLATION = {"READ UNCOMMITTED": 0, "READ COMMITTED": 1, "READ VERIFIED": 3}
_OUTSIDE = 100
_Arguments = Mapping[str, Any]


class Controls:
    """The control statements of one session."""

    def __init__(self, instance: Instance, state: SessionState, transactions: Transactions) -> None:
        self._instance = instance
        self._state = state
        self._transactions = transactions
        self._verbs: dict[str, Callable[[Workplace, _Arguments], int]] = {
            "START TRANSACTION": self._start,
            "COMMIT": self._commit,
            "ROLLBACK": self._rollback,
            "SAVEPOINT": self._savepoint,
            "ROLLBACK TO SAVEPOINT": self._rollback_to,
            "SET TRANSACTION": self._set_transaction,
            "SET OPTION": self._set_option,
            "%INTRANSACTION": self._in_transaction,
            "CREATE DATABASE": self._create_database,
            "DROP DATABASE": self._drop_database,
            "USE DATABASE": self._use_database,
        }

    def run(self, place: Workplace, control: Control) -> int:
        """Run a control statement and return its row count; raises SQLError.

        Privileges are granted to everybody, indexes are always built, and there is nothing to tune or to purge:
        what only concerns these is accepted and changes nothing.
        """
        verb = self._verbs.get(control.verb)
        return 0 if verb is None else verb(place, control.arguments)

    def _start(self, place: Workplace, arguments: _Arguments) -> int:
        self._set_transaction(place, arguments)
        self._transactions.start()
        return 0

    def _commit(self, place: Workplace, _arguments: _Arguments) -> int:
        self._transactions.commit(place)
        return 0

    def _rollback(self, place: Workplace, _arguments: _Arguments) -> int:
        self._transactions.rollback(place)
        return 0

    def _savepoint(self, place: Workplace, arguments: _Arguments) -> int:
        self._transactions.savepoint(place, str(arguments["name"]))
        return 0

    def _rollback_to(self, place: Workplace, arguments: _Arguments) -> int:
        self._transactions.rollback_to(place, str(arguments["name"]))
        return 0

    def _set_transaction(self, _place: Workplace, arguments: _Arguments) -> int:
        isolation = arguments.get("isolation")
        if isolation is not None:
            self._state.isolation = _ISOLATION[str(isolation).upper()]
        mode = arguments.get("commit_mode")
        if mode is not None:
            self._state.autocommit = str(mode).upper() == "IMPLICIT"
        return 0

    def _set_option(self, _place: Workplace, arguments: _Arguments) -> int:
        name, value = str(arguments["name"]).upper(), arguments["value"]
        if name == "LOCK_TIMEOUT":
            try:
                self._state.lock_timeout_s = max(float(value), 0.0)
            except (TypeError, ValueError):
                raise SQLError(-1, f"A number expected for LOCK_TIMEOUT, '{value}' found") from None
        elif name == "DEFAULT_SCHEMA":
            self._state.default_schema = str(value)
        else:
            self._state.options[name.replace("_", "")] = value
        return 0

    def _in_transaction(self, _place: Workplace, _arguments: _Arguments) -> int:
        return 0 if self._transactions.level else _OUTSIDE

    def _create_database(self, place: Workplace, arguments: _Arguments) -> int:
        directory = arguments.get("directory")
        self._instance.create_sql_database(
            str(arguments["name"]), directory=None if directory is None else Path(str(directory))
        )
        return 0

    def _drop_database(self, place: Workplace, arguments: _Arguments) -> int:
        self._instance.drop_sql_database(
            str(arguments["name"]),
            current_namespace=self._state.namespace,
            retain_files=bool(arguments.get("retain_files")),
            if_exists=bool(arguments.get("if_exists")),
        )
        return 0

    def _use_database(self, place: Workplace, arguments: _Arguments) -> int:
        process = self._state.process
        if process is None:
            raise ObjectScriptError("NAMESPACE")
        self._transactions.rollback(place)
        process.enter(str(arguments["name"]))
        return 0
