"""Row triggers in SQL: Ref CREATE TRIGGER, iris-sql 8.4, over the real driver."""

from __future__ import annotations

import pytest


@pytest.fixture
def stock(sql, unique):
    """A table of this test's own, and one that its triggers write to."""
    sql.run(
        f"CREATE TABLE s{unique} (id INTEGER PRIMARY KEY, name VARCHAR(10), made DATE, "
        "twice INTEGER COMPUTECODE { Set {*} = {id} * 2 })",
        f"CREATE TABLE log{unique} (what VARCHAR(20), nr INTEGER, was VARCHAR(10), becomes VARCHAR(10), "
        "made DATE)",
    )
    return sql


def log(sql, unique):
    return sql.rows(f"SELECT what, nr, was, becomes FROM log{unique}")


def test_each_row_fires_with_its_old_and_new_values(stock, unique):
    """The default is FOR EACH ROW in SQL; a block holds several statements."""
    s, into = f"s{unique}", f"INSERT INTO log{unique}"
    stock.run(
        f"CREATE TRIGGER a{unique} AFTER INSERT ON {s} REFERENCING NEW ROW AS n FOR EACH ROW LANGUAGE SQL "
        f"BEGIN ATOMIC {into} (what, nr, becomes, made) VALUES ('new; row', n.id, n.name, n.made); "
        f"UPDATE log{unique} SET was = CASE WHEN n.name = 'ANN' THEN 'a' ELSE 'b' END WHERE nr = n.id; END",
        f"CREATE TRIGGER b{unique} BEFORE UPDATE ON {s} REFERENCING OLD o NEW n "
        f"{into} (what, nr, was, becomes) VALUES ('change', n.%ID, o.name, n.name)",
        f"CREATE TRIGGER c{unique} AFTER DELETE ON {s} REFERENCING OLD ROW AS o "
        f"DELETE FROM log{unique} WHERE nr = o.id",
    )
    stock.rows(f"INSERT INTO {s} (id, name, made) VALUES (?, ?, ?)", 1, "Ann", "2020-02-29")
    stock.run(f"INSERT INTO {s} (id, name) SELECT id + 1, 'Bob' FROM {s}")
    assert log(stock, unique) == [("new; row", 1, "a", "Ann"), ("new; row", 2, "b", "Bob")]
    assert str(stock.value(f"SELECT made FROM log{unique} WHERE nr = 1")) == "2020-02-29"
    assert stock.column(f"SELECT twice FROM {s} ORDER BY id") == [2, 4]
    stock.run(f"UPDATE {s} SET name = 'Cy' WHERE id = 2", f"DELETE FROM {s} WHERE id = 1")
    assert log(stock, unique) == [("new; row", 2, "b", "Bob"), ("change", 2, "Bob", "Cy")]


def test_update_of_and_when_choose_the_rows(stock, unique):
    stock.run(
        f"CREATE TRIGGER u{unique} AFTER UPDATE OF name ON s{unique} REFERENCING OLD AS o NEW AS n "
        f"WHEN (n.id > 1 AND o.name IS NOT NULL) INSERT INTO log{unique} (nr, becomes) VALUES (n.id, n.name)",
        f"INSERT INTO s{unique} (id, name) VALUES (1, 'a')",
        f"INSERT INTO s{unique} (id, name) VALUES (2, 'b')",
        f"INSERT INTO s{unique} (id) VALUES (3)",
        f"UPDATE s{unique} SET made = '2020-01-01'",
        f"UPDATE s{unique} SET name = 'x'",
    )
    assert stock.rows(f"SELECT nr, becomes FROM log{unique}") == [(2, "x")]


def test_order_decides_and_one_event_goes_before_several(stock, unique):
    """By ORDER, 0 if none is given; among equals a trigger for one event alone comes first."""
    for name, events, order in (
        ("late", "INSERT", "ORDER 4"),
        ("many", "INSERT, DELETE", ""),
        ("soon", "INSERT", "ORDER 2"),
        ("one", "INSERT", ""),
    ):
        stock.run(
            f"CREATE TRIGGER {name}{unique} BEFORE {events} {order} ON s{unique} "
            f"INSERT INTO log{unique} (what) VALUES ('{name}')"
        )
    stock.run(f"INSERT INTO s{unique} (id) VALUES (1)")
    assert [row[0] for row in log(stock, unique)] == ["one", "many", "soon", "late"]


