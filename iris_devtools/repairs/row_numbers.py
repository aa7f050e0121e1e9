"""A page cut by row number: for servers without LIMIT, and for ordered subqueries with OFFSET."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as new_select
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    ColumnClause,
    Grouping,
    Label,
    TextClause,
    UnaryExpression,
    _label_reference,
    _textual_label_reference,
)
from sqlalchemy.sql.util import ClauseAdapter

from iris_devtools.errors import UnsupportedError

__all__ = ["OrderTerm", "cut_by_row_number", "order_terms"]

_ROW = "iris_rn"
_MODIFIERS = (operators.asc_op, operators.desc_op, operators.nulls_first_op, operators.nulls_last_op)


@dataclass(frozen=True)
class OrderTerm:
    """One term of an ORDER BY: what to order by, and the words behind it (DESC), outermost first."""

    core: Any
    modifiers: tuple[Any, ...] = ()

    def around(self, core: Any) -> Any:
        """Return the term with another core and the same words."""
        for modifier in reversed(self.modifiers):
            core = UnaryExpression(core, modifier=modifier)
        return core


def order_terms(clauses: Any, *, labels: Any) -> list[OrderTerm]:
    """Take ORDER BY apart; names of labels are looked up in ``labels``, because OVER () knows none."""
    return [_term(clause, labels) for clause in clauses]


def _term(element: Any, labels: Any) -> OrderTerm:
    modifiers: list[Any] = []
    while True:
        if isinstance(element, UnaryExpression) and element.modifier in _MODIFIERS:
            modifiers.append(element.modifier)
            element = element.element
        elif isinstance(element, _textual_label_reference) and element.element in labels:
            element = labels[element.element]
        elif isinstance(element, (Grouping, Label, _label_reference)):
            element = element.element
        else:
            return OrderTerm(element, tuple(modifiers))


def cut_by_row_number(
    rows: Any, terms: list[OrderTerm], *, names: dict[int, str], limit: Any, offset: Any
) -> tuple[Any, Any]:
    """Number the rows of a select in a subquery and cut a page out; return the select and its row number.

    ``names`` tells the label of each selected column by its hash. An expression is computed below the
    numbers: the driver miscounts the parameters of an OVER (), and a number beside DISTINCT or GROUP BY would
    change what they do.
    """
    collective = rows._distinct or rows._group_by_clauses or rows._having_criteria
    if collective or not _all_plain(terms):
        rows, terms = _with_plain_terms(rows, terms, names)
    order = [term.around(term.core) for term in terms]
    numbered = rows.add_columns(func.row_number().over(order_by=order or None).label(_ROW)).subquery()
    row = numbered.c[_ROW]
    cut = new_select(*[column for column in numbered.c if column is not row])
    if limit is None:
        return cut.where(row > offset), row
    if offset is None:
        return cut.where(row <= limit), row
    return cut.where(row.between(offset + 1, limit + offset)), row


def _with_plain_terms(
    rows: Any, terms: list[OrderTerm], names: dict[int, str]
) -> tuple[Any, list[OrderTerm]]:
    if any(isinstance(term.core, TextClause) for term in terms):
        raise UnsupportedError(
            "A page of this statement cannot be ordered by text().",
            hint="Order by the column or by an expression of it.",
        )
    if rows._distinct:
        inner = rows.subquery()
        adapter = ClauseAdapter(inner)
        cores = [
            inner.c[names[hash(term.core)]] if hash(term.core) in names else adapter.traverse(term.core)
            for term in terms
        ]
        rows = new_select(*inner.c)
        terms = [OrderTerm(core, term.modifiers) for core, term in zip(cores, terms, strict=True)]
        if _all_plain(terms):
            return rows, terms
    width = len(rows.selected_columns)
    labels = [term.core.label(f"iris_o{number}") for number, term in enumerate(terms, 1)]
    inner = rows.add_columns(*labels).subquery()
    terms = [
        OrderTerm(inner.c[label.name], term.modifiers) for label, term in zip(labels, terms, strict=True)
    ]
    return new_select(*list(inner.c)[:width]), terms


def _all_plain(terms: list[OrderTerm]) -> bool:
    return all(isinstance(term.core, (ColumnClause, TextClause)) for term in terms)
