"""Collation, NULL and the empty string, string functions: rules of iris-sql 3, 4 and 6.1, one test each."""

from __future__ import annotations

import pytest

PEOPLE = ("Bob", "bob  ", "BOB", "Ann", "", None, "Zoë", "ab%cd")


@pytest.fixture(scope="module")
def people(sql):
    sql.run("CREATE TABLE people (id INTEGER PRIMARY KEY, n VARCHAR(20), e VARCHAR(20) COLLATE EXACT)")
    for number, name in enumerate(PEOPLE, 1):
        sql.rows("INSERT INTO people (id, n, e) VALUES (?, ?, ?)", number, name, name)
    return sql


WHERE = [
    # 3.2: comparisons on columns go by SQLUPPER
    ("= ignores case and trailing blanks", "n = 'bob'", [1, 2, 3]),
    ("a parameter is compared as the column is", "n = ?", [1, 2, 3]),
    ("<> too", "n <> 'BOB'", [4, 5, 7, 8]),
    ("IN goes by the left side", "n IN ('BOB', 'ANN')", [1, 2, 3, 4]),
    ("BETWEEN", "n BETWEEN 'aaa' AND 'B'", [4, 8]),
    ("LIKE is not case-sensitive", "n LIKE 'bo%'", [1, 2, 3]),
    ("LIKE '%' matches '' and not NULL", "n LIKE '%'", [1, 2, 3, 4, 5, 7, 8]),
    ("LIKE has no default escape", r"n LIKE 'ab\%cd'", []),
    ("LIKE with ESCAPE", r"n LIKE 'ab\%%' ESCAPE '\'", [8]),
    ("_ is one character", "n LIKE 'b_b'", [1, 2, 3]),
    ("%STARTSWITH", "n %STARTSWITH 'bO'", [1, 2, 3]),
    ("%STARTSWITH an empty pattern", "n %STARTSWITH ''", [1, 2, 3, 4, 5, 7, 8]),
    ("[ is always case-sensitive", "n [ 'ob'", [1, 2]),
    ("%EXACT of a column", "%EXACT(n) = 'bob  '", [2]),
    ("%SQLUPPER of both sides", "%SQLUPPER(e) = %SQLUPPER('BOB')", [1, 2, 3]),
    ("an EXACT column is case-sensitive", "e = 'Bob'", [1]),
    ("LIKE on an EXACT column", "e LIKE 'B%'", [1, 3]),
    ("upper case knows accents", "n = 'ZOË'", [7]),
    # 3.3, 4: blanks, the empty string and NULL
    ("'' is not NULL", "n IS NULL", [6]),
    ("'' equals blanks", "n = '   '", [5]),
    ("= NULL is unknown", "n = NULL", []),
    ("NOT of unknown is unknown", "NOT (n = NULL)", []),
    ("IN (NULL) is unknown", "n IN (NULL)", []),
    ("NULLIF goes by the collation", "NULLIF(n, 'BOB') IS NULL", [1, 2, 3, 6]),
]


@pytest.mark.parametrize(("rule", "condition", "found"), WHERE, ids=[case[0] for case in WHERE])
def test_a_condition_on_text(people, rule, condition, found):
    """iris-sql 1.4, 3.2, 3.3 and 4."""
    values = ["bOb"] if "?" in condition else []
    assert people.column(f"SELECT id FROM people WHERE {condition} ORDER BY id", *values) == found


QUERIES = [
    (
        "DISTINCT gives one row per collated value, in upper case",
        "SELECT DISTINCT n FROM people WHERE n %STARTSWITH 'b'",
        ["BOB"],
    ),
    (
        "DISTINCT %EXACT gives each spelling",
        "SELECT DISTINCT %EXACT(n) FROM people WHERE id < 5 ORDER BY 1",
        ["Ann", "BOB", "Bob", "bob  "],
    ),
    ("GROUP BY gives upper case", "SELECT n FROM people WHERE id < 5 GROUP BY n ORDER BY n", ["ANN", "BOB"]),
    ("GROUP BY counts the spellings together", "SELECT COUNT(*) FROM people WHERE id < 4 GROUP BY n", [3]),
    (
        "COUNT(DISTINCT) goes by the collation, without NULL",
        "SELECT COUNT(DISTINCT n) FROM people WHERE id < 7",
        [3],
    ),
    ("MIN of text is upper case", "SELECT MIN(n) FROM people WHERE id = 4", ["ANN"]),
    ("MAX of text is upper case", "SELECT MAX(n) FROM people WHERE id = 2", ["BOB"]),
    ("a plain select keeps the case", "SELECT n FROM people WHERE id < 3 ORDER BY id", ["Bob", "bob  "]),
    ("NULL sorts first, then ''", "SELECT id FROM people WHERE id IN (4, 5, 6) ORDER BY n", [6, 5, 4]),
    ("NULL sorts last downwards", "SELECT id FROM people WHERE id IN (4, 5, 6) ORDER BY n DESC", [4, 5, 6]),
    (
        "ORDER BY goes by the collated value",
        "SELECT id FROM people WHERE id IN (1, 4, 8) ORDER BY n",
        [8, 4, 1],
    ),
    (
        "UNION is distinct by value",
        "SELECT n FROM people WHERE id = 1 UNION SELECT n FROM people WHERE id = 3",
        ["BOB"],
    ),
]


