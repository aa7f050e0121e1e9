"""Turn declared keys and foreign keys into those of a table: names, checks (iris-sql.md 8.1, 8.2)."""

from __future__ import annotations

from collections.abc import Iterable

from iris_devtools.standin.catalog.definitions import ForeignKeyDefinition, KeyDefinition
from iris_devtools.standin.catalog.dictionary import Dictionary
from iris_devtools.standin.catalog.model import ForeignKey, Index, IndexKind, Table
from iris_devtools.standin.catalog.names import constraint_name, property_name, same_name
from iris_devtools.standin.catalog.projection import key_of
from iris_devtools.standin.errors import SQLError

__all__ = ["NameForms", "foreign_key_of", "index_of", "key_index"]


class NameForms:
    """The forms of generated constraint names: of a column, of a clause, of ALTER TABLE."""

    COLUMN = ("{table}_PKEY{n}", "{table}_%s_UNIQUE{n}", "{table}_FKEY{n}")
    CLAUSE = ("{table}PKey{n}", "{table}Unique{n}", "{table}FKey{n}")
    ALTER = ("{table}_PKEY{n}", "{table}_Unique{n}", "{table}_FKey{n}")


def key_index(
    table: Table, key: KeyDefinition, *, forms: tuple[str, str, str], default_columns: tuple[str, ...] = ()
) -> Index:
    """Return the index of a UNIQUE or PRIMARY KEY that ``table`` does not have yet.

    Raises SQLError -307 for a second primary key, -31 for an unknown column, -400 for a name that is taken.
    """
    if key.primary and table.primary_key is not None:
        raise SQLError(-307, f"Primary key already defined for table '{table.qualified_name}'")
    columns = _known_columns(table, key.columns or default_columns)
    name = key.name
    if name is None:
        form = forms[0 if key.primary else 1]
        if "%s" in form:
            form = form % columns[0].upper().replace("{", "{{").replace("}", "}}")
        name = constraint_name(table.name, form, _number(table, columns, forms), _constraint_names(table))
    kind = IndexKind.PRIMARY_KEY if key.primary else IndexKind.UNIQUE_CONSTRAINT
    return index_of(table, name, columns, kind=kind)


def index_of(
    table: Table, name: str, columns: tuple[str, ...], *, kind: IndexKind, data: tuple[str, ...] = ()
) -> Index:
    """Return an index; raises SQLError -31 for an unknown column, and -400 for what no index may hold."""
    columns = _known_columns(table, columns)
    data = _known_columns(table, data)
    if len({column.upper() for column in columns}) < len(columns):
        raise SQLError(-400, f"ERROR #5066: Index '{name}' names a property twice")
    for column_name in columns:
        column = table.column(column_name)
        if column is not None and column.type.is_stream:
            raise SQLError(
                -400,
                f"ERROR #5414: Invalid index attribute: {column.property_name}: stream fields cannot "
                f"be indexed",
            )
    if kind is not IndexKind.PLAIN and any(same_name(name, other) for other in _constraint_names(table)):
        raise SQLError(-400, f"ERROR #5067: Index name conflict: {property_name(name).lower()}")
    taken = {index.property_name.upper() for index in table.indexes}
    return Index(name, columns, kind, data, property_name(name, taken))


def foreign_key_of(
    table: Table,
    declared: ForeignKeyDefinition,
    *,
    dictionary: Dictionary,
    default_schema: str,
    forms: tuple[str, str, str],
) -> ForeignKey:
    """Return a foreign key of ``table``, which may reference itself.

    Raises SQLError: -310 no such table, -316 no such column, -314 not unique, -315 nothing that could be
    meant, -311 the name is taken, -31 an unknown column of its own.
    """
    columns = _known_columns(table, declared.columns)
    schema, name = declared.table.within(default_schema)
    if same_name(schema, table.schema) and same_name(name, table.name):
        parent: Table | None = table
    else:
        parent = dictionary.find(schema, name)
    if parent is None or parent.view_definition is not None:
        raise SQLError(-310, f"Table '{schema.upper()}.{name.upper()}' does not exist")
    referenced = _referenced(parent, declared.referenced)
    if len(referenced) != len(columns):
        raise SQLError(-79, f"{len(columns)} columns reference {len(referenced)}")
    fk_name = declared.name
    if fk_name is None:
        fk_name = constraint_name(
            table.name, forms[2], _number(table, columns, forms), (k.name for k in table.foreign_keys)
        )
    elif any(same_name(fk_name, other.name) for other in table.foreign_keys):
        raise SQLError(-311, f"Foreign key '{fk_name}' is already defined for table '{table.qualified_name}'")
    return ForeignKey(
        fk_name,
        columns,
        parent.schema,
        parent.name,
        referenced,
        declared.on_delete,
        declared.on_update,
        declared.no_check,
    )


def _referenced(parent: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        key = parent.primary_key
        if key is not None:
            return key.columns
        if parent.identity is not None:
            return (parent.identity.name,)
        if parent.parameter("%PUBLICROWID"):
            return ("ID",)
        raise SQLError(-315, f"Table '{parent.qualified_name}' has no primary key to reference")
    if len(names) == 1 and names[0].upper() in ("ID", "%ID") and parent.column(names[0]) is None:
        if parent.identity is not None:
            return (parent.identity.name,)
        if parent.parameter("%PUBLICROWID"):
            return ("ID",)
    columns = []
    for name in names:
        column = parent.column(name)
        if column is None:
            raise SQLError(-316, f"Field '{name.upper()}' not found in table '{parent.qualified_name}'")
        columns.append(column.name)
    if key_of(parent, tuple(columns)) is None:
        raise SQLError(
            -314, f"Field(s) {','.join(columns)} of table '{parent.qualified_name}' are no unique key"
        )
    return tuple(columns)


def _known_columns(table: Table, names: Iterable[str]) -> tuple[str, ...]:
    known = []
    for name in names:
        column = table.column(name)
        if column is None:
            raise SQLError(-31, f"Field '{name.upper()}' not found in table '{table.qualified_name}'")
        known.append(column.name)
    return tuple(known)


def _constraint_names(table: Table) -> list[str]:
    return [index.name for index in table.indexes]


def _number(table: Table, columns: tuple[str, ...], forms: tuple[str, str, str]) -> int:
    if forms is NameForms.ALTER:
        return 1
    # The hidden row id is column 1 (measured: iris-sql.md 8.2).
    first = columns[0].upper()
    return 2 + next(n for n, column in enumerate(table.columns) if column.name.upper() == first)
