"""Apply definition statements: CREATE and DROP of tables, indexes, views and schemas (iris-sql.md 8.1, 8.4).

Everything happens inside the caller's transaction, in the data dictionary and in the rows' SQLite tables at
once. A statement that fails may have done a part of its work: the caller undoes it (a savepoint around the
statement).
"""

from __future__ import annotations

import dataclasses
import sqlite3

from iris_devtools.standin.catalog.alter import alter_table, columns_of
from iris_devtools.standin.catalog.constraints import create_foreign_key, drop_foreign_key
from iris_devtools.standin.catalog.definitions import (
    AlterTable,
    ColumnDefinition,
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateTrigger,
    CreateView,
    DropIndex,
    DropSchema,
    DropTable,
    DropTrigger,
    DropView,
    ForeignKeyDefinition,
    KeyDefinition,
    ObjectName,
    Statement,
)
from iris_devtools.standin.catalog.dictionary import Dictionary
from iris_devtools.standin.catalog.keys import NameForms, foreign_key_of, index_of, key_index
from iris_devtools.standin.catalog.model import Column, Index, IndexKind, Table, TableKind
from iris_devtools.standin.catalog.names import check_identifier, class_name, property_name, same_name
from iris_devtools.standin.catalog.storage import (
    create_rows,
    drop_index,
    drop_rows,
    free_column_name,
    free_table_name,
    note_keys,
    rows_name,
)
from iris_devtools.standin.catalog.triggers import create_trigger, drop_trigger
from iris_devtools.standin.catalog.work import Translate, Work, missing_table
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.dialect import Kind, quoted, tokenize
from iris_devtools.standin.sql.parse_queries import QueryParser
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.sql.translation import Select

__all__ = ["apply"]


def apply(
    statement: Statement,
    *,
    connection: sqlite3.Connection,
    dictionary: Dictionary,
    default_schema: str = "SQLUser",
    username: str = "_SYSTEM",
    translate: Translate,
) -> None:
    """Do what ``statement`` says, inside the caller's transaction.

    ``translate`` is called as ``translate(text, catalog=..., default_schema=..., markers=())`` for the
    query of a view, of CREATE TABLE AS, and for defaults. Raises SQLError.
    """
    work = Work(connection, dictionary, default_schema, username, translate)
    if isinstance(statement, CreateTable):
        _create_table(work, statement)
    elif isinstance(statement, AlterTable):
        alter_table(work, statement)
    elif isinstance(statement, CreateIndex):
        _create_index(work, statement)
    elif isinstance(statement, DropIndex):
        _drop_index(work, statement)
    elif isinstance(statement, DropTable):
        _drop_table(work, statement)
    elif isinstance(statement, CreateView):
        _create_view(work, statement)
    elif isinstance(statement, DropView):
        _drop_view(work, statement)
    elif isinstance(statement, CreateTableAs):
        _create_table_as(work, statement)
    elif isinstance(statement, CreateTrigger):
        create_trigger(work, statement)
    elif isinstance(statement, DropTrigger):
        drop_trigger(work, statement)
    elif isinstance(statement, CreateSchema):
        _create_schema(work, statement)
    else:
        _drop_schema(work, statement)


# -- tables ----------------------------------------------------------------------------------------


def _new_table(
    work: Work, name: ObjectName, *, kind: TableKind = TableKind.BASE, if_not_exists: bool = False
) -> Table | None:
    """Return an empty table of that name, or ``None`` when there is one and that is all right."""
    schema, table = name.within(work.default_schema)
    check_identifier(table)
    check_identifier(schema)
    existing = work.dictionary.definition(schema, table)
    if existing is not None:
        if if_not_exists and existing.kind is not TableKind.VIEW:
            return None
        raise SQLError(-201, f"Table '{existing.qualified_name}' already exists")
    schema = _schema_as_known(work, schema)
    return Table(
        schema=schema,
        name=table,
        columns=(),
        kind=kind,
        class_name=class_name(schema, table, work.dictionary.class_names()),
        owner=work.username,
    )


