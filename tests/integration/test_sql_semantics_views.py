"""Views that rows are written through: Use 12.3, Ref CREATE VIEW, iris-sql 8.4, over the real driver."""

from __future__ import annotations

import pytest


@pytest.fixture
def views(sql, unique):
    """A table and views of this test's own; their names end in the same word."""
    sql.run(
        f"CREATE TABLE t{unique} (id INTEGER PRIMARY KEY, name VARCHAR(10) NOT NULL DEFAULT 'new', "
        "grade NUMERIC(3,1), twice INTEGER COMPUTECODE { Set {*} = {grade} * 2 })",
        f"CREATE VIEW good{unique} AS SELECT name AS who, grade AS gpa, id FROM t{unique} WHERE grade > 3 "
        "WITH CHECK OPTION",
        f"CREATE VIEW first{unique} (a, b) AS SELECT g.id, g.who FROM good{unique} g WHERE g.id < 100",
        f"INSERT INTO t{unique} (id, name, grade) VALUES (1, 'Ann', 3.5)",
        f"INSERT INTO t{unique} (id, name, grade) VALUES (2, 'Bob', 1)",
        f"INSERT INTO t{unique} (id, name, grade) VALUES (200, 'Cy', 4)",
    )
    return sql


def rows(sql, unique):
    return sql.rows(f"SELECT id, name, grade FROM t{unique} ORDER BY id")


def test_a_row_goes_through_the_view_into_the_table(views, unique):
    """Columns by the view's names; what is left out takes the table's defaults."""
    views.run(f"INSERT INTO good{unique} (id, gpa) VALUES (3, 3.2)")
    views.run(f"INSERT INTO good{unique} VALUES ('Dee', 3.3, 4)")
    found = [(key, name, float(grade)) for key, name, grade in rows(views, unique)[2:4]]
    assert found == [(3, "new", 3.2), (4, "Dee", 3.3)]
    assert views.value(f"SELECT twice FROM t{unique} WHERE id = 3") == 6


def test_only_the_rows_that_all_views_show_are_changed(views, unique):
    views.run(f"UPDATE first{unique} x SET b = 'seen' WHERE x.a > 0")
    assert [name for _, name, _ in rows(views, unique)] == ["seen", "Bob", "Cy"]
    views.run(f"DELETE FROM first{unique} WHERE b = 'SEEN'")
    assert [row[0] for row in rows(views, unique)] == [2, 200]


def test_a_check_option_refuses_rows_that_the_view_would_not_show(views, unique):
    """-136 and -137; %NOCHECK skips it; without the option such rows are written and vanish."""
    good, first = f"good{unique}", f"first{unique}"
    assert views.failure(f"INSERT INTO {good} (id, gpa) VALUES (3, 2)")[:2] == ("IntegrityError", -136)
    assert views.failure(f"UPDATE {good} SET gpa = 1 WHERE id = 1")[:2] == ("IntegrityError", -137)
    assert views.failure(f"INSERT OR UPDATE INTO {good} (id, gpa) VALUES (1, 2)")[1] in (-136, -137)
    assert len(rows(views, unique)) == 3
    views.run(f"INSERT INTO {first} (a, b) VALUES (500, 'far')")
    assert views.value(f"SELECT COUNT(*) FROM {first} WHERE a = 500") == 0
    views.run(f"UPDATE %NOCHECK {good} SET gpa = 1 WHERE id = 1")
    assert views.value(f"SELECT COUNT(*) FROM {good} WHERE id = 1") == 0


@pytest.mark.parametrize(("option", "refused"), [("LOCAL", False), ("CASCADED", True), ("", True)])
def test_local_checks_the_view_itself_and_cascaded_all_below(views, unique, option, refused):
    views.run(
        f"CREATE VIEW c{unique} AS SELECT id, gpa FROM good{unique} WHERE id < 50 WITH {option} CHECK OPTION"
    )
    assert views.failure(f"INSERT INTO c{unique} VALUES (60, 4)")[1] == -136
    if refused:
        assert views.failure(f"INSERT INTO c{unique} VALUES (5, 1)")[1] == -136
    else:
        views.run(f"INSERT INTO c{unique} VALUES (5, 1)")
    assert views.value(f"SELECT COUNT(*) FROM t{unique} WHERE id = 5") == (0 if refused else 1)


def test_an_error_names_the_field_of_the_table(views, unique):
    assert views.failure(f"UPDATE good{unique} SET who = 'much too long'") == (
        "DataError",
        -105,
        f"Field 'SQLUser.t{unique}.name' (value 'much too long') failed validation",
    )
    assert views.failure(f"UPDATE good{unique} SET name = 'x'")[1] == -29


QUERIES = [
    ("DISTINCT", "SELECT DISTINCT name FROM {t}"),
    ("GROUP BY", "SELECT name FROM {t} GROUP BY name"),
    ("HAVING", "SELECT id FROM {t} HAVING MAX(id) > 1"),
    ("TOP", "SELECT TOP 2 id FROM {t}"),
    ("an expression", "SELECT id + 1 AS n FROM {t}"),
    ("two tables", "SELECT a.id FROM {t} a, {t} b"),
    ("UNION", "SELECT id FROM {t} UNION SELECT id FROM {t}"),
    ("a subquery", "SELECT id FROM {t} WHERE id IN (SELECT id FROM {t})"),
    ("WITH READ ONLY", "SELECT id FROM {t} WITH READ ONLY"),
]


@pytest.mark.parametrize(("rule", "query"), QUERIES, ids=[case[0] for case in QUERIES])
def test_a_view_that_only_shows(views, unique, rule, query):
    """-35 for a write, -36 for its check option; the catalogue says NO (Use 12.3, 12.4)."""
    text = query.format(t=f"t{unique}")
    views.run(f"CREATE VIEW v{unique} AS {text}")
    assert views.failure(f"DELETE FROM v{unique}")[:2] == ("ProgrammingError", -35), rule
    updateable = "SELECT IS_UPDATABLE FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_NAME = ?"
    assert views.value(updateable, f"v{unique}") == "NO"
    assert views.value(updateable, f"first{unique}") == "YES"
    if "READ ONLY" not in query:
        text += " WITH CHECK OPTION"
        assert views.failure(f"CREATE VIEW w{unique} AS {text}")[:2] == ("ProgrammingError", -36)


def test_order_by_in_a_view_needs_top(views, unique):
    """-143 (Ref ORDER BY)."""
    text = f"CREATE VIEW o{unique} AS SELECT {{}} id FROM t{unique} ORDER BY id DESC"
    assert views.failure(text.format(""))[:2] == ("ProgrammingError", -143)
    views.run(text.format("TOP ALL"))
    assert views.column(f"SELECT id FROM o{unique}") == [200, 2, 1]


def test_a_computed_column_can_be_searched_for_in_a_write(sql, unique):
    """A column that is computed on reading has its value in UPDATE and DELETE, too."""
    sql.run(
        f"CREATE TABLE c{unique} (a INTEGER, b INTEGER COMPUTECODE {{ Set {{*}} = {{a}} * 2 }} CALCULATED)",
        f"INSERT INTO c{unique} (a) VALUES (1)",
        f"INSERT INTO c{unique} (a) VALUES (2)",
        f"UPDATE c{unique} SET a = 10 WHERE b = 4",
        f"DELETE FROM c{unique} WHERE b = 2",
    )
    assert sql.rows(f"SELECT a, b FROM c{unique}") == [(10, 20)]
