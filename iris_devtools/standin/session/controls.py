"""Statements that neither read nor write rows: transactions, options, privileges, databases.

Sources: iris-sql 8.4 and 10, iris-facts 1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from iris_devtools.standin.catalog.model import Table, TableKind
from iris_devtools.standin.errors import ObjectScriptError, SQLError
from iris_devtools.standin.instance import Instance
from iris_devtools.standin.session.failures import reported
from iris_devtools.standin.session.locks import TableLocks
from iris_devtools.standin.session.privileges import Privileges
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.transactions import Transactions
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.sql.translation import Control
from iris_devtools.standin.storage.accounts import Account, with_password
from iris_devtools.standin.values import Scalar

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
        self.privileges = Privileges(instance, state)
        self._locked: list[TableLocks] = []
        self._verbs: dict[str, Callable[[Workplace, _Arguments], int]] = {
            "START TRANSACTION": self._start,
            "COMMIT": self._commit,
            "ROLLBACK": self._rollback,
            "SAVEPOINT": self._savepoint,
            "ROLLBACK TO SAVEPOINT": self._rollback_to,
            "SET TRANSACTION": self._set_transaction,
            "SET OPTION": self._set_option,
            "%INTRANSACTION": self._in_transaction,
            "LOCK": self._lock,
            "UNLOCK": self._unlock,
            "PURGE CACHED QUERIES": self._purge,
            "CREATE DATABASE": self._create_database,
            "DROP DATABASE": self._drop_database,
            "USE DATABASE": self._use_database,
            "CREATE USER": self._create_user,
            "ALTER USER": self._alter_user,
            "DROP USER": self._drop_user,
            "%CHECKPRIV": self._check_privileges,
            "GRANT": self._grant,
            "REVOKE": self._revoke,
            "CREATE ROLE": lambda _place, arguments: self.privileges.create_role(arguments["name"]),
            "DROP ROLE": lambda _place, arguments: self.privileges.drop_role(arguments["name"]),
        }

    def run(self, place: Workplace, control: Control, values: Sequence[Scalar]) -> int:
        """Run a control statement and return its row count; raises SQLError.

        Indexes are always built, and there is nothing to tune: BUILD INDEX and TUNE TABLE are accepted and
        change nothing.
        """
        verb = self._verbs.get(control.verb)
        if verb is None:
            return 0
        arguments = dict(control.arguments)
        if "parameter" in arguments:
            arguments["value"] = values[arguments["parameter"] - 1]
        return verb(place, arguments)

    def close(self) -> None:
        """Give back the table locks of the session."""
        for locks in self._locked:
            locks.release_all(self._state.process_id)

    def check_lock(self, place: Workplace, table: Table, verb: str) -> None:
        """Raise SQLCODE -110 when another session has the table locked for longer than the lock timeout."""
        locks = place.table_locks
        timeout_s = self._state.lock_timeout_s
        if not locks.may_write(
            _key(table), self._state.process_id, timeout_s=timeout_s, gone=self._is_terminated
        ):
            raise SQLError(-110, f"Unable to acquire lock for {verb} of table '{table.qualified_name}'")

    def _is_terminated(self) -> bool:
        process = self._state.process
        return process is not None and process.terminated

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
        self._transactions.savepoint(place, arguments["name"])
        return 0

    def _rollback_to(self, place: Workplace, arguments: _Arguments) -> int:
        if arguments["name"] is None:
            self._transactions.rollback_level(place)
        else:
            self._transactions.rollback_to(place, arguments["name"])
        return 0

    def _set_transaction(self, _place: Workplace, arguments: _Arguments) -> int:
        if arguments["isolation"] is not None:
            self._state.isolation = _ISOLATION[arguments["isolation"]]
        if arguments["commit_mode"] is not None:
            # NONE opens no transactions of its own either; that its statements are not atomic is not copied.
            self._state.autocommit = arguments["commit_mode"] != "EXPLICIT"
        return 0

    def _set_option(self, _place: Workplace, arguments: _Arguments) -> int:
        name, value = arguments["option"].upper(), arguments["value"]
        if name == "LOCK_TIMEOUT":
            self._state.lock_timeout_s = _seconds(value, name)
        elif name == "DEFAULT_SCHEMA":
            self._state.default_schema = str(value)
        elif name == "EXACT_DISTINCT":
            self._state.exact_distinct = str(value).upper() in ("TRUE", "1", "ON")
        else:
            self._state.options[name.replace("_", "")] = value
        return 0

    def _in_transaction(self, _place: Workplace, _arguments: _Arguments) -> int:
        return 0 if self._transactions.level else _OUTSIDE

    def _lock(self, place: Workplace, arguments: _Arguments) -> int:
        table = self._table(place, arguments["table"])
        wait = arguments.get("value", arguments["wait"])
        granted = place.table_locks.acquire(
            _key(table),
            self._state.process_id,
            exclusive=arguments["mode"] == "EXCLUSIVE",
            timeout_s=self._state.lock_timeout_s if wait is None else _seconds(wait, "WAIT"),
            gone=self._is_terminated,
        )
        if not granted:
            kind = "exclusive" if arguments["mode"] == "EXCLUSIVE" else "shared"
            raise SQLError(
                -110, f"Unable to acquire {kind} table-level lock for table '{table.qualified_name}'"
            )
        if place.table_locks not in self._locked:
            self._locked.append(place.table_locks)
        return 0

    def _unlock(self, place: Workplace, arguments: _Arguments) -> int:
        table = self._table(place, arguments["table"])
        exclusive = arguments["mode"] == "EXCLUSIVE"
        place.table_locks.release(_key(table), self._state.process_id, exclusive=exclusive)
        return 0

    def _purge(self, place: Workplace, _arguments: _Arguments) -> int:
        place.queries.purge()
        return 0

    def _table(self, place: Workplace, name: tuple[str | None, str]) -> Table:
        schema = name[0] or self._state.default_schema
        table = place.dictionary.find(schema, name[1])
        if table is None:
            raise SQLError(-30, f" Table '{schema.upper()}.{name[1].upper()}' not found")
        if table.kind is TableKind.VIEW:
            raise SQLError(-400, f"'{table.qualified_name}' is a view, which cannot be locked")
        return table

    def _create_database(self, _place: Workplace, arguments: _Arguments) -> int:
        name, directory = arguments["name"], arguments["directory"]
        if arguments["if_not_exists"] and self._instance.configuration.namespace(name) is not None:
            return 0
        self.privileges.check_administration("%Admin_Manage")
        self._instance.create_sql_database(name, directory=None if directory is None else Path(directory))
        return 0

    def _drop_database(self, _place: Workplace, arguments: _Arguments) -> int:
        self.privileges.check_administration("%Admin_Manage")
        self._instance.drop_sql_database(
            arguments["name"],
            current_namespace=self._state.namespace,
            retain_files=arguments["retain_files"],
            if_exists=arguments["if_exists"],
        )
        return 0

    def _use_database(self, place: Workplace, arguments: _Arguments) -> int:
        process = self._state.process
        if process is None:
            raise ObjectScriptError("NAMESPACE")
        self._transactions.rollback(place)
        process.enter(arguments["name"])
        return 0

    def _create_user(self, _place: Workplace, arguments: _Arguments) -> int:
        configuration, name = self._instance.configuration, arguments["name"]
        if configuration.account(name) is not None:
            raise SQLError(-118, f"User '{name}' already exists")
        self.privileges.check_administration()
        configuration.put_account(with_password(Account(name, roles=""), arguments["password"] or ""))
        return 0

    def _alter_user(self, _place: Workplace, arguments: _Arguments) -> int:
        account = self._account(arguments["name"])
        if account.name.upper() != self._state.username.upper():
            self.privileges.check_administration()
        if arguments["password"] is not None:
            self._instance.configuration.put_account(with_password(account, arguments["password"]))
        return 0

    def _drop_user(self, _place: Workplace, arguments: _Arguments) -> int:
        self.privileges.check_administration()
        self._instance.configuration.remove_account(self._account(arguments["name"]).name)
        return 0

    def _account(self, name: str) -> Account:
        account = self._instance.configuration.account(name)
        if account is None:
            raise SQLError(-118, f"User '{name}' does not exist")
        return account

    def _check_privileges(self, place: Workplace, arguments: _Arguments) -> int:
        held = all(self.privileges.holds(place, p, arguments["object"]) for p in arguments["privileges"])
        return 0 if held else _OUTSIDE

    def _grant(self, place: Workplace, arguments: _Arguments) -> int:
        with reported(place, self._state, verb="GRANT"):
            return self.privileges.grant(place, arguments)

    def _revoke(self, place: Workplace, arguments: _Arguments) -> int:
        with reported(place, self._state, verb="REVOKE"):
            return self.privileges.revoke(place, arguments)


def _seconds(value: Any, name: str) -> float:
    try:
        return max(float(value), 0.0)
    except (TypeError, ValueError):
        raise SQLError(-1, f"A number expected for {name}, '{value}' found") from None


def _key(table: Table) -> str:
    return table.storage_name