def _schema_as_known(work: Work, schema: str) -> str:
    if same_name(schema, work.default_schema):
        return work.default_schema
    return work.dictionary.schema_name(schema) or schema


def _create_table(work: Work, statement: CreateTable) -> None:
    kind = TableKind.TEMPORARY if statement.temporary else TableKind.BASE
    table = _new_table(work, statement.name, kind=kind, if_not_exists=statement.if_not_exists)
    if table is None:
        return
    definitions = [element for element in statement.elements if isinstance(element, ColumnDefinition)]
    table = dataclasses.replace(
        table,
        columns=columns_of(table, definitions),
        description=statement.description,
        parameters=statement.parameters,
        storage_name=free_table_name(work.connection, table),
    )
    for definition in definitions:
        for key in definition.keys:
            index = key_index(table, key, forms=NameForms.COLUMN, default_columns=(definition.name,))
            table = dataclasses.replace(table, indexes=(*table.indexes, index))
    for element in statement.elements:
        if isinstance(element, KeyDefinition):
            index = key_index(table, element, forms=NameForms.CLAUSE)
            table = dataclasses.replace(table, indexes=(*table.indexes, index))
    table = _with_required_key(table)
    references = [(d.references, NameForms.COLUMN) for d in definitions if d.references is not None] + [
        (element, NameForms.CLAUSE)
        for element in statement.elements
        if isinstance(element, ForeignKeyDefinition)
    ]
    for declared, forms in references:
        foreign_key = foreign_key_of(
            table, declared, dictionary=work.dictionary, default_schema=work.default_schema, forms=forms
        )
        table = dataclasses.replace(table, foreign_keys=(*table.foreign_keys, foreign_key))
    create_rows(work.connection, table)
    for foreign_key in table.foreign_keys:
        create_foreign_key(work.connection, table, foreign_key, work.parent(table, foreign_key))
    work.dictionary.store(table)


def _with_required_key(table: Table) -> Table:
    """Make the columns of the primary key NOT NULL, as they are in effect."""
    key = table.primary_key
    if key is None:
        return table
    names = {name.upper() for name in key.columns}
    return dataclasses.replace(
        table,
        columns=tuple(
            dataclasses.replace(c, nullable=False) if c.name.upper() in names else c for c in table.columns
        ),
    )


def _create_table_as(work: Work, statement: CreateTableAs) -> None:
    table = _new_table(work, statement.name, if_not_exists=statement.if_not_exists)
    if table is None:
        return
    query = work.query(statement.query)
    table = dataclasses.replace(
        table,
        columns=_columns_of_query(query, ()),
        storage_name=free_table_name(work.connection, table),
        parameters=statement.parameters,
    )
    create_rows(work.connection, table)
    names = ", ".join(quoted(column.storage_name) for column in table.columns)
    work.connection.execute(f"INSERT INTO {rows_name(table)} ({names}) {query.sql}")
    work.dictionary.store(table)


def _drop_table(work: Work, statement: DropTable) -> None:
    schema, name = statement.name.within(work.default_schema)
    table = work.dictionary.definition(schema, name)
    if table is None or table.kind is TableKind.VIEW:
        if statement.if_exists:
            return
        raise missing_table(schema, name)
    _refuse_system(table)
    for other in work.dictionary.referencing(table):
        if not same_name(other.qualified_name, table.qualified_name):
            raise SQLError(
                -320,
                f"Table '{other.qualified_name}' has a foreign key that references '{table.qualified_name}'",
            )
    views = work.dictionary.views_on(table)
    if views and not statement.cascade:
        raise SQLError(-321, f"View '{views[0].qualified_name}' references table '{table.qualified_name}'")
    for view in views:
        _forget_view(work, view)
    for foreign_key in table.foreign_keys:
        drop_foreign_key(work.connection, table, foreign_key)
    drop_rows(work.connection, table)
    work.dictionary.remove(table)