@pytest.mark.parametrize(("rule", "text", "found"), QUERIES, ids=[case[0] for case in QUERIES])
def test_a_query_on_text(people, rule, text, found):
    """iris-sql 3.2 and 4."""
    assert people.column(text) == found


EXPRESSIONS = [
    # 3.2
    ("two literals are case-sensitive", "CASE WHEN 'ma' = 'MA' THEN 1 ELSE 0 END", 0),
    # 4
    ("concatenation with NULL is NULL", "'a' || NULL", None),
    ("concatenation with ''", "'' || 'a'", "a"),
    ("'' counts as 0", "'' + 1", 1),
    ("LENGTH('')", "LENGTH('')", 0),
    ("LENGTH(NULL)", "LENGTH(NULL)", None),
    ("$LENGTH(NULL)", "$LENGTH(NULL)", 0),
    ("ASCII('')", "ASCII('')", None),
    ("IFNULL(a, b) is b or NULL", "IFNULL(5, 0)", None),
    ("IFNULL(NULL, b)", "IFNULL(NULL, 7)", 7),
    ("IFNULL of three", "IFNULL(5, 0, 9)", 9),
    ("{fn IFNULL} is a or b, and text for literals", "{fn IFNULL(5, 0)}", "5"),
    ("NVL", "NVL(NULL, 'x')", "x"),
    ("ISNULL", "ISNULL(NULL, 'x')", "x"),
    ("COALESCE", "COALESCE(NULL, NULL, 'c')", "c"),
    ("NULLIF", "NULLIF(1, 1)", None),
    # 6.1
    ("LENGTH cuts trailing blanks", "LENGTH('ab  ')", 2),
    ("CHAR_LENGTH counts them", "CHAR_LENGTH('ab  ')", 4),
    ("LENGTH counts UTF-16 units", "LENGTH('🐢')", 2),
    ("SUBSTRING beyond the end is ''", "SUBSTRING('abc', 9)", ""),
    ("SUBSTR beyond the end is NULL", "SUBSTR('abc', 9)", None),
    ("SUBSTR counts from the end", "SUBSTR('abcdef', -3, 2)", "de"),
    ("SUBSTRING before the start is shorter", "SUBSTRING('abc', 0, 2)", "a"),
    ("SUBSTRING FROM FOR", "SUBSTRING('abcdef' FROM 2 FOR 3)", "bcd"),
    ("SUBSTRING of length 0", "SUBSTRING('abc', 1, 0)", None),
    ("$EXTRACT is inclusive", "$EXTRACT('abcdef', 2, 3)", "bc"),
    ("$PIECE", "$PIECE('a,b,c', ',', 2)", "b"),
    ("$FIND is behind the match", "$FIND('abcd', 'bc')", 4),
    ("POSITION is case-sensitive", "POSITION('B' IN 'ab')", 0),
    ("CHARINDEX", "CHARINDEX('b', 'abab', 3)", 4),
    ("INSTR takes the text first", "INSTR('abab', 'b')", 2),
    ("REPLACE is case-sensitive", "REPLACE('aAa', 'a', 'x')", "xAx"),
    ("REPLACE with NULL", "REPLACE('abc', NULL, 'x')", None),
    ("STRING leaves out NULL and ''", "STRING('a', NULL, '', 'b')", "ab"),
    ("STRING of NULLs", "STRING(NULL, NULL)", None),
    ("STRING writes numbers canonically", "STRING('a', 007.50)", "a7.5"),
    ("CONCAT with NULL", "{fn CONCAT('a', NULL)}", None),
    ("UPPER, LOWER", "UPPER('aä') || LOWER('BÖ')", "AÄbö"),
    ("TRIM", "TRIM(BOTH 'x' FROM 'xxaxx')", "a"),
    ("LTRIM, RTRIM", "LTRIM('  a') || RTRIM('b  ') || 'c'", "abc"),
    ("LPAD, RPAD cut", "LPAD('abc', 2) || RPAD('a', 3, '-')", "aba--"),
    ("REPEAT, REVERSE", "REPEAT('ab', 2) || REVERSE('xy')", "ababyx"),
    ("STUFF", "STUFF('abcdef', 2, 3, 'X')", "aXef"),
    ("$TRANSLATE", "$TRANSLATE('abc', 'ab', 'x')", "xc"),
    ("CHAR, ASCII", "CHAR(ASCII('A'))", "A"),
    # 6.4
    ("CAST AS CHAR is one character", "CAST('abc' AS CHAR)", "a"),
    ("CAST AS VARCHAR is thirty", f"CAST('{'x' * 40}' AS VARCHAR)", "x" * 30),
    ("CAST AS VARCHAR(n) cuts", "CAST('abcdef' AS VARCHAR(3))", "abc"),
    # 5, 6.5
    ("JSON_ARRAY", "JSON_ARRAY(1,'x',NULL)", '[1,"x",null]'),
    ("DECODE", "DECODE(2, 1, 'one', 2, 'two', 'many')", "two"),
    ("simple CASE", "CASE 3 WHEN 1 THEN 'a' ELSE 'b' END", "b"),
]


