"""Lists, JSON, XML, patterns and plans: rules of iris-sql 1.4, 6.1 and 6.5 over the real driver."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ElementTree

import pytest


@pytest.fixture(scope="module")
def people(sql):
    sql.run(
        "CREATE TABLE People (id INTEGER PRIMARY KEY, name VARCHAR(30), state VARCHAR(2), notes LONGVARCHAR)",
        "INSERT INTO People VALUES (1, 'Emerson,Molly', 'MA', 'R&D')",
        "INSERT INTO People VALUES (2, 'deGastyne', 'nh', NULL)",
        "INSERT INTO People VALUES (3, 'JONES', NULL, NULL)",
    )
    return sql


EXPRESSIONS = [
    ("elements keep their kind", "$LISTTOSTRING($LISTBUILD('a', 1, -300, 1.5, '01'))", "a,1,-300,1.5,01"),
    ("one that is left out has no value", "$LISTTOSTRING($LISTBUILD('a',,'b'))", "a,,b"),
    ("a list of nothing has one element", "$LISTLENGTH($LISTBUILD())", 1),
    ("characters beyond 8 bits", "$LIST($LISTBUILD('\u017c\u00f3\u0142w', 'x'))", "\u017c\u00f3\u0142w"),
    ("a long element", "CHAR_LENGTH($LIST($LISTBUILD(REPEAT('x', 70000), 'y')))", 70000),
    ("a list in a list", "$LISTTOSTRING($LIST($LISTBUILD('a', $LISTBUILD('b', 'c')), 2))", "b,c"),
    ("-1 is the last one", "$LIST($LISTBUILD('a', 'b', 'c'), -1)", "c"),
    ("beyond the end there is none", "$LIST($LISTBUILD('a'), 2)", None),
    ("from and to make a list", "$LISTTOSTRING($LIST($LISTBUILD('a', 'b', 'c'), 2, 9), '^')", "b^c"),
    ("$LISTGET has a default", "$LISTGET($LISTBUILD('a',), 2, 'none')", "none"),
    ("$LISTFIND is case-sensitive", "$LISTFIND($LISTBUILD('Red', 'red'), 'red')", 2),
    ("$LISTFIND begins after a position", "$LISTFIND($LISTBUILD('a', 'b', 'a'), 'a', 1)", 3),
    ("$LISTFIND finds nothing", "$LISTFIND($LISTBUILD('a'), 'x')", 0),
    ("$LISTDATA", "$LISTDATA($LISTBUILD('a',,''), 2)", 0),
    ("'' is a value", "$LISTDATA($LISTBUILD('a',,''), 3)", 1),
    ("$LISTSAME compares texts", "$LISTSAME($LISTBUILD('365'), $LISTBUILD(365.0))", 1),
    ("$LISTSAME tells lists apart", "$LISTSAME($LISTBUILD('365.0'), $LISTBUILD(365.0))", 0),
    ("$LISTFROMSTRING", "$LIST($LISTFROMSTRING('Deborah Noah Bowie', ' '), 2)", "Noah"),
    ("NULL is no list", "$LISTLENGTH(NULL)", None),
    (
        "TO_POSIXTIME",
        "TO_POSIXTIME('2020-01-02 03:04:05', 'YYYY-MM-DD HH24:MI:SS')",
        datetime.datetime(2020, 1, 2, 3, 4, 5),
    ),
    ("XMLELEMENT", "XMLELEMENT(\"Para\", 'a<b & ''c''')", "<Para>a&lt;b &amp; &apos;c&apos;</Para>"),
    ("NAME alone is the tag Name", "XMLELEMENT(NAME, 'a')", "<Name>a</Name>"),
    ("XMLELEMENT of NULL is empty", 'XMLELEMENT(NAME "P", NULL)', "<P></P>"),
    ("values stand side by side", "XMLELEMENT(\"P\", 'a', 1, XMLELEMENT(\"Q\", 'b'))", "<P>a1<Q>b</Q></P>"),
    (
        "markup from a CASE is text",
        'XMLELEMENT("P", CASE WHEN 1 = 1 THEN XMLELEMENT("Q", 24) END)',
        "<P>&lt;Q&gt;24&lt;/Q&gt;</P>",
    ),
    ("XMLCONCAT", "XMLCONCAT(XMLELEMENT(\"P\", 'a'), XMLELEMENT(\"P\", 'b'))", "<P>a</P><P>b</P>"),
]


@pytest.mark.parametrize(("rule", "expression", "found"), EXPRESSIONS, ids=[case[0] for case in EXPRESSIONS])
def test_an_expression(sql, rule, expression, found):
    """iris-sql 6.1, 6.3, 6.5."""
    assert sql.value(f"SELECT {expression}") == found, rule


CONDITIONS = [
    ("%INLIST goes by the collation of its left side", "state %INLIST $LISTBUILD('NH', 'ME')", [2]),
    ("%EXACT makes it case-sensitive", "%EXACT(state) %INLIST $LISTBUILD('NH', 'MA')", [1]),
    ("numbers compare as their text", "id %INLIST $LISTBUILD(3, '1') SIZE ((10))", [1, 3]),
    ("NULL is in no list, nor out of one", "state NOT %INLIST $LISTBUILD('NH')", [1]),
    ("%PATTERN matches the whole value", "name %PATTERN '1U.L'", []),
    ("letters of both kinds", "name %PATTERN '1U1L.E'", [1]),
    ("%PATTERN is always case-sensitive", "state %PATTERN '2U'", [1]),
    ("a string in a pattern", 'name %PATTERN \'1U.L1","1"Mo".E\'', [1]),
    ("from and to", "name %PATTERN '3.5U'", [3]),
    ("alternatives", "state %PATTERN '1(2U,1\"n\"1L)'", [1, 2]),
    ("%MATCHES is always case-sensitive", "name %MATCHES 'j*'", []),
    ("%MATCHES: any character", "state %MATCHES 'M?'", [1]),
    ("%MATCHES: none of these", "name %MATCHES '[^A-Z]*'", [2]),
    ("%MATCHES: a backslash escapes", "'a*' %MATCHES 'a\\*' AND id = 1", [1]),
    ("IS JSON is true of arrays and objects", "'[1]' IS JSON AND '{}' IS JSON VALUE AND id = 1", [1]),
    ("IS JSON ARRAY", "'{}' IS JSON ARRAY", []),
    ("a number is no JSON", "'5' IS NOT JSON AND id = 1", [1]),
]


@pytest.mark.parametrize(("rule", "condition", "found"), CONDITIONS, ids=[case[0] for case in CONDITIONS])
def test_a_condition(people, rule, condition, found):
    """iris-sql 1.4, 3.2."""
    assert people.column(f"SELECT id FROM People WHERE {condition} ORDER BY id") == found, rule


def test_a_list_can_be_a_parameter(people):
    """The advantage of %INLIST: one statement for lists of any length."""
    (wanted,) = people.column("SELECT $LISTBUILD('MA', 'NH')")
    assert people.column("SELECT id FROM People WHERE state %INLIST ? ORDER BY id", wanted) == [1, 2]


def test_what_is_no_list_and_what_is_no_pattern_is_a_fatal_error(people):
    assert people.failure("SELECT $LISTLENGTH('xyz')")[:2] == ("DatabaseError", -400)
    assert people.failure("SELECT id FROM People WHERE name %PATTERN 'x'")[:2] == ("DatabaseError", -400)


def test_aggregates_make_lists_and_xml(people):
    """%DLIST leaves NULL out; XMLAGG keeps the markup (iris-sql 6.5)."""
    assert people.value("SELECT $LISTTOSTRING(%DLIST(state)) FROM People") == "MA,nh"
    text = people.value('SELECT XMLELEMENT("all", XMLAGG(XMLELEMENT("i", id))) FROM People')
    assert text == "<all><i>1</i><i>2</i><i>3</i></all>"


def test_columns_become_xml(people):
    """Names are upper case, NULL has no tag, a stream is CDATA, attributes leave a blank (Ref XMLFOREST)."""
    assert people.column('SELECT XMLFOREST(state, notes, id AS "Nr") FROM People ORDER BY id') == [
        "<STATE>MA</STATE><NOTES><![CDATA[R&D]]></NOTES><Nr>1</Nr>",
        "<STATE>nh</STATE><Nr>2</Nr>",
        "<Nr>3</Nr>",
    ]
    text = 'SELECT XMLELEMENT("P", XMLATTRIBUTES(%ID AS k, state), name) FROM People WHERE id = 1'
    assert people.value(text) == "<P k='1' state='MA' >Emerson,Molly</P>"
    assert people.failure("SELECT XMLFOREST(id + 1) FROM People")[1] == -1


def test_explain_is_one_row_with_a_plan_and_wraps_the_error_of_the_statement(people):
    """iris-sql 5; -482 has the inner error in its text (iris-sql 11)."""
    people.cursor.execute("EXPLAIN SELECT id FROM People WHERE name = 'x' ORDER BY state")
    assert [column[0] for column in people.cursor.description] == ["Plan"]
    ((plan,),) = people.cursor.fetchall()
    found = ElementTree.fromstring(plan)
    assert found.tag == "plans"
    assert found.findtext("plan/sql").split() == (
        ["SELECT", "id", "FROM", "People", "WHERE", "name", "=", "'x'", "ORDER", "BY", "state"]
    )
    assert "SCAN" in found.find("plan/sql").tail
    assert people.value("EXPLAIN DELETE FROM People WHERE id = 1").startswith("<plans>")
    assert people.value("SELECT COUNT(*) FROM People") == 3
    assert people.failure("EXPLAIN SELECT * FROM nowhere") == (
        "ProgrammingError",
        -482,
        " EXPLAIN error: SQLCODE = -30 :  Table 'SQLUSER.NOWHERE' not found",
    )
    assert people.failure("EXPLAIN INSERT INTO People (id) VALUES (9)")[1] == -481


@pytest.fixture(scope="module")
def colors(sql):
    sql.run(
        "CREATE TABLE Colors (id INTEGER, c %List)",
        "INSERT INTO Colors VALUES (1, $LISTBUILD('Red', 'Green'))",
        "INSERT INTO Colors VALUES (2, $LISTBUILD('Black', 'Red'))",
        "INSERT INTO Colors VALUES (3, $LISTBUILD('Yellow'))",
        "INSERT INTO Colors VALUES (4, NULL)",
    )
    return sql


ELEMENTS = [
    ("an element", "(%VALUE = 'Red')", [1, 2]),
    ("a number of elements", "(%KEY = 2)", [1, 2]),
    ("no element has the number 0", "(%KEY = 0)", []),
    ("both of the same element", "(%VALUE = 'Red' AND %KEY = 2)", [2]),
    ("no element is two", "(%VALUE = 'Red' AND %VALUE = 'Green')", []),
    ("one of several", "(%VALUE IN ('Green', 'Yellow') OR %VALUE %STARTSWITH 'Bl')", [1, 2, 3]),
    ("an alias", "AS fc (fc.%VALUE [ 'l' AND fc.%VALUE [ 'e')", [3]),
    ("columns of the row", "(%KEY = id)", [1, 2]),
]


@pytest.mark.parametrize(("rule", "condition", "found"), ELEMENTS, ids=[case[0] for case in ELEMENTS])
def test_for_some_element_searches_a_list(colors, rule, condition, found):
    """Ref FOR SOME %ELEMENT; not in HAVING or ON."""
    text = f"FOR SOME %ELEMENT(c) {condition}"
    assert colors.column(f"SELECT id FROM Colors WHERE {text} ORDER BY id") == found, rule
    assert colors.failure(f"SELECT COUNT(*) FROM Colors HAVING {text}")[1] == -1
    assert colors.column("SELECT id FROM Colors WHERE 'Yellow' %INLIST c") == [3]