FAILURES = [
    ("BEFORE", "INSERT", "INSERT INTO {s} (id) VALUES (5)", -130),
    ("AFTER", "INSERT", "INSERT INTO {s} (id) VALUES (5)", -131),
    ("BEFORE", "UPDATE", "UPDATE {s} SET name = 'x'", -132),
    ("AFTER", "UPDATE", "UPDATE {s} SET name = 'x'", -133),
    ("BEFORE", "DELETE", "DELETE FROM {s}", -134),
    ("AFTER", "DELETE", "DELETE FROM {s}", -135),
]


@pytest.mark.parametrize(
    ("time", "event", "statement", "code"), FAILURES, ids=[" ".join(f[:2]) for f in FAILURES]
)
def test_a_trigger_that_fails_undoes_the_statement(stock, unique, time, event, statement, code):
    """-130 to -135; what the trigger did before is undone, too (Ref, Trigger Runtime Errors)."""
    stock.run(
        f"INSERT INTO s{unique} (id, name) VALUES (1, 'a')",
        f"CREATE TRIGGER f{unique} {time} {event} ON s{unique} BEGIN "
        f"INSERT INTO log{unique} (nr) VALUES (1); INSERT INTO log{unique} (nr) VALUES ('bad'); END",
    )
    found = stock.failure(statement.format(s=f"s{unique}"))
    assert found[1:] == (
        code,
        f"SQLCODE=-104: Field 'SQLUser.log{unique}.nr' (value 'bad') failed validation",
    )
    assert log(stock, unique) == []
    assert stock.rows(f"SELECT id, name FROM s{unique}") == [(1, "a")]


def test_code_that_is_wrong_fails_when_it_runs(stock, unique):
    """-415, not at CREATE TRIGGER; %NOTRIGGER and TRUNCATE fire nothing."""
    stock.run(f"CREATE TRIGGER w{unique} AFTER INSERT, DELETE ON s{unique} DELETE FROM nowhere")
    assert stock.failure(f"INSERT INTO s{unique} (id) VALUES (1)")[:2] == ("InternalError", -415)
    stock.run(f"INSERT %NOTRIGGER INTO s{unique} (id) VALUES (1)", f"TRUNCATE TABLE s{unique}")
    assert stock.value(f"SELECT COUNT(*) FROM s{unique}") == 0


def test_triggers_that_fire_each_other_end(stock, unique):
    stock.run(f"CREATE TRIGGER l{unique} AFTER INSERT ON log{unique} INSERT INTO log{unique} (nr) VALUES (1)")
    assert stock.failure(f"INSERT INTO log{unique} (nr) VALUES (1)")[1] == -131
    assert log(stock, unique) == []


def test_a_cascade_fires_the_triggers_of_the_referencing_rows(stock, unique):
    stock.run(
        f"CREATE TABLE k{unique} (sid INTEGER, FOREIGN KEY (sid) REFERENCES s{unique} (id) "
        "ON DELETE CASCADE)",
        f"INSERT INTO s{unique} (id) VALUES (1)",
        f"INSERT INTO k{unique} VALUES (1)",
        f"CREATE TRIGGER k{unique}d AFTER DELETE ON k{unique} REFERENCING OLD AS o "
        f"INSERT INTO log{unique} (nr) VALUES (o.sid)",
        f"DELETE FROM s{unique}",
    )
    assert [row[1] for row in log(stock, unique)] == [1]


def test_a_changed_table_keeps_its_triggers(stock, unique):
    stock.run(
        f"CREATE TRIGGER t{unique} AFTER UPDATE ON s{unique} REFERENCING NEW AS n "
        f"INSERT INTO log{unique} (nr) VALUES (n.id)",
        f"INSERT INTO s{unique} (id) VALUES (1)",
        f"ALTER TABLE s{unique} ADD COLUMN extra INTEGER",
        f"ALTER TABLE s{unique} DROP COLUMN made CASCADE",
        f"ALTER TABLE s{unique} ALTER COLUMN name VARCHAR(40)",
        f"ALTER TABLE s{unique} RENAME r{unique}",
        f"UPDATE r{unique} SET extra = 1",
    )
    assert [row[1] for row in log(stock, unique)] == [1]


