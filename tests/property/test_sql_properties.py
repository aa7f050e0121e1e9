"""What holds for every number, date and text that the translator stores, compares or reads."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, time
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from iris_devtools.standin.catalog.model import Column, Table
from iris_devtools.standin.collation import register_collations, sqlupper
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import dates, numbers
from iris_devtools.standin.sql.translate import translate
from iris_devtools.standin.sql.values import compare_with, fetch, store
from iris_devtools.standin.types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    POSIXTIME,
    TIME,
    TIMESTAMP,
    numeric,
    varbinary,
    varchar,
)

decimals = st.decimals(min_value=-(10**12), max_value=10**12, places=6, allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


def through_sqlite(value):
    """Send a stored value through a column without a type, as the tables have them."""
    connection = sqlite3.connect(":memory:")
    try:
        return connection.execute("SELECT ?", (value,)).fetchone()[0]
    finally:
        connection.close()


def round_trip(sql_type, value):
    kept = through_sqlite(store(sql_type, "S.T.c")(value))
    out = fetch(sql_type)
    return out(kept) if out else kept


@given(decimals)
def test_a_numeric_comes_back_as_it_went_in(number):
    assert round_trip(numeric(19, 6), number) == number


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_bigint_comes_back_as_it_went_in(number):
    assert round_trip(BIGINT, number) == number
    assert round_trip(BIGINT, str(number)) == number


@given(st.floats(allow_nan=False))
def test_a_double_comes_back_as_it_went_in(number):
    assert round_trip(DOUBLE, number) == number


@given(texts)
def test_text_comes_back_as_it_went_in(text):
    assert round_trip(varchar(100), text) == text


@given(st.binary(max_size=50))
def test_bytes_come_back_as_they_went_in_although_they_arrive_as_text(data):
    assert round_trip(varbinary(50), data.decode("latin-1")) == data


@given(st.dates())
def test_a_date_comes_back_as_iso_text_from_text_and_from_its_number(day):
    assert round_trip(DATE, str(day)) == str(day)
    assert round_trip(DATE, str(dates.day_number(day))) == str(day)


@given(st.times())
def test_a_time_comes_back_to_the_microsecond(moment):
    shown = round_trip(TIME, moment.strftime("%H:%M:%S.%f"))
    assert time.fromisoformat((shown + (".000000" if "." not in shown else "000000"))[:15]) == moment


@given(st.datetimes(min_value=datetime(1, 1, 1)))
def test_a_timestamp_comes_back_to_the_microsecond(moment):
    text = f"{moment.year:04d}-{moment:%m-%d %H:%M:%S.%f}"
    for sql_type in (TIMESTAMP, POSIXTIME):
        shown = round_trip(sql_type, text)
        assert (
            dates.timestamp_parts(shown)[0].replace(
                microsecond=int((dates.timestamp_parts(shown)[1] + "000000")[:6])
            )
            == moment
        )


@given(st.lists(decimals, min_size=2))
def test_keys_sort_as_the_numbers_do(items):
    assert sorted(items) == sorted(items, key=numbers.decimal_key)


@given(decimals)
def test_equal_numbers_have_one_key_however_they_are_written(number):
    kept = numbers.stored(number)
    assert numbers.decimal_key(kept) == numbers.decimal_key(number) == numbers.decimal_key(str(number))


@given(decimals)
def test_canonical_text_is_the_number_without_ornaments(number):
    text = numbers.canonical_text(number)
    assert Decimal(text) == number
    assert not text.startswith(("0.", "-0.", "+"))
    assert "E" not in text.upper()
    assert not ("." in text and text.endswith("0"))


@given(decimals, st.sampled_from([numeric(18, 6), numeric(10, 6), DOUBLE, INTEGER]))
def test_a_number_that_was_stored_equals_itself_in_a_comparison(number, sql_type):
    try:
        kept = store(sql_type, "S.T.c")(number)
    except SQLError:
        return
    compared = compare_with(sql_type)(fetch(sql_type)(kept) if fetch(sql_type) else kept)
    assert numbers.decimal_key(kept) == numbers.decimal_key(compared) or kept == compared


@given(texts, texts)
def test_the_collation_is_equality_of_collated_texts(left, right):
    connection = sqlite3.connect(":memory:")
    register_collations(connection)
    ((equal, less),) = connection.execute(
        "SELECT ? = ? COLLATE SQLUPPER, ? < ? COLLATE SQLUPPER", (left, right, left, right)
    ).fetchall()
    connection.close()
    assert bool(equal) == (sqlupper(left) == sqlupper(right))
    assert bool(less) == (sqlupper(left) < sqlupper(right))


@given(texts)
def test_collating_twice_changes_nothing(text):
    assert sqlupper(sqlupper(text)) == sqlupper(text)


@given(st.integers(dates.FIRST_DAY, 2980013))
def test_day_numbers_and_iso_text_are_one(number):
    assert dates.parse_date(dates.date_text(number)) == number
    assert isinstance(dates.date_of_day(number), date)


class OneTable:
    generation = 1

    def __init__(self) -> None:
        columns = (Column("id", INTEGER, "id"), Column("name", varchar(10), "name", collation="SQLUPPER"))
        self.table = Table("SQLUser", "t", columns, storage_name="t")

    def find(self, schema: str, name: str) -> Table | None:
        return self.table if name.upper() == "T" else None


SPEECH = (
    "SELECT FROM WHERE t id name ( ) , . * + - / \\ # || = <> < > [ ] ? 1 1.5 'x' \"name\" NULL AND OR NOT "
    "IN LIKE BETWEEN IS CASE WHEN THEN ELSE END GROUP BY ORDER HAVING DISTINCT TOP LIMIT OFFSET UNION ALL "
    "EXCEPT JOIN LEFT ON USING AS EXISTS ANY CAST COUNT SUM MAX UPPER %EXACT %ID {fn {d } :%qpar(1) "
    "INSERT INTO VALUES SET UPDATE DELETE DEFAULT WITH OVER PARTITION ROWS SAVEPOINT COMMIT ROLLBACK TO ; "
    "-> : & ! ESCAPE INTERVAL VARCHAR INTEGER CONVERT SUBSTRING FOR TRIM DATEADD $NAMESPACE $PIECE "
    "TRUNCATE TABLE"
)
WORDS = st.sampled_from(SPEECH.split(" "))
soup = st.lists(WORDS, max_size=25).map(" ".join)
likely = st.tuples(
    st.sampled_from(["SELECT", "SELECT id FROM t WHERE", "UPDATE t SET", "INSERT INTO t"]), soup
)


@settings(max_examples=400)
@given(st.one_of(soup, likely.map(" ".join), st.text(max_size=60)))
def test_any_text_is_translated_or_refused(text):
    try:
        translate(text, catalog=OneTable(), markers=("?",))
    except SQLError as error:
        assert error.sqlcode < 0
