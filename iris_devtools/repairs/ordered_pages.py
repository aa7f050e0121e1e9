"""ORDER BY beside LIMIT, OFFSET, FETCH and TOP.

The dialect leaves ORDER BY out of every statement that has a row limit, so a page holds the rows that the
server happens to find first. Its rewriting has three more faults, in the same method and mended with it:
OFFSET without LIMIT stops after 100 rows; a statement object remembers that it was compiled and loses its
paging in the next engine; ordering by a text column renames that column of the result from ``name`` to
``table_name``.

Where IRIS takes which form: iris-sql 5 (LIMIT since 2025.1, TOP for ORDER BY inside a subquery, no LIMIT
after ORDER BY there, no mixing).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func
from sqlalchemy import types as sqltypes
from sqlalchemy.schema import Column
from sqlalchemy.sql.selectable import CompoundSelect, FromClause, Select

from iris_devtools.errors import UnsupportedError
from iris_devtools.repairs.model import Cure, Repair
from iris_devtools.repairs.row_numbers import OrderTerm, cut_by_row_number, order_terms

__all__ = ["ORDERED_PAGES"]

# IRIS 2025.1 mishandles OFFSET without LIMIT (iris-sql 5), so such a statement gets a limit that no table
# reaches.
ALL_ROWS = 2147483647

_MARK = "_iris_devtools_page"


class _OrderedPages(Cure):  # type: ignore[misc]
    """Decide the form of each page where its statement is seen first, and note it on a private copy."""

    def translate_select_structure(self, select_stmt: Any, **kwargs: Any) -> Any:
        if _MARK in select_stmt.__dict__:
            return select_stmt
        form = self._page_form(select_stmt, asfrom=bool(kwargs.get("asfrom")))
        page = _copy(select_stmt, form)
        terms: list[OrderTerm] = []
        names: dict[int, str] = {}
        if select_stmt._order_by_clauses:
            state = select_stmt._compile_state_factory(select_stmt, self)
            terms = order_terms(select_stmt._order_by_clauses, labels=state._label_resolve_dict[0])
            for required, proxy, _fallback, column, _repeated in state.columns_plus_names:
                names.setdefault(hash(column), required or proxy or column.name)
            page = _with_exact_text(page, terms, names)
        if form != "numbered":
            return page
        rows = page.order_by(None).limit(None).offset(None)
        limit, offset = self._get_limit_or_fetch(page), page._offset_clause
        cut, row = cut_by_row_number(rows, terms, names=names, limit=limit, offset=offset)
        return _copy(cut if self.stack else cut.order_by(row), "whole")

    def _page_form(self, statement: Any, *, asfrom: bool) -> str:
        if not statement._has_row_limiting_clause:
            return "whole"
        nested = bool(self.stack)
        ordered = bool(statement._order_by_clauses)
        modern = self.dialect.supports_modern_pagination
        if modern and not (nested and ordered):
            return "limit"
        limit = self._get_limit_or_fetch(statement)
        if statement._offset_clause is None and statement._simple_int_clause(limit):
            return "top"
        if nested and not asfrom and self._looks_outside(statement):
            raise UnsupportedError(
                "A correlated subquery cannot have OFFSET, or a limit that is an expression.",
                hint="IRIS allows TOP n there: use limit() alone, or join to a subquery in FROM.",
            )
        return "numbered"

    def _looks_outside(self, statement: Any) -> bool:
        outside = self.stack[-1].get("correlate_froms") or ()
        return any(source in outside for source in statement.get_final_froms())

    def get_select_precolumns(self, select: Any, **kw: Any) -> str:
        text: str = super().get_select_precolumns(select, **kw)
        if select.__dict__.get(_MARK) == "top" and self.dialect.supports_modern_pagination:
            text += f"TOP {self.process(self._get_limit_or_fetch(select), **kw)} "
        return text

    def order_by_clause(self, select: Any, **kw: Any) -> str:
        self._refuse_compound_page(select)
        if self.is_subquery() and select.__dict__.get(_MARK) != "top":
            # ORDER BY without TOP is an error inside a subquery, and has no effect there.
            return ""
        order_by = self.process(select._order_by_clause, **kw)
        return f" ORDER BY {order_by}" if order_by else ""

    def limit_clause(self, select: Any, **kw: Any) -> str:
        self._refuse_compound_page(select)
        if not isinstance(select, CompoundSelect) and select.__dict__.get(_MARK) != "limit":
            return ""
        limit, offset = self._get_limit_or_fetch(select), select._offset_clause
        text = f" LIMIT {self.process(limit, **kw)}" if limit is not None else ""
        if offset is not None:
            if limit is None and self.dialect.server_version_info < (2025, 2):
                text = f" LIMIT {ALL_ROWS}"
            text += f" OFFSET {self.process(offset, **kw)}"
        return text

    def _refuse_compound_page(self, select: Any) -> None:
        if not isinstance(select, CompoundSelect) or not select._has_row_limiting_clause:
            return
        if not self.dialect.supports_modern_pagination:
            raise UnsupportedError(
                "IRIS before 2025.1 has no LIMIT and no OFFSET for UNION and its like.",
                hint="Limit a select around the union: select(union.subquery()).limit(n).",
            )
        if self.is_subquery() and select._order_by_clauses:
            raise UnsupportedError(
                "IRIS has no LIMIT after ORDER BY inside a subquery, and no TOP for a UNION.",
                hint="Order and limit a select around the union: select(union.subquery()).",
            )


def _with_exact_text(page: Any, terms: list[OrderTerm], names: dict[int, str]) -> Any:
    # IRIS returns a text column in upper case when the statement is ordered by it, unless %EXACT() is around
    # it.
    ordered = {
        hash(term.core)
        for term in terms
        if isinstance(term.core, Column) and isinstance(term.core.type, sqltypes.String)
    }
    if ordered:
        page._raw_columns = [
            func.irisexact(column).label(names[hash(column)])
            if isinstance(column, Column) and hash(column) in ordered
            else column
            for source in page._raw_columns
            for column in (source._select_iterable if isinstance(source, FromClause) else (source,))
        ]
    return page


def _copy(statement: Any, form: str) -> Any:
    copy: Select[Any] = statement._generate()
    copy.__dict__[_MARK] = form
    return copy


ORDERED_PAGES = Repair(
    name="ordered-pages",
    mends="ORDER BY is left out beside LIMIT, OFFSET, FETCH and TOP, and OFFSET alone stops after 100 rows",
    requires=("sqlalchemy-iris==0.20.*",),
    statements=_OrderedPages,
)
