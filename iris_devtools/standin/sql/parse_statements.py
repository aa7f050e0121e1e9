"""The grammar of INSERT, UPDATE, DELETE and TRUNCATE (iris-sql.md 7)."""

from __future__ import annotations

from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.parse_queries import QueryParser

__all__ = ["StatementParser"]

_FILING_WORDS = (
    "%NOCHECK",
    "%NOFPLAN",
    "%NOINDEX",
    "%NOJOURN",
    "%NOLOCK",
    "%NOTRIGGER",
    "%PROFILE",
    "%PROFILE_ALL",
)


class StatementParser(QueryParser):
    """Parses the statements that read or write rows; each method reads to the end of the text.

    ``no_trigger`` tells whether a statement said %NOTRIGGER.
    """

    no_trigger = False

    def select(self) -> nodes.Query:
        """Read a query; one closing semicolon is allowed."""
        query = self.query()
        self.reader.accept(";")
        self.reader.finish()
        return query

    def insert(self) -> nodes.Insert:
        """Read INSERT or INSERT OR UPDATE."""
        reader = self.reader
        reader.expect("INSERT")
        or_update = reader.accept("OR")
        if or_update:
            reader.expect("UPDATE")
        no_check = self._filing_words()
        reader.accept("INTO")
        table = self.table_name(with_alias=False)
        if reader.at("INTO"):  # INSERT IGNORE INTO t: the word is taken for the table
            raise reader.error(-30, f" Table 'SQLUSER.{table.parts[-1].upper()}' not found")
        if reader.accept("SET"):
            assignments = self._assignments()
            columns = tuple(column for column, _ in assignments)
            rows: tuple[tuple[nodes.Expression, ...], ...] = (tuple(value for _, value in assignments),)
            statement = nodes.Insert(table, columns, rows, or_update=or_update, no_check=no_check)
            reader.finish()
            return statement
        columns = ()
        if reader.at("(") and not self.at_query():
            columns = self._columns()
        query = None
        rows = ()
        if reader.accept("DEFAULT", "VALUES"):
            pass
        elif reader.accept("VALUES"):
            rows = self._rows()
        elif reader.at_any("SELECT", "WITH"):
            query = self.query()
        else:
            reader.fail("VALUES, SET or SELECT")
        reader.finish()
        return nodes.Insert(table, columns, rows, query, or_update, no_check)

    def update(self) -> nodes.Update:
        """Read UPDATE."""
        reader = self.reader
        reader.expect("UPDATE")
        no_check = self._filing_words()
        table = self.table_name()
        if reader.at("("):
            columns = self._columns()
            reader.expect("VALUES")
            (values,) = self._rows()
            if len(values) != len(columns):
                raise reader.error(-62 if len(values) < len(columns) else -116, "")
            assignments = tuple(zip(columns, values, strict=True))
        else:
            reader.expect("SET")
            assignments = self._assignments()
        source = self.table_list() if reader.accept("FROM") else None
        where = self._where()
        reader.finish()
        return nodes.Update(table, assignments, source, where, no_check)

    def delete(self) -> nodes.Delete:
        """Read DELETE."""
        reader = self.reader
        reader.expect("DELETE")
        no_check = self._filing_words()
        reader.accept("FROM")
        table = self.table_name()
        source = self.table_list() if reader.accept("FROM") else None
        where = self._where()
        reader.finish()
        return nodes.Delete(table, source, where, no_check)

    def truncate(self) -> nodes.Truncate:
        """Read TRUNCATE TABLE."""
        reader = self.reader
        reader.expect("TRUNCATE", "TABLE")
        no_check = self._filing_words()
        table = self.table_name(with_alias=False)
        reader.finish()
        return nodes.Truncate(table, no_check)

    def _where(self) -> nodes.Condition | None:
        return self.condition() if self.reader.accept("WHERE") else None

    def _filing_words(self) -> bool:
        no_check = False
        while (word := self.reader.accept_any(*_FILING_WORDS)) is not None:
            no_check = no_check or word == "%NOCHECK"
            self.no_trigger = self.no_trigger or word == "%NOTRIGGER"
        return no_check

    def _column(self) -> nodes.Name:
        reader = self.reader
        if reader.accept("%ID"):
            return nodes.Name(("%ID",), reader.position - 1)
        parts = reader.qualified_name()
        if reader.at("->"):
            raise reader.error(-21, f" {'.'.join(parts)}-> may not be changed^{reader.read_so_far()}")
        return nodes.Name(parts, reader.position - 1)

    def _columns(self) -> tuple[nodes.Name, ...]:
        reader = self.reader
        reader.expect("(")
        columns = [self._column()]
        while reader.accept(","):
            columns.append(self._column())
        reader.expect(")")
        return tuple(columns)

    def _rows(self) -> tuple[tuple[nodes.Expression, ...], ...]:
        reader = self.reader
        rows = []
        while True:
            reader.expect("(")
            rows.append(self.expressions())
            reader.expect(")")
            if not reader.accept(","):
                return tuple(rows)

    def _assignments(self) -> tuple[tuple[nodes.Name, nodes.Expression], ...]:
        reader = self.reader
        assignments = []
        while True:
            column = self._column()
            reader.expect("=")
            assignments.append((column, self.expression()))
            if not reader.accept(","):
                return tuple(assignments)