def _refuse_system(table: Table) -> None:
    if table.kind in (TableKind.SYSTEM, TableKind.SYSTEM_VIEW):
        raise SQLError(-300, f"DDL not enabled for class '{table.class_name}'")


# -- indexes ---------------------------------------------------------------------------------------


def _create_index(work: Work, statement: CreateIndex) -> None:
    schema, name = statement.table.within(work.default_schema)
    table = work.table(schema, name, missing="Table '{}' does not exist")
    if any(same_name(index.name, statement.name) for index in table.indexes):
        raise SQLError(
            -324, f"Index '{statement.name}' is already defined for table '{table.qualified_name}'"
        )
    kind = IndexKind.UNIQUE if statement.unique else IndexKind.PLAIN
    index = index_of(table, statement.name, statement.columns, kind=kind, data=statement.data)
    work.add_index(table, index)


def _drop_index(work: Work, statement: DropIndex) -> None:
    found = _find_index(work, statement)
    if found is None:
        return
    table, index = found
    work.refuse_referenced(table, index)
    drop_index(work.connection, table, index)
    table = dataclasses.replace(table, indexes=tuple(i for i in table.indexes if i != index))
    note_keys(work.connection, table)
    work.dictionary.store(table)


def _find_index(work: Work, statement: DropIndex) -> tuple[Table, Index] | None:
    if statement.table is not None:
        schema, name = statement.table.within(work.default_schema)
        table = work.dictionary.definition(schema, name)
        if table is None or table.kind is TableKind.VIEW:
            if statement.if_exists:
                return None
            raise SQLError(-30, f" Table '{schema}.{name}' does not exist")
        candidates = [table]
    else:
        candidates = list(work.dictionary.tables())
    found = [(t, i) for t in candidates for i in t.indexes if same_name(i.name, statement.name)]
    if len(found) > 1:
        raise SQLError(-334, f"Index '{statement.name}' is defined for more than one table")
    if found:
        table, index = found[0]
        return work.table(table.schema, table.name), index
    if statement.if_exists:
        return None
    where = ""
    if statement.table is not None:
        where = f" on table {candidates[0].schema.upper()}.{candidates[0].name.upper()}"
    raise SQLError(-333, f"Attempt to DROP INDEX '{statement.name}'{where} failed - index not found")


# -- views -----------------------------------------------------------------------------------------


def _create_view(work: Work, statement: CreateView) -> None:
    schema, name = statement.name.within(work.default_schema)
    check_identifier(name)
    check_identifier(schema)
    existing = work.dictionary.definition(schema, name)
    if existing is None and statement.alter:
        raise missing_table(schema, name)
    if existing is not None and (existing.kind is not TableKind.VIEW or not statement.or_replace):
        raise SQLError(-201, f"Table '{existing.qualified_name}' already exists")
    _refuse_unlimited_order(statement.query)
    with work.dictionary.recording() as used:
        query = work.query(statement.query)
    if existing is not None and any(same_name(f"{s}.{n}", existing.qualified_name) for s, n in used):
        raise SQLError(-400, f"View '{existing.qualified_name}' would read itself")
    schema = _schema_as_known(work, schema)
    taken = work.dictionary.class_names()
    view = work.dictionary.store(
        Table(
            schema=existing.schema if existing is not None else schema,
            name=existing.name if existing is not None else name,
            columns=_columns_of_query(query, statement.columns),
            kind=TableKind.VIEW,
            class_name=existing.class_name if existing is not None else class_name(schema, name, taken),
            view_definition=statement.query,
            owner=work.username,
            check_option=statement.check_option,
            read_only=statement.read_only,
            depends_on=_named_in(statement.query, used),
        )
    )
    if statement.check_option != "NONE" and not work.dictionary.updateable(view):
        raise SQLError(-36, f"View '{view.qualified_name}' is not updateable")


