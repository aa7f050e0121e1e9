"""Who may do what in SQL: GRANT, REVOKE, roles, and -99 (Ref GRANT; iris-sql 11).

Privileges are kept in the namespace's routines database, roles and their members with the accounts. The owner
of a table or view has all privileges on it, and so has everybody on what belongs to ``_PUBLIC``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from iris_devtools.standin.catalog import definitions
from iris_devtools.standin.catalog.model import TableKind
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.instance import Instance
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.sql.translation import Ddl, Need, Select, Translation, Write
from iris_devtools.standin.storage.accounts import Role, has_privilege

__all__ = ["Privileges"]

_NOTHING_DONE = 100
_DEFINITION = (
    *(
        f"%{verb}_{kind}"
        for kind in ("FUNCTION", "METHOD", "PROCEDURE", "QUERY")
        for verb in ("CREATE", "DROP")
    ),
    *(f"%{verb}_{kind}" for kind in ("TABLE", "VIEW") for verb in ("CREATE", "ALTER", "DROP")),
    "%CREATE_TRIGGER",
    "%DROP_TRIGGER",
)
_FILING = ("%BUILD_INDEX", "%NOCHECK", "%NOINDEX", "%NOLOCK", "%NOTRIGGER")
_ON_OBJECTS = ("%ALTER", "DELETE", "INSERT", "REFERENCES", "SELECT", "UPDATE")
_FOR_STATEMENTS: dict[type, str] = {
    definitions.CreateTable: "%CREATE_TABLE",
    definitions.CreateTableAs: "%CREATE_TABLE",
    definitions.AlterTable: "%ALTER_TABLE",
    definitions.CreateIndex: "%ALTER_TABLE",
    definitions.DropIndex: "%ALTER_TABLE",
    definitions.DropTable: "%DROP_TABLE",
    definitions.CreateView: "%CREATE_VIEW",
    definitions.DropView: "%DROP_VIEW",
    definitions.CreateTrigger: "%CREATE_TRIGGER",
    definitions.DropTrigger: "%DROP_TRIGGER",
    definitions.CreateSchema: "%CREATE_TABLE",
    definitions.DropSchema: "%DROP_TABLE",
}
_UNRESTRICTED = frozenset({"%ALL", "%MANAGER", "%DEVELOPER", "%OPERATOR"})
"""Roles whose members count as having all privileges of SQL. What the others than %All may is not known."""
_TABLE = """CREATE TABLE IF NOT EXISTS {schema}."%dict.privileges" (
    grantee TEXT NOT NULL, privilege TEXT NOT NULL, object_schema TEXT NOT NULL, object_name TEXT NOT NULL,
    grantable INTEGER NOT NULL, PRIMARY KEY (grantee, privilege, object_schema, object_name)) WITHOUT ROWID"""
_Arguments = Mapping[str, Any]


class Privileges:
    """The privileges of one session's user."""

    def __init__(self, instance: Instance, state: SessionState) -> None:
        self._configuration = instance.configuration
        self._state = state

    def restricted(self) -> bool:
        """Tell whether the user has only the privileges that were granted."""
        account = self._configuration.account(self._state.username)
        if account is None:  # somebody for whom the operating system vouches
            return False
        return not self._names(account.roles) & _UNRESTRICTED

    def check(self, place: Workplace, translation: Translation) -> bool:
        """Raise SQLError -99 unless the user may run a statement; return whether it had to be looked up."""
        if not self.restricted():
            return False
        if isinstance(translation, (Select, Write)):
            self._check_objects(place, translation.needs)
        if isinstance(translation, Write):
            if translation.no_check:
                self._check_system(place, "%NOCHECK")
            if translation.no_trigger:
                self._check_system(place, "%NOTRIGGER")
        if isinstance(translation, Ddl):
            self._check_definition(place, translation.statement)
        return True

    def check_administration(self, resource: str = "%Admin_Secure") -> None:
        """Raise SQLError -99 unless the user may administer: accounts, or what another resource is for."""
        account = self._configuration.account(self._state.username)
        if account is not None and not has_privilege(account, resource):
            raise self._refused()

    def holds(self, place: Workplace, privilege: str, target: tuple[str | None, str] | None) -> bool:
        """Tell whether the user has a privilege, as %CHECKPRIV does."""
        if not self.restricted():
            return True
        if target is None:
            return self._holds_system(place, privilege)
        schema, name = target[0] or self._state.default_schema, target[1]
        return self._holds(place, (privilege, schema, name))

    def grant(self, place: Workplace, arguments: _Arguments) -> int:
        """Grant privileges or roles; raises SQLError -30, -60, -99, -118."""
        grantees = self._grantees(arguments)
        if not arguments["objects"]:
            return self._grant_system(place, arguments, grantees)
        connection, schema = place.connection, place.dictionary.code_schema
        connection.execute(_TABLE.format(schema=schema))
        for privilege, where in self._on_objects(place, arguments):
            for grantee in grantees:
                self._add(place, grantee, privilege, where, grantable=arguments["option"])
        return 0

    def revoke(self, place: Workplace, arguments: _Arguments) -> int:
        """Take privileges or roles away; raises SQLError as :meth:`grant` does."""
        grantees = self._grantees(arguments)
        pairs: list[tuple[str, tuple[str, str]]]
        if arguments["objects"]:
            pairs = self._on_objects(place, arguments)
        elif all(name.startswith("%") and name not in _UNRESTRICTED for name in arguments["privileges"]):
            self._require_unrestricted()
            pairs = [(name, ("", "")) for name in _expanded(arguments["privileges"])]
        else:
            self._change_roles(arguments["privileges"], grantees, add=False)
            return 0
        schema = place.dictionary.code_schema
        place.connection.execute(_TABLE.format(schema=schema))
        change = "UPDATE {} SET grantable = 0" if arguments["option"] else "DELETE FROM {}"
        change = change.format(f'{schema}."%dict.privileges"')
        for privilege, (object_schema, object_name) in pairs:
            for grantee in grantees:
                place.connection.execute(
                    f"{change} WHERE grantee = ? AND privilege = ? AND object_schema = ? AND object_name = ?",
                    (grantee, privilege, object_schema, object_name),
                )
        return 0

    def create_role(self, name: str) -> int:
        """Make a role without privileges; raises SQLError -118 for one that is there, -99."""
        self.check_administration()
        if self._configuration.role(name) is not None or name.startswith("%"):
            raise SQLError(-118, f"Role '{name}' already exists")
        self._configuration.put_role(Role(name))
        return 0

    def drop_role(self, name: str) -> int:
        """Drop a role, of which nobody is a member then; raises SQLError -118, -99."""
        self.check_administration()
        role = self._configuration.role(name)
        if role is None:
            raise SQLError(-118, f"Role '{name}' does not exist")
        members = [account.name.upper() for account in self._configuration.accounts()]
        self._change_roles((role.name.upper(),), members, add=False)
        self._configuration.remove_role(name)
        return 0

    def defined(self, place: Workplace, statement: object) -> None:
        """Take along what a definition changed: a table that is gone or has another name."""
        if not self._rows(place, "SELECT 1"):
            return
        privileges = f'{place.dictionary.code_schema}."%dict.privileges"'
        where = "WHERE object_schema = ? AND object_name = ?"
        if isinstance(statement, (definitions.DropTable, definitions.DropView)):
            schema, name = statement.name.within(self._state.default_schema)
            key = (schema.upper(), name.upper())
            place.connection.execute(f"DELETE FROM {privileges} {where}", key)
        elif isinstance(statement, definitions.AlterTable):
            schema, name = statement.name.within(self._state.default_schema)
            if isinstance(statement.action, definitions.RenameTable):
                values = (statement.action.name.upper(), schema.upper(), name.upper())
                place.connection.execute(f"UPDATE {privileges} SET object_name = ? {where}", values)

    # -- looking up ----------------------------------------------------------------------------------

    def _check_objects(self, place: Workplace, needs: Iterable[Need]) -> None:
        for need in sorted(needs):
            if not self._holds(place, need):
                raise self._refused()

    def _check_definition(self, place: Workplace, statement: object) -> None:
        privilege = _FOR_STATEMENTS.get(type(statement))
        if isinstance(statement, definitions.CreateView) and statement.alter:
            privilege = "%ALTER_VIEW"
        if privilege is not None:
            self._check_system(place, privilege)
        if not isinstance(statement, (definitions.AlterTable, definitions.CreateTrigger)):
            return
        wanted = statement.table if isinstance(statement, definitions.CreateTrigger) else statement.name
        schema, name = wanted.within(self._state.default_schema)
        table = place.dictionary.definition(schema, name)
        if table is not None and not self._holds(place, ("%ALTER", schema, name)):
            what = "change the table definition for"
            if isinstance(statement, definitions.CreateTrigger):
                what = "create a trigger on table:"
            raise SQLError(
                -99,
                f"User '{self._state.username}' does not have required %ALTER privilege needed to {what} "
                f"'{table.qualified_name}'",
            )

    def _check_system(self, place: Workplace, privilege: str) -> None:
        if not self._holds_system(place, privilege):
            raise SQLError(-99, f"User '{self._state.username}' does not have {privilege} privileges")

    def _holds_system(self, place: Workplace, privilege: str) -> bool:
        return bool(self._granted(place, privilege, "", ""))

    def _holds(self, place: Workplace, need: Need) -> bool:
        privilege, schema, name = need
        table = place.dictionary.definition(schema, name)
        if table is None or table.kind in (TableKind.SYSTEM, TableKind.SYSTEM_VIEW, TableKind.TEMPORARY):
            return True
        if table.owner.upper() in (self._state.username.upper(), "_PUBLIC"):
            return True
        return bool(self._granted(place, privilege, schema.upper(), name.upper()))

    def _may_grant(self, place: Workplace, privilege: str, schema: str, name: str) -> bool:
        if not self.restricted():
            return True
        table = None if name == "*" else place.dictionary.definition(schema, name)
        if table is not None and table.owner.upper() == self._state.username.upper():
            return True
        return any(grantable for (grantable,) in self._granted(place, privilege, schema, name, exactly=True))

    def _granted(
        self, place: Workplace, privilege: str, schema: str, name: str, *, exactly: bool = False
    ) -> list[tuple[Any, ...]]:
        places = {(schema, name)}
        if schema and not exactly:
            places |= {(schema, "*"), ("*", "*")}
        grantees = sorted(self._own_names())
        marks = ", ".join("?" * len(grantees))
        objects = " OR ".join("(object_schema = ? AND object_name = ?)" for _ in places)
        values = [*grantees, privilege, *(part for one in sorted(places) for part in one)]
        return self._rows(
            place, f"SELECT grantable WHERE grantee IN ({marks}) AND privilege = ? AND ({objects})", values
        )

    def _rows(self, place: Workplace, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query on the granted privileges, if any was ever granted."""
        what, where, rest = query.partition(" WHERE ")
        source = f'{place.dictionary.code_schema}."%dict.privileges"'
        try:
            return place.connection.execute(f"{what} FROM {source}{where}{rest}", tuple(values)).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise

    def _own_names(self) -> set[str]:
        account = self._configuration.account(self._state.username)
        own = {self._state.username.upper(), "*", "_PUBLIC"}
        return own if account is None else own | self._names(account.roles)

    def _names(self, roles: str) -> set[str]:
        """Return these roles and those that were granted to them, in upper case."""
        found: set[str] = set()
        todo = [name.strip().upper() for name in roles.split(",") if name.strip()]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                role = self._configuration.role(name)
                if role is not None:
                    todo += [n.strip().upper() for n in role.roles.split(",") if n.strip()]
        return found

    # -- changing ------------------------------------------------------------------------------------

    def _grantees(self, arguments: _Arguments) -> list[str]:
        names = []
        for name in arguments["grantees"]:
            known = name in ("*", "_PUBLIC") or self._configuration.account(name) is not None
            if not known and self._configuration.role(name) is None and name.upper() not in _UNRESTRICTED:
                raise SQLError(-118, f"User or role '{name}' does not exist")
            names.append(name.upper())
        return names

    def _on_objects(self, place: Workplace, arguments: _Arguments) -> list[tuple[str, tuple[str, str]]]:
        pairs = []
        for schema, name in arguments["objects"]:
            where = ((schema or self._state.default_schema).upper(), name.upper())
            if name != "*" and place.dictionary.find(*where) is None:
                raise SQLError(-30, f" Table '{where[0]}.{where[1]}' not found")
            for privilege in arguments["privileges"]:
                if privilege not in (*_ON_OBJECTS, "EXECUTE", "ALL", "ALL PRIVILEGES"):
                    raise SQLError(-60, f" '{privilege}' is no privilege on a table")
                wanted = _ON_OBJECTS if privilege.startswith("ALL") else (privilege,)
                for one in wanted:
                    if not self._may_grant(place, one, *where):
                        raise self._refused()
                    pairs.append((one, where))
        return pairs

    def _grant_system(self, place: Workplace, arguments: _Arguments, grantees: list[str]) -> int:
        names = arguments["privileges"]
        if not all(name.startswith("%") and name not in _UNRESTRICTED for name in names):
            return self._change_roles(names, grantees, add=True)
        self._require_unrestricted()
        wanted = _expanded(names)
        if not wanted:
            return _NOTHING_DONE
        place.connection.execute(_TABLE.format(schema=place.dictionary.code_schema))
        for privilege in wanted:
            for grantee in grantees:
                self._add(place, grantee, privilege, ("", ""), grantable=arguments["option"])
        return 0

    def _require_unrestricted(self) -> None:
        if self.restricted():
            raise self._refused()

    def _add(
        self, place: Workplace, grantee: str, privilege: str, where: tuple[str, str], *, grantable: bool
    ) -> None:
        place.connection.execute(
            f'INSERT INTO {place.dictionary.code_schema}."%dict.privileges" VALUES (?, ?, ?, ?, ?) '
            "ON CONFLICT DO UPDATE SET grantable = MAX(grantable, excluded.grantable)",
            (grantee, privilege, *where, int(grantable)),
        )

    def _change_roles(self, names: Iterable[str], grantees: Iterable[str], *, add: bool) -> int:
        self.check_administration()
        changed = {name.upper() for name in names}
        known = {name for name in changed if self._configuration.role(name) or name in _UNRESTRICTED}
        if not known:
            return _NOTHING_DONE
        for grantee in grantees:
            account, role = self._configuration.account(grantee), self._configuration.role(grantee)
            if account is not None:
                self._configuration.put_account(replace(account, roles=_with(account.roles, known, add=add)))
            elif role is not None:
                self._configuration.put_role(replace(role, roles=_with(role.roles, known, add=add)))
        return 0

    def _refused(self) -> SQLError:
        return SQLError(-99, f"User '{self._state.username}' is not privileged for the operation")


def _expanded(names: Iterable[str]) -> list[str]:
    """Return the privileges that there are; %DB_OBJECT_DEFINITION stands for all on definitions."""
    found: list[str] = []
    for name in names:
        found += _DEFINITION if name == "%DB_OBJECT_DEFINITION" else [name]
    return [name for name in found if name in _DEFINITION or name in _FILING]


def _with(roles: str, changed: set[str], *, add: bool) -> str:
    kept = [role.strip() for role in roles.split(",") if role.strip() and role.strip().upper() not in changed]
    return ",".join([*kept, *(sorted(changed) if add else [])])
