"""The data dictionary of one session: definitions in the routines (code) database, found through a cache.

Every change of a definition gives the database a new stamp, a number that is never used again. A stamp
names the whole state of the definitions, so whatever is remembered under it stays right: for other
sessions, after a rollback, and after the file was exchanged for another one. A session sees its own
uncommitted stamp, the others the last committed one, because the stamp is a row in the database itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from iris_devtools.standin.catalog.encoding import decode, encode
from iris_devtools.standin.catalog.layout import new_stamp
from iris_devtools.standin.catalog.model import Table, TableKind
from iris_devtools.standin.catalog.projection import rows_of
from iris_devtools.standin.catalog.storage import ensure_temporary
from iris_devtools.standin.catalog.system_tables import is_system_name, system_table
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.nodes import NamedTable
from iris_devtools.standin.sql.views import updateable_query

__all__ = ["Dictionary", "SharedCatalog"]

_Key = tuple[str, str]
_DERIVED = (
    "%dict.columns",
    "%dict.indexes",
    "%dict.index_columns",
    "%dict.constraints",
    "%dict.key_columns",
    "%dict.references",
    "%dict.view_uses",
)
_KEPT_GENERATIONS = 16


class _Changes:
    """Counts the commits of definitions, in all databases of this process: nobody else writes to them.

    A session that has seen the present count need not read its database again.
    """

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """Tell everybody to look again; for use when the change can be seen."""
        with self._lock:
            self.count += 1


_changes = _Changes()


class SharedCatalog:
    """What all sessions on a code database remember of it: decoded definitions, by generation.

    Safe to use from any thread. Keeps the most recently used generations.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generations: OrderedDict[int, dict[_Key, Table | SQLError | None]] = OrderedDict()

    def known(self, generation: int) -> dict[_Key, Table | SQLError | None]:
        """Return what is known of a generation, to be read and added to."""
        with self._lock:
            found = self._generations.get(generation)
            if found is None:
                found = self._generations[generation] = {}
                if len(self._generations) > _KEPT_GENERATIONS:
                    self._generations.popitem(last=False)
            else:
                self._generations.move_to_end(generation)
            return found