def _refuse_unlimited_order(text: str) -> None:
    """Raise SQLError -143 for ORDER BY without TOP, which a view's query may not have (iris-sql 8.4)."""
    query = QueryParser(Reader(text, location="ServerLoop")).query()
    body = query.body
    limited = isinstance(body, nodes.Select) and (body.top is not None or body.top_all)
    if query.order and not limited:
        raise SQLError(-143, " ORDER BY needs TOP in a view's query")


def _named_in(query: str, used: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return what the query itself names, without what its views read."""
    words = {token.text.upper() for token in tokenize(query) if token.kind in (Kind.WORD, Kind.QUOTED)}
    return tuple((schema, name) for schema, name in dict.fromkeys(used) if name.upper() in words)


def _columns_of_query(query: Select, names: tuple[str, ...]) -> tuple[Column, ...]:
    if names and len(names) != len(query.columns):
        raise SQLError(-142, f"{len(names)} names for {len(query.columns)} columns")
    columns: tuple[Column, ...] = ()
    for position, output in enumerate(query.columns):
        name = names[position] if names else output.label or output.name
        if any(same_name(name, column.name) for column in columns):
            raise SQLError(-97, f"Column '{name}' occurs more than once")
        taken = {column.property_name.upper() for column in columns}
        columns += (
            Column(
                name=name,
                type=output.type,
                storage_name=free_column_name(columns, name),
                collation="SQLUPPER" if output.type.is_text else None,
                property_name=property_name(name, taken),
            ),
        )
    return columns


def _drop_view(work: Work, statement: DropView) -> None:
    schema, name = statement.name.within(work.default_schema)
    view = work.dictionary.definition(schema, name)
    if view is None or view.kind is not TableKind.VIEW:
        if view is None and statement.if_exists:
            return
        raise missing_table(schema, name)
    users = work.dictionary.views_on(view)
    if users and not statement.cascade:
        raise SQLError(-321, f"View '{users[0].qualified_name}' references view '{view.qualified_name}'")
    _forget_view(work, view)


def _forget_view(work: Work, view: Table) -> None:
    for user in work.dictionary.views_on(view):
        _forget_view(work, user)
    work.dictionary.remove(view)


# -- schemas ---------------------------------------------------------------------------------------


def _create_schema(work: Work, statement: CreateSchema) -> None:
    check_identifier(statement.name)
    declared, members = work.dictionary.schema_state(statement.name)
    if declared or members:
        if statement.if_not_exists:
            return
        raise SQLError(-476, f"Schema '{statement.name}' already exists")
    work.dictionary.declare_schema(statement.name, work.username)


def _drop_schema(work: Work, statement: DropSchema) -> None:
    declared, members = work.dictionary.schema_state(statement.name)
    if not declared and not members:
        if statement.if_exists:
            return
        raise SQLError(-473, f"Schema '{statement.name}' not found")
    if members and not statement.cascade:
        raise SQLError(-475, f"Schema '{statement.name}' is not empty")
    _empty_schema(work, statement.name)
    work.dictionary.forget_schema(statement.name)


def _empty_schema(work: Work, schema: str) -> None:
    tables = list(work.dictionary.tables(schema=schema))
    for table in tables:
        for other in work.dictionary.referencing(table):
            if not same_name(other.schema, schema):
                raise SQLError(
                    -320,
                    f"Table '{other.qualified_name}' has a foreign key that references "
                    f"'{table.qualified_name}'",
                )
    for table in tables:
        if table.kind is TableKind.VIEW:
            work.dictionary.remove(table)
    for table in tables:
        if table.kind is not TableKind.VIEW:
            for foreign_key in table.foreign_keys:
                drop_foreign_key(work.connection, table, foreign_key)
    for table in tables:
        if table.kind is not TableKind.VIEW:
            for view in work.dictionary.views_on(table):
                _forget_view(work, view)
            drop_rows(work.connection, table)
            work.dictionary.remove(table)