@pytest.mark.parametrize(("rule", "expression", "found"), EXPRESSIONS, ids=[case[0] for case in EXPRESSIONS])
def test_an_expression_of_text(sql, rule, expression, found):
    """iris-sql 3.2, 4, 6.1, 6.4 and 6.5."""
    assert sql.value(f"SELECT {expression}") == found


def test_unique_goes_by_the_collation_and_allows_many_nulls(sql):
    """``Smith`` and ``SMITH`` clash, NULLs do not, '' does (iris-sql 3.2 and 4)."""
    sql.run("CREATE TABLE uniq (n VARCHAR(20) UNIQUE)", "INSERT INTO uniq VALUES ('Smith')")
    sql.run(
        "INSERT INTO uniq VALUES (NULL)", "INSERT INTO uniq VALUES (NULL)", "INSERT INTO uniq VALUES ('')"
    )
    for again in ("SMITH", "smith  ", ""):
        assert sql.failure("INSERT INTO uniq VALUES (?)", again)[:2] == ("IntegrityError", -119)


def test_a_unique_exact_column_tells_the_spellings_apart(sql):
    sql.run("CREATE TABLE uniqe (n VARCHAR(20) COLLATE EXACT UNIQUE)", "INSERT INTO uniqe VALUES ('Smith')")
    sql.run("INSERT INTO uniqe VALUES ('SMITH')")
    assert sql.failure("INSERT INTO uniqe VALUES ('Smith')")[1] == -119


def test_joins_on_text_ignore_case(people):
    assert people.value("SELECT COUNT(*) FROM people a JOIN people b ON a.n = b.n WHERE a.id = 1") == 3


def test_labels_take_the_case_of_the_definition(people):
    """``SELECT name`` gives the label ``Name``; an alias is shown as written (iris-sql 1.1)."""
    people.run('CREATE TABLE cased ("FirstName" VARCHAR(9), "select" INTEGER)')
    people.rows('SELECT firstname, "SELECT", FIRSTNAME AS other FROM CASED')
    assert [column[0] for column in people.cursor.description] == ["FirstName", "select", "other"]


def test_the_option_exact_distinct_keeps_the_case(people):
    """FastDistinct is what upper-cases, and can be switched off (iris-sql 3.2)."""
    people.run("SET OPTION EXACT_DISTINCT = TRUE")
    try:
        assert people.column("SELECT DISTINCT n FROM people WHERE id = 4") == ["Ann"]
    finally:
        people.run("SET OPTION EXACT_DISTINCT = FALSE")


def test_json_object_does_not_survive_the_driver(sql):
    """The driver takes every colon for a parameter, so that no server sees the pair (as TO_VECTOR once did:
    ``) expected, : found``, iris-sql 6.4)."""
    assert sql.failure("SELECT JSON_OBJECT('a' : 'x')")[:2] == ("ProgrammingError", -1)