def test_the_catalogue_lists_triggers_and_drop_forgets_them(stock, unique):
    """INFORMATION_SCHEMA.TRIGGERS (iris-sql 9); -363, -365, -366 (Err)."""
    stock.run(
        f"CREATE TRIGGER T{unique} AFTER INSERT, UPDATE ORDER 3 ON s{unique} REFERENCING NEW AS n "
        f"WHEN (n.id > 1) INSERT INTO log{unique} (nr) VALUES (n.id);"
    )
    listed = (
        "SELECT TRIGGER_NAME, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_ORDER, ACTION_CONDITION, "
        "ACTION_STATEMENT, ACTION_ORIENTATION, ACTION_TIMING, ACTION_REFERENCE_NEW_ROW "
        "FROM INFORMATION_SCHEMA.TRIGGERS WHERE TABLE_NAME = ?"
    )
    code = f"INSERT INTO log{unique} (nr) VALUES (n.id);"
    assert stock.rows(listed, f"s{unique}") == [
        (
            f"T{unique}",
            "INSERT/UPDATE",
            f"s{unique}",
            3,
            "(n.id > 1)",
            code,
            "ROW",
            "AFTER",
            "n",
        )
    ]
    again = f"CREATE TRIGGER T{unique} BEFORE DELETE ON s{unique} DELETE FROM log{unique}"
    assert stock.failure(again)[1] == -365
    stock.run(again.replace("CREATE", "CREATE OR REPLACE"))
    assert [row[1] for row in stock.rows(listed, f"s{unique}")] == ["DELETE"]
    stock.run(f"DROP TRIGGER t{unique}", f"DROP TRIGGER IF EXISTS t{unique} FROM s{unique}")
    assert stock.rows(listed, f"s{unique}") == []
    assert stock.failure(f"DROP TRIGGER T{unique}")[1] == -363


DEFINITIONS = [
    ("AFTER INSERT ON {s} REFERENCING OLD AS o DELETE FROM {s}", -48),
    ("AFTER DELETE ON {s} REFERENCING NEW AS n DELETE FROM {s}", -48),
    ("AFTER INSERT ON {s} REFERENCING NEW AS n LANGUAGE OBJECTSCRIPT {{ WRITE 1 }}", -49),
    ("AFTER UPDATE OF id ON {s} LANGUAGE OBJECTSCRIPT {{ WRITE 1 }}", -50),
    ("AFTER INSERT ON {s} WHEN (1 = 1) LANGUAGE OBJECTSCRIPT {{ WRITE 1 }}", -57),
    ("AFTER UPDATE OF id, ID ON {s} DELETE FROM {s}", -58),
    ("AFTER UPDATE OF nothing ON {s} DELETE FROM {s}", -400),
    ("AFTER INSERT, UPDATE OF id ON {s} DELETE FROM {s}", -1),
    ("AFTER INSERT ON {s}", -1),
    ("AFTER INSERT ON nowhere DELETE FROM {s}", -30),
]


@pytest.mark.parametrize(("text", "code"), DEFINITIONS, ids=[d[0][:45] for d in DEFINITIONS])
def test_a_definition_that_is_refused(stock, unique, text, code):
    statement = f"CREATE TRIGGER x{unique} " + text.format(s=f"s{unique}")
    assert stock.failure(statement)[1] == code
    schemas = f"CREATE TRIGGER one.x{unique} AFTER INSERT ON two.t DELETE FROM s{unique}"
    assert stock.failure(schemas)[1] == -366


def test_many_rows_of_one_call_fire_one_by_one_and_are_undone_together(stock, unique):
    """executemany, and a transaction that is rolled back; INSERT OR UPDATE fires what it does."""
    stock.run(
        f"CREATE TRIGGER m{unique} AFTER INSERT ON s{unique} REFERENCING NEW AS n "
        f"INSERT INTO log{unique} (nr) VALUES (n.id)",
        f"CREATE TRIGGER o{unique} AFTER UPDATE ON s{unique} REFERENCING NEW AS n "
        f"INSERT INTO log{unique} (nr) VALUES (-n.id)",
    )
    insert = f"INSERT INTO s{unique} (id, name) VALUES (?, ?)"
    stock.cursor.executemany(insert, [[n, f"n{n}"] for n in range(1, 51)])
    assert [row[1] for row in log(stock, unique)] == list(range(1, 51))
    connection = stock.connect(autocommit=False)
    cursor = connection.cursor()
    cursor.executemany(insert, [[n, "x"] for n in range(51, 61)])
    cursor.execute(f"INSERT OR UPDATE INTO s{unique} (id, name) VALUES (1, 'again')")
    cursor.execute(f"SELECT COUNT(*), MIN(nr) FROM log{unique}")
    assert tuple(cursor.fetchone()) == (61, -1)
    connection.rollback()
    cursor.close()
    connection.close()
    assert len(log(stock, unique)) == 50
    assert stock.value("SELECT LAST_IDENTITY()") == 50