class Dictionary:
    """The definitions that one session sees; implements :class:`~...catalog.model.Catalog`.

    Belongs to one connection, and is used by one thread at a time. Changes join the connection's transaction.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        code_schema: str,
        shared: SharedCatalog,
        namespace: str = "%SYS",
    ) -> None:
        """Read definitions from ``code_schema``; ``namespace`` decides which system tables there are."""
        self.connection = connection
        self.code_schema = code_schema
        self._shared = shared
        self._namespace = namespace.upper()
        self._seen: list[_Key] | None = None
        self._synchronised: int | None = None
        self._generation = 0
        self._seen_changes = -1
        self._has_changed = False
        self._state_query = (
            'SELECT stamp, 0 FROM main."%dict.state" WHERE id = 1'
            if code_schema == "main"
            else f'SELECT c.stamp, d.stamp FROM {code_schema}."%dict.state" AS c, main."%data.state" AS d '
            "WHERE c.id = 1"
        )

    @property
    def generation(self) -> int:
        """A number that names the definitions that this session sees at this moment.

        It comes back when the definitions do, by a rollback or an exchange of the file, and never for others.
        """
        changes = _changes.count
        if changes == self._seen_changes and not self._has_changed:
            return self._generation
        code, data = self.connection.execute(self._state_query).fetchone()
        generation = int(code) ^ (int(data) << 1 if data else 0)
        if generation != self._synchronised:
            self._synchronise(generation)
        self._generation, self._seen_changes = generation, changes
        return generation

    def find(self, schema: str, name: str) -> Table | None:
        """Return the table or view of that name in any case, system tables included, or ``None``.

        Raises SQLError -400 ``<CLASS EDITED>`` when the rows in the globals database belong to another
        definition: one of the two databases was exchanged without the other (iris-facts 2.4).
        """
        key = (schema.upper(), name.upper())
        table = system_table(*key, namespace=self._namespace)
        if table is not None:
            return table
        if is_system_name(*key):
            return None
        found = self._find(key)
        if isinstance(found, SQLError):
            raise SQLError(found.sqlcode, found.message, location="Prepare")
        if found is not None and self._seen is not None:
            self._seen.append((found.schema, found.name))
        return found

    def definition(self, schema: str, name: str) -> Table | None:
        """Return the table or view as the code database defines it, without a look at its rows."""
        return self._load((schema.upper(), name.upper()))

    def by_storage(self, storage_name: str) -> Table | None:
        """Return the table whose rows are kept under that name."""
        row = self.connection.execute(
            f'SELECT definition FROM {self.code_schema}."%dict.tables" WHERE storage = ?', (storage_name,)
        ).fetchone()
        return None if row is None else decode(row[0])

    def tables(self, *, schema: str | None = None) -> Iterator[Table]:
        """Yield all tables and views that are not the system's, by schema and name."""
        where = "" if schema is None else " WHERE schema_key = ?"
        rows = self.connection.execute(
            f'SELECT definition FROM {self.code_schema}."%dict.tables"{where} ORDER BY schema_key, name_key',
            () if schema is None else (schema.upper(),),
        ).fetchall()
        for (definition,) in rows:
            table = decode(definition)
            if table.kind not in (TableKind.SYSTEM, TableKind.SYSTEM_VIEW):
                yield table

    def class_names(self) -> set[str]:
        """Return the names of all classes in upper case."""
        rows = self.connection.execute(f'SELECT CLASSNAME FROM {self.code_schema}."%dict.tables"').fetchall()
        return {name.upper() for (name,) in rows}

    def schema_name(self, schema: str) -> str | None:
        """Return a schema's name as it was first written, or ``None`` for one that does not exist."""
        row = self.connection.execute(
            f'SELECT SCHEMA_NAME FROM {self.code_schema}."%dict.schemata" WHERE SCHEMA_NAME = ?', (schema,)
        ).fetchone()
        return None if row is None else str(row[0])

    def referencing(self, table: Table) -> list[Table]:
        """Return the tables that have a foreign key to this one, itself included."""
        rows = self.connection.execute(
            f"""SELECT DISTINCT t.definition FROM {self.code_schema}."%dict.references" AS r
                JOIN {self.code_schema}."%dict.tables" AS t ON t.id = r.owner
                WHERE r.UNIQUE_SCHEMA = ? AND r.UNIQUE_TABLE = ?""",
            (table.schema, table.name),
        ).fetchall()
        return [decode(definition) for (definition,) in rows]

    def views_on(self, table: Table) -> list[Table]:
        """Return the views that read this table or view."""
        rows = self.connection.execute(
            f"""SELECT DISTINCT t.definition FROM {self.code_schema}."%dict.view_uses" AS u
                JOIN {self.code_schema}."%dict.tables" AS t ON t.id = u.owner
                WHERE u.TABLE_SCHEMA = ? AND u.TABLE_NAME = ? AND u.COLUMN_NAME IS NULL""",
            (table.schema, table.name),
        ).fetchall()
        return [decode(definition) for (definition,) in rows]

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[tuple[str, str]]]:
        """Collect schema and name of every table that is found inside, system tables left out."""
        before, self._seen = self._seen, []
        try:
            yield self._seen
        finally:
            self._seen = before

    def store(self, table: Table, *, replaces: Table | None = None) -> Table:
        """Keep a definition in place of ``replaces``, and return it with its stamp."""
        stamped = dataclasses.replace(table, stamp=new_stamp())
        schema = self.code_schema
        old = self._id(replaces or table)
        values = (
            stamped.schema.upper(),
            stamped.name.upper(),
            stamped.storage_name,
            stamped.stamp,
            encode(stamped),
            stamped.schema,
            stamped.name,
            stamped.kind.value,
            stamped.class_name,
            stamped.description,
            stamped.owner,
            "YES" if self.updateable(stamped) else "NO",
            stamped.view_definition,
            stamped.check_option,
        )
        if old is None:
            cursor = self.connection.execute(
                f'INSERT INTO {schema}."%dict.tables" VALUES (NULL{", ?" * len(values)})', values
            )
            owner = cursor.lastrowid
            self._count(stamped.schema, stamped.owner, 1)
        else:
            owner = old
            self.connection.execute(
                f"""UPDATE {schema}."%dict.tables" SET
                    (schema_key, name_key, storage, stamp, definition, TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE,
                    CLASSNAME, DESCRIPTION, OWNER, IS_INSERTABLE_INTO, VIEW_DEFINITION, CHECK_OPTION)
                    = ({", ".join("?" * len(values))}) WHERE id = ?""",
                (*values, owner),
            )
            self._forget_derived(owner)
        for row in rows_of(stamped, self.definition):
            marks = ", ?" * len(row.values)
            self.connection.execute(
                f'INSERT INTO {schema}."{row.table}" VALUES (?{marks})', (owner, *row.values)
            )
        if stamped.kind is TableKind.BASE:
            self.connection.execute(
                'INSERT OR REPLACE INTO main."%data.tables" VALUES (?, ?)',
                (stamped.storage_name, stamped.stamp),
            )
        self._touch()
        return stamped

    def remove(self, table: Table) -> None:
        """Forget a definition."""
        owner = self._id(table)
        if owner is None:
            return
        self._forget_derived(owner)
        self.connection.execute(f'DELETE FROM {self.code_schema}."%dict.tables" WHERE id = ?', (owner,))
        if table.kind is TableKind.BASE:
            self.connection.execute(
                'DELETE FROM main."%data.tables" WHERE storage = ?', (table.storage_name,)
            )
        self._count(table.schema, table.owner, -1)
        self._touch()

    def updateable(self, table: Table) -> bool:
        """Tell whether rows can be written into a table, or through a view (iris-sql 8.4)."""
        if table.read_only or table.view_definition is None:
            return not table.read_only
        select = updateable_query(table.view_definition)
        if select is None or not isinstance(select.source, NamedTable):
            return False
        schema, name = ("SQLUser", *select.source.parts)[-2:]
        below = self.definition(schema, name)
        return below is not None and self.updateable(below)

    def schema_state(self, schema: str) -> tuple[bool, int]:
        """Return whether CREATE SCHEMA made that schema, and how many tables and views it has."""
        row = self.connection.execute(
            f'SELECT declared, members FROM {self.code_schema}."%dict.schemata" WHERE SCHEMA_NAME = ?',
            (schema,),
        ).fetchone()
        return (False, 0) if row is None else (bool(row[0]), int(row[1]))

    def declare_schema(self, schema: str, owner: str) -> None:
        """Keep a schema that CREATE SCHEMA makes; it is listed once it has a table."""
        self._count(schema, owner, 0)
        self.connection.execute(
            f'UPDATE {self.code_schema}."%dict.schemata" SET declared = 1 WHERE SCHEMA_NAME = ?', (schema,)
        )

    def forget_schema(self, schema: str) -> None:
        """Forget an empty schema."""
        self.connection.execute(
            f'DELETE FROM {self.code_schema}."%dict.schemata" WHERE SCHEMA_NAME = ? AND members = 0',
            (schema,),
        )

    def list_system_tables(self, tables: Iterable[Table]) -> None:
        """Make the catalogue list exactly these system tables."""
        kinds = (TableKind.SYSTEM.value, TableKind.SYSTEM_VIEW.value)
        rows = self.connection.execute(
            f'SELECT definition FROM {self.code_schema}."%dict.tables" WHERE TABLE_TYPE IN (?, ?)', kinds
        ).fetchall()
        for (definition,) in rows:
            self.remove(decode(definition))
        for table in tables:
            self.store(table)

    def committed(self) -> None:
        """Let the other sessions see changes that were committed; to be called after each commit."""
        if self._has_changed:
            self._has_changed = False
            _changes.add()

    def invalidate(self) -> None:
        """Look at the database again before the next answer; for use after a rollback."""
        self._synchronised = None
        self._seen_changes = -1
        self._has_changed = self._has_changed and self.connection.in_transaction

    def verify(self) -> list[str]:
        """Return what does not fit between the two databases, one sentence each; an empty list is well."""
        problems = []
        known = set()
        for table in self.tables():
            if table.kind is TableKind.BASE:
                known.add(table.storage_name)
                error = self._mismatch(table)
                if error is not None:
                    problems.append(error.message)
        if self.code_schema == "main":
            return problems
        for (storage,) in self.connection.execute('SELECT storage FROM main."%data.tables" ORDER BY storage'):
            if storage not in known:
                problems.append(f"The rows of {storage} are there, but no table is defined for them")
        return problems

    def _find(self, key: _Key) -> Table | SQLError | None:
        while True:
            generation = self.generation
            known = self._shared.known(generation)
            if key in known:
                return known[key]
            found: Table | SQLError | None = self._load(key)
            if isinstance(found, Table):
                found = self._mismatch(found) or found
            # Another session may have committed in between: then this is the answer to another question.
            if self.generation == generation:
                known[key] = found
                return found

    def _load(self, key: _Key) -> Table | None:
        row = self.connection.execute(
            f'SELECT definition FROM {self.code_schema}."%dict.tables" WHERE schema_key = ? AND name_key = ?',
            key,
        ).fetchone()
        return None if row is None else decode(row[0])

    def _mismatch(self, table: Table) -> SQLError | None:
        if table.kind is not TableKind.BASE:
            return None
        row = self.connection.execute(
            'SELECT stamp FROM main."%data.tables" WHERE storage = ?', (table.storage_name,)
        ).fetchone()
        if row is not None and row[0] == table.stamp:
            return None
        what = "there are no rows of it" if row is None else "the rows belong to another definition of it"
        return SQLError(
            -400,
            f"Unexpected error occurred:  <CLASS EDITED>{table.class_name}: table "
            f"'{table.qualified_name}' is "
            f"defined in the routines database, but in the globals database {what}; one of the two was "
            "exchanged without the other",
        )

    def _synchronise(self, generation: int) -> None:
        # Rows of a GLOBAL TEMPORARY table are private to the process: each connection has a table of its own.
        rows = self.connection.execute(
            f'SELECT definition FROM {self.code_schema}."%dict.tables" WHERE TABLE_TYPE COLLATE BINARY = ?',
            (TableKind.TEMPORARY.value,),
        ).fetchall()
        for (definition,) in rows:
            ensure_temporary(self.connection, decode(definition))
        self._synchronised = generation

    def _id(self, table: Table) -> int | None:
        row = self.connection.execute(
            f'SELECT id FROM {self.code_schema}."%dict.tables" WHERE schema_key = ? AND name_key = ?',
            (table.schema.upper(), table.name.upper()),
        ).fetchone()
        return None if row is None else int(row[0])

    def _forget_derived(self, owner: int) -> None:
        for derived in _DERIVED:
            self.connection.execute(f'DELETE FROM {self.code_schema}."{derived}" WHERE owner = ?', (owner,))

    def _count(self, schema: str, owner: str, change: int) -> None:
        table = f'{self.code_schema}."%dict.schemata"'
        self.connection.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, 0, 0)", (schema, owner))
        self.connection.execute(
            f"UPDATE {table} SET members = members + ? WHERE SCHEMA_NAME = ?", (change, schema)
        )
        if change < 0:
            self.connection.execute(f"DELETE FROM {table} WHERE members = 0 AND declared = 0")

    def _touch(self) -> None:
        self._has_changed = True
        self.connection.execute(
            f'UPDATE {self.code_schema}."%dict.state" SET stamp = ? WHERE id = 1', (new_stamp(),)
        )
        if self.code_schema != "main":
            self.connection.execute('UPDATE main."%data.state" SET stamp = ?', (new_stamp(),))
